"""How functions of a kernel are compiled, and where the machine code is kept.

Numba keeps machine code beside the module (or in ``NUMBA_CACHE_DIR``) and takes it up again while
that module's file has not changed. An entry's machine code contains the functions it calls, which
may live in other modules: so every entry carries a digest of their byte code, and a change in any
of them is compiled anew.
"""

import hashlib
from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


class Kernel:
    """Functions that are compiled together.

    Parameters
    ----------
    options
        Of Numba, for all of them.
    """

    def __init__(self, **options: Any) -> None:
        self.options = options
        self._functions: list[Callable[..., Any]] = []

    def compiled(self, function: F) -> F:
        """Compile a function when compiled code first calls it, and count it in the digest."""
        self._functions.append(function)
        made: Any = njit(**self.options)(function)
        return cast(F, made)

    def inlined(self, function: F) -> F:
        """Compile a function into those that call it: the innermost ones, called most often.

        A call hands over all tables, which takes longer than what these do.
        """
        self._functions.append(function)
        made: Any = njit(**self.options, forceinline=True)(function)
        return cast(F, made)

    def kept(self, make: Callable[[str], F]) -> F:
        """Compile an entry that ``make`` defines around the digest, and keep its machine code."""
        entry: Any = njit(**self.options, cache=True)(make(self.digest()))
        return cast(F, entry)

    def digest(self) -> str:
        """Digest the byte code of all functions counted so far, and the constants they name."""
        digest = hashlib.sha256(repr(self.options).encode())
        for function in self._functions:
            for part in _parts(function):
                digest.update(part)
        return digest.hexdigest()


def _parts(function: Callable[..., Any]) -> Iterable[bytes]:
    code: CodeType = function.__code__
    yield code.co_code
    yield repr((code.co_names, code.co_varnames, code.co_consts)).encode()
    named = (function.__globals__.get(name) for name in code.co_names)
    yield repr([value for value in named if isinstance(value, int | float | tuple)]).encode()
