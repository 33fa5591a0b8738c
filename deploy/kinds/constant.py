"""Sources that are always on, such as biases of retimed graphs."""

from axonal.deploy.kinds._kind import Kind

KIND = Kind(sends="1 at every step from t = 0 on")
