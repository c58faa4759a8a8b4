"""The product on PostgreSQL: the very tests that run on SQLite, with another journal below.

Taken in and not copied: what a parcel goes through, what lockers report, bookings, lists, timers,
notices, queries, and the API with its repetitions.
"""

import inspect
from types import ModuleType

from tests.api import test_repeating
from tests.operations import (
    test_booking,
    test_hub,
    test_ingest,
    test_life,
    test_notify,
    test_time,
)
from tests.operations.test_hub import joined
from tests.operations.test_ingest import the_record_is_sound_afterwards
from tests.operations.test_notify import told
from tests.views import test_queries

__all__ = ["joined", "the_record_is_sound_afterwards", "told"]
"""Fixtures those tests ask for. Every test here ends with a sound record."""

_MODULES = (
    test_life,
    test_ingest,
    test_booking,
    test_hub,
    test_time,
    test_notify,
    test_queries,
    test_repeating,
)


def _take_in(module: ModuleType) -> None:
    for name, test in inspect.getmembers(module, inspect.isfunction):
        if name.startswith("test_") and test.__module__ == module.__name__:
            assert name not in globals(), f"{name} would hide another test"
            globals()[name] = test


for _module in _MODULES:
    _take_in(_module)
