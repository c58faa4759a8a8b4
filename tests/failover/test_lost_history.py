"""After a loss a centre that goes on believes the database, and nothing it knew before."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec
import pytest

from restante.clock import SystemClock
from restante.core.ids import LockerId
from restante.core.streams import KINDS as STREAM_KINDS
from restante.core.value import UtcSeconds
from restante.journal.committer import Committer
from restante.journal.ledger import Ledger, Operation
from restante.journal.port import Busy
from restante.journal.verify import verify
from restante.link.message import Ack, Hello, Report, decode_from_centre, encode_message
from restante.operations.hub import CentreEnd
from restante.operations.restored import POSITIONS_SKIPPED
from restante.wiring.history import History
from tests.api.conftest import announcement
from tests.crash.kills_under_load import network
from tests.crash.servers import Node, primary_and_standby
from tests.failover.takeover import hold_line
from tests.failover.test_failover import Pair, open_journal
from tests.journal.story import BY, KINDS, NOW, added, batch, box, unit
from tests.operations.house import LOCKER, SITE, House, open_house
from tests.programs import wait_until

EPOCH = "e1"
Result = TypeVar("Result")


@pytest.fixture
def asynchronous_pair() -> Iterator[Pair]:
    with primary_and_standby(is_synchronous=False) as made:
        yield made


def lose_what_follows(primary: Node, standby: Node) -> None:
    """Wait until the standby has everything, and let nothing more reach it."""
    wait_until(
        lambda: (
            primary.do(
                "SELECT 1 FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_insert_lsn()"
            )
            != []
        ),
        what="the standby has everything",
        seconds=60,
    )
    hold_line(primary)


def take_over(primary: Node, standby: Node) -> None:
    primary.kill()
    standby.promote()


def again(ask: Callable[[], Result]) -> Result:
    """Ask until somebody answers: the first to speak finds that the line is gone."""
    answers: list[Result] = []

    def is_answered() -> bool:
        with suppress(Busy):
            answers.append(ask())
        return bool(answers)

    wait_until(is_answered, what="the server that took over answers", seconds=60)
    return answers[0]


def count(name: str) -> Operation[tuple[int, int]]:
    """Read how many marbles are in a box, and which version that is."""

    def run(ledger: Ledger) -> tuple[int, int]:
        return ledger.state(box(name)).marbles, ledger.version(box(name))

    return Operation((box(name),), run)


def add(name: str) -> Operation[None]:
    def run(ledger: Ledger) -> None:
        ledger.record(box(name), added(), by=BY)

    return Operation((box(name),), run)


def test_a_state_that_was_lost_leads_to_no_decision(asynchronous_pair: Pair) -> None:
    primary, standby, address = asynchronous_pair
    with closing(open_journal(address)) as journal, closing(open_journal(address)) as other:
        committer = Committer(journal, SystemClock(), KINDS)
        committer.run(add("a"))
        lose_what_follows(primary, standby)
        committer.run(add("a"))
        assert committer.run(count("a")) == (2, 2)
        take_over(primary, standby)
        # Somebody else writes as many batches as were lost: by counting them, nothing happened.
        again(lambda: other.append(batch(unit("b", 0, added())), recorded_at=NOW))
        assert again(lambda: committer.run(count("a"))) == (1, 1)
        committer.run(add("a"))
        assert [one.version for one in journal.read(box("a"))] == [1, 2]


def test_a_locker_is_asked_again_for_facts_that_were_acknowledged_and_lost(
    asynchronous_pair: Pair, tmp_path: Path
) -> None:
    primary, standby, address = asynchronous_pair
    house = open_house(tmp_path, at=UtcSeconds(int(time.time())), database=address)
    with closing(house.centre):
        end = house.centre.hub.end_for(LOCKER)
        end.connected(house.clock.now())
        greet(end, house.clock.now())
        assert report(end, house.clock.now(), first_seq=2, count=2) == 3
        lose_what_follows(primary, standby)
        assert report(end, house.clock.now(), first_seq=4, count=3) == 6
        take_over(primary, standby)
        # The locker goes on; the centre finds out that it holds less, and says so with the
        # challenge that lets a locker believe a lower number.
        wait_until(
            lambda: report(end, house.clock.now(), first_seq=7, count=1) == 3,
            what="the locker is asked for what was lost",
            seconds=60,
        )
        assert report(end, house.clock.now(), first_seq=4, count=4) == 7


def test_positions_that_were_told_and_lost_are_not_given_again(
    asynchronous_pair: Pair, tmp_path: Path
) -> None:
    primary, standby, address = asynchronous_pair
    now = UtcSeconds(int(time.time()))
    house = open_house(tmp_path / "one", at=now, database=address)
    history = History(house.centre)
    house.announce("KEPT")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    other = House.reopen(tmp_path / "two", at=now, database=address)
    with closing(house.centre) as centre, closing(other.centre):
        assert not again(history.turn)
        lose_what_follows(primary, standby)
        last = centre.journal.head()
        for n in range(4):
            house.announce(f"LOST{n}")
        told = centre.journal.head()
        take_over(primary, standby)
        # Who knows what was told writes nothing at those positions; who does not, may.
        wait_until(
            lambda: "were told" in refusal_of(lambda: house.announce("TOO SOON")),
            what="the centre that knows refuses",
            seconds=60,
        )
        again(lambda: other.announce("OTHER"))
        written = other.centre.journal.head()
        assert last < written < told
        assert again(history.turn)
        (loss,) = history.losses
        assert loss == (told, written)
        again(lambda: house.announce("GOES ON"))
        assert house.announce("KEPT") == house.announce("KEPT")
        other.announce("ALSO")
        beyond = written + POSITIONS_SKIPPED
        assert [one.position for one in centre.journal.follow(written, limit=1)] == [beyond + 1]
        assert not history.turn()
        report = verify(centre.journal, STREAM_KINDS)
        assert report.is_sound, report.text()


def refusal_of(ask: Callable[[], object]) -> str:
    """What is said to whoever asks; nothing when it is done."""
    try:
        ask()
    except Busy as error:
        return str(error)
    return ""


def greet(end: CentreEnd, now: UtcSeconds) -> None:
    hello = Hello(
        locker=LOCKER,
        site=SITE,
        epoch=EPOCH,
        last_seq=1,
        list_version=0,
        release="tests",
        challenge="now",
    )
    end.receive(encode_message(hello), now)
    end.outgoing(now)


def report(end: CentreEnd, now: UtcSeconds, *, first_seq: int, count: int) -> int | None:
    """Report facts and return up to where they are acknowledged, if the centre says it."""
    facts = tuple(
        msgspec.Raw(
            msgspec.json.encode(
                {"by": "locker:x", "cause": "", "fact": {"type": "nobody.knows.v9", "n": n}}
            )
        )
        for n in range(first_seq, first_seq + count)
    )
    said = Report(locker=LockerId(LOCKER), epoch=EPOCH, first_seq=first_seq, facts=facts)
    end.receive(encode_message(said), now)
    heard = [decode_from_centre(body) for body in end.outgoing(now)]
    acks = [one for one in heard if isinstance(one, Ack) and one.epoch == EPOCH]
    assert all(one.challenge for one in acks if one.seq < first_seq - 1)
    return acks[-1].seq if acks else None


def test_a_centre_ends_promptly_although_no_standby_confirms_anything() -> None:
    with primary_and_standby(is_synchronous=True) as (_, standby, address):
        journal = open_journal(address)
        assert journal.watch(lambda _position: None)
        standby.kill()
        began = time.monotonic()
        journal.close()
        assert time.monotonic() - began < 10


def test_a_centre_says_when_to_ask_again_until_a_standby_takes_over_and_goes_on_by_itself() -> None:
    with (
        primary_and_standby(is_synchronous=True) as (primary, standby, address),
        network(address) as net,
    ):
        client = httpx.Client(
            base_url=net.centres[0].url,
            headers={"authorization": f"Bearer {net.keys[0]}"},
            timeout=60,
            trust_env=False,
        )

        def announce(label: str) -> httpx.Response:
            headers = {"idempotency-key": label}
            return client.post("/api/v1/parcels", json=announcement(label), headers=headers)

        with client:
            assert announce("BEFORE").status_code == 201
            primary.kill()
            refused = announce("MEANWHILE")
            assert refused.status_code == 503
            assert int(refused.headers["retry-after"]) > 0
            assert refused.headers["content-type"].startswith("application/problem+json")
            standby.promote()
            wait_until(
                lambda: announce("MEANWHILE").status_code == 201,
                what="the same process serves from the standby",
                seconds=90,
            )
            listed = client.get("/api/v1/parcels").json()["parcels"]
        assert sorted(one["label"] for one in listed) == ["BEFORE", "MEANWHILE"]
