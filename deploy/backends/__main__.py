"""Page of the abilities of back ends: `python -m axonal.deploy.backends > docs/back-ends.md`."""

from collections.abc import Callable

from axonal._base.tables import markdown_table
from axonal.deploy.backends import Support, find, names
from axonal.deploy.kinds import SPIKING

HEAD = """\
# Abilities of the back ends

Written by `python -m axonal.deploy.backends` from the `support()` of each back end; a test compares
it. Everything unsupported is refused by name. Hops that take longer than those of
a graph are no obstacle: the graph is retimed. A back end that does not execute maps and loads a
graph, and `verify` compares the weights and delays that it reads back: never a spike.

In NEST a potential takes up the current of the step before, so that a synapse into `cuba` or
`current_integrator` needs two steps: loops of one step into these are refused, and so are neurons
that keep neither potential nor current. Reset by subtraction has no model there.

"""


FOOT = """
## A back end of one's own

A back end is a subclass of `axonal.deploy.backends.Backend` whose `support()` states its abilities.
Its simulation, `simulate(job, answer)`, lies in a file that imports no axonal and runs in a process
of its own, with another Python if need be (`python()`). A package of yours brings one by an entry
point:

    [project.entry-points."axonal.backends"]
    my_simulator = "my_package.backend:MySimulator"

`deploy.run(graph, x, backend="my_simulator")`, `verify` and `axonal info` then know it by this
name.
"""


def _kind(name: str) -> Callable[[Support], str]:
    return lambda s: _sign(name in s.neurons)


ROWS: dict[str, Callable[[Support], str]] = {
    "executes": lambda s: _sign(s.executes),
    "least steps per synapse": lambda s: str(s.hop),
    "those into a current": lambda s: str(max(s.hop, *(0, *s.hops.values()))),
    "longest delay in steps": lambda s: "any" if s.longest_delay is None else str(s.longest_delay),
    **{f"neurons of kind {kind}": _kind(kind) for kind in SPIKING},
    "reset to zero": lambda s: _sign("zero" in s.resets),
    "reset by subtraction": lambda s: _sign("subtract" in s.resets),
    "reset to the threshold": lambda s: _sign("threshold" in s.resets),
    "refractory steps": lambda s: _sign(s.refractory),
    "membranes read out": lambda s: _sign(s.integrators),
    "those behind a current": lambda s: _sign(s.integrators and "current_integrator" in s.readouts),
    "graded input events": lambda s: _sign(s.graded),
    "arithmetic": lambda s: ", ".join(s.arithmetics),
    "any gain": lambda s: _sign(s.any_gain),
    "bias without retiming": lambda s: _sign(s.bias),
    "decay": lambda s: "any" if s.decays[0] < 0 else f"{s.decays[0]:g} to {s.decays[1]:g}",
    "threshold": lambda s: "above 0" if s.positive_threshold else "any",
    "equal readouts, relative": lambda s: f"{s.readout_error:g}",
}


def _sign(possible: bool) -> str:
    return "yes" if possible else "-"


def matrix() -> str:
    """The support matrix as a Markdown table, one column per back end.

    >>> "| nest" in matrix()
    True
    """
    support: dict[str, Support] = {name: find(name).support() for name in names()}
    rows = [[row, *(of(s) for s in support.values())] for row, of in ROWS.items()]
    return f"{HEAD}{markdown_table(['', *support], rows)}\n{FOOT}"


if __name__ == "__main__":
    print(matrix(), end="")
