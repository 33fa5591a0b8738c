"""A phase diagram over two Dask workers, one of which dies in the midst of a cell.

Run by the tests as ``python phase_on_dask.py FOLDER``: a cluster needs a main module that its
workers can import. FOLDER/settings.json says what to do; every cell that begins adds a line
"process load T" to FOLDER/begun.
"""

import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
from dask.distributed import Client, LocalCluster

from axonal.hebbian import Hopfield, MonteCarlo, phase_diagram


@dataclass(frozen=True)
class FatalOnce(Hopfield):
    """A memory that kills the first process to simulate it at one point."""

    folder: str = ""
    fatal: tuple[float, float] = (0.0, 0.0)

    def simulate(self, alpha: float, T: float, **settings: Any) -> Any:
        folder = Path(self.folder)
        with open(folder / "begun", "a") as file:
            file.write(f"{os.getpid()} {alpha} {T}\n")
        if (alpha, T) == self.fatal and not (folder / "killed").exists():
            (folder / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().simulate(alpha, T, **settings)


def main(folder: Path) -> None:
    asked = json.loads((folder / "settings.json").read_text())
    model = FatalOnce(folder=str(folder), fatal=tuple(asked["fatal"]))
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        mc = MonteCarlo(**asked["mc"])
        phase_diagram(model, alpha=asked["alpha"], T=asked["T"], mc=mc, out=folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
