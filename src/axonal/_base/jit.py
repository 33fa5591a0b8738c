"""The one place that compiles with numba."""

import functools
import hashlib
import logging
import pickle
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
from llvmlite import ir
from numba.core import event
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile
from numba.extending import intrinsic

from axonal._base import kernel_cache

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger("axonal")


def _handed_in(function: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Yield the functions, compiled or not, in the closure of a function and in theirs."""
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # of a cell that is still empty
            inner = getattr(cell.cell_contents, "py_func", cell.cell_contents)
            if hasattr(inner, "__code__") and inner is not function:
                yield inner
                yield from _handed_in(inner)


class _Named(CompileResultCacheImpl):
    """Files on disk that have the stamp of the sources in their names."""

    def get_filename_base(self, fullname: str, abiflags: str) -> str:
        """Return the name that numba gives a function, and the stamp."""
        base = super().get_filename_base(fullname, abiflags)  # type: ignore[no-untyped-call]
        return f"{base}-{kernel_cache.stamp(Path(self.locator._py_file))}"


class _FilePerKey(IndexDataCacheFile):
    """A file of machine code for every key, which it begins with, and no index.

    numba numbers its files and keeps an index of them. Two processes that write at the same time
    take one number twice, and one of them is later handed the code of the other: of other types,
    or of a kernel made for other choices.
    """

    def save(self, key: Any, data: Any) -> None:
        """Keep the machine code of a key."""
        self._save_data(self._file_of(key), (key, data))  # type: ignore[no-untyped-call]

    def load(self, key: Any) -> Any:
        """Return the machine code of a key, or None where none can be read."""
        try:
            found, data = self._load_data(self._file_of(key))  # type: ignore[no-untyped-call]
        except (OSError, EOFError, ValueError, pickle.UnpicklingError):
            # not there, or cut when a machine lost its power; it is written anew
            return None
        return data if found == key else None

    def flush(self) -> None:
        """Nothing: files of other sources are removed when these are kept."""

    def _file_of(self, key: Any) -> str:
        digest = hashlib.sha256(f"{self._version} {key!r}".encode()).hexdigest()
        return f"{self._index_name.removesuffix('.nbi')}.{digest[:16]}.nbc"


class _Kept(FunctionCache):
    """numba's cache on disk for one function, by the sources of all that it can call.

    Raises:
        OSError: for a function that was handed another one, of a file that its own does not import.
    """

    _impl_class = _Named

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        place = self._impl.filename_base, self._impl.locator.get_source_stamp()
        self._cache_file = _FilePerKey(self._cache_path, *place)  # type: ignore[no-untyped-call]
        known = kernel_cache.sources(Path(function.__code__.co_filename))
        for inner in _handed_in(function):
            if Path(inner.__code__.co_filename).resolve() not in known:
                raise OSError(f"{inner.__code__.co_filename} is not among the sources")

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep machine code, and remove what other sources left in the same folder."""
        super().save_overload(sig, data)  # type: ignore[no-untyped-call]
        base, _, present = self._impl.filename_base.rpartition("-")
        # of a file of ours all goes, also functions that have moved since
        ours = self._py_func.__module__.startswith("axonal.")
        start = f"{base.partition('.')[0]}." if ours else f"{base}-"
        kernel_cache.remove_others(Path(self.cache_path), start, present)


# Sums in any order, products and sums in one rounding; NaN and infinity keep their meaning.
_REORDER = {"reassoc", "contract", "nsz"}


def jit(function: Callable[P, R], *, reorder: bool = False) -> Callable[P, R]:
    """Compile a function at its first call, without the interpreter lock held while it runs.

    Floating-point operations are rounded one by one, as written, because a spike is decided by the
    last bit. A division by zero gives infinity, as in numpy. The machine code is kept on disk where
    a folder can be written, for as long as the sources stay what they are.

    Args:
        function: a function of arrays and numbers that numba can compile.
        reorder: let the compiler reorder sums, for gradients only: a sum of products is then
            several times faster.

    Returns:
        the compiled function, callable from Python and from other compiled functions.

    >>> double = jit(lambda x: 2 * x)
    >>> double(21)
    42
    """
    options: dict[str, Any] = {
        "nogil": True,
        "error_model": "numpy",
        "fastmath": _REORDER if reorder else False,
    }
    compiled: Any = numba.njit(**options)(function)
    # without a folder that can be written, or sources to tell it by, nothing is kept
    with suppress(RuntimeError, OSError):
        compiled._cache = _Kept(function)
    return cast(Callable[P, R], compiled)


_kernels: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


class _Announcer(event.Listener):
    """Logs the name of a kernel before it is compiled."""

    def on_start(self, event: Any) -> None:
        """Log a kernel that was neither compiled before nor found on disk."""
        name = _kernels.get(event.data["dispatcher"])
        if name is not None:
            watched = "ipykernel" in sys.modules or sys.stderr.isatty()
            level = logging.WARNING if watched else logging.INFO
            _log.log(level, "compiling %s, which takes seconds and is kept on disk", name)

    def on_end(self, event: Any) -> None:
        """Nothing: `kernel` logs how long it took."""


event.register("numba:compile", _Announcer())  # type: ignore[no-untyped-call]


@functools.cache
def callback(function: Callable[..., Any], signature: str) -> Any:
    """Compile a function that compiled code is to call by its address.

    A compiled caller is the same for all such functions, so that a user's own costs a tenth of a
    second and not a compilation of the caller.

    Args:
        function: a function of arrays and numbers that numba can compile.
        signature: its types as numba writes them, such as "float64(float64, int64)".

    Returns:
        the compiled function, as an argument for compiled callers.

    >>> callback(lambda x, y: x + 2 * y, "float64(float64, float64)").ctypes(3.0, 4.0)
    11.0
    """
    return numba.cfunc(signature)(function)


def kernel(function: Callable[P, R], *, unrolled: bool = False) -> Callable[P, R]:
    """Compile a function like `jit`, and say so on the logger "axonal".

    The name is logged before the seconds of compilation, which look like a hang: as a warning in
    a terminal or a notebook, for information elsewhere. Their number is logged after them.

    Args:
        function: a function of arrays and numbers that numba can compile.
        unrolled: make vector instructions of equal statements that follow one another, too, not
            only of loops; numba leaves this off.

    Returns:
        the compiled function.

    >>> add = kernel(lambda x, y: x + y)
    >>> add(1, 2)
    3
    """
    compiled: Any = jit(function)
    _kernels[compiled] = name = f"{function.__module__}.{function.__qualname__}"
    compile_for = compiled.compile

    def compile_aloud(signature: Any) -> Any:
        # in the place of numba's own method, so that later calls cost nothing more
        start, missed = time.perf_counter(), sum(compiled.stats.cache_misses.values())
        with _statements_as_vectors() if unrolled else nullcontext():
            entry = compile_for(signature)
        misses = sum(compiled.stats.cache_misses.values()) - missed
        how = "compiled" if misses else "loaded from its cache"
        _log.info("%s: %s, %.1f s", name, how, time.perf_counter() - start)
        return entry

    compiled.compile = compile_aloud
    return cast(Callable[P, R], compiled)


def _prefetch(context, array, index):  # type: ignore[no-untyped-def]
    """Ask for ``array[index]`` of a flat array to be brought near; in compiled functions only.

    Nothing is read: an index beyond the end does no harm.
    """

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(view.data, [arguments[1]])
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        form = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], form)
        # for reading, to be kept as near as possible, and data rather than code
        builder.call(fetch, [builder.bitcast(place, byte), word(0), word(3), word(1)])
        return context.get_dummy_value()

    return numba.types.void(array, index), generate


