"""A machine becomes a locker, is configured and is revoked, by commands over a real broker."""

import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from restante.settings import BadSetting
from restante.wiring.enrol import NotEnrolled, check_centre, enrol_machine
from restante.wiring.locker import EXAMPLE
from tests.cli.test_broker import find_port, restante, started, wait_for
from tests.link.broker import LOCKER, NETWORK, Broker

SETTINGS = """
mqtt_url = "mqtts://localhost:{port}"
mqtt_ca_file = "{folder}/ca.crt"
mqtt_certificate_file = "{folder}/centre.crt"
mqtt_key_file = "{folder}/centre.key"
mqtt_authority_dir = "{folder}"
"""


class Network:
    """A centre's folder beside a broker, and the words an operator types."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.broker = broker
        self.log = folder / "log"
        self.port = find_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "network" / "restante.toml"
        subprocess.run(
            restante("init", folder / "network", "--network-id", NETWORK),
            check=True,
            capture_output=True,
        )
        with self.config.open("a", encoding="utf-8") as file:
            file.write(SETTINGS.format(port=broker.port, folder=broker.folder))
        described = folder / "described.toml"
        described.write_text(EXAMPLE.replace("locker-1", LOCKER), encoding="utf-8")
        self.say("locker", "register", described)

    def serve(self) -> Any:
        return started(self.log, "--config", self.config, "serve", "--port", self.port)

    def say(self, *words: object) -> str:
        done = subprocess.run(
            restante("--config", self.config, *words), check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def claim(self) -> str:
        return self.say("locker", "claim", LOCKER).splitlines()[0].split()[-1]

    def row(self, query: str) -> Any:
        path = self.config.parent / "data" / "centre.sqlite"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as journal:
            return journal.execute(query).fetchone()

    def reported(self) -> int:
        return int(self.row("SELECT reported_version FROM machines")[0])


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    broker = Broker(tmp_path / "broker")
    broker.start()
    yield Network(tmp_path, broker)
    broker.kill()


def test_a_machine_is_enrolled_and_configured_by_commands(network: Network, tmp_path: Path) -> None:
    far, log = tmp_path / "far", network.log
    with network.serve():
        wait_for(lambda: log.exists() and "Serving" in log.read_text(), log)
        code = network.claim()
        with pytest.raises(NotEnrolled, match="not valid"):
            enrol_machine("AAAA-AAAA-AAAA-AAAA", centre=network.url, folder=far)
        assert [path.name for path in far.iterdir()] == ["device.key"], "nothing half-written"
        file, _ = enrol_machine(code, centre=network.url, folder=far)
        again, _ = enrol_machine(code, centre=network.url, folder=far)
        assert again == file == far / f"{LOCKER}.toml"
        with started(log, "locker", file, "--port", find_port()):
            wait_for(lambda: network.reported() == 1, log)
            network.say("locker", "configure", LOCKER, "--ring", "canary", "--language", "pl")
            wait_for(lambda: network.reported() == 2, log)
            assert network.row("SELECT reported_ring FROM machines") == ("canary",)
            wait_for(lambda: log.read_text().count("The kiosk is at") == 2, log)
    with pytest.raises(NotEnrolled, match="was not reached"):
        enrol_machine(code, centre=network.url, folder=far)


@pytest.mark.slow
def test_a_revoked_locker_is_cut_off_at_the_broker_and_cannot_come_back(
    network: Network, tmp_path: Path
) -> None:
    far, log = tmp_path / "far", network.log
    with network.serve():
        wait_for(lambda: log.exists() and "Serving" in log.read_text(), log)
        file, _ = enrol_machine(network.claim(), centre=network.url, folder=far)
        with started(log, "locker", file, "--port", find_port()):
            wait_for(lambda: network.reported() == 1, log)
        network.say("locker", "revoke", LOCKER, "--why", "stolen")
        with started(log, "locker", file, "--port", find_port()):
            wait_for(lambda: "message of a revoked locker dropped" in log.read_text(), log)
        network.broker.signal(signal.SIGHUP)
        before = network.broker.log().count("certificate verify failed")
        with started(log, "locker", file, "--port", find_port()):
            wait_for(
                lambda: network.broker.log().count("certificate verify failed") > before + 1, log
            )
        (far / "device.key").unlink()
        enrol_machine(network.claim(), centre=network.url, folder=far)
        heard = network.row("SELECT count(*) FROM watermarks")
        wait_for(lambda: f"user {LOCKER}" not in (network.broker.folder / "acl").read_text(), log)
        network.broker.signal(signal.SIGHUP)
        seen = network.row("SELECT seen_at FROM locker_links")
        with started(log, "locker", file, "--port", find_port()):
            wait_for(lambda: network.row("SELECT seen_at FROM locker_links") > seen, log)
        assert network.row("SELECT count(*) FROM watermarks") == heard, "the same journal goes on"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://parcels.example.org", "https://"),
        ("parcels.example.org", "no address"),
        ("https://parcels.example.org/api", "no address"),
        ("ftp://parcels.example.org", "no address"),
    ],
)
def test_secrets_are_asked_for_over_tls_only(address: str, why: str) -> None:
    with pytest.raises(BadSetting, match=why):
        check_centre(address)
    assert check_centre("https://parcels.example.org/") == "https://parcels.example.org"
    assert check_centre("http://127.0.0.1:8080") == "http://127.0.0.1:8080"
