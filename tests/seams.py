"""Parts of the house exchanged for a while, to see that tests notice: faults live here, and
nowhere in the product."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

Seam = tuple[Any, str, Any]
"""What is replaced, its name, and by what."""


@contextmanager
def replaced(seams: Iterable[Seam]) -> Iterator[None]:
    """Put something else in the place of real parts, and put the real ones back."""
    wanted = list(seams)
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in wanted]
    for owner, name, fault in wanted:
        setattr(owner, name, fault)
    try:
        yield
    finally:
        for owner, name, real in before:
            setattr(owner, name, real)
