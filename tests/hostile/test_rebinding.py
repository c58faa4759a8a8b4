"""A page from elsewhere lets its own name point at the locker's machine: nobody answers to it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from restante.access import create_keystore, export_locker_keys, write_locker_keys
from restante.core.ids import SiteId
from restante.core.value import UtcSeconds
from restante.wiring.locker import EXAMPLE, name_hosts
from tests.operating.process import free_port

START_SECONDS_MAX = 30.0
PAGE = "/kiosk/locker-1"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run a locker as its machine does; gives the port of its kiosk."""
    folder, port = tmp_path_factory.mktemp("locker"), free_port()
    (folder / "locker.toml").write_text(EXAMPLE, encoding="utf-8")
    keyring = create_keystore(folder / "keystore.json", UtcSeconds(0))
    keyring.make_peppers([SiteId("site-1")])
    write_locker_keys(folder / "locker-1.keys.json", export_locker_keys(keyring, SiteId("site-1")))
    program = str(Path(sys.executable).parent / "restante")
    environ = {name: text for name, text in os.environ.items() if not name.startswith("RESTANTE_")}
    with (folder / "log").open("w+b") as log:
        command = [program, "locker", str(folder / "locker.toml"), "--port", str(port)]
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
        try:
            until = time.monotonic() + START_SECONDS_MAX
            while not answers(port):
                assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
                assert time.monotonic() < until, (folder / "log").read_text(encoding="utf-8")
            yield port
        finally:
            process.terminate()
            process.wait(20)


def answers(port: int) -> bool:
    try:
        return ask(port, f"127.0.0.1:{port}", "/livez") == 200
    except ConnectionRefusedError:
        return False


def ask(port: int, host: str | None, path: str = PAGE) -> int:
    """Ask under a name; gives the status."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest("GET", path, skip_host=True)
    if host is not None:
        connection.putheader("Host", host)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
def test_the_kiosk_answers_by_the_names_of_its_own_machine(port: int, name: str) -> None:
    assert ask(port, f"{name}:{port}") == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:{port}", "localhost.evil.example:{port}"),
        *("127.0.0.1.evil.example", "evil.example.localhost:{port}", "[::1].evil.example"),
        *("localhost:1", "evil.example#localhost:{port}", "localhost:{port}:1", "", None),
    ],
)
@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/stream", "/livez"])
def test_the_kiosk_answers_to_no_other_name(port: int, host: str | None, path: str) -> None:
    assert ask(port, host if host is None else host.format(port=port), path) == 400


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2", "::1"])
def test_every_address_of_loopback_is_one_nobody_else_asks(host: str) -> None:
    named = name_hosts(host, 8090)
    assert "*" not in named
    assert (f"[{host}]:8090" if ":" in host else f"{host}:8090") in named


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "kiosk.example.org"])
def test_who_serves_others_is_called_by_any_name(host: str) -> None:
    assert name_hosts(host, 8090) == ["*"]
