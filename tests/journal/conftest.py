"""Journals of both kinds, each behind the same contract."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from restante.journal.memory import MemoryJournal
from restante.journal.sqlite import SqliteJournal
from tests.journal.story import KINDS, VIEWS, AnyJournal, derive


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


@pytest.fixture(params=["memory", "sqlite", "sqlite-in-memory"])
def journal(
    request: pytest.FixtureRequest, open_file: Callable[..., SqliteJournal]
) -> Iterator[AnyJournal]:
    if request.param == "memory":
        yield MemoryJournal(KINDS, derive=derive, inline=VIEWS)
    elif request.param == "sqlite":
        yield open_file()
    else:
        kept = SqliteJournal(":memory:", KINDS, derive=derive, inline=VIEWS)
        yield kept
        kept.close()
