"""Who gets in at the broker, and what a locker's certificate reaches."""

import asyncio
import datetime
import gc
import socket
import ssl
import warnings
from pathlib import Path

import aiomqtt
import pytest

from restante.link.topics import BadName, event_topic, order_topic, state_topic
from restante.settings import BadSetting
from restante.wiring.broker import BrokerPlan, read_common_name, write_broker_files
from restante.wiring.line import make_access
from tests.link.broker import LOCKER, NETWORK, OTHER, Broker

NOW = datetime.datetime(2026, 11, 20, tzinfo=datetime.UTC)
TRUSTED = event_topic(NETWORK, LOCKER, "hello")


def refusal_of(broker: Broker, context: ssl.SSLContext) -> str:
    """Try to get in, and tell why it failed."""

    async def attempt() -> None:
        async with broker.client(LOCKER, tls_context=context, timeout=1):
            pass

    with warnings.catch_warnings():
        # The MQTT library leaves a connection that fails half-way to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        with pytest.raises(aiomqtt.MqttError) as refused:
            asyncio.run(attempt())
        reason = str(refused.value)
        del refused
        gc.collect()
    return reason


async def heard(client: aiomqtt.Client, count: int) -> list[str]:
    """Name the topics of the next messages."""
    topics: list[str] = []
    async with asyncio.timeout(10):
        async for message in client.messages:
            topics.append(str(message.topic))
            if len(topics) == count:
                break
    return topics


@pytest.mark.parametrize("wish", ["#", "+/#", "restante/v1/+/+/cmd/+", "$share/x/#"])
def test_a_locker_hears_nothing_that_is_not_for_it(broker: Broker, wish: str) -> None:
    async def story() -> list[str]:
        async with broker.client(LOCKER) as thief, broker.client("centre") as centre:
            await thief.subscribe(wish, qos=1)
            await thief.subscribe(order_topic(NETWORK, OTHER, "+"), qos=1)
            await thief.subscribe(order_topic(NETWORK, LOCKER, "+"), qos=1)
            async with broker.client(OTHER) as other:
                await other.publish(event_topic(NETWORK, OTHER, "report"), b"private", qos=1)
                await other.publish(state_topic(NETWORK, OTHER), b"here", qos=1, retain=True)
            await centre.publish(order_topic(NETWORK, OTHER, "list"), b"private", qos=1)
            await centre.publish(order_topic(NETWORK, LOCKER, "ack"), b"own", qos=1)
            return await heard(thief, 1)

    assert asyncio.run(story()) == [order_topic(NETWORK, LOCKER, "ack")]


def test_a_locker_can_say_nothing_in_anothers_name_or_as_the_centre(broker: Broker) -> None:
    forbidden = (
        event_topic(NETWORK, OTHER, "report"),
        state_topic(NETWORK, OTHER),
        order_topic(NETWORK, OTHER, "list"),
        order_topic(NETWORK, LOCKER, "list"),
        event_topic("other-net", LOCKER, "report"),
    )

    async def story() -> list[str]:
        async with (
            broker.client(LOCKER) as thief,
            broker.client(OTHER) as other,
            broker.client("centre") as centre,
        ):
            await centre.subscribe("#", qos=1)
            await other.subscribe(order_topic(NETWORK, OTHER, "+"), qos=1)
            for topic in forbidden:
                await thief.publish(topic, b"forged", qos=1)
            await thief.publish(TRUSTED, b"own", qos=1)
            await centre.publish(order_topic(NETWORK, OTHER, "ack"), b"last", qos=1)
            return [*await heard(centre, 1), *await heard(other, 1)]

    assert asyncio.run(story()) == [TRUSTED, order_topic(NETWORK, OTHER, "ack")]


def test_a_locker_cannot_take_the_place_of_another_by_its_client_id(broker: Broker) -> None:
    async def story() -> list[str]:
        async with broker.client(OTHER) as other:
            await other.subscribe(order_topic(NETWORK, OTHER, "+"), qos=1)
            async with broker.client(LOCKER, identifier=OTHER), broker.client("centre") as centre:
                await centre.publish(order_topic(NETWORK, OTHER, "ack"), b"", qos=1)
                return await heard(other, 1)

    assert asyncio.run(story()) == [order_topic(NETWORK, OTHER, "ack")]


