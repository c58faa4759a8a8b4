"""Two real centres on one database and one set of keys: it does not matter which one is asked."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from restante.access import Scope
from restante.core.ids import SiteId
from restante.core.streams import KINDS
from restante.core.value import UtcSeconds
from restante.journal.verify import verify
from restante.operations.directory import SiteEntry, issue_api_key, register_locker, register_site
from restante.settings import Settings
from restante.wiring.record import open_journal
from tests.api.conftest import announcement
from tests.operations.house import ACME, OPERATOR, House, layout, open_house


class RunningCentre(NamedTuple):
    """A centre in a process of its own."""

    process: "subprocess.Popen[str]"
    client: httpx.Client

    def ask(self, method: str, path: str, *, key: str = "", **more: Any) -> httpx.Response:
        headers = {"idempotency-key": key} if key else {}
        return self.client.request(method, f"/api/v1{path}", headers=headers, **more)


def start(data: Path, address: str, bearer: str) -> RunningCentre:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(str(Path(sys.executable).with_name("restante")), "serve", "--data", str(data)),
            *("--database", address, "--port", str(port)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "NO_COLOR": "1"},
        text=True,
    )
    assert process.stdout is not None
    said = ""
    while "Serving" not in said:
        line = process.stdout.readline()
        assert line, f"it ended: {said}"
        said += line
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        headers={"authorization": f"Bearer {bearer}"},
        timeout=30,
        trust_env=False,
    )
    return RunningCentre(process, client)


@pytest.fixture
def pair(tmp_path: Path, address: str) -> Iterator[tuple[RunningCentre, RunningCentre]]:
    house = open_house(tmp_path, at=UtcSeconds(int(time.time())), database=address)
    centre = house.centre
    secret = centre.run(
        issue_api_key(centre.means, OPERATOR, partner=ACME, scopes=frozenset(Scope), label="tests")
    )
    centre.close()
    with ThreadPoolExecutor(2) as pool:
        started = [
            pool.submit(start, tmp_path, address, secret.reveal()) for _ in ("left", "right")
        ]
        left, right = (one.result() for one in started)
    yield left, right
    for one in (left, right):
        one.client.close()
        one.process.terminate()
        one.process.wait(30)
        assert one.process.stdout is not None
        one.process.stdout.close()


def test_it_does_not_matter_which_centre_is_asked(
    pair: tuple[RunningCentre, RunningCentre], address: str, tmp_path: Path
) -> None:
    left, right = pair
    labels = [f"ABC-000-{n}" for n in range(4)]
    with ThreadPoolExecutor(8) as pool:
        # The same request to both at the same moment: one parcel, not two.
        asked = [
            pool.submit(one.ask, "POST", "/parcels", key=f"o-{label}", json=announcement(label))
            for label in labels
            for one in pair
        ]
        codes = [one.result().status_code for one in asked]
    assert set(codes) <= {201, 409}, asked[0].result().text
    for label in labels:
        answers = [
            one.ask("POST", "/parcels", key=f"o-{label}", json=announcement(label)) for one in pair
        ]
        assert [one.status_code for one in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
    listed = [one.ask("GET", "/parcels").json()["parcels"] for one in pair]
    assert listed[0] == listed[1]
    assert sorted(parcel["label"] for parcel in listed[0]) == sorted(labels)
    # One dies between two words; the other one goes on.
    left.process.kill()
    left.process.wait(30)
    parcel = listed[0][0]["id"]
    cancelled = right.ask("POST", f"/parcels/{parcel}/cancel", key="c-1", json={})
    assert cancelled.status_code == 200, cancelled.text
    settings = Settings(data_dir=tmp_path, database_url=address)
    with closing(open_journal(settings)) as journal:
        report = verify(journal, KINDS)
    assert report.is_sound, report.text()


def test_a_site_one_centre_has_opened_is_served_by_the_other(tmp_path: Path, address: str) -> None:
    left = open_house(tmp_path, database=address)
    right = House.reopen(tmp_path, at=left.clock.now(), database=address)
    site = SiteId("site-new")
    means = left.centre.means
    left.centre.keyring.make_peppers([site])
    left.centre.run(register_site(means, OPERATOR, SiteEntry(site=site, name="New", zone="UTC")))
    left.centre.run(
        register_locker(OPERATOR, locker="locker-new", site=site, layout=layout())  # type: ignore[arg-type]
    )
    # Its codes rest on a secret of the site that the other process has drawn.
    parcel = right.announce(site=site).parcel
    assert right.status(parcel) == left.status(parcel)
    left.centre.close()
    right.centre.close()
