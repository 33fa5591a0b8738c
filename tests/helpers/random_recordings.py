"""Recordings of any sensor, as hypothesis draws them."""

import numpy as np
from hypothesis import strategies as st

from axonal.datasets import Recording, Sensor


def random_recording(
    sensor: Sensor, events: int, seed: int, span: int = 5000, extra: bool = False
) -> Recording:
    """Events anywhere on the sensor; many share an instant where the span is short."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.integers(0, span, events))
    addresses = rng.integers(0, sensor.channels, events, np.uint32)
    arrays = {"number": np.arange(events)} if extra else {}
    return Recording(times, addresses, sensor, arrays)


SENSORS = st.builds(Sensor, st.integers(1, 40), st.integers(1, 30), st.integers(1, 2))
RECORDINGS = st.builds(
    random_recording,
    SENSORS,
    st.integers(0, 300),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 50, 5000]),
    st.booleans(),
)
