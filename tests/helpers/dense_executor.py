"""Random event graphs, and a slow dense simulation of them written from the equations."""

import numpy as np

from axonal.deploy import EventGraph, Population, Projection
from axonal.deploy.kinds import READOUTS

GRID = 64


def dense(graph, inputs, first=0):
    """Every equation as written, synapse by synapse; nothing shared with the executor."""
    steps, samples = next(iter(inputs.values())).shape[:2]
    sent = {p.name: np.zeros((steps, samples, p.size)) for p in graph.populations}
    for p in graph.populations:
        if p.kind == "input":
            sent[p.name][:] = inputs[p.name]
        if p.kind == "constant":
            sent[p.name][:] = 1.0
    v = {p.name: np.zeros((samples, p.size)) for p in graph.populations}
    wait = {p.name: np.zeros((samples, p.size), int) for p in graph.populations}
    second = {p.name: np.zeros((samples, p.size)) for p in graph.populations}
    third = {p.name: np.zeros((samples, p.size)) for p in graph.populations}
    readout = {}
    for t in range(steps):
        for p in (graph.population(name) for name in graph.order):
            if p.kind in ("input", "constant"):
                continue
            for b in range(samples):
                total = np.zeros(p.size)
                for q in graph.projections_into(p.name):
                    for i, j, w, d in zip(q.pre, q.post, q.weight, q.delay, strict=True):
                        if t >= d:
                            total[j] += w * sent[q.source][t - d, b, i]
                for n in range(p.size):
                    entering = total[n] + p.bias[n]
                    own, before = second[p.name][b], v[p.name][b, n]
                    slow = third[p.name][b]
                    if p.kind in ("cuba", "current_integrator", "adex"):
                        own[n] = entering = p.synapse_decay[n] * own[n] + entering
                    level = p.threshold[n] if p.spiking else np.inf
                    if p.kind == "lsnn":
                        slow[n] *= p.adaptation_decay[n]
                        level = level + p.beta[n] * slow[n]
                        late = own[n]
                        own[n] = p.synapse_decay[n] * late + entering
                        entering = late
                    if p.kind == "alif":
                        level = level + p.beta[n] * own[n]
                        own[n] *= p.adaptation_decay[n]
                    if wait[p.name][b, n] > 0:
                        wait[p.name][b, n] -= 1
                        continue
                    if p.kind == "adex":
                        over, rest = min(before, level) - p.onset[n], 0 - p.onset[n]
                        rise = np.exp(over / p.slope[n]) - np.exp(rest / p.slope[n])
                        entering = entering + p.slope[n] * rise - slow[n]
                        rho = p.adaptation_decay[n]
                        slow[n] = rho * slow[n] + (1 - rho) * (p.subthreshold[n] * before)
                    h = p.decay[n] * before + p.gain[n] * entering
                    if p.kind == "resonator":
                        h = p.rotation[n] * own[n] + p.decay[n] * before
                        turned = p.decay[n] * own[n] - p.rotation[n] * before
                        own[n] = turned + p.gain[n] * entering
                    if p.kind == "klif":
                        h = max(p.scale[n] * h, 0.0)
                    if h >= level:
                        sent[p.name][t, b, n] = h if p.kind == "graded" else 1.0
                        h = {"zero": 0.0, "subtract": h - level, "threshold": level}[p.reset]
                        if p.kind == "alif":
                            own[n] += 1 - p.adaptation_decay[n]
                        if p.kind == "lsnn":
                            slow[n] += 1
                        if p.kind == "adex":
                            h = p.v_reset[n]
                            slow[n] += p.jump[n]
                        if p.kind == "resonator":
                            own[n] = 0.0
                        wait[p.name][b, n] = p.refractory
                    v[p.name][b, n] = h / p.divisor[n] if p.kind == "klif" else h
            if p.kind in READOUTS:
                readout.setdefault(p.name, np.zeros((steps, samples, p.size)))[t] = v[p.name]
    rasters = {p.name: sent[p.name] > 0 for p in graph.populations if p.spiking}
    return rasters, readout


KINDS = ("lif", "lif", "cuba", "alif", "lsnn", "klif", "adex", "resonator")


