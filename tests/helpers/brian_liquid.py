"""A liquid written for Brian 2 from its equations: exponential synapses, pair STDP."""

from typing import Any

import numpy as np

from axonal.reservoirs import Liquid

# a step of the liquid begins with its spikes
SCHEDULE = ["start", "thresholds", "resets", "synapses", "groups", "end"]
UPDATE = """
I = keep * I + arriving
arriving = 0
v = decay * v + I
v = v + drive(t, i)
wait = clip(wait - 1, 0, 1000)
"""
LEARN = """
grown = a * x_pre * s_post - m * y_post * s_pre
other = a * y_post * s_pre - m * x_pre * s_post
w = clip(w + int(excites_pre) * grown + int(not excites_pre) * other, low, high)
"""
FADE = """
x = trace * (x + increment * s)
y = trace * (y + increment * s)
s = 0
"""


def network(liquid: Liquid, drive: Any, *, tau: float, learns: bool) -> tuple[Any, Any, Any]:
    """A network, its spikes and its synapses.

    Args:
        liquid: with synapses of one time constant and a `PairSTDP`, whose own spikes are wanted.
        drive: amounts given to all neurons, inputs last `[T, N]`.
        tau: of the synapses in steps.
        learns: whether weights change.
    """
    import brian2 as b

    dt = 1 * b.ms
    wiring, inputs = liquid.wiring, liquid.input_wiring
    assert inputs is not None and liquid.plasticity is not None
    n, size = wiring.neurons, wiring.neurons + inputs.inputs
    rule = liquid.plasticity
    names = {
        "keep": float(np.exp(-1 / tau)) if tau > 0 else 0.0,
        "decay": 1 - 1 / 64,
        "drive": b.TimedArray(drive, dt=dt),
        "a": rule.rate,
        "m": rule.rate,
        "trace": float(np.exp(-1.0 / rule.tau_pre)),
        "increment": rule.increment,
    }
    cells = b.NeuronGroup(
        size,
        "v : 1\nI : 1\narriving : 1\nx : 1\ny : 1\ns : 1\nwait : integer\nexcites : boolean",
        threshold="v >= 20 and wait == 0",
        reset="v = 0\nwait = 3\ns = 1",
        dt=dt,
        namespace=names,
    )
    cells.run_regularly(UPDATE, dt=dt, when="groups", order=0)
    held = "w : 1\nlow : 1\nhigh : 1\ngrown : 1\nother : 1"
    joins = b.Synapses(cells, cells, held, on_pre="arriving_post += w", dt=dt, namespace=names)
    pre = np.concatenate([wiring.pre, inputs.pre + n])
    post = np.concatenate([wiring.post, inputs.post])
    joins.connect(i=pre, j=post)
    kinds = np.concatenate([np.where(wiring.excitatory, 1, -1), np.zeros(inputs.inputs, int)])[pre]
    cells.excites = np.concatenate([wiring.excitatory, np.ones(inputs.inputs, bool)])
    joins.w = np.asarray(liquid.weights, float)
    joins.low = np.where(kinds == 1, 0.0, -rule.largest)
    joins.high = np.where(kinds == -1, 0.0, rule.largest)
    if learns:
        joins.run_regularly(LEARN, dt=dt, when="groups", order=1)
    cells.run_regularly(FADE, dt=dt, when="groups", order=2)
    spikes = b.SpikeMonitor(cells)
    built = b.Network(cells, joins, spikes)
    built.schedule = SCHEDULE
    return built, spikes, joins
