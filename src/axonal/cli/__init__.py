"""The command line: one file per group of commands.

Nothing heavy is imported at import: ``axonal --help`` does not wait for torch.
"""

from axonal.cli._main import app, main
from axonal.cli._terminal import Stopped, UserError

__all__ = ["Stopped", "UserError", "app", "main"]