def test_without_a_certificate_nobody_gets_in(broker: Broker) -> None:
    context = ssl.create_default_context(cafile=str(broker.folder / "ca.crt"))
    assert refusal_of(broker, context)
    assert "peer did not return a certificate" in broker.log()


def test_a_certificate_of_another_authority_is_refused(broker: Broker, tmp_path: Path) -> None:
    plan = BrokerPlan(network=NETWORK, host="localhost", lockers=(LOCKER,))
    write_broker_files(tmp_path / "forged", plan, now=datetime.datetime.now(datetime.UTC))
    context = ssl.create_default_context(cafile=str(broker.folder / "ca.crt"))
    forged = tmp_path / "forged" / LOCKER
    context.load_cert_chain(f"{forged}.crt", f"{forged}.key")
    assert refusal_of(broker, context)
    assert "certificate verify failed" in broker.log()


def test_a_broker_of_another_authority_is_not_spoken_to(broker: Broker, tmp_path: Path) -> None:
    plan = BrokerPlan(network=NETWORK, host="localhost")
    write_broker_files(tmp_path / "real", plan, now=datetime.datetime.now(datetime.UTC))
    context = ssl.create_default_context(cafile=str(tmp_path / "real" / "ca.crt"))
    context.load_cert_chain(broker.folder / f"{LOCKER}.crt", broker.folder / f"{LOCKER}.key")
    assert "certificate verify failed" in refusal_of(broker, context)


def test_without_tls_the_broker_says_nothing(broker: Broker) -> None:
    connect = bytes.fromhex("101000044d5154540502003c000003") + b"abc"
    with socket.create_connection(("localhost", broker.port), 5) as plain:
        plain.sendall(connect)
        plain.settimeout(5)
        try:
            answer = plain.recv(64)
        except ConnectionResetError:
            answer = b""
    assert not answer.startswith(b"\x20"), "a CONNACK without TLS"


def test_the_same_command_adds_a_locker_and_replaces_nothing(tmp_path: Path) -> None:
    plan = BrokerPlan(network=NETWORK, host="broker.example.org", lockers=("a",))
    first = write_broker_files(tmp_path, plan, now=NOW)
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    second = write_broker_files(tmp_path, plan._replace(lockers=("a", "b")), now=NOW)
    assert [path.name for path in first] == ["server.crt", "centre.crt", "a.crt"]
    assert [path.name for path in second] == ["b.crt"]
    assert all((tmp_path / name).read_bytes() == body for name, body in kept.items())
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.glob("*.key"))
    assert read_common_name(tmp_path / "b.crt") == "b"


@pytest.mark.parametrize("name", ["", "a/b", "+", "#", "a b", "%u", "x" * 65, "böx"])
def test_a_name_that_would_reach_further_gets_no_certificate(tmp_path: Path, name: str) -> None:
    plan = BrokerPlan(network=NETWORK, host="localhost", lockers=(name,))
    with pytest.raises(BadName):
        write_broker_files(tmp_path / "new", plan, now=NOW)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["centre", "server", "ca"])
def test_no_locker_gets_the_name_of_the_centre_or_the_broker(tmp_path: Path, name: str) -> None:
    plan = BrokerPlan(network=NETWORK, host="localhost", lockers=(name,))
    with pytest.raises(BadSetting, match="name of a centre"):
        write_broker_files(tmp_path, plan, now=NOW)


@pytest.mark.parametrize(
    "url",
    ["mqtt://localhost", "localhost:8883", "mqtts://", "mqtts://u:p@localhost", "mqtts://a:x"],
)
def test_an_address_that_is_not_tls_is_refused_with_what_is_right(broker: Broker, url: str) -> None:
    with pytest.raises(BadSetting):
        make_access(
            url,
            network=NETWORK,
            ca_file=broker.folder / "ca.crt",
            certificate_file=broker.folder / f"{LOCKER}.crt",
            key_file=broker.folder / f"{LOCKER}.key",
        )
