"""A machine becomes a locker, is configured and is revoked, by commands over a real broker."""

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from restante.settings import BadSetting
from restante.wiring.enrol import NotEnrolled, check_centre, enrol_machine
from restante.wiring.locker import EXAMPLE
from tests.cli.running import Running, find_port, run_to_its_end, started
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
        self.port = find_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "network" / "restante.toml"
        run_to_its_end("init", folder / "network", "--network-id", NETWORK)
        with self.config.open("a", encoding="utf-8") as file:
            file.write(SETTINGS.format(port=broker.port, folder=broker.folder))
        described = folder / "described.toml"
        described.write_text(EXAMPLE.replace("locker-1", LOCKER), encoding="utf-8")
        self.say("locker", "register", described)

    @contextmanager
    def serve(self) -> Iterator[Running]:
        with started("--config", self.config, "serve", "--port", self.port) as centre:
            centre.until_it_says("Serving")
            yield centre

    def say(self, *words: object) -> str:
        return run_to_its_end("--config", self.config, *words)

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
    far = tmp_path / "far"
    with network.serve():
        code = network.claim()
        with pytest.raises(NotEnrolled, match="not valid"):
            enrol_machine("AAAA-AAAA-AAAA-AAAA", centre=network.url, folder=far)
        assert [path.name for path in far.iterdir()] == ["device.key"], "nothing half-written"
        file, _ = enrol_machine(code, centre=network.url, folder=far)
        again, _ = enrol_machine(code, centre=network.url, folder=far)
        assert again == file == far / f"{LOCKER}.toml"
        with started("locker", file, "--port", find_port()) as locker:
            locker.until(lambda: network.reported() == 1, "its first configuration is reported")
            network.say("locker", "configure", LOCKER, "--ring", "canary", "--language", "pl")
            locker.until(lambda: network.reported() == 2, "its second configuration is reported")
            assert network.row("SELECT reported_ring FROM machines") == ("canary",)
            locker.until_it_says("The kiosk is at", times=2)
    with pytest.raises(NotEnrolled, match="was not reached"):
        enrol_machine(code, centre=network.url, folder=far)


@pytest.mark.slow
def test_a_revoked_locker_is_cut_off_at_the_broker_and_cannot_come_back(
    network: Network, tmp_path: Path
) -> None:
    far = tmp_path / "far"
    with network.serve() as centre:
        file, _ = enrol_machine(network.claim(), centre=network.url, folder=far)
        with started("locker", file, "--port", find_port()) as locker:
            locker.until(lambda: network.reported() == 1, "its configuration is reported")
        network.say("locker", "revoke", LOCKER, "--why", "stolen")
        with started("locker", file, "--port", find_port()):
            centre.until_it_says("message of a revoked locker dropped")
        network.broker.signal(signal.SIGHUP)
        before = network.broker.log().count("certificate verify failed")
        with started("locker", file, "--port", find_port()) as locker:
            locker.until(
                lambda: network.broker.log().count("certificate verify failed") > before + 1,
                "the broker refuses its certificate twice",
            )
        (far / "device.key").unlink()
        enrol_machine(network.claim(), centre=network.url, folder=far)
        heard = network.row("SELECT count(*) FROM watermarks")
        acl = network.broker.folder / "acl"
        centre.until(lambda: f"user {LOCKER}" not in acl.read_text(), "the broker's list lacks it")
        network.broker.signal(signal.SIGHUP)
        seen = network.row("SELECT seen_at FROM locker_links")
        with started("locker", file, "--port", find_port()) as locker:
            locker.until(
                lambda: network.row("SELECT seen_at FROM locker_links") > seen, "it is seen again"
            )
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
