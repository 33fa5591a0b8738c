"""Every kernel on a GPU: first that it is right, then how fast it is, in some minutes."""

import importlib
import statistics
import warnings
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from axonal.neuro.ops import _cuda
from axonal.neuro.ops._convention import Convention
from axonal.neuro.ops.delayed_linear import delayed_linear
from axonal.neuro.ops.lif import lif
from axonal.neuro.ops.recurrent_lif import recurrent_lif
from benchmarks._gpu_parity import check_all, deviation, uniform
from benchmarks._measure import REPETITIONS, ROUNDS, TIMED, Table, Times, Work
from benchmarks.delay import CASES as DELAYS
from benchmarks.delay import QUICK as QUICK_DELAYS
from benchmarks.lif import HALF

CASES = {
    "T100": (100, 64, 512),
    "T1000": (1000, 16, 256),
    "T16": (16, 128, 4096),
    "1e8": (100, 256, 4096),
}
QUICK = {"T100": (100, 16, 128)}
RECURRENT = {"T100": (100, 64, 256)}
LARGE, QUICK_LARGE = (100, 250, 4001), (50, 30, 401)

# x, spikes; x, gradient, gradient; and the potential twice in 16 steps, which is single precision
BYTES = {torch.float32: 20.5, torch.bfloat16: 10.5, torch.float16: 10.5}
COPIED = 1 << 30

Function = Callable[[Tensor], Tensor]
Gradients = Callable[[], tuple[Tensor, ...]]


def timed(works: Mapping[str, Work]) -> dict[str, Times]:
    """Time works in turn by the clock of the GPU, each alone on it."""
    for work in works.values():
        for _ in range(3):
            work()
    times = {name: Times() for name in works}
    for _ in range(ROUNDS):
        milliseconds: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(REPETITIONS):
            for name, work in works.items():
                start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
                torch.cuda.synchronize()
                start.record()
                result = work()
                end.record()
                torch.cuda.synchronize()
                milliseconds[name].append(start.elapsed_time(end))
                del result
        for name, taken in milliseconds.items():
            times[name].rounds.append(statistics.median(taken) / 1e3)
    return times


