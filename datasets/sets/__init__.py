"""Published data sets: a local folder is held against a manifest and used; see `verify`."""

from axonal.datasets.sets.listed_file import ListedFile
from axonal.datasets.sets.manifest import Manifest
from axonal.datasets.sets.verify import Verified, verify

__all__ = ["ListedFile", "Manifest", "Verified", "verify"]
