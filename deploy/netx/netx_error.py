"""The error of lava-dl's files."""


class NetxError(ValueError):
    """A graph or file that cannot be exchanged with lava-dl; the message names every reason.

    >>> raise NetxError("layer 2 is of type pool, which netx has no process for")
    Traceback (most recent call last):
    axonal.deploy.netx.netx_error.NetxError: layer 2 is of type pool, which netx has no process for
    """