def bandwidth() -> dict[str, float]:
    """Bytes a second that a copy and an addition move, reads and writes counted."""
    a = torch.ones(COPIED // 4, device="cuda")
    b, c = torch.ones_like(a), torch.empty_like(a)
    times = timed({"copy": lambda: c.copy_(a), "add": lambda: torch.add(a, b, out=c)})
    return {"copy": 2 * COPIED / times["copy"].best, "add": 3 * COPIED / times["add"].best}


def backward(function: Function, x: Tensor, g: Tensor) -> Gradients:
    """Forward and backward from a fresh leaf."""

    def work() -> tuple[Tensor, ...]:
        leaf = x.detach().requires_grad_()
        return torch.autograd.grad(function(leaf), leaf, g)

    return work


def graphed(work: Gradients) -> Gradients:
    """The same work captured as a CUDA graph: without the time that Python takes."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        kept = work()

    def replay() -> tuple[Tensor, ...]:
        graph.replay()
        return kept

    return replay


def spikingjelly(backend: str) -> Function:
    """SpikingJelly's multi-step neuron on one of its back ends for GPUs."""
    activation = importlib.import_module("spikingjelly.activation_based")
    neuron = importlib.import_module("spikingjelly.activation_based.neuron")
    surrogate = importlib.import_module("spikingjelly.activation_based.surrogate")
    functional = importlib.import_module("spikingjelly.activation_based.functional")
    assert activation
    node = neuron.LIFNode(
        tau=2.0, detach_reset=True, surrogate_function=surrogate.ATan(2.0), step_mode="m",
        backend=backend,
    ).cuda()  # fmt: skip

    def run(x: Tensor) -> Tensor:
        functional.reset_net(node)
        return node(x)

    return run


def lif_works(x: Tensor, g: Tensor, peers: set[str], table: Table) -> dict[str, Gradients]:
    """Ours, the definition, and SpikingJelly's kernels for x if they run here."""
    half, one = torch.tensor(0.5, device="cuda"), torch.tensor(1.0, device="cuda")

    def ours(backend: str) -> Function:
        rest = torch.zeros(x.shape[1:], device="cuda")
        return lambda x: lif(x, rest, None, half, one, Convention(**HALF), backend=backend)[0]

    works: dict[str, Gradients] = {"axonal": backward(ours("cuda"), x, g)}
    works["axonal-graph"] = graphed(works["axonal"])
    if x.dtype == torch.float32 and x.numel() < 1 << 25:
        works["torch-unbind"] = backward(ours("reference"), x, g)
    for backend in ("triton", "cupy", "torch") if "spikingjelly" in peers else ():
        name = f"spikingjelly-{backend}"
        try:
            works[name] = backward(spikingjelly(backend), x, g)
            works[name]()
        except Exception as error:  # whatever its back end lacks on this machine
            works.pop(name, None)
            remark = f"{name} did not run for {x.dtype}: {str(error).splitlines()[:1]}."
            if remark not in table.remarks:
                table.remarks.append(remark)
    return works


def delay_works(shape: tuple[int, ...]) -> dict[str, Gradients]:
    """Our kernels, and the dense convolution that defines them."""
    steps, batch, sources, targets, longest = shape
    x, history = uniform(steps, batch, sources), torch.zeros(longest, batch, sources).cuda()
    x = (x < 0.1).float()
    weight, delay = uniform(targets, sources), uniform(targets, sources, high=float(longest))
    g = uniform(steps, batch, targets, seed=1)

    def work(kernel: str, backend: str) -> Gradients:
        def run() -> tuple[Tensor, ...]:
            leaves = [a.detach().requires_grad_() for a in (x, weight, delay)]
            y, _ = delayed_linear(
                leaves[0], history, *leaves[1:], 0.5,
                kernel=kernel, max_delay=longest, backend=backend,
            )  # fmt: skip
            return torch.autograd.grad(y, leaves, g)

        return run

    return {
        "axonal": work("two-tap", "cuda"),
        "axonal-gauss": work("gaussian", "cuda"),
        "dense": work("two-tap", "reference"),
        "dense-gauss": work("gaussian", "reference"),
    }


def recurrent_works(shape: tuple[int, int, int]) -> dict[str, Gradients]:
    """Our loop, as a graph too, and its definition."""
    x, g = uniform(*shape, high=1.5), uniform(*shape, seed=1)
    weight = uniform(shape[2], shape[2], low=-0.1, high=0.1)
    half, one = torch.tensor(0.5, device="cuda"), torch.tensor(1.0, device="cuda")
    rest = torch.zeros(shape[1:], device="cuda")

    def work(backend: str) -> Gradients:
        def run() -> tuple[Tensor, ...]:
            leaves = [a.detach().requires_grad_() for a in (x, weight)]
            spikes = recurrent_lif(
                leaves[0], rest, rest, None, leaves[1], None, half, one, backend=backend
            )[0]
            return torch.autograd.grad(spikes, leaves, g)

        return run

    ours = work("cuda")
    return {"axonal": ours, "axonal-graph": graphed(ours), "torch-unbind": work("reference")}


def add(
    table: Table, case: str, works: Mapping[str, Gradients], least: float | None, speed: float
) -> None:
    """Time the works of a case and add a line for each."""
    times = timed(works)
    gaussian = works.get("axonal-gauss")
    for name, taken in times.items():
        ours = gaussian if gaussian and name.endswith("gauss") else works["axonal"]
        worst = max(deviation(*pair) for pair in zip(works[name](), ours(), strict=True))
        agrees = f"gradients to {worst:.0e}"
        ratio = taken.best / times["axonal"].best
        share = None if least is None else least / taken.best / speed
        table.add_times(case, name, taken, ratio, agrees, share=share, digits=3)


def run(peers: set[str], *, quick: bool) -> Table:
    """Compare and time all kernels; without a GPU say so, and end."""
    if not torch.cuda.is_available():
        print("gpu: torch sees no GPU here, so nothing was measured.")
        raise SystemExit(0)
    if problem := _cuda.missing():
        raise SystemExit(f"gpu: {problem}")
    warnings.simplefilter("ignore")
    if "spikingjelly" not in peers:
        print("without spikingjelly, whose kernels would be timed beside ours.", flush=True)
    table = Table(TIMED)
    table.remarks += check_all(QUICK_LARGE if quick else LARGE)
    print(*table.remarks, sep="\n", flush=True)
    speeds = bandwidth()
    table.remarks.append(
        f"{torch.cuda.get_device_name()}: a copy moved {speeds['copy'] / 1e9:.0f} GB/s and "
        f"`torch.add` {speeds['add'] / 1e9:.0f} GB/s; shares are of the copy. Dense convolutions "
        f"run as torch does them by itself, with TF32: {torch.backends.cudnn.allow_tf32}."
    )
    for case, shape in (QUICK if quick else CASES).items():
        for dtype, each in BYTES.items():
            x, g = uniform(*shape, high=3.0).to(dtype), uniform(*shape, low=-1.0, seed=1).to(dtype)
            name = f"lif {case} {str(dtype).removeprefix('torch.')}"
            works = lif_works(x, g, peers, table)
            add(table, name, works, each * x.numel(), speeds["copy"])
            del works, x, g
    for case, sizes in (QUICK_DELAYS if quick else DELAYS).items():
        add(table, f"delay {case}", delay_works(sizes), None, speeds["copy"])
    for case, shape in RECURRENT.items():
        add(table, f"recurrent {case}", recurrent_works(shape), None, speeds["copy"])
    return table
