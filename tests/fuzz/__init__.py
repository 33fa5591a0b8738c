"""Damaged files for every reader: `python -m fuzz`, started in tests/; see `make fuzz-readers`."""
