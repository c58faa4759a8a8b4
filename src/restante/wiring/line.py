"""Join this process to a broker: from what somebody set to a running link in a thread."""

import asyncio
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import structlog

from ..link.mqtt import BadAccess, BrokerAccess
from ..link.topics import BadName
from ..settings import BadSetting
from .broker import read_common_name
from .ending import join

MQTT_PORT: Final = 8883

_log = structlog.get_logger(__name__)


class Carrier(Protocol):
    """One side of the link: :class:`restante.link.mqtt.LockerMqtt` or ``CentreMqtt``."""

    @property
    def is_connected(self) -> bool:
        """Whether the broker is there."""
        ...

    async def run(self, stop: asyncio.Event) -> None:
        """Carry messages until ``stop`` is set."""
        ...


class LinkThread:
    """Runs one side of the link in a thread with an event loop of its own.

    Parameters
    ----------
    carrier
        Runs once.
    """

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._is_running = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt-link", daemon=True)

    def is_connected(self) -> bool:
        """Whether the broker is there."""
        return self._carrier.is_connected

    def start(self) -> None:
        """Begin to connect; returns at once, broker or not."""
        self._thread.start()
        self._is_running.wait()

    def stop(self) -> None:
        """Ask it to say goodbye to the broker."""
        loop = self._loop
        if loop is not None:
            # It may have ended by itself meanwhile.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._stop.set)

    def close(self, seconds: float | None = None) -> bool:
        """Say goodbye to the broker and end; whether it did within so many seconds."""
        self.stop()
        return join(self._thread, seconds)

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._is_running.set()
        try:
            await self._carrier.run(self._stop)
        except Exception:  # noqa: BLE001 - a thread's end: nobody else would hear of it
            _log.exception("the link has ended")


def make_access(
    url: str, *, network: str, ca_file: Path, certificate_file: Path, key_file: Path
) -> BrokerAccess:
    """Read where a broker is and who we are to it.

    Parameters
    ----------
    url
        ``mqtts://broker.example.org`` with a port where it is not 8883.

    Raises
    ------
    BadSetting
        When the address is not of that form, or the certificate names nobody.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or MQTT_PORT
    except ValueError as error:
        raise BadSetting(f"{url}: {error}") from error
    if parts.scheme != "mqtts" or not parts.hostname or parts.path.strip("/"):
        raise BadSetting(f"{url!r} is not a broker's address: mqtts://broker.example.org:8883")
    if parts.username or parts.password:
        raise BadSetting("the broker's address holds no user: certificates prove who we are")
    return BrokerAccess(
        host=parts.hostname,
        port=port,
        network=network,
        name=read_common_name(certificate_file),
        ca_file=ca_file,
        certificate_file=certificate_file,
        key_file=key_file,
    )


def open_link(make: Callable[[random.Random], Carrier]) -> LinkThread:
    """Make one side of the link, ready to start, with chance of this machine's own.

    Raises
    ------
    BadSetting
        When a name, a certificate or a key cannot be used.
    """
    try:
        return LinkThread(make(random.SystemRandom()))
    except (BadAccess, BadName) as error:
        raise BadSetting(str(error)) from error
