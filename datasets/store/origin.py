"""The source of a file of events, and the transforms that made it."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from axonal._base.files import check_source

BLOCK = 1 << 20
HASH = re.compile(r"(sha256|state):[0-9a-f]{64}")


@dataclass(frozen=True)
class Origin:
    """The source of a set of events and what was done to it, so that a stale file is told apart.

    Args:
        source: hash of the source, or another text that changes with it. "sha256:" and 64 digits is
            a hash of all that the samples are made of, "state:" one of names, sizes and times of
            change of the files.
        transforms: a description of each transform, in order, as JSON holds it.

    Raises:
        TypeError: what JSON does not hold.

    >>> from axonal.datasets import Origin
    >>> Origin("sha256 of the archive", [{"transform": "crop", "width": 20}]).transforms
    ({'transform': 'crop', 'width': 20},)
    """

    source: str = ""
    transforms: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.source, str):
            raise TypeError(f"Origin expects source as text, got {self.source!r}.")
        try:
            # what comes back from a file must compare equal
            plain = json.loads(json.dumps(list(self.transforms), allow_nan=False))
        except (TypeError, ValueError) as error:
            raise TypeError(f"Origin expects transforms that JSON holds: {error}.") from None
        object.__setattr__(self, "transforms", tuple(plain))

    @property
    def proves(self) -> bool:
        """Whether samples of the same origin are the same: source is a hash, no other text.

        >>> from axonal.datasets import Origin
        >>> Origin("sha256:" + 64 * "0").proves, Origin("recorded on monday").proves
        (True, False)
        """
        return HASH.fullmatch(self.source) is not None

    @classmethod
    def of_files(
        cls, paths: Iterable[str | PathLike[str]], transforms: Iterable[Any] = ()
    ) -> "Origin":
        """The hash of names and content of some files, in their order.

        Raises:
            OSError: a file that is missing or cannot be read.

        >>> import tempfile
        >>> from axonal.datasets import Origin
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     Origin.of_files([file.name]).source[:7]
        'sha256:'
        """
        digest = hashlib.sha256()
        for path in map(Path, paths):
            check_source(path)
            digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                while block := file.read(BLOCK):
                    digest.update(block)
        return cls(f"sha256:{digest.hexdigest()}", tuple(transforms))
