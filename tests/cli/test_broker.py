"""A locker and a centre in two processes, as an operator sets them up: by commands and files."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from restante.settings import BadSetting, read_settings
from restante.wiring.locker import EXAMPLE, run_locker
from tests.link.broker import LOCKER, NETWORK, OTHER, Broker

WAIT_SECONDS_MAX = 60.0

CENTRE = """
mqtt_url = "mqtts://localhost:{port}"
mqtt_ca_file = "{folder}/ca.crt"
mqtt_certificate_file = "{folder}/centre.crt"
mqtt_key_file = "{folder}/centre.key"
"""

SECTION = """
[mqtt]
url = "mqtts://localhost:{port}"
network = "{network}"
ca = "{folder}/ca.crt"
certificate = "{folder}/{name}.crt"
private_key = "{folder}/{name}.key"
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    private = Broker(tmp_path / "broker")
    private.start()
    yield private
    private.kill()


def find_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def restante(*arguments: object) -> list[str]:
    return [str(one) for one in (Path(sys.executable).parent / "restante", *arguments)]


@contextmanager
def started(log: Path, *arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until it is told to end, and see that it ends well."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RESTANTE_")}
    with log.open("ab") as file:
        process = subprocess.Popen(restante(*arguments), stdout=file, stderr=file, env=environment)
    try:
        yield process
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT_SECONDS_MAX) in (0, 130), log.read_text(encoding="utf-8")
    finally:
        process.kill()
        process.wait()


def wait_for(claim: Callable[[], bool], log: Path) -> None:
    until = time.monotonic() + WAIT_SECONDS_MAX
    while not claim():
        assert time.monotonic() < until, log.read_text(encoding="utf-8")
        time.sleep(0.1)


def marks(data: Path) -> list[int]:
    """Read how many facts of each epoch the centre has."""
    with closing(sqlite3.connect(f"file:{data}/centre.sqlite?mode=ro", uri=True)) as journal:
        return [int(seq) for (seq,) in journal.execute("SELECT seq FROM watermarks")]


def test_a_locker_moved_to_its_own_machine_reports_over_the_broker(
    broker: Broker, tmp_path: Path
) -> None:
    network, far, log = tmp_path / "network", tmp_path / "far", tmp_path / "log"
    subprocess.run(restante("init", network, "--network-id", NETWORK), check=True)
    config = network / "restante.toml"
    with config.open("a", encoding="utf-8") as file:
        file.write(CENTRE.format(port=broker.port, folder=broker.folder))
    near = network / "locker.toml"
    near.write_text(EXAMPLE.replace("locker-1", LOCKER), encoding="utf-8")
    serve = ("--config", config, "serve", "--port", find_port())
    with started(log, *serve, "--locker", near):
        wait_for(lambda: bool(log.exists() and "Serving" in log.read_text()), log)
        wait_for(lambda: bool(marks(network / "data")), log)
    before = marks(network / "data")
    far.mkdir()
    for path in (near, *network.glob(f"{LOCKER}*")):
        path.rename(far / path.name)
    with (far / near.name).open("a", encoding="utf-8") as file:
        file.write(
            SECTION.format(port=broker.port, folder=broker.folder, network=NETWORK, name=LOCKER)
        )
    with (
        started(log, *serve),
        started(log, "locker", far / near.name, "--port", find_port()),
    ):
        wait_for(lambda: sum(marks(network / "data")) > sum(before), log)
    assert len(marks(network / "data")) == 1


def test_a_locker_with_anothers_certificate_is_told_so(broker: Broker, tmp_path: Path) -> None:
    path = tmp_path / "locker.toml"
    section = SECTION.format(port=broker.port, folder=broker.folder, network=NETWORK, name=OTHER)
    path.write_text(EXAMPLE.replace("locker-1", LOCKER) + section, encoding="utf-8")
    (tmp_path / f"{LOCKER}.keys.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BadSetting, match="is the certificate of 'locker-02'"):
        run_locker(path, host="127.0.0.1", port=find_port(), tell=lambda _: None)


def test_a_broker_without_certificates_is_an_error_that_says_what_makes_them() -> None:
    with pytest.raises(BadSetting, match="mqtt_ca_file: needed with mqtt_url; `restante broker`"):
        read_settings(environ={}, arguments={"mqtt_url": "mqtts://localhost"})