prefetch: Callable[..., None] = intrinsic(_prefetch)


def _bits_of(context, number):  # type: ignore[no-untyped-def]
    """Read the bits of a float64 as an int64; in compiled functions only."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.bitcast(arguments[0], ir.IntType(64))

    return numba.types.int64(numba.types.float64), generate


def _number_of(context, bits):  # type: ignore[no-untyped-def]
    """Read the bits of an int64 as a float64; in compiled functions only."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.bitcast(arguments[0], ir.DoubleType())

    return numba.types.float64(numba.types.int64), generate


def _single_of(context, bits):  # type: ignore[no-untyped-def]
    """Read the bits of an int32 as a float32; in compiled functions only."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.bitcast(arguments[0], ir.FloatType())

    return numba.types.float32(numba.types.int32), generate


bits_of: Callable[..., int] = intrinsic(_bits_of)
number_of: Callable[..., float] = intrinsic(_number_of)
single_of: Callable[..., float] = intrinsic(_single_of)

_setting = threading.Lock()


@contextmanager
def _statements_as_vectors() -> Iterator[None]:
    """Let numba's compiler look for vectors in straight-line code, which only a setting can say."""
    config: Any = numba.config
    with _setting:
        before = config.SLP_VECTORIZE
        config.SLP_VECTORIZE = 1
        try:
            yield
        finally:
            config.SLP_VECTORIZE = before
