"""A centre in a data folder, on a file and on PostgreSQL: what operators operate."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.house import House, open_house
from tests.postgres_server import Server

_databases = itertools.count(1)


class Places:
    """Makes empty places for journals of one kind."""

    def __init__(self, server: Server | None, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._numbers = itertools.count(1)

    @property
    def is_file(self) -> bool:
        return self._server is None

    def make(self) -> tuple[Path, str]:
        """Make a data folder and, on PostgreSQL, an empty database; give path and address."""
        folder = self._folder / f"data-{next(self._numbers)}"
        folder.mkdir(mode=0o700)
        if self._server is None:
            return folder, ""
        return folder, self._server.make_database(f"operating_{next(_databases)}")


@pytest.fixture(params=["sqlite", "postgres"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    is_postgres = request.param == "postgres"
    return Places(request.getfixturevalue("postgres") if is_postgres else None, tmp_path)


@pytest.fixture
def house(places: Places) -> Iterator[House]:
    folder, address = places.make()
    opened = open_house(folder, database=address)
    yield opened
    opened.centre.close()
