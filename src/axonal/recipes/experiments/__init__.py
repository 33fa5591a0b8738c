"""The experiments behind docs/results: ``python -m axonal.recipes.experiments``."""
