"""How Python runs in a centre: its search for rings made rare, its threads changed often.

Values, facts and commands can hold no rings and are left out of it (:mod:`restante.core.value`);
what else an operation makes is gone when it is answered. Searching among all that is kept, above
all among cached states, finds next to nothing: at Python's own pace it took a sixth of a centre's
time under load.

A thread the database has answered waits once more for whoever computes, up to Python's interval.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

PACE: Final = (50_000, 20, 100)
"""New objects before a search among them, and how many searches before wider ones. Measured:
rarer gains nothing, and what rings there are lie about for a second at most under load."""

SWITCH_SECONDS: Final = 0.0005
"""How long a thread may compute while another one could. Measured: a tenth more deposits than with
Python's own 0.005."""


@contextmanager
def rare_search() -> Iterator[None]:
    """Leave what is there now out of the search, and search rarely, while a centre runs."""
    before, interval = gc.get_threshold(), sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*PACE)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*before)
        gc.unfreeze()
