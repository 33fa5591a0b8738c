"""Brian 2 with its numpy target: every kind that has a form in its words."""

from pathlib import Path
from typing import Any

from axonal.deploy.backends._backend import Backend
from axonal.deploy.backends._support import Support
from axonal.deploy.backends.simulations.brian2 import RESETS
from axonal.deploy.graph import EventGraph
from axonal.deploy.kinds import KINDS

FORMS = {name: kind.brian for name, kind in KINDS.items() if kind.brian is not None}
"""Forms of the kinds that have one."""


class Brian2(Backend):
    """Brian 2, whose code is run by numpy."""

    requires: tuple[str, ...] = ("brian2",)
    install = "pip install 'axonal[deploy]'"
    simulation = Path(__file__).parent / "simulations" / "brian2.py"
    target = "numpy"

    def support(self) -> Support:
        """Everything that the equations of the kinds have a form for."""
        return Support(
            neurons=tuple(name for name in FORMS if KINDS[name].spikes),
            readouts=tuple(name for name in FORMS if not KINDS[name].spikes),
            resets=tuple(RESETS),
            graded=False,
            any_gain=True,
        )

    def options(self, graph: EventGraph) -> dict[str, Any]:
        """Target of Brian's code, and the fields and forms of the kinds."""
        forms = {
            name: {
                "fields": KINDS[name].fields,
                "variables": form.variables,
                **form._asdict(),
            }
            for name, form in FORMS.items()
        }
        return {"target": self.target, "forms": forms}
