"""Nothing that a partner writes into a URL makes us connect to a private address.

Connections are counted where they are made: by the interpreter's own audit of every socket.
"""

import asyncio
import datetime as dt
import ssl
import sys
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from restante.partners.guarded_http import GuardedClient
from restante.partners.public_address import (
    Allowance,
    BadAddress,
    Target,
    check_addresses,
    check_url,
    is_public,
)
from restante.partners.webhook import Answer

NOTHING = Allowance()
TRUST = ssl.create_default_context()
PUBLIC = "93.184.216.34"

HOSTILE_URLS = """\
https://127.0.0.1/
https://127.1/
https://127.0.1/
https://2130706433/
https://0x7f000001/
https://0x7f.0x0.0x0.0x1/
https://0x7f.1/
https://0177.0.0.1/
https://017700000001/
https://127.0.0.1.:443/
https://0/
https://0.0.0.0/
https://10.0.0.1/
https://10.255.255.255:8443/
https://100.64.0.1/
https://100.100.100.200/latest/meta-data/
https://169.254.169.254/latest/meta-data/
https://169.254.170.2/v2/credentials
https://0xa9fea9fe/
https://2852039166/
https://168.63.129.16/
https://172.16.0.1/
https://172.31.255.254/
https://192.0.0.192/
https://192.0.2.1/
https://192.88.99.1/
https://192.168.1.1/
https://198.18.0.1/
https://198.51.100.7/
https://203.0.113.7/
https://224.0.0.1/
https://239.255.255.250/
https://240.0.0.1/
https://255.255.255.255/
https://[::1]/
https://[::]/
https://[0:0:0:0:0:0:0:1]/
https://[::ffff:127.0.0.1]/
https://[::ffff:7f00:1]/
https://[::ffff:169.254.169.254]/
https://[::127.0.0.1]/
https://[64:ff9b::7f00:1]/
https://[64:ff9b::a9fe:a9fe]/
https://[64:ff9b:1::1]/
https://[2002:7f00:1::]/
https://[2002:a9fe:a9fe::]/
https://[2001::1]/
https://[2001:db8::1]/
https://[fe80::1]/
https://[fe80::1%25eth0]/
https://[::1%25lo]/
https://[fc00::1]/
https://[fd00:ec2::254]/
https://[fd20:ce::254]/
https://[fec0::1]/
https://[ff02::1]/
https://[3fff::1]/
https://[100::1]/
https://localhost/
https://LOCALHOST/
https://localhost./
https://intranet/
https://127.0.0.1@example.com/
https://example.com@127.0.0.1/
https://example.com:443@127.0.0.1/
https://user:secret@example.com/
https://example.com#@127.0.0.1/
https://example.com\\@127.0.0.1/
https://127。0。0。1/
https://①②⑦.⓪.⓪.①/
https://ⅼocalhost/
https://exa%6dple.com/
https://%31%32%37.0.0.1/
https://example.com\t.127.0.0.1/
https:// 127.0.0.1/
https://example..com/
https://-example.com/
https://example.com:22/
https://example.com:80/
https://example.com:0/
https://example.com:99999/
https://example.com:443x/
https:///etc/passwd
http://example.com/
http://169.254.169.254/
ftp://example.com/
file:///etc/passwd
gopher://127.0.0.1:6379/_
javascript:alert(1)
//127.0.0.1/
127.0.0.1
https:127.0.0.1
https://[::1
""".splitlines()

PRIVATE_ANSWERS = [
    ["127.0.0.1"],
    ["10.1.2.3"],
    ["169.254.169.254"],
    ["::1"],
    ["::ffff:127.0.0.1"],
    ["fd00:ec2::254"],
    ["fe80::1%lo"],
    ["64:ff9b::7f00:1"],
    ["2002:7f00:1::"],
    ["100.64.0.1"],
    ["0.0.0.0"],
    ["224.0.0.1"],
    [PUBLIC, "127.0.0.1"],
    ["127.0.0.1", PUBLIC],
    [PUBLIC, "2606:4700::1", "::1"],
    ["not an address"],
    [],
]

_made: list[str] = []
_is_watching = False


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and _is_watching:
        address = arguments[1]
        if isinstance(address, tuple):
            _made.append(str(address[0]))


sys.addaudithook(_watch)


