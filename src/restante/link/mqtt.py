"""The link between machines: MQTT 5 over TLS, through a broker that is not trusted.

Carries the bytes of :mod:`.session` and nothing more. A broker may lose, double, delay or reorder
them, or die: what counts as safe is the signed acknowledgement of the session, never the broker's
own. Both ends prove who they are with a certificate; its common name is the client id.

Blocking work of an end (journal, database) runs in threads, one thread at a time for each end;
the event loop only moves bytes. No other module knows MQTT.
"""

import asyncio
import contextlib
import logging
import random
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import aiomqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from ..clock import Clock
from ..core.ids import LockerId
from ..core.value import DAY, Value
from .lines import OFFLINE, ONLINE, FindEnds, Letter, Lines, Send, cancel
from .memory import LinkEnd
from .message import MESSAGE_BYTES_MAX
from .topics import check_name, event_topic, find_place, kind_of, order_topic, state_topic

SHARE_NAME: Final = "centre"
"""Centre processes that share the lockers' messages: each message goes to one of them."""

RECEIVE_MAX: Final = 20
"""Messages a broker may have under way to one client."""

_REFUSED_FROM: Final = 0x80
"""MQTT 5 reason codes from here on are failures."""

_log = structlog.get_logger(__name__)
_library_log = logging.getLogger("restante.mqtt")
_library_log.setLevel(logging.ERROR)


EXPIRY_SECONDS: Final = MappingProxyType(
    {
        "hello": 120,
        "report": 600,
        "heartbeat": 120,
        "ack": 600,
        "list": 600,
        "time": 30,
        "order": 60,
        "configuration": 600,
    }
)


class BadAccess(Exception):
    """Certificate or key cannot be used; the message names the file."""


class BrokerAccess(Value):
    """Where the broker is, and what proves who we are."""

    host: str
    port: int
    network: str
    """Which network's topics."""
    name: str
    """Client id, and common name of the certificate: a locker's own id at a locker."""
    ca_file: Path
    certificate_file: Path
    key_file: Path


class Timing(Value):
    """How long things take; what tests make short."""

    keepalive_seconds: int = 30
    session_expiry_seconds: int = 7 * DAY
    """How long the broker keeps messages for a locker that is away."""
    will_delay_seconds: int = 10
    """How long a locker may be gone before others are told."""
    retry_seconds_min: float = 1.0
    retry_seconds_max: float = 60.0
    locker_turn_seconds: float = 0.25
    """How soon a new fact is noticed."""
    centre_turn_seconds: float = 0.5
    """How soon a new list is noticed."""
    expiry_seconds: Mapping[str, int] = EXPIRY_SECONDS
    """After how long the broker drops a message; all are repeated as long as they matter, except
    the time, which is wrong when late."""


def make_retry_pause(timing: Timing, failure_count: int, chance: random.Random) -> float:
    """Say how many seconds to wait after some failures in a row: doubling, with jitter."""
    doubled: float = timing.retry_seconds_min * 2 ** min(failure_count - 1, 16)
    return min(doubled, timing.retry_seconds_max) * chance.uniform(0.5, 1.0)


Talk: TypeAlias = Callable[[aiomqtt.Client], Awaitable[None]]


class _Connection:
    """Connects, again and again, until it is told to stop."""

    def __init__(self, access: BrokerAccess, timing: Timing, chance: random.Random) -> None:
        check_name(access.network)
        check_name(access.name)
        self.access = access
        self.timing = timing
        self._chance = chance
        self._tls = _make_tls(access)
        self.is_up = False
        """Whether there is a connection now."""

    async def keep(
        self,
        talk: Talk,
        *,
        stop: asyncio.Event,
        session_expiry_seconds: int,
        will: aiomqtt.Will | None = None,
    ) -> None:
        """Talk whenever there is a connection, until ``stop`` is set."""
        failures = 0
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            connected_at = None
            try:
                async with self._make_client(session_expiry_seconds, will) as client:
                    connected_at = loop.time()
                    _log.info("broker connected", broker=self.access.host, name=self.access.name)
                    self.is_up = True
                    await talk(client)
            except aiomqtt.MqttError as error:
                _log.warning("broker not reached", broker=self.access.host, error=str(error))
            except Exception:  # noqa: BLE001 - a full disk today must not cut the line for ever
                _log.exception("the link broke off", name=self.access.name)
            self.is_up = False
            # Two clients of one name throw each other out: a short stay is a failure too.
            stayed = 0.0 if connected_at is None else loop.time() - connected_at
            failures = 1 if stayed > self.timing.retry_seconds_max else failures + 1
            pause = make_retry_pause(self.timing, failures, self._chance)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stop.wait()

    def _make_client(self, expiry_seconds: int, will: aiomqtt.Will | None) -> aiomqtt.Client:
        properties = _make_properties(
            PacketTypes.CONNECT,
            SessionExpiryInterval=expiry_seconds,
            ReceiveMaximum=RECEIVE_MAX,
            MaximumPacketSize=MESSAGE_BYTES_MAX + 4096,
        )
        client = aiomqtt.Client(
            self.access.host,
            self.access.port,
            identifier=self.access.name,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=expiry_seconds == 0,
            keepalive=self.timing.keepalive_seconds,
            properties=properties,
            tls_context=self._tls,
            will=will,
            logger=_library_log,
        )
        client.pending_calls_threshold = 10_000
        return client

    def expiry(self, kind: str) -> Properties:
        """Make the property that lets the broker drop a message that comes too late."""
        seconds = self.timing.expiry_seconds[kind]
        return _make_properties(PacketTypes.PUBLISH, MessageExpiryInterval=seconds)


