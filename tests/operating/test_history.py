"""A database that has forgotten what was told is noticed, and goes on beyond it.

With two servers of PostgreSQL it is tried in ``tests/failover``.
"""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from restante.core.streams import KINDS
from restante.core.value import UtcSeconds
from restante.journal.port import Busy
from restante.journal.verify import verify
from restante.journal.witness import Loss
from restante.operations.restored import POSITIONS_SKIPPED, note_put_back
from restante.wiring.centre_health import centre_checks
from restante.wiring.chores import Chores
from restante.wiring.ending import Helpers
from restante.wiring.health import Health
from restante.wiring.history import WITNESS_FILE, History
from restante.wiring.service import LocalLockers, _invite, _make_all
from tests.cli.test_commands import run
from tests.operations.house import MONDAY, OPERATOR, SITE, House, open_house


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def copy_of(data: Path, to: Path) -> None:
    """Copy a journal nobody has open."""
    to.mkdir()
    for path in data.glob("centre.sqlite*"):
        shutil.copy(path, to)


def put_back(copy: Path, data: Path) -> None:
    """Put a copy where the journal was, as somebody does who has not read the manual."""
    for path in data.glob("centre.sqlite*"):
        path.unlink()
    for path in copy.iterdir():
        shutil.copy(path, data)


def told_and_lost(data: Path, tmp_path: Path, *, more: int = 0) -> tuple[int, int]:
    """Let facts be told that a copy does not hold, and write others after it was put back.

    Returns
    -------
    tuple
        The last position that was told, and the last there is.
    """
    with closing(open_house(data).centre) as centre:
        end = History(centre)
        end.turn()
        assert not end.losses
    copy_of(data, tmp_path / "copy")
    house = House.reopen(data, at=MONDAY)
    with closing(house.centre):
        history = History(house.centre)
        for n in range(3):
            house.announce(f"LOST{n}")
        history.turn()
        told = house.centre.journal.head()
    put_back(tmp_path / "copy", data)
    other = House.reopen(data, at=UtcSeconds(MONDAY + 10))
    with closing(other.centre):
        for n in range(more):
            other.announce(f"OTHER{n}")
        return told, other.centre.journal.head()


@pytest.mark.parametrize("more", [0, 1, 3, 4])
def test_what_was_told_and_is_gone_is_noticed_at_the_next_start(
    data: Path, tmp_path: Path, more: int
) -> None:
    told, last = told_and_lost(data, tmp_path, more=more)
    house = House.reopen(data, at=UtcSeconds(MONDAY + 20))
    with closing(house.centre):
        history = History(house.centre)
        if last < told:
            with pytest.raises(Busy, match=f"up to position {told} were told"):
                house.announce("TOO SOON")
        assert house.centre.journal.head() == last
        assert history.turn()
        assert history.losses == (Loss(told, last),)
        assert not history.turn()
        house.announce("GOES ON")
        journal = house.centre.journal
        assert journal.head() > last + POSITIONS_SKIPPED
        # Whatever a locker holds, its list is newer.
        (floor,) = journal.rows("list_floors", [(SITE,)]).values()
        assert int(str(floor["position"])) > told
        assert verify(journal, KINDS).is_sound
        history.turn()
        assert not History(house.centre).turn()


def test_who_asks_for_readiness_and_the_doctor_is_told(data: Path, tmp_path: Path) -> None:
    told, last = told_and_lost(data, tmp_path)
    said = run("doctor", "--data", data)
    assert said.returncode == 1
    assert f"facts up to position {told} were told, the journal ends at {last}" in " ".join(
        said.stdout.split()
    )
    house = House.reopen(data, at=UtcSeconds(MONDAY + 60))
    with closing(house.centre):
        house.centre.committer.start()
        history = History(house.centre)
        health = Health(centre_checks(house.centre, Chores(house.centre), history, is_linked=None))
        history.turn()
        (seen,) = (one for one in health.look().checks if one.name == "history")
        assert seen.status == "warn"
        assert f"those after {last} were lost" in seen.what
    assert run("doctor", "--data", data).returncode == 0


def test_records_that_were_put_back_and_noted_are_no_news(data: Path, tmp_path: Path) -> None:
    told_and_lost(data, tmp_path)
    house = House.reopen(data, at=MONDAY)
    with closing(house.centre):
        network = house.centre.means.network
        note_put_back(house.centre.journal, OPERATOR, network=network, now=house.clock.now)
        head = house.centre.journal.head()
        assert not History(house.centre).turn()
        assert house.centre.journal.head() == head


def test_another_journal_in_the_same_folder_has_lost_nothing(data: Path, tmp_path: Path) -> None:
    house = open_house(data)
    with closing(house.centre) as centre:
        history = History(centre)
        house.announce()
        history.turn()
        told = centre.journal.head()
    witness = (data / WITNESS_FILE).read_bytes()
    other = tmp_path / "other"
    with closing(open_house(other).centre) as centre:
        (other / WITNESS_FILE).write_bytes(witness)
        assert centre.journal.head() < told
        assert not History(centre).turn()


@pytest.mark.parametrize("content", [b"", b"{", b'{"journal":1}'])
def test_a_witness_that_cannot_be_read_knows_nothing(data: Path, content: bytes) -> None:
    with closing(open_house(data).centre) as centre:
        (data / WITNESS_FILE).write_bytes(content)
        assert not History(centre).turn()


def test_a_process_that_starts_goes_on_beyond_what_was_lost_before_it_writes(
    data: Path, tmp_path: Path
) -> None:
    told_and_lost(data, tmp_path)
    house = House.reopen(data, at=UtcSeconds(MONDAY + 60))
    with closing(house.centre) as centre:
        said: list[str] = []
        _make_all(centre, LocalLockers(centre, []), None, Helpers())
        _invite(centre, said.append)
        assert len(said) == 1
        assert centre.journal.head() > POSITIONS_SKIPPED
