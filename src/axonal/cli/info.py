"""The command that shows installed optional dependencies and back ends."""

import platform
from importlib import metadata
from typing import Any

import typer

from axonal import __version__
from axonal.cli._terminal import Json, print_json

CORE = (
    "torch", "numpy", "scipy", "numba", "h5py", "matplotlib", "typer", "psutil", "rich",
    "scikit-learn",
)  # fmt: skip
EXTRAS = {
    "train": ("lightning", "tensorboard"),
    "deploy": ("nir", "nest-simulator", "brian2", "cython", "spynnaker", "graphviz"),
    "onnx": ("onnx", "onnxscript", "onnxruntime"),
    "energy": ("sanafe",),
    "phase": ("joblib", "xarray", "zarr", "dask"),
    "data": ("tonic", "lz4", "zstandard"),
    "reservoirs": ("powerlaw",),
    "text": ("tokenizers",),
    "show": ("bokeh",),
    "docs": ("sphinx", "furo", "myst-nb", "sphinx-design", "sphinx-copybutton", "griffelib"),
    "gpu": ("cuda-core", "nvidia-cuda-nvrtc", "nvidia-cuda-runtime"),
}


def info(as_json: Json = False) -> None:
    """Show versions, and the extras and back ends that are found or missing."""
    answer = collect()
    if as_json:
        print_json(answer)
    else:
        typer.echo(table(answer))


def collect() -> dict[str, Any]:
    """Versions, extras and back ends, as JSON can hold them."""
    from axonal.deploy import backends

    return {
        "axonal": __version__,
        "python": platform.python_version(),
        "core": {name: _version(name) for name in CORE},
        "extras": {extra: _extra(extra, needed) for extra, needed in EXTRAS.items()},
        "backends": {
            name: {"found": (missing := backends.find(name).missing()) is None, "install": missing}
            for name in backends.names()
        },
    }


def _extra(extra: str, needed: tuple[str, ...]) -> dict[str, Any]:
    versions = {name: _version(name) for name in needed}
    found = None not in versions.values()
    install = None if found else f"pip install 'axonal[{extra}]'"
    return {"found": found, "install": install, "versions": versions}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def table(answer: dict[str, Any]) -> str:
    """The answer of `collect` for a person."""
    lines = [f"axonal {answer['axonal']}, Python {answer['python']}", ""]
    lines += [f"  {name:<14} {version or 'missing'}" for name, version in answer["core"].items()]
    lines += ["", "extras"]
    for extra, found in answer["extras"].items():
        have = ", ".join(f"{name} {v}" for name, v in found["versions"].items() if v)
        lacks = ", ".join(name for name, v in found["versions"].items() if not v)
        state = have if found["found"] else f"missing {lacks}: {found['install']}"
        lines.append(f"  {extra:<14} {state}")
    lines += ["", "back ends"]
    for name, found in answer["backends"].items():
        state = "found" if found["found"] else f"missing: {found['install']}"
        lines.append(f"  {name:<14} {state}")
    return "\n".join(lines)
