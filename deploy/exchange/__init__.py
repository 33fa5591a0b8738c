"""Exchange with other frameworks as NIR graphs, in both directions and with the same spikes."""

from axonal.deploy.exchange._errors import NIRError
from axonal.deploy.exchange._from_nir import from_nir
from axonal.deploy.exchange._to_nir import to_nir

__all__ = ["NIRError", "from_nir", "to_nir"]
