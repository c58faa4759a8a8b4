"""A desk on a file; tests of what SQL does ask for both databases."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.house import open_house
from tests.webhooks.desk import Office

_schemas = itertools.count(1)


@pytest.fixture
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    database = ""
    if getattr(request, "param", "sqlite") == "postgres":
        server = request.getfixturevalue("postgres")
        database = server.make_schema(f"webhooks_{next(_schemas)}")
    house = open_house(tmp_path, database=database)
    yield Office(house)
    house.centre.close()
