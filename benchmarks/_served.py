"""One checkout's works, timed at the word of `benchmarks.against`: ``python _served.py NAME``.

The script is started by path, with another checkout's folders on the path of Python, so that
``benchmarks`` and ``axonal`` are those of that checkout. A line on standard input is a request,
a line of JSON on standard output its answer; what the benchmark prints goes to standard error.
"""

import importlib
import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

ALONE = {"executor": ["large"]}  # parts that time themselves, in a process of their own


def ours(names: list[str]) -> list[str]:
    """Names of our own implementations among the works of one case."""
    return [name for name in names if name.startswith("axonal")] or [
        name for name in names if name != "add"
    ]


def benchmark(name: str) -> Any:
    """Return a benchmark of the checkout, or today's if the checkout is older than it."""
    if importlib.util.find_spec(f"benchmarks.{name}"):
        return importlib.import_module(f"benchmarks.{name}")
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Run one benchmark, with a reader in the place of its clock."""
    name, quick = sys.argv[1], "--quick" in sys.argv
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def served(works: Mapping[str, Callable[[], object]], *_: Any, **__: Any) -> dict[str, Any]:
        measure = importlib.import_module("benchmarks._measure")
        times = {key: measure.Times([1.0]) for key in works}
        offered = ours(list(works))
        for key in offered:
            works[key]()  # compiles, and fills what is kept warm
        answers.write(json.dumps({"works": offered}) + "\n" if offered else "")
        while offered and (request := json.loads(sys.stdin.readline())) is not None:
            seconds = []
            for _ in range(request["repetitions"]):
                start = time.thread_time()
                result = works[request["work"]]()
                seconds.append(time.thread_time() - start)
                del result
            answers.write(json.dumps({"seconds": statistics.median(seconds)}) + "\n")
        return times

    torch.set_num_threads(1)
    importlib.import_module("benchmarks._measure").interleaved = served
    module = benchmark(name)
    for part in ALONE.get(name, []):
        setattr(module, part, lambda *_: None)
    module.run(set(), quick=quick)
    answers.write(json.dumps({"works": None}) + "\n")


if __name__ == "__main__":
    main()
