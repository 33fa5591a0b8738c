"""What tests of phase diagrams share."""

from pathlib import Path

from axonal.hebbian import MonteCarlo

QUICK = MonteCarlo(N=400, samples=3, sweeps=20, warmup=10)


def chunks(folder: Path) -> list[Path]:
    """Files of finished cells."""
    return sorted(p for p in (folder / "diagram.zarr/montecarlo/c").rglob("*") if p.is_file())
