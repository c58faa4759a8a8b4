"""Python's search for rings of objects, made rare.

Values, facts and commands can hold no rings and are left out of it (:mod:`restante.core.value`);
what else an operation makes is gone when it is answered. Searching among all that is kept, above
all among cached states, finds next to nothing: at Python's own pace it took a sixth of a centre's
time under load.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

PACE: Final = (50_000, 20, 100)
"""New objects before a search among them, and how many searches before wider ones. Measured:
rarer gains nothing, and what rings there are lie about for a second at most under load."""


@contextmanager
def rare_search() -> Iterator[None]:
    """Leave what is there now out of the search, and search rarely, while a centre runs."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*PACE)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
