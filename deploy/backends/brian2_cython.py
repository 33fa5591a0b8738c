"""Brian 2 with its Cython target: compiled at first use, with the same arithmetic."""

from axonal.deploy.backends.brian2 import Brian2


class Brian2Cython(Brian2):
    """Brian 2, whose code is compiled."""

    requires = ("brian2", "Cython")
    install = "pip install 'axonal[deploy]' cython"
    target = "cython"
