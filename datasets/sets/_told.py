"""Messages to the user about the data that were found."""

import logging

from axonal.datasets.sets.verify import Verified

_log = logging.getLogger("axonal")


def title(name: str, split: str, count: int, whole: int, what: str = "samples") -> str:
    """Name of a split, which says so where it holds not all samples; that is logged as well."""
    if count == whole:
        return f"{name} ({split})"
    text = f"{name} ({split}, {count} of {whole} {what})"
    _log.warning("a part of the data is there: %s", text)
    return text


def log_remarks(name: str, found: Verified) -> None:
    """Log what a check of the files remarked, a line each."""
    for remark in found.remarks:
        _log.info("%s: %s", name, remark)
