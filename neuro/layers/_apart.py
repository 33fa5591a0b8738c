"""Modules of torch.nn that keep the samples of a batch apart, and the shapes on which they do.

A Network calls them with steps and samples as one batch. A refused module would mix them: it works
along the batch, or takes a batch without a channel axis for one sample with channels.
"""

import functools
import inspect

from torch import nn

WITH_MEMORY = (
    nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention, nn.Transformer, nn.TransformerEncoder,
    nn.TransformerDecoder, nn.TransformerEncoderLayer, nn.TransformerDecoderLayer,
)  # fmt: skip
_SOFTMAX = (nn.Softmax, nn.LogSoftmax, nn.Softmin)
_NORMS = (nn.LayerNorm, nn.RMSNorm)
_PADS = (nn.modules.padding._ConstantPadNd,)

_AXES: dict[int, tuple[type[nn.Module], ...]] = {
    1: (nn.Conv1d, nn.ConvTranspose1d, nn.InstanceNorm1d, nn.LazyInstanceNorm1d, nn.Dropout1d),
    2: (
        nn.Conv2d, nn.ConvTranspose2d, nn.InstanceNorm2d, nn.LazyInstanceNorm2d, nn.Dropout2d,
        nn.Softmax2d,
    ),
    3: (nn.Conv3d, nn.ConvTranspose3d, nn.InstanceNorm3d, nn.LazyInstanceNorm3d, nn.Dropout3d),
}  # fmt: skip
"""By how many axes of space: the modules that take a batch without them for one sample."""


def problem(module: nn.Module) -> str | None:
    """Return the reason why a module mixes steps and samples of any shape, or None."""
    kind = type(module).__name__
    if isinstance(module, WITH_MEMORY):
        return "mixes time steps or hides a state. Write it as a Cell, or use Recurrent."
    if isinstance(module, nn.DataParallel):
        return "spreads steps over devices: wrap the Network, not a part of it."
    if isinstance(module, (nn.FractionalMaxPool2d, nn.FractionalMaxPool3d)):
        return "draws its windows at random in each call: use MaxPool2d or MaxPool3d."
    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        return "takes whole numbers, a Network sequences of real ones: put it before it."
    needed = _needed(type(module))  # type: ignore[arg-type]
    if len(needed) > 1:
        return (
            f"takes the inputs {', '.join(needed)}, a module inside a Network the sequence "
            "alone: call it after the Network."
        )
    if isinstance(module, _SOFTMAX) and module.dim is None:
        return f"without dim chooses the axis by the shape: name it, {kind}(dim=-1)."
    if getattr(module, "dim", None) == 0:
        return "works along axis 0, over steps and samples: name a later axis, dim=-1."
    if getattr(module, "return_indices", False):
        return "returns indices as well: make it with return_indices=False."
    return None


@functools.cache
def _needed(kind: type[nn.Module]) -> list[str]:
    """Name the inputs that a module cannot do without."""
    _, *inputs = inspect.signature(kind.forward).parameters.values()
    return [p.name for p in inputs if p.default is p.empty and p.kind == p.POSITIONAL_OR_KEYWORD]


def shape_problem(module: nn.Module, axes: int) -> str | None:
    """Return the reason why a module mixes a batch [T B, ...] of so many axes, or None."""
    kind, dim = type(module).__name__, getattr(module, "dim", None)
    if isinstance(dim, int) and dim % axes == 0:
        return f"{kind}(dim={dim}) works over steps and samples here: name a later axis, dim=-1."
    for space, kinds in _AXES.items():
        if isinstance(module, kinds) and axes != space + 2:
            names = ("L", "H, W", "D, H, W")[space - 1]
            return f"{kind} expects x [T, B, C, {names}], else it takes steps for channels."
    if isinstance(module, nn.Linear) and axes < 2:
        return f"{kind} expects x [T, B, ..., N]; without N it adds steps and samples up."
    if isinstance(module, _NORMS) and len(module.normalized_shape) >= axes:
        return f"{kind}({list(module.normalized_shape)}) reaches over steps and samples here."
    if isinstance(module, _PADS) and len(module.padding) // 2 >= axes:
        return f"{kind} of {len(module.padding) // 2} axes pads steps and samples here."
    batch_norm = isinstance(module, nn.modules.batchnorm._BatchNorm)
    if batch_norm and not module.training and module.running_mean is None:
        return (
            f"{kind} without running statistics takes those of the batch in evaluation, too: make "
            "it with track_running_stats=True."
        )
    return None
