"""A tensor of a state as a file describes it."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from axonal.deploy.onnx.errors import ONNXError

BATCH = "batch"


@dataclass(frozen=True)
class StateTensor:
    """A tensor of a state: its name by layer and field, and what it is at rest for two samples."""

    name: str
    rest: Tensor
    batch_axis: int

    def described(self) -> dict[str, Any]:
        """Return names, type, shape and value at rest, as JSON can hold them.

        Raises:
            ONNXError: if samples are not equal at rest.
        """
        one = self.rest.narrow(self.batch_axis, 0, 1)
        if not (self.rest == one).all():
            raise ONNXError(
                f"{self.name} is not equal for all samples at rest, and a file for any number of "
                "samples holds one: let init(x) depend on the shape of x alone."
            )
        values = one.flatten()
        alike = not len(values) or bool((values == values[0]).all())
        shape: list[int | str] = list(self.rest.shape)
        shape[self.batch_axis] = BATCH
        return {
            "name": self.name,
            "next": f"{self.name}.next",
            "type": str(self.rest.dtype).removeprefix("torch."),
            "shape": shape,
            "rest": (values[0].item() if len(values) else 0) if alike else one.tolist(),
        }
