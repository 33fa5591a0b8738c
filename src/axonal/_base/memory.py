"""Memory that is free on this machine."""


def available_bytes() -> int:
    """Return the bytes that can be allocated now without swapping.

    >>> available_bytes() > 0
    True
    """
    import psutil

    return int(psutil.virtual_memory().available)


def require(size: int, what: str, hint: str) -> None:
    """Refuse an allocation beyond the free memory, at which a system may end the process instead.

    Args:
        size: bytes needed.
        what: the thing that needs them, as the message names it.
        hint: a remedy.

    Raises:
        MemoryError: less is available.

    >>> require(1 << 60, "the input under way", "run fewer samples at once")
    Traceback (most recent call last):
    MemoryError: the input under way needs 1073741824.0 GiB, ... free: run fewer samples at once
    """
    free = available_bytes()
    if size > free:
        raise MemoryError(
            f"{what} needs {size / 2**30:.1f} GiB, but {free / 2**30:.1f} GiB are free: {hint}"
        )
