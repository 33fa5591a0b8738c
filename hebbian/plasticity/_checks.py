"""Checks of what rules of plasticity are given."""

from torch import Tensor


def weights_and_rows(who: str, weight: Tensor, rows: Tensor, name: str = "pre") -> None:
    """Refuse activity that is not rows [R, n] for weights [m, n]."""
    if weight.ndim != 2:
        raise ValueError(f"{who} expects weights [m, n], got {tuple(weight.shape)}.")
    if rows.ndim != 2 or rows.shape[1] != weight.shape[1] or not len(rows):
        raise ValueError(
            f"{who} expects {name} as rows [R, n] with R >= 1 and n = {weight.shape[1]}, got "
            f"{tuple(rows.shape)}. Steps and samples are rows alike: write x.flatten(0, 1)."
        )