class LockerMqtt:
    """A locker's way to the centre.

    Parameters
    ----------
    end
        What talks; called in threads.
    lock
        Held around every call of ``end``: whatever else uses the locker's controller holds it too.
    chance
        Spreads the attempts of many lockers after an outage.
    """

    def __init__(
        self,
        end: LinkEnd,
        *,
        access: BrokerAccess,
        clock: Clock,
        chance: random.Random,
        lock: AbstractContextManager[Any],
        timing: Timing | None = None,
    ) -> None:
        self._end = end
        self._clock = clock
        self._lock = lock
        self._connection = _Connection(access, timing or Timing(), chance)
        self._state_topic = state_topic(access.network, access.name)
        self._is_moved = asyncio.Event()
        self.dropped_count = 0
        """Messages that were left in places where none belong."""

    @property
    def is_connected(self) -> bool:
        """Whether the broker is there."""
        return self._connection.is_up

    async def run(self, stop: asyncio.Event) -> None:
        """Carry messages until ``stop`` is set."""

        async def talk(client: aiomqtt.Client) -> None:
            await self._talk(client, stop)

        timing = self._connection.timing
        will_properties = _make_properties(
            PacketTypes.WILLMESSAGE, WillDelayInterval=timing.will_delay_seconds
        )
        await self._connection.keep(
            talk,
            stop=stop,
            session_expiry_seconds=timing.session_expiry_seconds,
            will=aiomqtt.Will(self._state_topic, OFFLINE, 1, True, will_properties),
        )

    async def _talk(self, client: aiomqtt.Client, stop: asyncio.Event) -> None:
        access = self._connection.access
        await _subscribe(client, order_topic(access.network, access.name, "+"))
        await client.publish(self._state_topic, ONLINE, qos=1, retain=True)
        await asyncio.to_thread(self._tell_connected)
        try:
            await _race(self._receive(client), self._send(client), _wait_for(stop))
        finally:
            await asyncio.to_thread(self._tell_disconnected)
        await client.publish(self._state_topic, OFFLINE, qos=1, retain=True)

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            body = _body_of(message)
            if body is None or message.retain:
                self.dropped_count += 1
                continue
            await asyncio.to_thread(self._take, body)
            self._is_moved.set()

    async def _send(self, client: aiomqtt.Client) -> None:
        access = self._connection.access
        while True:
            self._is_moved.clear()
            for body in await asyncio.to_thread(self._outgoing):
                kind = kind_of(body)
                await client.publish(
                    event_topic(access.network, access.name, kind),
                    body,
                    qos=1,
                    properties=self._connection.expiry(kind),
                )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._connection.timing.locker_turn_seconds):
                    await self._is_moved.wait()

    def _tell_connected(self) -> None:
        with self._lock:
            self._end.connected(self._clock.now())

    def _tell_disconnected(self) -> None:
        with self._lock:
            self._end.disconnected()

    def _take(self, body: bytes) -> None:
        with self._lock:
            self._end.receive(body, self._clock.now())

    def _outgoing(self) -> list[bytes]:
        with self._lock:
            return self._end.outgoing(self._clock.now())


