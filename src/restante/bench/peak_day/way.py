"""How the bench's lockers reach the centre: a socket of this machine, or a real broker."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit
from zlib import crc32

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ...link.topics import event_topic, find_place, kind_of, order_topic
from .line import make_frame, read_frames

GENERATOR: Final = "generator"
"""Name of the generator's certificate: one connection speaks for all lockers."""

NETWORK: Final = "peak-day"
_CONNECT_SECONDS_MAX: Final = 10.0

Hear = Callable[[str, bytes], None]
"""Takes what came for a locker."""


class Way(Protocol):
    """Carries messages of all lockers."""

    def send(self, locker: str, body: bytes) -> None:
        """Bring a message to the centre."""
        ...

    async def close(self) -> None:
        """Hang up."""
        ...


async def open_way(hear: Hear, *, sockets: Sequence[str], broker: str) -> Way:
    """Reach the centre over a socket for each of its processes, or through a broker."""
    if sockets:
        return SocketWay(hear, [await asyncio.open_unix_connection(one) for one in sockets])
    way = BrokerWay(hear, broker, asyncio.get_running_loop())
    await asyncio.to_thread(way.open)
    return way


class SocketWay:
    """A connection to each :class:`restante.bench.peak_day.line.SocketCentre`.

    Each locker keeps to one of them, as to one broker of several.
    """

    def __init__(
        self, hear: Hear, ends: Sequence[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    ) -> None:
        self._hear = hear
        self._writers = [writer for _, writer in ends]
        self._tasks = [asyncio.create_task(self._receive(reader)) for reader, _ in ends]

    def send(self, locker: str, body: bytes) -> None:
        """Bring a message to the centre."""
        place = crc32(locker.encode()) % len(self._writers)
        self._writers[place].write(make_frame(locker, body))

    async def close(self) -> None:
        """Hang up."""
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*self._tasks)

    async def _receive(self, reader: asyncio.StreamReader) -> None:
        async for name, body in read_frames(reader):
            self._hear(name, body)


class BrokerWay:
    """One client of a broker that speaks for all lockers; all over TLS, at least once.

    Real lockers have a connection each: what that costs the broker is not measured here.
    """

    def __init__(self, hear: Hear, address: str, loop: asyncio.AbstractEventLoop) -> None:
        parts = urlsplit(address)
        folder = Path(parts.path)
        self._host, self._port = parts.hostname or "localhost", parts.port or 8883
        self._hear = hear
        self._loop = loop
        self._came: deque[tuple[str, bytes]] = deque()
        self._is_told = False
        self._is_subscribed = threading.Event()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=GENERATOR, protocol=paho.MQTTv5
        )
        self._client.tls_set(
            str(folder / "ca.crt"), str(folder / "generator.crt"), str(folder / "generator.key")
        )
        self._client.max_queued_messages_set(0)
        self._client.on_message = self._take
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: self._is_subscribed.set()

    def open(self) -> None:
        """Connect and subscribe."""
        self._client.connect(self._host, self._port)
        self._client.loop_start()
        if not self._is_subscribed.wait(_CONNECT_SECONDS_MAX):
            raise TimeoutError("the broker does not answer")

    def send(self, locker: str, body: bytes) -> None:
        """Bring a message to the broker."""
        kind = kind_of(body)
        expiry = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        expiry.MessageExpiryInterval = 120
        topic = event_topic(NETWORK, locker, kind)
        self._client.publish(topic, body, qos=1, properties=expiry)

    async def close(self) -> None:
        """Hang up."""
        await asyncio.to_thread(self._client.disconnect)
        await asyncio.to_thread(self._client.loop_stop)

    def _subscribe(self, client: paho.Client, *_: object) -> None:
        client.subscribe(order_topic(NETWORK, "+", "+"), qos=1)

    def _take(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        place = find_place(NETWORK, message.topic)
        if place is None:
            return
        self._came.append((place.locker, bytes(message.payload)))
        if not self._is_told:
            self._is_told = True
            self._loop.call_soon_threadsafe(self._hear_all)

    def _hear_all(self) -> None:
        self._is_told = False
        while self._came:
            self._hear(*self._came.popleft())
