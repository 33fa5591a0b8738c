"""Speed and memory beside the field's libraries; see ``python -m benchmarks --help``."""