@pytest.fixture
def connects() -> Iterator[list[str]]:
    """Every address a socket of this process was told to connect to."""
    global _is_watching  # noqa: PLW0603 - an audit hook is for ever
    _made.clear()
    _is_watching = True
    yield _made
    _is_watching = False


class Rebinding:
    """A name server of an attacker: a public address first, then a private one."""

    def __init__(self, answers: Sequence[Sequence[str]]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def resolve_as_the_system_does(host: str, port: int) -> Sequence[str]:
    """Read all the odd spellings that the system reads as addresses; names are our own machine."""
    import socket

    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return ["127.0.0.1"]
    return [str(one[4][0]) for one in found]


class Receiver:
    """A plain receiver on the loopback that answers every request with the same bytes."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.connections = 0

    async def start(self, trust: ssl.SSLContext | None = None) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=trust)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.lower().split(b"\r\n")
                length = next(int(x[15:]) for x in lines if x.startswith(b"content-length:"))
                body = await reader.readexactly(length)
                self.requests.append(head + body)
                writer.write(self.answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(set(HOSTILE_URLS)) >= 60


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_a_hostile_url_is_refused_and_nothing_connects(url: str, connects: list[str]) -> None:
    with pytest.raises(BadAddress) as refused:
        check_url(url, NOTHING)
    assert str(refused.value)

    async def post() -> Answer:
        client = GuardedClient(NOTHING, trust=TRUST, resolve=resolve_as_the_system_does)
        try:
            return await client.post(url, {}, b"{}")
        finally:
            await client.close()

    assert asyncio.run(post()).code == 0
    assert connects == []


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_behind_the_reading_of_urls_stands_the_check_of_addresses(url: str) -> None:
    from urllib.parse import urlsplit

    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return
    addresses = asyncio.run(resolve_as_the_system_does(host, 443))
    target = Target("https", host, 443, "/")
    with pytest.raises(BadAddress):
        check_addresses(target, addresses, NOTHING)


@pytest.mark.parametrize("answers", PRIVATE_ANSWERS, ids=str)
def test_a_name_with_one_private_address_is_not_connected_to(
    answers: list[str], connects: list[str]
) -> None:
    async def post() -> Answer:
        client = GuardedClient(NOTHING, trust=TRUST, resolve=Rebinding([answers]))
        try:
            return await client.post("https://hooks.example.com/in", {}, b"{}")
        finally:
            await client.close()

    answer = asyncio.run(post())
    assert answer.code == 0
    assert "not allowed" in answer.error
    assert not any(one in answer.error for one in answers)
    assert connects == []


def test_a_name_that_changes_after_it_was_checked_is_checked_again(connects: list[str]) -> None:
    rebinding = Rebinding([[PUBLIC], ["127.0.0.1"]])
    target = check_url("https://hooks.example.com/in", NOTHING)

    async def post() -> Answer:
        addresses = await rebinding(target.host, target.port)
        check_addresses(target, addresses, NOTHING)
        client = GuardedClient(NOTHING, trust=TRUST, resolve=rebinding)
        try:
            return await client.post("https://hooks.example.com/in", {}, b"{}")
        finally:
            await client.close()

    assert asyncio.run(post()).error.startswith("not allowed")
    assert rebinding.asked == 2
    assert connects == []


def test_a_connection_goes_to_the_checked_address_and_the_name_is_asked_once(
    connects: list[str],
) -> None:
    rebinding = Rebinding([["127.0.0.1"], ["127.0.0.9"]])

    async def post() -> tuple[Answer, list[bytes]]:
        receiver = Receiver()
        port = await receiver.start()
        allowance = Allowance(private_hosts=frozenset({"hooks.test"}))
        client = GuardedClient(allowance, resolve=rebinding)
        answer = await client.post(f"http://hooks.test:{port}/in?x=1", {"webhook-id": "m"}, b"{}")
        await client.close()
        await receiver.stop()
        return answer, receiver.requests

    answer, requests = asyncio.run(post())
    assert answer.code == 200
    assert rebinding.asked == 1
    assert connects == ["127.0.0.1"]
    assert requests[0].startswith(b"POST /in?x=1 HTTP/1.1\r\n")
    assert b"host: hooks.test:" in requests[0].lower()


def test_tls_is_with_the_name_and_not_with_the_address(tmp_path: Path) -> None:
    server, trust = make_certificate(tmp_path, "hooks.test")

    async def post(name: str) -> Answer:
        receiver = Receiver()
        port = await receiver.start(server)
        allowance = Allowance(private_hosts=frozenset({name}))
        client = GuardedClient(allowance, resolve=Rebinding([["127.0.0.1"]]), trust=trust)
        answer = await client.post(f"https://{name}:{port}/", {}, b"{}")
        await client.close()
        await receiver.stop()
        return answer

    assert asyncio.run(post("hooks.test")).code == 200
    other = asyncio.run(post("other.test"))
    assert other.code == 0
    assert "certificate" in other.error


@pytest.mark.parametrize(
    "location", ["https://169.254.169.254/", "http://127.0.0.1:6379/", "//127.0.0.1/", "/again"]
)
def test_a_redirect_is_an_answer_and_is_not_followed(location: str, connects: list[str]) -> None:
    head = f"HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"

    async def post() -> tuple[Answer, int]:
        receiver = Receiver(head.encode())
        port = await receiver.start()
        allowance = Allowance(private_hosts=frozenset({f"127.0.0.1:{port}"}))
        client = GuardedClient(allowance)
        answer = await client.post(f"http://127.0.0.1:{port}/", {}, b"{}")
        await client.close()
        await receiver.stop()
        return answer, len(receiver.requests)

    answer, count = asyncio.run(post())
    assert (answer.code, count) == (302, 1)
    assert len(connects) == 1


def test_an_environment_with_a_proxy_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, connects: list[str]
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.77:3128")

    async def post() -> Answer:
        receiver = Receiver()
        port = await receiver.start()
        client = GuardedClient(Allowance(private_hosts=frozenset({"127.0.0.1"})))
        answer = await client.post(f"http://127.0.0.1:{port}/", {}, b"{}")
        await client.close()
        await receiver.stop()
        return answer

    assert asyncio.run(post()).code == 200
    assert connects == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n" + b"x" * 70_000, 200),
        (b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 300_000 + b"\r\n\r\n", 0),
        (b"SSH-2.0-OpenSSH_9.6\r\n", 0),
        (b"HTTP/1.1 200 OK\r\n", 0),
        (b"HTTP/1.1 503 No\r\nretry-after: 17\r\ncontent-length: 0\r\n\r\n", 503),
    ],
)
def test_what_a_receiver_answers_is_bounded(answer: bytes, expected: int) -> None:
    async def post() -> Answer:
        receiver = Receiver(answer)
        port = await receiver.start()
        allowance = Allowance(private_hosts=frozenset({"127.0.0.1"}))
        client = GuardedClient(allowance, timeout_seconds=0.5)
        found = await client.post(f"http://127.0.0.1:{port}/", {}, b"{}")
        await client.close()
        await receiver.stop()
        return found

    found = asyncio.run(post())
    assert found.code == expected
    assert bool(found.error) == (expected == 0)
    assert found.retry_after == ("17" if expected == 503 else "")


def test_connections_are_kept_for_the_next_message() -> None:
    async def post() -> int:
        receiver = Receiver()
        port = await receiver.start()
        client = GuardedClient(Allowance(private_hosts=frozenset({"127.0.0.1"})))
        for _ in range(5):
            assert (await client.post(f"http://127.0.0.1:{port}/", {}, b"{}")).code == 200
        await client.close()
        await receiver.stop()
        return receiver.connections

    assert asyncio.run(post()) == 1


def test_public_addresses_are_public() -> None:
    for address in (PUBLIC, "1.1.1.1", "8.8.8.8", "2606:4700::1111", "64:ff9b::101:101"):
        assert is_public(address)
    for url in ("https://example.com/hook?a=b", "https://1.1.1.1:8443/", "https://[2606:4700::1]/"):
        assert check_url(url, NOTHING).scheme == "https"


def test_python_knows_no_private_address_that_we_take_for_public() -> None:
    # An independent list: every address the standard library calls private is refused here.
    chosen = [f"{a}.{b}.{c}.1" for a in range(256) for b in range(256) for c in (0, 2, 100, 113)]
    chosen += [f"{a:x}:{b:x}::1" for a in range(0, 65_536, 257) for b in (0, 1, 0xDB8, 0x7F00)]
    private = [one for one in chosen if not ip_address(one).is_global]
    assert len(private) > 2_000
    assert not [one for one in private if is_public(one)]


def make_certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make a receiver's certificate, and what believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "receiver.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))
