"""Plans of routes on PostgreSQL: the very tests that run on SQLite, with another journal below.

Rows, compressed papers and claims of searches are written and read by a real server; the console's
pages of plans and the API's are asked as well.
"""

import inspect
import itertools
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import func, select

from restante.planning.routing import warm_up
from restante.views.route_tables import ROUTE_PLANS
from restante.views.tables import VIEWS
from tests.api import test_routes as through_the_api
from tests.operations import test_route_plans
from tests.postgres_server import Server
from tests.web import test_routes as on_pages
from tests.web.stage import FRIDAY, Stage
from tests.web.test_routes import client

__all__ = ["client"]
"""A fixture those tests ask for."""

PAPERS = VIEWS.tables["route_papers"]
_schemas = itertools.count(1)


@pytest.fixture(scope="module", autouse=True)
def _compiled_kernel() -> None:
    warm_up()


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Iterator[Stage]:
    """Make a network that has lived for three days; many tests stand on it."""
    yield from _open(tmp_path_factory.mktemp("lived"), postgres, has_lived=True)


@pytest.fixture
def stage(request: pytest.FixtureRequest, tmp_path: Path, postgres: Server) -> Iterator[Stage]:
    """Make the network those tests stand on, with its record on the server."""
    if request.function.__module__ == test_route_plans.__name__:
        yield request.getfixturevalue("lived")
    else:
        yield from _open(tmp_path, postgres, has_lived=False)


def _open(folder: Path, postgres: Server, *, has_lived: bool) -> Iterator[Stage]:
    address = postgres.make_schema(f"routes_{next(_schemas)}")
    opened = Stage(folder, lockers=6, counters=1, database=address)
    if has_lived:
        opened.live_three_days()
    else:
        opened.clock.set(FRIDAY)
        for number in range(18):
            opened.announce(number, list(opened.layouts)[number % 6])
    yield opened
    opened.close()


def _take_in(module: ModuleType, *names: str) -> None:
    for name, test in inspect.getmembers(module, inspect.isfunction):
        if name.startswith("test_") and (not names or name in names):
            assert name not in globals(), f"{name} would hide another test"
            globals()[name] = test


_take_in(
    test_route_plans,
    "test_a_plan_of_the_networks_own_parcels_is_found_and_kept",
    "test_a_search_that_a_restart_ended_is_taken_up_by_the_next",
    "test_a_partner_sees_its_own_plans_and_puts_none_in_force",
    "test_old_plans_are_thrown_away_with_their_papers",
)
_take_in(through_the_api)
_take_in(on_pages, "test_two_plans_are_compared_by_figures_and_parcels",
         "test_the_plan_in_force_is_chosen_and_withdrawn")  # fmt: skip


def test_the_papers_are_rows_of_the_server_and_go_with_the_plan(stage: Stage) -> None:
    plan = on_pages.finish_plan(stage, day=on_pages.TOMORROW, title="north")
    with stage.centre.journal.reading() as connection:
        assert connection.dialect.name == "postgresql"
        papers = select(PAPERS.c.name, func.length(PAPERS.c.body))
        sizes = dict(connection.execute(papers.where(PAPERS.c.plan == plan)).all())
        count = connection.scalar(select(func.count()).select_from(ROUTE_PLANS))
    assert set(sizes) == {"problem", "result", "geojson"}
    whole = stage.centre.routes.paper(test_route_plans.OPERATOR, plan, "problem")
    assert 0 < sizes["problem"] < len(whole)
    assert count == 1
