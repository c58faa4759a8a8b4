"""What the doctor sees of a network's surroundings: broker, certificates, copies."""

import datetime
import json
from pathlib import Path

import pytest

from restante.wiring.broker import BrokerPlan, write_broker_files
from restante.wiring.server import listen
from tests.cli.test_commands import run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    network = tmp_path / "network"
    assert run("init", network).returncode == 0
    return network / "restante.toml"


def found(config: Path) -> dict[str, list[tuple[bool, str]]]:
    done = run("--config", config, "doctor", "--json")
    checks: dict[str, list[tuple[bool, str]]] = {}
    for one in json.loads(done.stdout)["checks"]:
        checks.setdefault(one["check"], []).append((one["is_well"], one["what"]))
    return checks


def test_the_last_copy_is_told_and_an_old_one_is_a_fault(config: Path, tmp_path: Path) -> None:
    assert found(config)["backup"] == [(True, "none yet that this folder knows of")]
    assert run("--config", config, "backup", tmp_path / "copy").returncode == 0
    assert found(config)["backup"][0][0] is True
    note = config.parent / "data" / "last-backup.json"
    told = json.loads(note.read_text())
    note.write_text(json.dumps({**told, "made_at": told["made_at"] - 3 * 86_400}))
    is_well, what = found(config)["backup"][0]
    assert not is_well
    assert what.startswith("3.0 days ago")


def test_a_broker_that_is_away_and_a_certificate_that_ends_are_faults(
    config: Path, tmp_path: Path
) -> None:
    plan = BrokerPlan(
        network="restante", host="127.0.0.1", lockers=(), centres=("centre",), port=8883
    )
    long_ago = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=810)
    folder = tmp_path / "broker"
    write_broker_files(folder, plan, now=long_ago)
    with listen("127.0.0.1", 0) as broker:
        port = broker.getsockname()[1]
        lines = {
            "mqtt_url": f"mqtts://127.0.0.1:{port}",
            "mqtt_ca_file": folder / "ca.crt",
            "mqtt_certificate_file": folder / "centre.crt",
            "mqtt_key_file": folder / "centre.key",
        }
        with config.open("a") as file:
            file.writelines(f'{name} = "{value}"\n' for name, value in lines.items())
        seen = found(config)["broker"]
        assert seen[0] == (True, f"127.0.0.1:{port} answers")
        assert [is_well for is_well, what in seen if what.startswith("centre.crt")] == [False]
    assert found(config)["broker"][0][0] is False
