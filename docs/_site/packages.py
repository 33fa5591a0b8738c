"""The packages whose names are public."""

PACKAGES = (
    "neuro",
    "deploy",
    "hebbian",
    "hebbian.continual",
    "hebbian.plasticity",
    "reservoirs",
    "reservoirs.criticality",
    "reservoirs.echo_state",
    "reservoirs.forecasting",
    "reservoirs.series",
    "datasets",
    "datasets.pictures",
    "datasets.sets",
    "datasets.text",
    "datasets.transforms",
    "recipes",
)
"""In the order of the reference; everything in their ``__all__`` has a docstring and an example."""
