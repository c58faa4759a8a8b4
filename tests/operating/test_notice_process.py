"""On PostgreSQL notices have a process of their own: it may die at any moment, and nobody waits."""

import itertools
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select, update

from restante.clock import SystemClock
from restante.core.ids import ParcelId
from restante.journal.sql import SqlJournal
from restante.journal.tables import FACTS, OUTBOX
from restante.notices import Mailbox
from restante.settings import Settings
from restante.wiring.record import open_journal
from tests.operating.process import Running, free_port, serving
from tests.operating.test_ending import await_caller, patience, port_of, silent
from tests.operations.house import House, open_house
from tests.postgres_server import Server
from tests.programs import wait_until

PARCELS = 10
SECONDS_MAX = 40.0
_databases = itertools.count(1)
SENT = "parcel.notice_sent.v1"


class Waiting:
    """A centre with notices that nobody has sent yet."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder, self.database = folder, database
        house = open_house(folder, at=SystemClock().now(), database=database)
        self.parcels = [self._put_in(house, number) for number in range(PARCELS)]
        assert house.centre.journal.waiting_work() >= PARCELS
        house.centre.close()
        self.journal: SqlJournal = open_journal(Settings(data_dir=folder, database_url=database))

    def _put_in(self, house: House, number: int) -> ParcelId:
        done = house.announce(f"JJD{number:02d}", promise="none")
        house.deposit(done.parcel, f"B{number}")
        return done.parcel

    @property
    def settings(self) -> dict[str, str]:
        return {"database_url": self.database}

    def letters(self) -> int:
        return len(Mailbox(self.folder / "mailbox").letters(limit=10 * PARCELS))

    def let_claims_run_out(self) -> None:
        with self.journal.writing() as connection:
            connection.execute(update(OUTBOX).values(claimed_until=0))

    def told(self) -> dict[str, int]:
        """Count how often the journal says of each parcel that its owner was told."""
        sent = select(FACTS.c.owner, func.count()).where(FACTS.c.tag == SENT)
        with self.journal.reading() as connection:
            rows = connection.execute(sent.group_by(FACTS.c.owner))
            found = {str(owner): int(count) for owner, count in rows}
        return {parcel: found.get(parcel, 0) for parcel in self.parcels}


@pytest.fixture
def waiting(tmp_path: Path, postgres: Server) -> Iterator[Waiting]:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    made = Waiting(folder, postgres.make_database(f"notices_{next(_databases)}"))
    yield made
    made.journal.close()


def senders(running: Running) -> list[int]:
    """Find the processes for notices below a centre."""
    numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return [pid for pid in numbers if _sends(pid, running)]


def _sends(pid: int, running: Running) -> bool:
    try:
        parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return int(parent) == running.process.pid and b"notice_worker" in words


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def await_sender(running: Running, *, other_than: int = 0) -> int:
    wait_until(
        lambda: any(pid != other_than for pid in senders(running)),
        what="the process for notices runs",
        seconds=SECONDS_MAX,
    )
    (pid,) = (pid for pid in senders(running) if pid != other_than)
    return pid


def test_everybody_is_told_once_and_readiness_and_figures_tell_of_it(waiting: Waiting) -> None:
    figures = f"127.0.0.1:{free_port()}"
    with serving(waiting.folder, metrics_listen=figures, **waiting.settings) as running:
        wait_until(lambda: waiting.letters() == PARCELS, what="all letters", seconds=SECONDS_MAX)
        with httpx.Client(trust_env=False, timeout=10) as client:
            checks = client.get(f"{running.url}/readyz").json()["checks"]
            told = client.get(f"http://{figures}/metrics").text
            (seen,) = [check for check in checks if check["name"] == "notices"]
            assert seen["status"] == "pass"
            assert "process started 1 times" in seen["what"]
            assert "restante_notice_process_starts_total 1.0" in told
            assert "restante_notices_turn_age_seconds" in told
        wait_until(
            lambda: set(waiting.told().values()) == {1},
            what="everybody was told once",
            seconds=SECONDS_MAX,
        )
        took = running.end()
        assert running.process.returncode == 0, running.said
    assert took < patience(), f"{took:.2f} s"
    assert waiting.letters() == PARCELS


def test_killed_while_it_sends_it_is_started_again_and_all_are_told(waiting: Waiting) -> None:
    with silent() as mail:
        settings = {**waiting.settings, "smtp_host": "127.0.0.1", "smtp_port": str(port_of(mail))}
        with serving(waiting.folder, **settings) as running:
            await_caller(mail, "mail server")
            first = await_sender(running)
            os.kill(first, signal.SIGKILL)
            second = await_sender(running, other_than=first)
            assert is_gone(first)
            assert second != first
            assert httpx.get(f"{running.url}/livez", trust_env=False).status_code == 200
            took = running.end()
            assert running.process.returncode == 0, running.said
        assert took < patience(), f"{took:.2f} s"
        assert is_gone(second)
    assert set(waiting.told().values()) == {0}
    waiting.let_claims_run_out()
    # Without a mail server letters stay in the box.
    with serving(waiting.folder, **waiting.settings) as running:
        wait_until(lambda: waiting.letters() == PARCELS, what="all letters", seconds=SECONDS_MAX)
        running.end()
    assert waiting.letters() == PARCELS


def test_a_centre_that_is_killed_takes_the_process_with_it(waiting: Waiting) -> None:
    with ExitStack() as around:
        mail = around.enter_context(silent())
        settings = {**waiting.settings, "smtp_host": "127.0.0.1", "smtp_port": str(port_of(mail))}
        running = around.enter_context(serving(waiting.folder, **settings))
        await_caller(mail, "mail server")
        sender = await_sender(running)
        running.process.kill()
        running.process.wait(10)
        wait_until(lambda: is_gone(sender), what="it is gone", seconds=SECONDS_MAX)


def test_a_file_of_one_machine_needs_no_process_for_notices(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    house = open_house(folder, at=SystemClock().now())
    house.deposit(house.announce().parcel)
    house.centre.close()
    with serving(folder) as running:
        box = Mailbox(folder / "mailbox")
        wait_until(lambda: len(box.letters()) == 1, what="the letter", seconds=SECONDS_MAX)
        assert senders(running) == []
