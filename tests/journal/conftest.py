"""Journals of all kinds, each behind the same contract."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from restante.journal.memory import MemoryJournal
from restante.journal.postgres import PostgresJournal
from restante.journal.sqlite import SqliteJournal
from tests.journal.story import KINDS, VIEWS, AnyJournal, derive
from tests.postgres_server import Server

_schemas = itertools.count(1)


@pytest.fixture
def open_file(tmp_path: Path) -> Iterator[Callable[..., SqliteJournal]]:
    opened: list[SqliteJournal] = []

    def make(name: str = "journal.db", **options: object) -> SqliteJournal:
        settings = {"derive": derive, "inline": VIEWS, **options}
        journal = SqliteJournal(str(tmp_path / name), KINDS, **settings)  # type: ignore[arg-type]
        opened.append(journal)
        return journal

    yield make
    for journal in opened:
        journal.close()


@pytest.fixture
def open_postgres(postgres: Server) -> Iterator[Callable[..., PostgresJournal]]:
    """Open journals in one schema of its own, several at once where a test asks again."""
    address = postgres.make_schema(f"journal_{next(_schemas)}")
    opened: list[PostgresJournal] = []

    def make(**options: object) -> PostgresJournal:
        settings = {"derive": derive, "inline": VIEWS, **options}
        journal = PostgresJournal(address, KINDS, **settings)  # type: ignore[arg-type]
        opened.append(journal)
        return journal

    yield make
    for journal in opened:
        journal.close()


@pytest.fixture(params=["memory", "sqlite", "sqlite-in-memory", "postgres"])
def journal(request: pytest.FixtureRequest) -> Iterator[AnyJournal]:
    if request.param == "memory":
        yield MemoryJournal(KINDS, derive=derive, inline=VIEWS)
    elif request.param == "sqlite":
        yield request.getfixturevalue("open_file")()
    elif request.param == "postgres":
        yield request.getfixturevalue("open_postgres")()
    else:
        kept = SqliteJournal(":memory:", KINDS, derive=derive, inline=VIEWS)
        yield kept
        kept.close()
