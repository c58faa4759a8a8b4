"""A locker and a centre in two processes, as an operator sets them up: by commands and files."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from restante.settings import BadSetting, read_settings
from restante.wiring.locker import EXAMPLE, run_locker
from tests.cli.running import find_port, run_to_its_end, started
from tests.link.broker import LOCKER, NETWORK, OTHER, Broker

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


def marks(data: Path) -> list[int]:
    """Read how many facts of each epoch the centre has."""
    with closing(sqlite3.connect(f"file:{data}/centre.sqlite?mode=ro", uri=True)) as journal:
        return [int(seq) for (seq,) in journal.execute("SELECT seq FROM watermarks")]


def test_a_locker_moved_to_its_own_machine_reports_over_the_broker(
    broker: Broker, tmp_path: Path
) -> None:
    network, far = tmp_path / "network", tmp_path / "far"
    run_to_its_end("init", network, "--network-id", NETWORK)
    config = network / "restante.toml"
    with config.open("a", encoding="utf-8") as file:
        file.write(CENTRE.format(port=broker.port, folder=broker.folder))
    near = network / "locker.toml"
    near.write_text(EXAMPLE.replace("locker-1", LOCKER), encoding="utf-8")
    serve = ("--config", config, "serve", "--port", find_port())
    with started(*serve, "--locker", near) as centre:
        centre.until_it_says("Serving")
        centre.until(lambda: bool(marks(network / "data")), "a locker's facts are at the centre")
    before = marks(network / "data")
    far.mkdir()
    for path in (near, *network.glob(f"{LOCKER}*")):
        path.rename(far / path.name)
    with (far / near.name).open("a", encoding="utf-8") as file:
        file.write(
            SECTION.format(port=broker.port, folder=broker.folder, network=NETWORK, name=LOCKER)
        )
    with (
        started(*serve),
        started("locker", far / near.name, "--port", find_port()) as locker,
    ):
        locker.until(lambda: sum(marks(network / "data")) > sum(before), "more facts are there")
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
