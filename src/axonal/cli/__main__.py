"""The command line as ``python -m axonal.cli``."""

from axonal.cli._main import main

main()
