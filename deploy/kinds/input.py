"""Sources of the events that a run is given."""

from axonal.deploy.kinds._kind import Kind

KIND = Kind(sends="the events it is given")
