"""A centre that is asked to end does so at once, and loses nothing it has promised."""

import asyncio
import datetime
import os
import selectors
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from restante.access import Scope
from restante.clock import Minter, SystemClock
from restante.core.ids import ParcelId, PartnerId
from restante.operations.directory import (
    SiteEntry,
    issue_api_key,
    register_partner,
    register_site,
)
from restante.operations.webhooks import make_webhook
from restante.partners.public_address import Allowance
from restante.settings import Settings
from restante.wiring.broker import BrokerPlan, write_broker_files
from restante.wiring.centre import open_centre
from restante.wiring.ending import Helpers
from tests.operating.process import Running, free_port, serving
from tests.operations.house import OPERATOR, SITE, open_house

END_SECONDS_MAX = 2.0
"""On a machine that has nothing else to do."""

STREAMS = 50
ACME = PartnerId("acme")
SIZE = {"length_mm": 300, "width_mm": 200, "height_mm": 120, "weight_g": 1500}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir(mode=0o700)
    return made


def patience() -> float:
    """Tell how long ending may take now: longer where others wait for the processors too."""
    return END_SECONDS_MAX * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


async def _follow(
    running: Running, meanwhile: Callable[[], None] = lambda: None
) -> tuple[float, int]:
    """Sign in, open all streams, end the process; how long it took, and how many had ended."""
    limits = httpx.Limits(max_connections=STREAMS + 5)
    async with httpx.AsyncClient(
        base_url=running.url, trust_env=False, limits=limits, timeout=20
    ) as client:
        given = {
            "token": running.setup_token,
            "operator": "ada",
            "name": "Ada",
            "password": "correct horse battery staple",
        }
        answer = await client.post("/setup", data=given)
        assert answer.status_code in (200, 303), answer.text
        opened, ended = asyncio.Semaphore(0), 0

        async def follow() -> None:
            nonlocal ended
            try:
                async with client.stream("GET", "/live") as stream:
                    assert stream.status_code == 200
                    opened.release()
                    async for _ in stream.aiter_bytes():
                        pass
            except httpx.TransportError:
                pass
            ended += 1

        tasks = [asyncio.create_task(follow()) for _ in range(STREAMS)]
        async with asyncio.timeout(20):
            for _ in tasks:
                await opened.acquire()
        assert ended == 0
        meanwhile()
        took = await asyncio.to_thread(running.end)
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks)
        return took, ended


def test_fifty_open_streams_hold_nobody_up(folder: Path) -> None:
    with serving(folder) as running:
        took, ended = asyncio.run(_follow(running))
        assert running.process.returncode == 0, running.said
    assert ended == STREAMS
    assert took < patience(), f"{took:.2f} s"


