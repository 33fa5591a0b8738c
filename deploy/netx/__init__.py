"""Files of lava-dl (`.net`), which its netx builds into processes of Lava for Loihi 2."""

from axonal.deploy.netx.export_netx import to_netx
from axonal.deploy.netx.import_netx import from_netx
from axonal.deploy.netx.netx_error import NetxError

__all__ = ["NetxError", "from_netx", "to_netx"]
