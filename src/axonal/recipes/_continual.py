"""A stream of tasks learnt by one of several methods, as one function of settings."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from axonal.hebbian.continual import (
    EWC,
    GPM,
    HLOP,
    ContinualLearner,
    Method,
    Replay,
    Stream,
    SynapticIntelligence,
    average_accuracy,
    backward_transfer,
    forward_transfer,
)

ARMS = ("sequential", "hlop", "hlop-quantised", "gpm", "ewc", "si", "replay", "joint")
Arrays = dict[str, npt.NDArray[Any]]


@dataclasses.dataclass(frozen=True)
class Choices:
    """Choices that methods are told, beside the network.

    Args:
        ranks: of HLOP and GPM: new rows per task, by layer.
        rates: of HLOP, by layer.
        levels: of quantised laterals.
        ewc: strength of EWC.
        si: strength of synaptic intelligence.
        kept: samples of a task that replay keeps.
        others: further arguments of HLOP and GPM.
        laterals: further arguments of HLOP alone.
    """

    ranks: Mapping[str, list[int]]
    rates: Mapping[str, float]
    levels: int = 40
    ewc: float = 100.0
    si: float = 10.0
    kept: int = 500
    others: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    laterals: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def method(arm: str, net: nn.Module, choices: Choices, optimiser: torch.optim.Optimizer) -> Method:
    """The method of an arm."""
    shared = {"layers": list(choices.ranks), **choices.others}
    hlop = {**shared, "rate": choices.rates, **choices.laterals}
    made: dict[str, Callable[[], Method]] = {
        "sequential": Method,
        "joint": Method,
        "hlop": lambda: HLOP(net, choices.ranks, **hlop),
        "hlop-quantised": lambda: HLOP(
            net, choices.ranks, **{**hlop, "mode": "input", "levels": choices.levels}
        ),
        "gpm": lambda: GPM(net, choices.ranks, **shared),
        "ewc": lambda: EWC(net, choices.ewc, optimiser=optimiser),
        "si": lambda: SynapticIntelligence(net, choices.si, optimiser=optimiser),
        "replay": lambda: Replay(choices.kept),
    }
    return made[arm]()


def learner(
    arm: str, network: nn.Module, stream: Stream, against: Method, **settings: Any
) -> ContinualLearner:
    """The loop of an arm: "joint" learns the whole stream at once, and is measured on its tasks."""
    told = stream.joint() if arm == "joint" else stream
    return ContinualLearner(network, told, against, measured=stream, **settings)


def task_arrays(own: ContinualLearner, net: nn.Module, k: int) -> Arrays:
    """Learn task k, and return all that is to be kept: state, accuracies, residuals."""
    residuals = own.learn_task(own.stream.experiences[k])
    state = {f"network.{name}": value for name, value in net.state_dict().items()}
    for name, value in own.method.state_dict().items():
        if not name.startswith("network."):
            state[f"method.{name}"] = value
    arrays = {name: value.detach().numpy().copy() for name, value in state.items()}
    for split in ("test", "validation"):
        arrays[split] = np.array(own.accuracies(split))
    arrays["residuals"] = np.array([list(found) for found in residuals.values()])
    return arrays


def restore(own: ContinualLearner, net: nn.Module, arrays: Mapping[str, Any]) -> None:
    """Go on from where a task had ended."""
    held = {name: torch.from_numpy(np.array(value)) for name, value in arrays.items()}

    def part(prefix: str) -> dict[str, Tensor]:
        own_part = {n: v for n, v in held.items() if n.startswith(prefix)}
        return {name.removeprefix(prefix): value for name, value in own_part.items()}

    net.load_state_dict(part("network."))
    own.method.begin_task()
    state = part("method.")
    if isinstance(own.method, nn.Module):
        # the network is a part of such a method, and was restored above
        state |= {f"network.{name}": value for name, value in net.state_dict().items()}
    own.method.load_state_dict(state)


def scores(test: Any, validation: Any, untrained: Any) -> dict[str, Any]:
    """Measures of the matrices of accuracies."""
    test = np.asarray(test)
    found: dict[str, Any] = {
        "test_accuracy": average_accuracy(test),
        "validation_accuracy": average_accuracy(validation),
        "matrix": np.round(test, 5).tolist(),
    }
    if len(test) == test.shape[1]:
        found["backward_transfer"] = backward_transfer(test)
        found["forward_transfer"] = forward_transfer(test, untrained)
        found["validation_backward_transfer"] = backward_transfer(validation)
    return found
