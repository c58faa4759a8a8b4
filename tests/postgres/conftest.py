"""The centre of the operations' and the API's tests, on a real PostgreSQL instead of a file."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.conftest import Door
from tests.operations.house import House, open_house
from tests.postgres_server import Server

_schemas = itertools.count(1)


@pytest.fixture
def address(postgres: Server) -> str:
    """Make an empty place for a journal."""
    return postgres.make_schema(f"centre_{next(_schemas)}")


@pytest.fixture
def house(tmp_path: Path, address: str) -> Iterator[House]:
    opened = open_house(tmp_path, database=address)
    yield opened
    opened.centre.close()


@pytest.fixture
def door(house: House) -> Iterator[Door]:
    opened = Door(house)
    with opened.client:
        yield opened
