"""A private Mosquitto for the bench: the product's own files, and one client for all lockers."""

import datetime
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from ...link.topics import ROOT
from ...wiring.broker import BrokerPlan, write_broker_files
from .way import GENERATOR, NETWORK

_START_SECONDS_MAX: Final = 10.0
_RULES: Final = """
user {name}
topic write {root}/{network}/+/evt/+
topic read {root}/{network}/+/cmd/+
"""


class RunningBroker(NamedTuple):
    """A broker that listens."""

    pid: int
    address: str
    """For the generator: address and folder of certificates."""
    settings: dict[str, str]
    """For the centre."""


@contextmanager
def run_broker(folder: Path) -> Iterator[RunningBroker]:
    """Start a broker with certificates of its own, and stop it at the end.

    Raises
    ------
    FileNotFoundError
        When none is installed.
    """
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        raise FileNotFoundError("no Mosquitto is installed here: install the package mosquitto")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    plan = BrokerPlan(
        network=NETWORK,
        host="localhost",
        centres=("centre", GENERATOR),
        port=port,
        address="127.0.0.1",
    )
    write_broker_files(folder, plan, now=datetime.datetime.now(datetime.UTC))
    with (folder / "acl").open("a", encoding="utf-8") as rules:
        rules.write(_RULES.format(name=GENERATOR, root=ROOT, network=NETWORK))
    with (folder / "mosquitto.conf").open("a", encoding="utf-8") as file:
        if os.geteuid() == 0:
            # Started by root it becomes a user who may not read this folder.
            file.write("user root\n")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [program, "-c", str(folder / "mosquitto.conf")], stdout=log, stderr=log
        )
    try:
        _wait(process, port, folder / "log")
        yield RunningBroker(
            process.pid,
            f"mqtts://localhost:{port}{folder.resolve()}",
            {
                "network_id": NETWORK,
                "mqtt_url": f"mqtts://localhost:{port}",
                "mqtt_ca_file": str(folder / "ca.crt"),
                "mqtt_certificate_file": str(folder / "centre.crt"),
                "mqtt_key_file": str(folder / "centre.key"),
            },
        )
    finally:
        process.terminate()
        process.wait(_START_SECONDS_MAX)


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS_MAX
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Mosquitto does not start: {log.read_text()}") from None
            time.sleep(0.02)
        else:
            return