@contextmanager
def silent() -> Iterator[socket.socket]:
    """Listen, let everybody connect, and say nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        yield listener


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def await_caller(listener: socket.socket, who: str) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        assert selector.select(20), f"nobody called the {who}"


def prepare_work(folder: Path, receiver: int) -> None:
    """Leave a notice and webhooks to be sent."""
    house = open_house(folder, at=SystemClock().now())
    allowance = Allowance(private_hosts=frozenset({"127.0.0.1"}))
    url = f"http://127.0.0.1:{receiver}/"
    house.centre.run(make_webhook(house.centre.means, allowance, house.acme, url=url))
    house.deposit(house.announce().parcel)
    assert house.centre.journal.waiting_work()
    house.centre.close()


def test_a_mail_server_a_receiver_a_broker_and_a_collector_that_hang_hold_nobody_up(
    folder: Path, tmp_path: Path
) -> None:
    plan = BrokerPlan(
        network="restante", host="127.0.0.1", lockers=(), centres=("centre",), port=8883
    )
    keys = tmp_path / "broker"
    write_broker_files(keys, plan, now=datetime.datetime.now(datetime.UTC))
    with ExitStack() as listening:
        mail, receiver, broker, traces = (listening.enter_context(silent()) for _ in range(4))
        prepare_work(folder, port_of(receiver))
        settings = {
            "webhook_allow_private": "127.0.0.1",
            "smtp_host": "127.0.0.1",
            "smtp_port": str(port_of(mail)),
            "mqtt_url": f"mqtts://127.0.0.1:{port_of(broker)}",
            "mqtt_ca_file": str(keys / "ca.crt"),
            "mqtt_certificate_file": str(keys / "centre.crt"),
            "mqtt_key_file": str(keys / "centre.key"),
            "trace_url": f"http://127.0.0.1:{port_of(traces)}/v1/traces",
            "metrics_listen": f"127.0.0.1:{free_port()}",
        }

        def hang() -> None:
            for listener, who in (
                (mail, "mail server"),
                (receiver, "receiver"),
                (broker, "broker"),
            ):
                await_caller(listener, who)

        with serving(folder, **settings) as running:
            took, ended = asyncio.run(_follow(running, hang))
            assert running.process.returncode == 0, running.said
    assert ended == STREAMS
    assert took < patience(), f"{took:.2f} s"
    # The log names who was left behind.
    assert any("left behind" in line and "chores" in line for line in running.said), running.said


def test_asked_to_end_again_and_again_it_ends_once(folder: Path) -> None:
    with ExitStack() as listening:
        mail = listening.enter_context(silent())
        receiver = listening.enter_context(silent())
        prepare_work(folder, port_of(receiver))
        settings = {
            "webhook_allow_private": "127.0.0.1",
            "smtp_host": "127.0.0.1",
            "smtp_port": str(port_of(mail)),
        }
        with serving(folder, **settings) as running:
            await_caller(mail, "mail server")
            await_caller(receiver, "receiver")
            ended = threading.Event()

            def ask_again() -> None:
                while not ended.wait(0.02):
                    if running.process.poll() is None:
                        running.process.send_signal(signal.SIGTERM)

            asking = threading.Thread(target=ask_again)
            asking.start()
            try:
                took = running.end()
            finally:
                ended.set()
                asking.join(5)
            assert running.process.returncode == 0, running.said
    assert took < patience(), f"{took:.2f} s"


def test_all_are_asked_to_end_before_anybody_is_waited_for() -> None:
    said: list[str] = []

    class Slow:
        def __init__(self, name: str) -> None:
            self.name = name

        def start(self) -> None:
            said.append(f"{self.name} begins")

        def stop(self) -> None:
            said.append(f"{self.name} is asked")

        def close(self, seconds: float | None = None) -> bool:
            assert seconds is not None
            assert 0 < seconds <= 1.2
            said.append(f"{self.name} is waited for")
            return False

    helpers = Helpers()
    for name in ("a", "b"):
        helpers.add(name, Slow(name))
    helpers.start()
    helpers.close()
    assert said == [
        *("a begins", "b begins", "a is asked", "b is asked"),
        *("b is waited for", "a is waited for"),
    ]


def test_what_was_acknowledged_while_it_ended_is_there_afterwards(folder: Path) -> None:
    clock = SystemClock()
    centre = open_centre(Settings(data_dir=folder), clock, Minter(clock))
    centre.run(register_partner(OPERATOR, partner=ACME, name="Acme"))
    centre.keyring.make_peppers([SITE])
    entry = SiteEntry(site=SITE, name="Mill Street", zone="UTC")
    centre.run(register_site(centre.means, OPERATOR, entry))
    key = centre.run(
        issue_api_key(centre.means, OPERATOR, partner=ACME, scopes=frozenset(Scope), label="tests")
    ).reveal()
    centre.close()
    acknowledged: list[str] = []
    refusals: list[str] = []
    enough = threading.Event()

    def announce(url: str, writer: int) -> None:
        with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
            for number in range(10_000):
                name = f"W{writer}N{number}"
                headers = {"authorization": f"Bearer {key}", "idempotency-key": name}
                wanted = {
                    "label": f"PX-{writer}-{number:07d}",
                    "size": SIZE,
                    "site": SITE,
                    "promise": "none",
                }
                try:
                    answer = client.post("/api/v1/parcels", json=wanted, headers=headers)
                except httpx.TransportError:
                    return
                if answer.status_code != 201:
                    refusals.append(answer.text)
                    return
                acknowledged.append(answer.json()["id"])
                if len(acknowledged) > 20:
                    enough.set()

    with serving(folder) as running:
        writers = [
            threading.Thread(target=announce, args=(running.url, writer)) for writer in range(4)
        ]
        for writer in writers:
            writer.start()
        assert enough.wait(20), (refusals, running.said)
        took = running.end()
        for writer in writers:
            writer.join(25)
            assert not writer.is_alive(), "a request was never answered"
        assert running.process.returncode == 0, running.said
    assert took < patience(), f"{took:.2f} s"
    back = open_centre(Settings(data_dir=folder), clock, Minter(clock))
    try:
        for parcel in acknowledged:
            assert back.queries.parcel(OPERATOR, ParcelId(parcel)).status
    finally:
        back.close()
