"""Stores that earlier versions wrote are read and drawn; going on with one is refused.

The zip files hold stores of format 1 (commit b96d2b4) and 2, written by ``phase_diagram`` with
``MonteCarlo(N=60, samples=2, sweeps=4, warmup=2)`` over the grids below.
"""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.phase import chunks
from matplotlib.figure import Figure

from axonal.hebbian import (
    Hopfield,
    MonteCarlo,
    MultitaskingHopfield,
    load_phase_diagram,
    phase_diagram,
    plot_phase_diagram,
)

STORES = Path(__file__).parent / "stores"
MC = MonteCarlo(N=60, samples=2, sweeps=4, warmup=2)
GRIDS: dict[str, Any] = {
    "hopfield": {"alpha": [0.05], "T": [0.3, 0.4]},
    "multitasking": {"dilution": [0.05, 0.6], "T": [0.3, 0.4]},
}
MODELS: dict[str, Any] = {
    "hopfield": Hopfield(),
    "multitasking": MultitaskingHopfield(dilution=0.3, K=2),
}
CELLS = {
    "hopfield": {
        "overlap": [[0.9916666666666667, 0.9541666666666666]],
        "acceptance": [[0.008333333333333333, 0.03958333333333333]],
    },
    "multitasking": {
        "overlap_2": [[0.1375, 0.22083333333333335], [0.225, 0.3]],
        "energy": [
            [-0.4419590643274854, -0.4570906432748538],
            [-0.23732638888888885, -0.3190972222222222],
        ],
    },
}


@pytest.fixture(params=["1", "2"])
def number(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["hopfield", "multitasking"])
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(number: str, model: str, tmp_path: Path) -> Path:
    with zipfile.ZipFile(STORES / f"format-{number}-{model}.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path


def test_an_earlier_store_is_read_and_drawn(store: Path, model: str) -> None:
    diagram = load_phase_diagram(store)
    for name, values in CELLS[model].items():
        np.testing.assert_allclose(diagram[name], values, rtol=1e-12)
    now = phase_diagram(MODELS[model], **GRIDS[model])
    np.testing.assert_allclose(diagram.m, now.m, rtol=1e-6)
    assert set(now.data_vars) <= set(diagram.data_vars) | {"border_T", "border_load"}
    ax = plot_phase_diagram(diagram, Figure().subplots())
    assert ax.get_ylabel() == "temperature $T$"


def test_a_finished_earlier_store_is_used_as_it_is(store: Path, model: str) -> None:
    with pytest.warns(UserWarning, match="is a finished diagram of format") as told:
        diagram = phase_diagram(MODELS[model], out=store, mc=MC, **GRIDS[model])
    assert len(told) == 1 and told[0].filename == __file__
    assert diagram.equals(load_phase_diagram(store))


def test_going_on_with_an_earlier_store_is_refused_in_one_line(
    store: Path, model: str, number: str
) -> None:
    chunks(store)[0].unlink()
    assert np.isnan(load_phase_diagram(store).acceptance).sum() == 1
    with pytest.raises(ValueError, match=rf"\(format {number}\).*use another folder") as refusal:
        phase_diagram(MODELS[model], out=store, mc=MC, **GRIDS[model])
    assert "\n" not in str(refusal.value) and "load_phase_diagram" in str(refusal.value)
    assert len(chunks(store)) == len(GRIDS[model]["T"]) * len(next(iter(GRIDS[model].values()))) - 1


def test_a_store_does_not_get_rid_of_its_checksum_by_an_earlier_format(
    store: Path, number: str
) -> None:
    file = store / "diagram.zarr" / "zarr.json"
    other = {"1": "2", "2": "1"}[number]
    file.write_text(file.read_text().replace(f'format\\": \\"{number}', f'format\\": \\"{other}'))
    with pytest.raises(ValueError, match="checksum"):
        load_phase_diagram(store)


def test_what_the_decoder_would_take_memory_for_is_looked_at_before(
    store: Path, number: str, model: str
) -> None:
    # a frame of zstd that says it holds 2^40 bytes
    load = "alpha" if model == "hopfield" else "dilution"
    chunk = store / "diagram.zarr" / load / "c" / "0"
    content = chunk.read_bytes()
    assert content[:5] == b"\x28\xb5\x2f\xfd\x20"
    chunk.write_bytes(content[:4] + b"\xe0" + (2**40).to_bytes(8, "little") + content[6:])
    if number == "2":
        seal(store)
    with pytest.raises(ValueError, match=f"{load}: chunk 0 is not"):
        load_phase_diagram(store)


@pytest.mark.parametrize(
    "change",
    [
        {"data_type": "string"},
        {"shape": [2**40]},
        {"shape": [2]},
        {"dimension_names": ["elsewhere"]},
        {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2**40]}}},
        {"codecs": [{"name": "vlen-utf8", "configuration": {}}]},
        {"codecs": []},
        {"node_type": "group"},
    ],
    ids=lambda change: "-".join(map(str, *change.items()))[:24],
)
def test_metadata_are_held_against_the_axes(change: dict[str, Any], tmp_path: Path) -> None:
    phase_diagram(Hopfield(), alpha=[0.05, 0.1, 0.12], T=[0.3], out=tmp_path)
    file = tmp_path / "diagram.zarr" / "alpha" / "zarr.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    seal(tmp_path)
    with pytest.raises(ValueError, match=r"no phase diagram of axonal.*\(alpha: "):
        load_phase_diagram(tmp_path)


def test_a_new_store_holds_numbers_only(tmp_path: Path) -> None:
    phase_diagram(Hopfield(), alpha=[0.05], T=[0.3], mc=MC, out=tmp_path, jobs=1)
    for file in (tmp_path / "diagram.zarr").glob("*/zarr.json"):
        metadata = json.loads(file.read_text())
        assert metadata["data_type"] in ("float64", "int64")
        assert [codec["name"] for codec in metadata["codecs"]] in (["bytes"], ["bytes", "crc32c"])
    shutil.rmtree(tmp_path / "diagram.zarr" / "m")
    with pytest.raises(ValueError, match="checksum"):
        load_phase_diagram(tmp_path)


def seal(folder: Path) -> None:
    """Make the checksum of a changed store right again."""
    from axonal.hebbian.phase._format import CHECKSUM, checksum

    file = folder / "diagram.zarr" / "zarr.json"
    root = json.loads(file.read_text())
    root["attributes"][CHECKSUM] = checksum(folder / "diagram.zarr", root)
    file.write_text(json.dumps(root))