def random_graph(seed, grid=GRID, kinds=KINDS):
    """Two inputs, a constant, up to three layers, skips, loops with delay and a readout."""
    r = np.random.default_rng(seed)

    def neurons(size):
        return {
            "decay": r.uniform(0.3, 1.0, size),
            "gain": r.choice([1.0, 0.5, 0.3], size),
            "bias": r.integers(-8, 9, size) / grid * (r.random() < 0.5),
        }

    populations = [Population("in", "input", (int(r.integers(1, 6)),))]
    if r.random() < 0.5:
        populations.append(Population("more", "input", (2, int(r.integers(1, 3)))))
    if r.random() < 0.5:
        populations.append(Population("always", "constant", (int(r.integers(1, 3)),)))
    layers = [f"layer{k}" for k in range(int(r.integers(1, 4)))]
    for name in layers:
        size = int(r.integers(1, 7))
        lif = {"reset": str(r.choice(["zero", "subtract"])), "refractory": int(r.integers(0, 3))}
        level = r.uniform(0.2, 1.0, size)
        own = {**neurons(size), "threshold": level, **lif}
        kind = str(r.choice(kinds))
        if kind == "cuba":
            own["synapse_decay"] = r.uniform(0.0, 0.95, size)
        elif kind == "alif":
            own |= {"adaptation_decay": r.uniform(0.5, 1.0, size), "beta": r.uniform(0, 3, size)}
        elif kind == "lsnn":
            own["synapse_decay"] = r.uniform(0.0, 0.95, size)
            own |= {"adaptation_decay": r.uniform(0.5, 1.0, size), "beta": r.uniform(0, 1, size)}
        elif kind == "adex":
            own["synapse_decay"] = r.uniform(0.0, 0.95, size)
            own |= {"adaptation_decay": r.uniform(0.5, 1.0, size), "reset": "zero", "refractory": 0}
            own |= {"subthreshold": r.uniform(-0.5, 1, size), "jump": r.uniform(0, 0.5, size)}
            own |= {"slope": r.uniform(0.1, 0.5, size), "onset": 0.8 * level, "v_reset": -0.1}
        elif kind == "klif":
            scale = r.uniform(0.5, 2.0, size)
            own |= {"scale": scale, "divisor": scale if r.random() < 0.5 else 1.0, "refractory": 0}
        elif kind == "resonator":
            own |= {"rotation": r.uniform(0.1, 0.7, size), "refractory": 0}
            own["reset"] = str(r.choice(["zero", "threshold"]))
        populations.append(Population(name, kind, (size,), **own))
    behind = {"synapse_decay": 0.75} if "cuba" in kinds and seed % 2 else {}
    kind = "current_integrator" if behind else "integrator"
    populations.append(Population("out", kind, (3,), **neurons(3), **behind))
    sizes = {p.name: p.size for p in populations}

    def wire(source, target, shortest, longest):
        count = int(r.integers(0, 2 * sizes[source] * sizes[target] + 1))
        return Projection(
            source,
            target,
            r.integers(0, sizes[source], count),
            r.integers(0, sizes[target], count),
            r.integers(-grid, 2 * grid, count) / grid,
            r.integers(shortest, longest + 1, count),
        )

    outside = [p.name for p in populations if p.kind in ("input", "constant")]
    projections = [wire(name, "layer0", 0, 4) for name in outside]
    for k, name in enumerate(layers):
        later = [*layers[k + 1 :], "out"]
        projections.append(wire(name, later[0], 0, int(r.integers(0, 6))))
        projections += [wire(name, far, 0, 3) for far in later[1:] if r.random() < 0.6]
        back = [near for near in layers[: k + 1] if r.random() < 0.6]
        projections += [wire(name, near, 1, 5) for near in back]
    order = r.permutation(len(projections))
    shuffled = [populations[k] for k in r.permutation(len(populations))]
    outputs = ("out", layers[-1])
    return EventGraph(tuple(shuffled), tuple(projections[k] for k in order), outputs, dt=0.001)


def random_inputs(graph, seed, steps=12, samples=3):
    r = np.random.default_rng(seed)
    inputs = {}
    for p in graph.of_kind("input"):
        x = (r.random((steps, samples, p.size)) < 0.3).astype(float)
        graded = r.integers(-4, 9, x.shape) / 4
        inputs[p.name] = np.where(r.random(x.shape) < 0.2, graded, x)
    return inputs


def same(found, expected, tolerance=0.0):
    rasters, readout = expected
    assert set(found.spikes) == set(rasters) and set(found.readout) == set(readout)
    for name, raster in rasters.items():
        np.testing.assert_array_equal(found.raster(name), raster, err_msg=name)
    for name, v in readout.items():
        np.testing.assert_allclose(found.readout[name], v, rtol=0, atol=tolerance, err_msg=name)
