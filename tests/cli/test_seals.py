"""``restante journal seal`` and ``heads``, also of a journal whose first months are archived."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from restante.core.value import DAY, UtcSeconds
from restante.journal.seal import seal_day
from restante.journal.tables import FACTS
from restante.settings import Settings
from restante.wiring.archive import sealer_of
from tests.cli.past_network import live, moment, open_record
from tests.cli.test_commands import Done, fails, plain_terminal, run

__all__ = ["plain_terminal"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def journal(data: Path, command: str, *more: object) -> Done:
    return run("journal", command, *more, "--data", data)


def lines(done: Done) -> list[dict[str, object]]:
    assert done.returncode == 0, done.stderr
    return [msgspec.json.decode(line) for line in done.stdout.splitlines()]


def seal_in_the_past(data: Path, month: int) -> None:
    """Seal as the command would have on the last day of a month."""
    opened = open_record(data)
    day = dt.datetime.fromtimestamp(moment(month, 28), dt.UTC).date()
    seal_day(opened, day, sealer_of(Settings(data_dir=data)))
    opened.close()


def test_a_day_is_sealed_once_and_can_be_checked(data: Path) -> None:
    live(data)
    assert lines(journal(data, "heads")) == []
    done = journal(data, "seal")
    assert done.returncode == 0, done.stderr
    (seal,) = lines(journal(data, "heads"))
    assert str(seal["digest"]) in done.stdout
    assert (seal["after_position"], seal["archived"]) == (0, False)
    fails(journal(data, "seal"), "sealed already")


def test_seals_hold_before_and_after_their_months_are_archived(data: Path, tmp_path: Path) -> None:
    for month in (1, 2, 3):
        live_on(data, month)
        seal_in_the_past(data, month)
    before = lines(journal(data, "heads"))
    assert journal(data, "archive", "--before", "2025-03", tmp_path / "a").returncode == 0
    after = lines(journal(data, "heads"))
    assert [one["archived"] for one in after] == [True, True, False]
    assert [one["digest"] for one in after] == [one["digest"] for one in before]
    assert journal(data, "seal").returncode == 0
    assert len(lines(journal(data, "heads"))) == 4


def test_the_first_seal_may_come_after_the_archive(data: Path, tmp_path: Path) -> None:
    live(data)
    assert journal(data, "archive", "--before", "2025-03", tmp_path / "a").returncode == 0
    assert journal(data, "seal").returncode == 0
    (seal,) = lines(journal(data, "heads"))
    opened = open_record(data)
    floor, head = opened.floor(), opened.head()
    opened.close()
    assert (seal["after_position"], seal["to_position"]) == (floor, head)
    assert floor


def test_a_fact_that_was_changed_with_its_hash_no_longer_fits_its_seal(data: Path) -> None:
    live(data)
    assert journal(data, "seal").returncode == 0
    opened = open_record(data)
    last = opened.head()
    with opened.writing() as connection:
        connection.execute(update(FACTS).where(FACTS.c.position == last).values(hash=bytes(32)))
    opened.close()
    fails(journal(data, "heads"), "does not fit the facts", "restante journal verify")


def test_a_seal_of_another_network_is_not_believed(data: Path, tmp_path: Path) -> None:
    live(data)
    other = tmp_path / "other" / "data"
    assert run("init", other.parent, "--network-name", "Mill Street").returncode == 0
    opened = open_record(data)
    at = dt.datetime.fromtimestamp(UtcSeconds(moment(3, 28) + DAY), dt.UTC).date()
    seal_day(opened, at, sealer_of(Settings(data_dir=other)))
    opened.close()
    fails(journal(data, "heads"), "no key of this network")


def live_on(data: Path, month: int) -> None:
    """Let the network live through one more month."""
    if month == 1:
        live(data, months=(1,))
        return
    from tests.operations.house import House

    house = House.reopen(data, at=moment(month, 17))
    house.announce(f"JJD9{month:03}")
    house.centre.close()
