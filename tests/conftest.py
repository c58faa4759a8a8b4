"""What all tests share: how Hypothesis searches, and one private database server.

Rooms keep their own fixtures beside their tests. Sockets reach this machine only
(``--allow-hosts`` in pyproject.toml), and every warning is an error.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres_server import Server, run_server
from tests.shifts import make_shifts, place_of

settings.register_profile(
    "house",
    deadline=None,  # Two busy cores say nothing about an algorithm.
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", settings.get_profile("house"), max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Run a PostgreSQL for this worker alone; started when the first test asks for it."""
    with run_server() as server:
        yield server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let campaigns run as long as they need, and begin with what takes longest."""
    items.sort(key=lambda item: place_of(item.nodeid))
    for item in items:
        if item.get_closest_marker("slow") is not None:
            item.add_marker(pytest.mark.timeout(0))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker whole files, and keep together what compiles the same (tests/shifts.py)."""
    return make_shifts(config, log)
