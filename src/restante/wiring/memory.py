"""Keep a locker's process small: memory that is free goes back to the machine."""

import ctypes
from typing import Final

# Numbers of glibc's malloc.h.
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8

LARGE_BYTES: Final = 1 << 20
"""From this size on, a block is the machine's again as soon as it is free."""

ARENAS_MAX: Final = 2
"""Pools that threads share; the C library's own limit is eight for every core."""


def give_back_memory() -> bool:
    """Tell the C library to keep no large free blocks, and few pools.

    Checking a typed code takes 19 MiB for a moment. Left alone, glibc learns from the first that
    such blocks come again and keeps one in the pool of every thread that ever checked a code.

    Returns
    -------
    bool
        Whether this machine's C library can be told; others give back by themselves or not at all.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, LARGE_BYTES) and mallopt(_ARENA_MAX, ARENAS_MAX))
