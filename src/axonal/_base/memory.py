"""Memory that is free on this machine."""


def available_bytes() -> int:
    """Return the bytes that can be allocated now without swapping.

    >>> available_bytes() > 0
    True
    """
    import psutil

    return int(psutil.virtual_memory().available)
