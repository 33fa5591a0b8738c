"""The error of lava-dl's files."""

from collections.abc import Sequence


class NetxError(ValueError):
    """A graph or file that cannot be exchanged with lava-dl; the message names every reason.

    >>> raise NetxError("layer 2 is of type pool, which netx has no process for")
    Traceback (most recent call last):
    axonal.deploy.netx.netx_error.NetxError: layer 2 is of type pool, which netx has no process for
    """


def netx_error(what: str, problems: Sequence[str]) -> NetxError:
    """Return one line for one problem, a list for several."""
    distinct = list(dict.fromkeys(problems))
    if len(distinct) == 1:
        return NetxError(f"{what}: {distinct[0]}")
    return NetxError("\n".join([f"{what}:", *(f"  - {line}" for line in distinct)]))
