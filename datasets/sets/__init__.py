"""Published data sets: a local folder is held against a manifest and used; see `verify`.

Each function gives an `EventSet` by split. Nothing is downloaded unless ``download=True`` asks for
it; what is missing is named with all that is known of it.

>>> from axonal.datasets.sets import shd
>>> shd("/nowhere", splits=["test"])
Traceback (most recent call last):
FileNotFoundError: SHD is not whole in /nowhere: shd_test.h5.zip (size not known, MD5 ...
"""

from axonal.datasets.sets.cifar10_dvs import cifar10_dvs
from axonal.datasets.sets.dvs_gesture import dvs_gesture
from axonal.datasets.sets.event_images import event_images
from axonal.datasets.sets.gsc import gsc
from axonal.datasets.sets.listed_file import ListedFile
from axonal.datasets.sets.manifest import Manifest
from axonal.datasets.sets.nmnist import nmnist
from axonal.datasets.sets.ntidigits import ntidigits
from axonal.datasets.sets.sequential_mnist import permutation, psmnist, smnist
from axonal.datasets.sets.shd import shd, ssc
from axonal.datasets.sets.verify import Verified, verify

__all__ = [
    "ListedFile", "Manifest", "Verified", "cifar10_dvs", "dvs_gesture", "event_images", "gsc",
    "nmnist", "ntidigits", "permutation", "psmnist", "shd", "smnist", "ssc", "verify",
]  # fmt: skip
