"""Real messages to real receivers: verified by the standard's library, not lost, not held up."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from restante.clock import SystemClock
from restante.core.value import UtcSeconds
from restante.operations.deliveries import CLAIM_SECONDS
from restante.operations.webhooks import MadeWebhook, make_webhook, rotate_secret
from restante.partners.guarded_http import GuardedClient
from restante.partners.public_address import Allowance
from restante.wiring.webhook_sender import WebhookSender
from tests.operations.house import House, open_house
from tests.postgres_server import Server
from tests.webhooks.receivers import Received, Receivers

ALLOWANCE = Allowance(private_hosts=frozenset({"127.0.0.1"}))


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    opened = Receivers()
    yield opened
    opened.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = open_house(tmp_path, at=UtcSeconds(int(time.time())))
    yield opened
    opened.centre.close()


def tell(house: House, url: str, **given: object) -> MadeWebhook:
    while house.centre.deliveries.follow():
        pass
    means = house.centre.means
    return house.centre.run(make_webhook(means, ALLOWANCE, house.acme, url=url, **given))  # type: ignore[arg-type]


def start(house: House) -> WebhookSender:
    sender = WebhookSender(
        house.centre.deliveries, SystemClock(), client=GuardedClient(ALLOWANCE, timeout_seconds=15)
    )
    sender.start()
    return sender


def test_a_receiver_verifies_what_it_gets_with_the_standards_library(
    house: House, receivers: Receivers
) -> None:
    made = tell(house, receivers.url("/hook"))
    sender = start(house)
    parcel = house.announce().parcel
    got = receivers.wait_for(3)
    sender.close()
    bodies = [one.verify(made.secret.reveal()) for one in got]
    assert [json.loads(one.body) for one in got] == bodies
    assert bodies[0]["type"] == "org.restante.parcel.announced.v1"
    assert {one["data"]["parcel"] for one in bodies} == {parcel}
    assert [one["sequence"] for one in bodies] == sorted(one["sequence"] for one in bodies)
    text = b"".join(one.body for one in got)
    assert not any(word in text for word in (b"Anna", b"anna@", b"r0"))
    log = house.centre.deliveries.deliveries(house.acme, made.webhook).items
    assert {(one.status, one.code, one.attempts) for one in log} == {("delivered", 204, 1)}


def test_during_a_change_of_secrets_each_of_the_two_verifies(
    house: House, receivers: Receivers
) -> None:
    made = tell(house, receivers.url("/hook"))
    new = house.centre.run(rotate_secret(house.centre.means, house.acme, webhook=made.webhook))
    sender = start(house)
    house.centre.deliveries.ping(house.acme, made.webhook, ping="k1")
    (got,) = receivers.wait_for(1)
    sender.close()
    assert got.verify(made.secret.reveal()) == got.verify(new.reveal())


def test_a_receiver_that_hangs_holds_up_nobody_else(house: House, receivers: Receivers) -> None:
    receivers.reply = lambda one: None if one.path.startswith("/hang") else 200
    tell(house, receivers.url("/hang"))
    for number in range(10):
        tell(house, receivers.url(f"/good/{number}"))
    sender = start(house)
    begun = time.monotonic()
    for number in range(8):
        house.announce(f"JJD{number:02}", promise="none")
    receivers.wait_for(80, path="/good", seconds=10)
    took = time.monotonic() - begun
    hung = receivers.wait_for(1, path="/hang")
    sender.close()
    assert len(hung) == 4, "a window of one receiver"
    assert took < 5


def test_a_worker_killed_between_answer_and_record_delivers_again_under_the_same_id(
    house: House, tmp_path: Path, receivers: Receivers
) -> None:
    tell(house, receivers.url("/hook"), event_types=("parcel.announced.v1",))
    house.announce(promise="none")
    file = house.centre.settings.journal_path
    house.centre.close()
    lock = sqlite3.connect(file, isolation_level=None, check_same_thread=False)

    def hold_the_file(_received: Received) -> int:
        # Before the answer, so that the worker cannot write down what came of it.
        lock.execute("BEGIN IMMEDIATE")
        return 200

    receivers.reply = hold_the_file
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.webhooks.worker", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    with closing(lock):
        (first,) = receivers.wait_for(1, seconds=30)
        receivers.wait_for_answers(1)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(10)
        lock.rollback()
    for pipe in (worker.stdin, worker.stdout):
        assert pipe is not None
        pipe.close()
    receivers.reply = lambda _: 200
    again = House.reopen(tmp_path, at=UtcSeconds(int(time.time()) + CLAIM_SECONDS + 1))
    sender = WebhookSender(again.centre.deliveries, SystemClock(), client=GuardedClient(ALLOWANCE))
    sender.start()
    second = receivers.wait_for(2)[1]
    sender.close()
    assert second.id == first.id
    assert second.body == first.body
    (kept,) = again.centre.deliveries.deliveries(again.acme, first.id.split("_")[1]).items
    assert (kept.status, kept.attempts) == ("delivered", 1)
    again.centre.close()


@contextmanager
def working(folder: Path, database: str) -> Iterator[None]:
    """Let one more process deliver until the block ends."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.webhooks.worker", str(folder), database],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n", "the worker did not begin"
        yield
    finally:
        worker.kill()
        worker.wait(10)
        for pipe in (worker.stdin, worker.stdout):
            assert pipe is not None
            pipe.close()


def test_two_processes_on_one_database_tell_each_parcel_in_order_and_nothing_twice(
    tmp_path: Path, postgres: Server, receivers: Receivers
) -> None:
    database = postgres.make_schema("webhook_processes")
    house = open_house(tmp_path, at=UtcSeconds(int(time.time())), database=database)
    made = tell(house, receivers.url("/hook"))
    desk = house.centre.deliveries
    with working(tmp_path, database), working(tmp_path, database):
        for number in range(12):
            parcel = house.announce(f"TWO{number:02}", promise="none").parcel
            house.deposit(parcel, f"A{number % 4 + 1}")
            house.collect(parcel, f"A{number % 4 + 1}")
        while desk.follow():
            pass
        wanted = len(desk.deliveries(house.acme, made.webhook, limit=500).items)
        got = receivers.wait_for(wanted, seconds=60)
    assert len({one.id for one in got}) == len(got) == wanted, "a message came twice"
    by_parcel: dict[str, list[str]] = {}
    for one in got:
        event = json.loads(one.body)
        by_parcel.setdefault(event["subject"], []).append(event["sequence"])
    assert len(by_parcel) == 12
    for sequences in by_parcel.values():
        assert sequences == sorted(sequences)
        assert len(sequences) >= 3
    house.centre.close()


def test_a_centre_that_is_served_delivers(
    house: House, tmp_path: Path, receivers: Receivers
) -> None:
    made = tell(house, receivers.url("/hook"))
    house.announce(promise="none")
    house.centre.close()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    centre = subprocess.Popen(
        [
            *(str(Path(sys.executable).with_name("restante")), "serve"),
            *("--data", str(tmp_path), "--port", str(port)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "RESTANTE_WEBHOOK_ALLOW_PRIVATE": "127.0.0.1"},
    )
    try:
        (got,) = receivers.wait_for(1, seconds=60)
    finally:
        centre.terminate()
        centre.wait(30)
    assert got.verify(made.secret.reveal())["type"] == "org.restante.parcel.announced.v1"
