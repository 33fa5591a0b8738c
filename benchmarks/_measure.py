"""How things are timed: interleaved, in rounds, by the time the one thread had the processor."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

ROUNDS = 3
REPETITIONS = 7
BANDWIDTH_BYTES = 160_000_000

Work = Callable[[], object]


@dataclass
class Times:
    """Medians of one piece of work in seconds, a round each."""

    rounds: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The round that was disturbed least."""
        return min(self.rounds)


def interleaved(works: Mapping[str, Work], repetitions: int | None = None) -> dict[str, Times]:
    """Time works in turn, so that what the machine does meanwhile meets all of them."""
    repetitions = REPETITIONS if repetitions is None else repetitions
    for work in works.values():
        work()
    clock = time.thread_time if torch.get_num_threads() == 1 else time.perf_counter
    times = {name: Times() for name in works}
    for _ in range(ROUNDS):
        seconds: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(repetitions):
            for name, work in works.items():
                start = clock()
                result = work()
                seconds[name].append(clock() - start)
                del result
        for name, taken in seconds.items():
            times[name].rounds.append(statistics.median(taken))
    return times


def bandwidth() -> float:
    """Bytes a second of ``torch.add(a, b, out=c)``, at 12 bytes an element."""
    size = BANDWIDTH_BYTES // 12
    a, b, c = torch.rand(size), torch.rand(size), torch.empty(size)
    times = interleaved({"add": lambda: torch.add(a, b, out=c)})
    return 12 * size / times["add"].best


@dataclass
class Table:
    """What a benchmark found, as lines of a table and as JSON.

    Attributes:
        header: names of the columns.
        lines: cells of every line.
        json: a dict for every line.
        remarks: sentences below the table.
    """

    header: list[str]
    lines: list[list[str]] = field(default_factory=list)
    json: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, cells: list[str]) -> None:
        """Add a line, and show it to whoever watches."""
        self.lines.append(cells)
        print("  ".join(f"{cell:<16}" for cell in cells), flush=True)

    def add_times(
        self,
        case: str,
        name: str,
        taken: Times,
        ratio: float,
        agrees: str,
        *,
        share: float | None = None,
        events: int | None = None,
        digits: int = 1,
    ) -> None:
        """Add a line for the times of one implementation, with the columns of `TIMED`.

        Args:
            case: what is computed.
            name: of the implementation.
            taken: its times.
            ratio: its time over ours.
            agrees: what was compared before timing.
            share: of the bandwidth, where it is known.
            events: in every run; their number per second stands in the place of the share then.
            digits: of the milliseconds behind the point.
        """
        speed = "" if share is None else f"{100 * share:.0f} %"
        counted = {}
        if events is not None:
            speed, counted = f"{1e-6 * events / taken.best:.1f}", {"events": events}
        rounds = " ".join(f"{1e3 * seconds:.{digits}f}" for seconds in taken.rounds)
        self.add([case, name, rounds, f"{ratio:.2f}", speed, agrees])
        self.json.append(
            {
                "case": case,
                "implementation": name,
                "median_s": taken.best,
                "rounds_s": taken.rounds,
                "ratio": ratio,
                "share_of_bandwidth": share,
                **counted,
                "agrees": agrees,
            }
        )

    def markdown(self) -> list[str]:
        """The table for RESULTS.md."""
        rule = ["---"] * len(self.header)
        rows = [f"| {' | '.join(cells)} |" for cells in (self.header, rule, *self.lines)]
        return [*rows, "", *self.remarks]


TIMED = ["case", "implementation", "rounds (ms)", "its time over ours", "of bandwidth", "agreement"]


def compare(
    table: Table,
    case: str,
    works: Mapping[str, Work],
    agrees: Mapping[str, str],
    *,
    least_bytes: float | None = None,
    repetitions: int | None = None,
) -> None:
    """Time all works of a case against the one named "axonal", and add a line for each.

    Args:
        table: with the columns `TIMED`.
        case: what is computed.
        works: by implementation.
        agrees: what was compared with the definition before timing, by implementation.
        least_bytes: what memory has to move; gives the share of the bandwidth.
        repetitions: in each round; `REPETITIONS` by default.
    """
    speed = bandwidth() if least_bytes else None
    times = interleaved(works, repetitions)
    for name, taken in times.items():
        share = None if least_bytes is None or speed is None else least_bytes / taken.best / speed
        ratio = taken.best / times["axonal"].best
        table.add_times(case, name, taken, ratio, agrees[name], share=share)
    if speed:
        table.remarks.append(f"{case}: `torch.add` moved {speed / 1e9:.1f} GB/s in the same run.")
