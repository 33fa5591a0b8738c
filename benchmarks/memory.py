"""What a forward pass keeps for the backward pass, by torch's hooks on saved tensors."""

import torch
from torch import Tensor

from benchmarks._agree import seeded
from benchmarks._measure import Table
from benchmarks.lif import HALF, PEERS, Function, ours

SHAPE = (100, 16, 256)


def saved_bytes(function: Function, x: Tensor) -> tuple[int, bool]:
    """Bytes that are kept beside x, each tensor counted once, and whether x is kept too."""
    kept: dict[int, int] = {}
    held: list[Tensor] = []

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        held.append(tensor)  # or a later tensor could get the same address
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        function(x)
    own = x.untyped_storage().data_ptr()
    return sum(size for address, size in kept.items() if address != own), own in kept


def run(peers: set[str], *, quick: bool) -> Table:
    """Count bytes a neuron and step; the size of the case does not matter. Ratios are of bytes."""
    functions: dict[str, Function] = {
        "axonal": ours(HALF),
        "axonal-recompute": ours(HALF, recompute=True),
        "torch-unbind": ours(HALF, backend="reference"),
    }
    functions |= {name: PEERS[name][0]() for name in PEERS if name in peers}
    x = seeded(*SHAPE, high=3.0).requires_grad_()
    table = Table(["implementation", "bytes beside x", "x"])
    shares: dict[str, float] = {}
    for name, function in functions.items():
        size, keeps_x = saved_bytes(function, x)
        shares[name] = share = size / x.numel()
        table.add([name, f"{share:.2f}", "kept" if keeps_x else "not kept"])
        table.json.append(
            {
                "case": "lif",
                "implementation": name,
                "median_s": None,
                "ratio": share / shares["axonal"],
                "share_of_bandwidth": None,
                "bytes_beside_x": share,
                "keeps_x": keeps_x,
            }
        )
    return table
