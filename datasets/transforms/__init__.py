"""Transforms of recordings: every event is kept, moved or counted, and chance has a key.

``transform(recording, key)`` gives the recording, ``transform.apply(recording, key)`` its account
as well. A random transform depends on seed, epoch and index of the sample and on nothing else, so
any number of workers gives the same batch.

>>> from axonal.datasets import Recording, Sensor
>>> from axonal.datasets.transforms import Compose, DropEvents, Key, Shift
>>> augment = Compose([Shift(40), DropEvents(0.1)])
>>> recording = Recording.of([5, 9], [300, 310], 0, 0, Sensor(700))
>>> outcome = augment.apply(recording, Key(seed=0, epoch=2, index=17))
>>> outcome.tally.after(len(recording)) == len(outcome.recording)
True
"""

from axonal.datasets.transforms.activity_filter import ActivityFilter
from axonal.datasets.transforms.blend import Blend
from axonal.datasets.transforms.compose import Compose
from axonal.datasets.transforms.crop_space import CropSpace
from axonal.datasets.transforms.crop_time import CropTime
from axonal.datasets.transforms.downsample_space import DownsampleSpace
from axonal.datasets.transforms.downsample_time import DownsampleTime
from axonal.datasets.transforms.drop_events import DropEvents
from axonal.datasets.transforms.flip import Flip
from axonal.datasets.transforms.key import Key
from axonal.datasets.transforms.merge_polarities import MergePolarities
from axonal.datasets.transforms.outcome import Outcome
from axonal.datasets.transforms.refractory import Refractory
from axonal.datasets.transforms.rotate import Rotate
from axonal.datasets.transforms.shift import Shift
from axonal.datasets.transforms.tally import Tally
from axonal.datasets.transforms.time_jitter import TimeJitter
from axonal.datasets.transforms.time_warp import TimeWarp
from axonal.datasets.transforms.transform import Transform
from axonal.datasets.transforms.transformed import Gathered, Transformed
from axonal.datasets.transforms.uniform_noise import UniformNoise

__all__ = [
    "ActivityFilter", "Blend", "Compose", "CropSpace", "CropTime", "DownsampleSpace",
    "DownsampleTime", "DropEvents", "Flip", "Gathered", "Key", "MergePolarities", "Outcome",
    "Refractory", "Rotate", "Shift", "Tally", "TimeJitter", "TimeWarp", "Transform", "Transformed",
    "UniformNoise",
]  # fmt: skip
