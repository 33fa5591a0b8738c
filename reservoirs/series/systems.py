"""The chaotic flows by name, an entry each."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from axonal._base.array_types import AnyArray
from axonal.reservoirs.series.system import Flow, System


def _flow(equations: Callable[..., tuple[Any, ...]]) -> Flow:
    """A flow from equations in single variables."""

    def flow(state: AnyArray) -> AnyArray:
        return np.array(equations(*state))

    return flow


def _lorenz96(state: AnyArray) -> AnyArray:
    back = np.roll(state, 1, 0)
    velocity: AnyArray = (np.roll(state, -1, 0) - np.roll(state, 2, 0)) * back - state + 8
    return velocity


SYSTEMS: Mapping[str, System] = MappingProxyType(
    {
        "aizawa": System(
            _flow(
                lambda x, y, z: (
                    (z - 0.7) * x - 3.5 * y,
                    3.5 * x + (z - 0.7) * y,
                    0.6 + 0.95 * z - z**3 / 3 - (x**2 + y**2) * (1 + 0.25 * z) + 0.1 * z * x**3,
                )
            ),
            (0.1, 0.0, 0.0),
            0.0965,
            "Langford, Int. Ser. Numer. Math. 70, 279 (1984)",
        ),
        "arneodo": System(
            _flow(lambda x, y, z: (y, z, 5.5 * x - 3.5 * y - z - x**3)),
            (0.2, 0.2, -0.75),
            0.233,
            "Arneodo, Coullet and Tresser, Phys. Lett. A 79, 259 (1980)",
        ),
        "burke-shaw": System(
            _flow(lambda x, y, z: (-10 * (x + y), -y - 10 * x * z, 10 * x * y + 4.272)),
            (0.6, 0.1, 0.1),
            0.697,
            "Shaw, Z. Naturforsch. A 36, 80 (1981)",
        ),
        "chen": System(
            _flow(lambda x, y, z: (35 * (y - x), -7 * x - x * z + 28 * y, x * y - 3 * z)),
            (-3.0, 2.0, 20.0),
            2.05,
            "Chen and Ueta, Int. J. Bifurc. Chaos 9, 1465 (1999)",
        ),
        "genesio-tesi": System(
            _flow(lambda x, y, z: (y, z, -x - 1.1 * y - 0.44 * z + x**2)),
            (0.1, 0.1, 0.1),
            0.0995,
            "Genesio and Tesi, Automatica 28, 531 (1992)",
        ),
        "halvorsen": System(
            _flow(
                lambda x, y, z: (
                    -1.4 * x - 4 * y - 4 * z - y**2,
                    -1.4 * y - 4 * z - 4 * x - z**2,
                    -1.4 * z - 4 * x - 4 * y - x**2,
                )
            ),
            (-5.0, 0.0, 0.0),
            0.675,
            "Sprott, Chaos and Time-Series Analysis, Oxford University Press (2003)",
        ),
        "hindmarsh-rose": System(
            _flow(
                lambda x, y, z: (
                    y - x**3 + 3 * x**2 - z + 3.25,
                    1 - 5 * x**2 - y,
                    0.006 * (4 * (x + 1.6) - z),
                )
            ),
            (-1.0, -4.0, 3.2),
            0.0135,
            "Hindmarsh and Rose, Proc. R. Soc. B 221, 87 (1984)",
        ),
        "hyper-rossler": System(
            _flow(lambda x, y, z, w: (-y - z, x + 0.25 * y + w, 3 + x * z, -0.5 * z + 0.05 * w)),
            (-10.0, -6.0, 0.0, 10.1),
            0.112,
            "Rössler, Phys. Lett. A 71, 155 (1979)",
        ),
        "lorenz": System(
            _flow(lambda x, y, z: (10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z)),
            (1.0, 1.0, 20.0),
            0.902,
            "Lorenz, J. Atmos. Sci. 20, 130 (1963)",
        ),
        "lorenz-84": System(
            _flow(
                lambda x, y, z: (
                    -0.25 * x - y**2 - z**2 + 0.25 * 8,
                    -y + x * y - 4 * x * z + 1,
                    -z + 4 * x * y + x * z,
                )
            ),
            (1.0, 1.0, 1.0),
            0.168,
            "Lorenz, Tellus A 36, 98 (1984)",
        ),
        "lorenz-96": System(
            _lorenz96,
            (9.0, 8.0, 7.0, 8.0, 6.0, 8.0, 4.0, 8.0),
            1.61,
            "Lorenz, Proc. Seminar on Predictability 1, 1, ECMWF (1996); 8 sites, F = 8",
        ),
        "moore-spiegel": System(
            _flow(lambda x, y, z: (y, z, -z - (6 - 20 + 20 * x**2) * y - 6 * x)),
            (0.3, -4.0, 0.7),
            0.0948,
            "Moore and Spiegel, Astrophys. J. 143, 871 (1966)",
        ),
        "rabinovich-fabrikant": System(
            _flow(
                lambda x, y, z: (
                    y * (z - 1 + x**2) + 0.87 * x,
                    x * (3 * z + 1 - x**2) + 0.87 * y,
                    -2 * z * (1.1 + x * y),
                )
            ),
            (-1.0, 0.0, 0.5),
            0.191,
            "Rabinovich and Fabrikant, Sov. Phys. JETP 50, 311 (1979)",
        ),
        "rikitake": System(
            _flow(lambda x, y, z: (-x + z * y, -y + (z - 1) * x, 1 - x * y)),
            (0.9, 1.2, 0.1),
            0.125,
            "Rikitake, Proc. Camb. Philos. Soc. 54, 89 (1958)",
        ),
        "rossler": System(
            _flow(lambda x, y, z: (-y - z, x + 0.2 * y, 0.2 + z * (x - 5.7))),
            (1.0, 1.0, 0.0),
            0.0702,
            "Rössler, Phys. Lett. A 57, 397 (1976)",
        ),
        "rucklidge": System(
            _flow(lambda x, y, z: (-2 * x + 6.7 * y - y * z, x, -z + y**2)),
            (1.0, 0.0, 4.5),
            0.191,
            "Rucklidge, J. Fluid Mech. 237, 209 (1992)",
        ),
        "shimizu-morioka": System(
            _flow(lambda x, y, z: (y, x - 0.75 * y - x * z, -0.45 * z + x**2)),
            (0.1, 0.1, 0.2),
            0.0647,
            "Shimizu and Morioka, Phys. Lett. A 76, 201 (1980)",
        ),
        "sprott-b": System(
            _flow(lambda x, y, z: (y * z, x - y, 1 - x * y)),
            (0.05, 0.05, 0.05),
            0.211,
            "Sprott, Phys. Rev. E 50, R647 (1994)",
        ),
        "sprott-f": System(
            _flow(lambda x, y, z: (y + z, -x + 0.5 * y, x**2 - z)),
            (0.1, 0.1, 0.1),
            0.117,
            "Sprott, Phys. Rev. E 50, R647 (1994)",
        ),
        "sprott-s": System(
            _flow(lambda x, y, z: (-x - 4 * y, x + z**2, 1 + x)),
            (-1.0, 0.0, 0.1),
            0.184,
            "Sprott, Phys. Rev. E 50, R647 (1994)",
        ),
        "thomas": System(
            _flow(
                lambda x, y, z: (
                    np.sin(y) - 0.18 * x,
                    np.sin(z) - 0.18 * y,
                    np.sin(x) - 0.18 * z,
                )
            ),
            (0.1, 0.0, 0.05),
            0.0343,
            "Thomas, Int. J. Bifurc. Chaos 9, 1889 (1999)",
        ),
    }
)
"""All flows by name, with the parameters of their equations put in.

Exponents are those of `lyapunov_exponent` over 64 stretches of 60 Lyapunov times; their standard
errors are between 0.7 and 1.8 %.
"""