class CentreMqtt:
    """The centre's way to all lockers of its network.

    Several processes may run one, each with a certificate of its own: every message of a locker
    reaches one of them.

    Parameters
    ----------
    find_end
        Finds the end of a locker, ``None`` when nobody registered it; called in threads.
    find_ends
        Finds those of many at once: a network greets together after an outage.
    """

    def __init__(
        self,
        find_end: Callable[[LockerId], LinkEnd | None],
        *,
        access: BrokerAccess,
        clock: Clock,
        chance: random.Random,
        timing: Timing | None = None,
        find_ends: FindEnds | None = None,
    ) -> None:
        self._connection = _Connection(access, timing or Timing(), chance)
        self._lines = Lines(find_end, clock, find_ends=find_ends)
        self.received_count = 0
        """Messages of lockers that reached this process."""
        self._stray_count = 0

    @property
    def is_connected(self) -> bool:
        """Whether the broker is there."""
        return self._connection.is_up

    @property
    def dropped_count(self) -> int:
        """Messages that came from nobody known, or faster than they could be taken in."""
        return self._stray_count + self._lines.dropped_count

    @property
    def lockers_online(self) -> frozenset[LockerId]:
        """Lockers that are there, as far as this process has heard."""
        return self._lines.lockers_online

    async def run(self, stop: asyncio.Event) -> None:
        """Carry messages until ``stop`` is set. One run for each object."""

        async def talk(client: aiomqtt.Client) -> None:
            await self._talk(client, stop)

        try:
            # The broker keeps nothing for a centre that is away: it would give messages to a
            # process that is gone instead of to another one. Lockers repeat theirs.
            await self._connection.keep(talk, stop=stop, session_expiry_seconds=0)
        finally:
            await self._lines.close()

    async def _talk(self, client: aiomqtt.Client, stop: asyncio.Event) -> None:
        network = self._connection.access.network
        await _subscribe(client, f"$share/{SHARE_NAME}/{event_topic(network, '+', '+')}")
        await _subscribe(client, state_topic(network, "+"), has_retained=True)
        try:
            turns = self._lines.take_turns(
                self._sender(client), self._connection.timing.centre_turn_seconds
            )
            await _race(self._receive(client), turns, _wait_for(stop))
        finally:
            await self._lines.hang_up()

    async def _receive(self, client: aiomqtt.Client) -> None:
        network = self._connection.access.network
        send = self._sender(client)
        async for message in client.messages:
            place = find_place(network, str(message.topic))
            body = _body_of(message)
            if place is None or body is None or (message.retain and place.branch != "state"):
                self._stray_count += 1
                continue
            self.received_count += place.branch == "evt"
            self._lines.put(place.locker, Letter(place.branch, body), send)

    def _sender(self, client: aiomqtt.Client) -> Send:
        network = self._connection.access.network

        async def send(locker: LockerId, said: list[bytes]) -> None:
            for body in said:
                kind = kind_of(body)
                topic = order_topic(network, locker, kind)
                expiry = self._connection.expiry(kind)
                try:
                    await client.publish(topic, body, qos=1, properties=expiry)
                except aiomqtt.MqttError as error:
                    # It is said again: everything here is repeated until it is answered.
                    _log.warning("not sent", locker=locker, kind=kind, error=str(error))
                    return

        return send


def _make_tls(access: BrokerAccess) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(access.ca_file))
    except OSError as error:
        raise BadAccess(f"{access.ca_file}: no certificate of an authority: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(access.certificate_file, access.key_file)
    except OSError as error:
        raise BadAccess(
            f"{access.certificate_file}, {access.key_file}: no certificate with its key: {error}"
        ) from error
    return context


def _make_properties(packet_type: int, **values: int) -> Properties:
    properties = Properties(packet_type)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return properties


async def _subscribe(client: aiomqtt.Client, topic: str, *, has_retained: bool = False) -> None:
    handling = (
        SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE
        if has_retained
        else SubscribeOptions.RETAIN_DO_NOT_SEND
    )
    options = SubscribeOptions(qos=1, retainAsPublished=not has_retained, retainHandling=handling)
    codes = await client.subscribe(topic, options=options)
    for code in codes:
        if (code.value if isinstance(code, ReasonCode) else code) >= _REFUSED_FROM:
            raise aiomqtt.MqttError(f"the broker does not let us read {topic}: {code}")


def _body_of(message: aiomqtt.Message) -> bytes | None:
    return message.payload if len(message.payload) <= MESSAGE_BYTES_MAX else None


async def _wait_for(stop: asyncio.Event) -> None:
    await stop.wait()


async def _race(*works: Coroutine[Any, Any, None]) -> None:
    """Run all until the first ends, then end the others."""
    tasks = {asyncio.create_task(work) for work in works}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await cancel(tasks)
