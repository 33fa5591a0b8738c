"""The exponential of numbers up to zero, for numba, in operations that become vector instructions.

LLVM makes a call of libm for every number of a loop with ``exp`` in it, and such a loop stays a
loop of single numbers. Here exp(x) = 2^n exp(r) with n the whole number next to x / ln 2, and
exp(r) is its Taylor polynomial, whose error is below half a unit in the last place for
abs(r) <= ln(2) / 2.
"""

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from axonal._base.jit import jit, number_of, single_of

_INVERSE = 1 / math.log(2)
# ln 2 in two parts: a whole number n below 2^11 times the first is exact
_HIGH, _LOW = 0.693359375, math.log(2) - 0.693359375
_HIGH32, _LOW32 = np.float32(_HIGH), np.float32(_LOW)
_INVERSE32 = np.float32(_INVERSE)
# added and taken away again, they round to a whole number
_WHOLE, _WHOLE32 = 1.5 * 2.0**52, np.float32(1.5 * 2.0**23)
# below, the result is no normal number; zero is near enough
_LEAST, _LEAST32 = -708.0, np.float32(-87.0)
_ZERO32 = np.float32(0)
_T = tuple(1 / math.factorial(k) for k in range(14))
_S = tuple(np.float32(1 / math.factorial(k)) for k in range(8))


@jit
def _double(x: Any) -> Any:
    z = x if x > _LEAST else _LEAST
    n = z * _INVERSE + _WHOLE - _WHOLE
    r = z - n * _HIGH
    # log(2) is not 0.693... in double precision alone, but the second part is small enough
    r = r - n * _LOW
    y = _T[13]
    y = y * r + _T[12]
    y = y * r + _T[11]
    y = y * r + _T[10]
    y = y * r + _T[9]
    y = y * r + _T[8]
    y = y * r + _T[7]
    y = y * r + _T[6]
    y = y * r + _T[5]
    y = y * r + _T[4]
    y = y * r + _T[3]
    y = y * r + _T[2]
    y = y * r + _T[1]
    y = y * r + _T[0]
    power = number_of((np.int64(n) + np.int64(1023)) << np.int64(52))
    return y * power if x > _LEAST else 0.0


@jit
def _single(x: Any) -> Any:
    z = x if x > _LEAST32 else _LEAST32
    n = z * _INVERSE32 + _WHOLE32 - _WHOLE32
    r = z - n * _HIGH32
    r = r - n * _LOW32
    y = _S[7]
    y = y * r + _S[6]
    y = y * r + _S[5]
    y = y * r + _S[4]
    y = y * r + _S[3]
    y = y * r + _S[2]
    y = y * r + _S[1]
    y = y * r + _S[0]
    power = single_of((np.int32(n) + np.int32(127)) << np.int32(23))
    return y * power if x > _LEAST32 else _ZERO32


def exp_falling(x: float) -> float:
    """Exponential of a number up to zero, in its own precision; in compiled functions only."""
    raise NotImplementedError


def _compiled_exp(x):  # type: ignore[no-untyped-def]
    return (lambda x: _single(x)) if x == types.float32 else (lambda x: _double(x))


overload(exp_falling)(_compiled_exp)
