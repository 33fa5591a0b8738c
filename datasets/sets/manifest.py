"""Contents of a data set, and where it comes from."""

from collections.abc import Collection
from dataclasses import dataclass

from axonal.datasets.sets.listed_file import ListedFile


@dataclass(frozen=True)
class Manifest:
    """The files of a published data set.

    Args:
        name: as its authors write it.
        folders: where it may lie in the folder that AXONAL_DATA names; the first is made for a
            download.
        source: who publishes it and where, as a person reads it.
        files: by split; a file of all splits is under each of them.

    >>> from axonal.datasets.sets import ListedFile, Manifest
    >>> made = Manifest("Made", ("made",), "nobody", {"test": (ListedFile("a.h5"),)})
    >>> [file.name for file in made.of(["test"])]
    ['a.h5']
    """

    name: str
    folders: tuple[str, ...]
    source: str
    files: dict[str, tuple[ListedFile, ...]]

    def of(self, splits: Collection[str]) -> list[ListedFile]:
        """Files of some splits, each once.

        Raises:
            ValueError: a split that there is not, or none.
        """
        unknown = [split for split in splits if split not in self.files]
        if isinstance(splits, str) or unknown or not splits:
            raise ValueError(
                f"{self.name} has the splits {', '.join(self.files)}; got {splits!r}. Write "
                f"splits={tuple(self.files)[:1]!r} for one of them."
            )
        return list(dict.fromkeys(file for split in splits for file in self.files[split]))
