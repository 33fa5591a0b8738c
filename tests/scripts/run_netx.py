"""Networks that netx builds of lava-dl's files: ``run_netx.py FOLDER``, in Lava's environment.

For every NAME.net beside NAME.npz with x [T, N], NAME.out.npz gets the spikes of its last layer
[T, M] and the membranes before which they were decided [T, M].

netx imports torch for parts of it that no file needs, and Lava would not do without these parts:
empty modules stand in their places.
"""

import sys
import types
from pathlib import Path

import lava.lib
import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.monitor.process import Monitor

HERE = next(p for p in (Path(p, "dl") for p in lava.lib.__path__) if p.is_dir())


def stand_in(name, *folders, **values):
    module = types.ModuleType(f"lava.lib.dl{name}")
    module.__path__ = [str(folder) for folder in folders]
    module.__file__ = str(HERE.joinpath(*name.split(".")).with_suffix(".py"))
    vars(module).update(values)
    sys.modules[module.__name__] = module


def run(path, x):
    from lava.lib.dl.netx import hdf5

    net = hdf5.Network(net_config=str(path))
    steps = len(x)
    source = Source(data=x.T.reshape(*net.inp.shape, steps).astype(int))
    sink, monitor = Sink(shape=net.out.shape, buffer=steps), Monitor()
    source.s_out.connect(net.inp)
    net.out.connect(sink.a_in)
    monitor.probe(net.layers[-1].neuron.v, steps)
    net.run(condition=RunSteps(num_steps=steps), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    spikes = sink.data.get().reshape(-1, steps).T
    ((found,),) = ([probed.values() for probed in monitor.get_data().values()],)
    (membranes,) = found
    net.stop()
    return {"spikes": spikes, "membranes": np.reshape(membranes, (steps, -1))}


if __name__ == "__main__":
    stand_in("", HERE)
    stand_in(".netx", HERE / "netx")
    stand_in(".netx.sequential_modules")
    for name in ("", ".neuron", ".neuron.rf", ".neuron.rf_iz"):
        stand_in(f".slayer{name}", neuron_params=None)
    for path in sorted(Path(sys.argv[1]).glob("*.net")):
        with np.load(path.with_suffix(".npz")) as given:
            found = run(path, given["x"])
        np.savez(path.with_suffix(".out.npz"), **found)
