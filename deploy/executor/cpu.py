"""The inner loop of the integer executor, compiled; what it does is said in `_integer.py`."""

from axonal._base.array_types import Int64Array
from axonal._base.jit import kernel


@kernel
def deliver(
    sample: Int64Array,
    neuron: Int64Array,
    indptr: Int64Array,
    post: Int64Array,
    delay: Int64Array,
    mantissa: Int64Array,
    shift: int,
    step: int,
    ring: Int64Array,
    sums: Int64Array,
) -> int:
    """Add the synapses of spikes to a ring `[D, B, N]`, and return their number.

    A shift to the left can be done synapse by synapse. One to the right is done once for all that
    reaches a neuron with one delay, which is summed before, in `sums` `[D, B, N]`: zeros that are
    left as zeros.
    """
    depth, total = ring.shape[0], 0
    for k in range(neuron.shape[0]):
        b = sample[k]
        first, last = indptr[neuron[k]], indptr[neuron[k] + 1]
        total += last - first
        for s in range(first, last):
            if shift >= 0:
                ring[(step + delay[s]) % depth, b, post[s]] += mantissa[s] << shift
            else:
                sums[delay[s], b, post[s]] += mantissa[s]
    if shift < 0:
        for k in range(neuron.shape[0]):
            b = sample[k]
            for s in range(indptr[neuron[k]], indptr[neuron[k] + 1]):
                # what is zero here was zero, or was added before
                ring[(step + delay[s]) % depth, b, post[s]] += sums[delay[s], b, post[s]] >> -shift
                sums[delay[s], b, post[s]] = 0
    return total
