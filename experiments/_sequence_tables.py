"""Tables that the experiments of sequence models share."""

import statistics
from collections.abc import Mapping, Sequence

from axonal._base.statistics import binomial_error, paired, spread
from axonal._base.sweeps import Row
from axonal._base.tables import markdown_table
from axonal.recipes._compare import values


def shown(found: Sequence[float]) -> str:
    """Mean and standard deviation, or the value itself where there is one seed.

    >>> shown([0.5]), shown([0.5, 0.75])
    ('0.500', '0.625 ± 0.177')
    """
    return spread(found) if len(found) > 1 else f"{found[0]:.3f}"


def accuracies(arms: Mapping[str, Sequence[Row]], *, tested: int) -> str:
    """Accuracies, event rates and seconds of arms by their words, all tested on so many samples."""
    return markdown_table(
        ["network", "trained", "test", "binomial error", "validation", "events", "seconds"],
        [
            [
                words,
                rows[0]["trained_parameters"],
                shown(values(rows, "test")),
                f"{_error(rows, tested):.4f}",
                shown(values(rows, "validation")),
                events(rows),
                f"{max(float(row.get('cpu_seconds') or row['seconds']) for row in rows):.0f}",
            ]
            for words, rows in arms.items()
        ],
    )


def _error(rows: Sequence[Row], tested: int) -> float:
    return binomial_error([statistics.fmean(values(rows, "test"))], [tested])


def events(rows: Sequence[Row]) -> str:
    """Events per unit and step, the mean over layers; a dash where none are sent."""
    if not rows[0]["rates"]:
        return "-"
    return shown([statistics.fmean(row["rates"].values()) for row in rows])


def difference(higher: Sequence[Row], lower: Sequence[Row]) -> str:
    """Difference of test accuracies in points, paired by seed, or that of the only seed."""
    a, b = ([100 * value for value in values(rows, "test")] for rows in (higher, lower))
    if len(a) < 2:
        return f"{a[0] - b[0]:+.2f} points, one seed"
    apart = paired(a, b)
    low, high = apart.mean - apart.half, apart.mean + apart.half
    return f"{apart.mean:+.2f} points [{low:+.2f}, {high:+.2f}]"
