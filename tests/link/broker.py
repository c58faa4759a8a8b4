"""A private Mosquitto on a free port, with certificates of its own; killed and started at will."""

import asyncio
import datetime
import os
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from restante.link.mqtt import BrokerAccess, Timing
from restante.wiring.broker import BrokerPlan, write_broker_files
from restante.wiring.line import make_access
from tests.programs import KILLED_SECONDS_MAX, wait_for_end, wait_until
from tools.system_packages import find_program

NETWORK = "test-net"
LOCKER, OTHER = "locker-01", "locker-02"
WAIT_SECONDS_MAX = 15.0
"""How long a test waits for what must come; on an idle machine it takes a tenth of a second."""

QUICK = Timing(
    will_delay_seconds=0,
    retry_seconds_min=0.05,
    retry_seconds_max=0.3,
    locker_turn_seconds=0.05,
    centre_turn_seconds=0.05,
)


class Broker:
    """A broker that can be killed; its port and certificates stay."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        plan = BrokerPlan(
            network=NETWORK,
            host="localhost",
            lockers=(LOCKER, OTHER),
            centres=("centre", "centre-2"),
            port=self.port,
            address="127.0.0.1",
        )
        write_broker_files(folder, plan, now=datetime.datetime.now(datetime.UTC))
        if os.geteuid() == 0:
            # Started by root it becomes a user who may not read a test's folder.
            with (folder / "mosquitto.conf").open("a", encoding="utf-8") as file:
                file.write("user root\n")
        with (folder / "mosquitto.conf").open("a", encoding="utf-8") as file:
            file.write("log_type subscribe\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        program = find_program("mosquitto")
        if program is None:
            raise FileNotFoundError(
                "these tests need Mosquitto: python3 tools/system_packages.py test"
            )
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "-c", str(self.folder / "mosquitto.conf")], stderr=log, stdout=log
            )
        wait_until(self._listens, what="the broker listens", seconds=WAIT_SECONDS_MAX)

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """Kill -9; what it held in memory is gone."""
        if self._process is not None:
            self._process.kill()
            wait_for_end(self._process, KILLED_SECONDS_MAX, "killed, the broker is not gone")
            self._process = None

    def signal(self, number: int) -> None:
        """Send it a signal: SIGHUP makes it read its files anew."""
        assert self._process is not None
        self._process.send_signal(number)

    def is_subscribed(self, name: str) -> bool:
        """Tell whether a client has subscribed to what it wants; the broker logs it."""
        return f"{name} 1 restante/v1/{NETWORK}/+/state" in self.log()

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def access(self, name: str, *, folder: Path | None = None) -> BrokerAccess:
        """Give what proves that somebody is ``name``."""
        files = folder or self.folder
        return make_access(
            f"mqtts://localhost:{self.port}",
            network=NETWORK,
            ca_file=self.folder / "ca.crt",
            certificate_file=files / f"{name}.crt",
            key_file=files / f"{name}.key",
        )

    def client(self, name: str, **given: Any) -> aiomqtt.Client:
        """Make a client that knows nothing of restante, with somebody's certificate."""
        context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        context.load_cert_chain(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        return aiomqtt.Client(
            "localhost",
            self.port,
            identifier=given.pop("identifier", name),
            protocol=aiomqtt.ProtocolVersion.V5,
            tls_context=given.pop("tls_context", context),
            **given,
        )


def lasting_session() -> dict[str, Any]:
    """Give what makes the broker keep a client's messages while it is away."""
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 3600
    return {"clean_start": False, "properties": properties}


class Wire:
    """A way to the broker that can be cut in the middle."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "Wire":
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await self._server.wait_closed()

    def cut(self) -> None:
        """Drop what is under way, and let nobody through."""
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self.port)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        self._writers |= {writer, far_writer}
        await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while body := await source.read(65536):
            target.write(body)
            await target.drain()
    except OSError:
        pass
    target.transport.abort()
