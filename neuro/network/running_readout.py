"""Readout rules that follow a stream: one update per step at constant memory and time."""

from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

from axonal._base.checks import whole_number
from axonal.neuro.losses import first_spike_time, max_over_time, mean_over_time, summed_softmax


def _earliest(y: Tensor) -> Tensor:
    return -first_spike_time(y)


def _last(y: Tensor) -> Tensor:
    return y[-1]


WHOLE: dict[str, Callable[[Tensor], Tensor]] = {
    "mean_over_time": mean_over_time,
    "max_over_time": max_over_time,
    "summed_softmax": summed_softmax,
    "first_spike": _earliest,
    "last_step": _last,
}
"""Rules by their names, as functions of a whole output [T, B, C]."""


class RunningReadout:
    """Scores of a readout rule over the steps of a stream so far, or over the last ones.

    After step t they are those of the rule on y_0 .. y_t: the mean and the sum are carried on (and
    differ from those of the whole by rounding), the maximum and the first spike are exact. With a
    window they are those of the rule on the last steps, to the bit.

    Args:
        rule: ``"mean_over_time"``, ``"max_over_time"``, ``"summed_softmax"``, ``"first_spike"``
            (minus the time of the first spike) or ``"last_step"``.
        window: number of steps that count, >= 1; all by default. A stream without an end needs
            one, or what was said long ago outweighs what is said now.

    Raises:
        ValueError: for an unknown rule or a window below one step.

    >>> readout = RunningReadout("max_over_time")
    >>> [readout.update(torch.tensor([[x]])).item() for x in (1.0, 3.0, 2.0)]
    [1.0, 3.0, 3.0]
    """

    def __init__(self, rule: str, *, window: int | None = None) -> None:
        if rule not in WHOLE:
            known = ", ".join(WHOLE)
            raise ValueError(f"RunningReadout knows the rules {known}; got {rule!r}.")
        self.rule = rule
        self.window = None if window is None else whole_number("RunningReadout", "window", window)
        self.reset()

    def reset(self) -> None:
        """Forget all steps."""
        self._steps = 0
        self._kept: Tensor | None = None
        self._recent: deque[Tensor] = deque(maxlen=self.window)

    @torch.no_grad()
    def update(self, y: Tensor) -> Tensor:
        """Take the output of a step [B, C]; return the scores [B, C]."""
        if self.window is not None:
            self._recent.append(y)
            return WHOLE[self.rule](torch.stack(tuple(self._recent)))
        kept, steps = self._kept, self._steps
        self._steps += 1
        # a step by itself, so that what a rule refuses is refused here too
        now = WHOLE[self.rule](y[None])
        if self.rule == "first_spike":
            # one step says 0 (a spike) or -1 (silence)
            first = torch.full_like(now, torch.inf) if kept is None else kept
            self._kept = torch.where((now == 0) & first.isinf(), float(steps), first)
            return -self._kept.clamp(max=self._steps)
        if kept is None or self.rule == "last_step":
            self._kept = now.clone()
        elif self.rule == "max_over_time":
            self._kept = torch.maximum(kept, now)
        else:
            self._kept = kept + now
        return self._kept / self._steps if self.rule == "mean_over_time" else self._kept
