"""How functions of the kernel are compiled, and where the machine code is kept.

Numba keeps machine code beside the module (or in ``NUMBA_CACHE_DIR``) and takes it up again while
that module's file has not changed. The entry's machine code contains the functions it calls,
which live in other modules: so the entry carries a digest of their byte code, and a change in
any of them is compiled anew.
"""

import hashlib
from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
"""Without Numba's counting of references: nothing is allocated here, and each use of a table would
cost two atomic operations. What that gains was not measured by itself."""

_KEPT: list[Callable[..., Any]] = []


def compiled(function: F) -> F:
    """Compile a function when it is first called by compiled code, and count it in the digest."""
    _KEPT.append(function)
    made: Any = njit(**OPTIONS)(function)
    return cast(F, made)


def inlined(function: F) -> F:
    """Compile a function into those that call it: the innermost ones, called most often.

    A call hands over all tables, which takes longer than what these do.
    """
    _KEPT.append(function)
    made: Any = njit(**OPTIONS, forceinline=True)(function)
    return cast(F, made)


def digest_of_kernel() -> str:
    """Digest the byte code of all functions compiled so far, and the constants they name."""
    digest = hashlib.sha256(repr(OPTIONS).encode())
    for function in _KEPT:
        for part in _parts(function):
            digest.update(part)
    return digest.hexdigest()


def _parts(function: Callable[..., Any]) -> Iterable[bytes]:
    code: CodeType = function.__code__
    yield code.co_code
    yield repr((code.co_names, code.co_varnames, code.co_consts)).encode()
    named = (function.__globals__.get(name) for name in code.co_names)
    yield repr([value for value in named if isinstance(value, int | float | tuple)]).encode()


def kept(make: Callable[[str], F]) -> F:
    """Compile an entry that ``make`` defines around the digest, and keep its machine code."""
    entry: Any = njit(**OPTIONS, cache=True)(make(digest_of_kernel()))
    return cast(F, entry)
