"""NIR's equations by forward Euler, dense and node by node: what an import is held to."""

import numpy as np
import torch
import torch.nn.functional as F

NEURONS = ("IF", "LIF", "CubaLIF", "LI", "I")


def simulate(graph, inputs, dt, late=(), at_threshold=False, subtract=False):
    """What every neuron of a flat graph sends `[T, B, ...]`.

    The edges ``late`` carry what was sent in the step before, and nothing in the first. Neurons
    that ``subtract`` follow the equations of nir before 1.0.6, without v_reset.
    """
    steps, batch = next(iter(inputs.values())).shape[:2]
    neurons = [name for name, node in graph.nodes.items() if type(node).__name__ in NEURONS]
    sent = {name: [] for name in neurons}
    states = {name: {} for name in neurons}

    def value(name, t):
        """What a node sends in step t, or None while a neuron has not been stepped."""
        node = graph.nodes[name]
        if name in inputs:
            return inputs[name][t] if t >= 0 else np.zeros_like(inputs[name][0])
        if name in sent:
            if t < 0:
                return np.zeros((batch, *node.r.shape))
            return sent[name][t] if len(sent[name]) > t else None
        if type(node).__name__ == "Delay":
            y = np.zeros((batch, *node.delay.shape))
            for index, seconds in np.ndenumerate(node.delay):
                then = t - round(seconds / dt)
                x = arriving(name, then) if then >= 0 else y
                if x is None:
                    return None
                y[(slice(None), *index)] = x[(slice(None), *index)]
            return y
        x = arriving(name, t)
        return None if x is None else apply(node, x)

    def arriving(name, t):
        values = [value(a, t - ((a, b) in late)) for a, b in graph.edges if b == name]
        return None if any(v is None for v in values) else sum(values)

    for t in range(steps):
        left = neurons
        while left:
            x = {name: arriving(name, t) for name in left}
            ready = [name for name in left if x[name] is not None]
            assert ready, "a loop without a delay"
            for name in ready:
                node = graph.nodes[name]
                sent[name].append(step(node, x[name], states[name], dt, at_threshold, subtract))
            left = [name for name in left if name not in ready]
    return {name: np.stack(values) for name, values in sent.items()}


def apply(node, x):
    kind = type(node).__name__
    if kind in ("Linear", "Affine"):
        return x @ node.weight.T + (node.bias if kind == "Affine" else 0)
    if kind == "Scale":
        return x * node.scale
    if kind == "Flatten":
        return x.reshape(len(x), -1)
    if kind in ("Conv1d", "Conv2d"):
        conv = F.conv2d if kind == "Conv2d" else F.conv1d
        w, b = (torch.from_numpy(a) for a in (node.weight, node.bias))
        arguments = (node.stride, node.padding, node.dilation, node.groups)
        return conv(torch.as_tensor(x), w, b, *arguments).numpy()
    if kind in ("SumPool2d", "AvgPool2d"):
        size = tuple(node.kernel_size.tolist())
        y = F.avg_pool2d(torch.as_tensor(x), size, tuple(node.stride.tolist())).numpy()
        return y * (np.prod(size) if kind == "SumPool2d" else 1)
    return x


def step(node, x, state, dt, at_threshold, subtract=False):
    kind = type(node).__name__
    rest = np.zeros(()) if subtract else getattr(node, "v_reset", np.zeros(()))
    v = state.get("v", rest)
    if kind == "CubaLIF":
        i = state.get("i", 0.0)
        i = i + dt / node.tau_syn * (-i + node.w_in * x)
        state["i"] = x = i
        v = v + dt / node.tau_mem * (node.v_leak - v + node.r * x)
    elif kind in ("LIF", "LI"):
        v = v + dt / node.tau * (node.v_leak - v + node.r * x)
    else:
        v = v + dt * node.r * x
    if kind in ("LI", "I"):
        state["v"] = v
        return v
    z = v >= node.v_threshold if at_threshold else v > node.v_threshold
    state["v"] = np.where(z, v - node.v_threshold if subtract else rest, v)
    return z * 1.0
