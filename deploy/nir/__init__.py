"""Exchange with other frameworks as NIR graphs, in both directions and with the same spikes."""

from axonal.deploy.nir.errors import NIRError
from axonal.deploy.nir.export_nir import to_nir
from axonal.deploy.nir.import_nir import from_nir

__all__ = ["NIRError", "from_nir", "to_nir"]
