"""A centre that is asked to end does so at once, and loses nothing it has promised."""

import asyncio
import os
import threading
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
from restante.settings import Settings
from restante.wiring.centre import open_centre
from tests.operating.process import Running, serving
from tests.operations.house import OPERATOR, SITE

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


async def _follow(running: Running) -> tuple[float, int]:
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
            writer.join()
        assert running.process.returncode == 0, running.said
    assert took < patience(), f"{took:.2f} s"
    back = open_centre(Settings(data_dir=folder), clock, Minter(clock))
    try:
        for parcel in acknowledged:
            assert back.queries.parcel(OPERATOR, ParcelId(parcel)).status
    finally:
        back.close()
