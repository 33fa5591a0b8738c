"""Pages of graphs: all of the graph is there, and nothing is asked for from elsewhere."""

import dataclasses
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from axonal import deploy
from axonal.deploy.viewer.golden_run import GAP, draw_golden_run
from axonal.deploy.viewer.network import curve, draw_network, places
from axonal.deploy.viewer.synapses import draw_synapses


def scatters(plots):
    """Data of all markers, by the title of their figure."""
    return {
        plot.title.text: [r.data_source.data for r in plot.renderers if hasattr(r.glyph, "marker")]
        for plot in plots
    }


def looped() -> deploy.EventGraph:
    """Two neurons that hear each other, one of them itself, and an input; no golden run."""
    one = np.ones(1)
    cells = [
        deploy.Population(name, "lif", (1,), decay=0.5 * one, gain=one, bias=0 * one, threshold=one)
        for name in ("a", "b")
    ]
    wires = [("in", "a"), ("a", "b"), ("b", "a"), ("b", "b")]
    return deploy.EventGraph(
        (deploy.Population("in", "input", (1,)), *cells),
        tuple(
            deploy.Projection(s, t, pre=[0], post=[0], weight=[0.5], delay=[1]) for s, t in wires
        ),
        ("b",),
        dt=1e-3,
    )


def test_every_golden_event_is_drawn_at_its_sample_step_and_neuron() -> None:
    graph = deploy.example()
    golden = graph.golden
    assert golden is not None
    drawn = scatters(draw_golden_run(graph))
    events = {**{k: x != 0 for k, x in golden.inputs.items()}, **golden.spikes}
    for name, raster in events.items():
        (data,) = next(found for title, found in drawn.items() if title.startswith(f"{name}: all"))
        again = np.zeros_like(raster)
        sample, step = np.divmod(data["x"], golden.steps + GAP)
        again[step, sample, data["y"]] = True
        assert np.array_equal(again, raster)


def test_every_population_projection_and_synapse_is_counted() -> None:
    for graph in (deploy.example(), looped()):
        told = [
            line
            for r in draw_network(graph).renderers
            for line in r.data_source.data.get("told", [])
        ]
        assert len(told) == len(graph.populations) + len(graph.projections)
        for projection, pair in zip(graph.projections, draw_synapses(graph), strict=True):
            for plot in pair:
                assert plot.renderers[0].data_source.data["top"].sum() == projection.size


def test_boxes_do_not_lie_on_each_other_and_loops_go_below() -> None:
    found = places(looped())
    assert len(set(found.values())) == len(found)
    assert found["in"][0] < found["a"][0] < found["b"][0]
    _, back = curve(found["b"], found["a"])
    _, forward = curve(found["a"], found["b"])
    assert back.min() < -0.5 <= forward.min()


def test_a_page_asks_for_nothing_from_elsewhere(tmp_path: Path) -> None:
    deploy.write_page(
        deploy.example(), tmp_path / "page.html", title="a <title>", backends=("reference",),
        chip="loihi2",
    )  # fmt: skip
    text = (tmp_path / "page.html").read_text()
    # of Bokeh's own scripts the tags alone: texts within them look like tags, too
    bare = re.sub(r"(<script[^>]*>).*?</script>", r"\1", text, flags=re.DOTALL)
    assert "a &lt;title&gt;" in text and "equal on reference" in text
    assert "data:image/png;base64," in text
    assert not re.search(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"'](?!data:)", bare)
    assert not re.search(r"@import|url\(\s*[\"']?https?:", bare)
    deploy.write_page(looped(), tmp_path / "page.html")
    assert "The graph has none." in (tmp_path / "page.html").read_text()


def test_the_first_difference_of_a_back_end_is_marked(tmp_path: Path) -> None:
    graph = deploy.example()
    golden = graph.golden
    assert golden is not None
    raster = golden.spikes["hidden"].copy()
    raster[7, 2, 11] ^= True
    other = dataclasses.replace(golden, spikes={"hidden": raster})
    wrong = dataclasses.replace(graph, golden=other)
    found = deploy.verify(wrong)
    marks = scatters(draw_golden_run(wrong, found.divergences))
    (hidden,) = [data for title, data in marks.items() if title.startswith("hidden: all")]
    assert (hidden[1]["x"], hidden[1]["y"]) == ([2 * (golden.steps + GAP) + 7], [11])
    deploy.write_page(wrong, tmp_path / "page.html", backends=("reference",))
    assert "first differs at population" in (tmp_path / "page.html").read_text()


def test_without_bokeh_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bokeh", None)
    with pytest.raises(ImportError, match=r"pip install 'axonal\[show\]'"):
        deploy.write_page(deploy.example(), tmp_path / "page.html")
