"""HTTP to receivers that partners named: to checked addresses only, with limits on everything.

G1. A name is resolved when a connection is made, every address it has is checked, and the
    connection goes to one of exactly those; nothing resolves it a second time. TLS and the header
    ``Host`` keep the name.
G2. No redirect is followed, no proxy of the environment is used.
G3. Time, header and body of an answer are bounded; of a body nothing is kept.

One client serves one event loop. HTTP itself is h11's business; a general client's pool would
look at every open connection for every message, which took most of the time (measured).
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeAlias

import h11

from .public_address import Allowance, BadAddress, Target, check_addresses, check_url
from .webhook import Answer

TIMEOUT_SECONDS: Final = 15.0
"""For a whole exchange, connecting and resolving included; the standard says 15 to 30."""

BODY_BYTES_MAX: Final = 4_096
"""Read of an answer, so that the connection can be used again; a longer one is hung up on."""

IDLE_SECONDS: Final = 30.0
"""How long a connection is kept for the next message."""

IDLE_MAX: Final = 2_000
"""Connections kept in all."""

HEADER_BYTES_MAX: Final = 16_384
INTERIM_MAX: Final = 5
"""Interim answers (1xx) before the real one."""

_READ_BYTES: Final = 8_192

RESOLVERS: Final = 32
"""Names resolved at once: the system's resolver blocks a thread each."""

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to addresses; raises ``OSError`` when there are none."""


class SystemResolver:
    """Asks the system's resolver, in threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="webhook-resolver")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Find all addresses of a host."""
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [str(address[0]) for _, _, _, _, address in found]

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class GuardedClient:
    """Posts to receivers.

    Parameters
    ----------
    allowance
        What an operator allows.
    resolve
        Finds a host's addresses; the system's resolver when left out.
    trust
        Whose certificates are believed; the system's authorities when left out.
    """

    def __init__(
        self,
        allowance: Allowance,
        *,
        resolve: Resolve | None = None,
        trust: ssl.SSLContext | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._allowance = allowance
        self._own = SystemResolver() if resolve is None else None
        self._resolve: Resolve = resolve or self._own  # type: ignore[assignment]
        self._trust = trust or ssl.create_default_context()
        self._timeout_seconds = timeout_seconds
        self._idle: dict[tuple[str, str, int], list[_Line]] = {}
        self._idle_count = 0

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post a body; whatever goes wrong is an answer without a code."""
        try:
            target = check_url(url, self._allowance)
            async with asyncio.timeout(self._timeout_seconds):
                return await self._exchange(target, headers, body)
        except BadAddress as error:
            return Answer(0, f"not allowed: {error}")
        except TimeoutError:
            return Answer(0, f"no answer within {self._timeout_seconds:g} s")
        except (h11.ProtocolError, _HungUp):
            return Answer(0, "its answer is not HTTP, or it hung up")
        except OSError as error:
            return Answer(0, _explain(error))

    async def close(self) -> None:
        """Hang up everywhere."""
        for lines in self._idle.values():
            for line in lines:
                line.close()
        self._idle.clear()
        if self._own is not None:
            self._own.close()

    async def _exchange(self, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        line = self._find_idle(target)
        if line is not None:
            try:
                return await self._talk(line, target, headers, body)
            except _HungUp:
                # It had hung up before it heard us; that is no answer to anything.
                pass
        return await self._talk(await self._connect(target), target, headers, body)

    async def _talk(
        self, line: "_Line", target: Target, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        try:
            answer = await line.post(target, headers, body)
        except BaseException:
            line.close()
            raise
        if self._idle_count >= IDLE_MAX:
            self._close_stale()
        if line.is_usable_again() and self._idle_count < IDLE_MAX:
            line.idle_since = time.monotonic()
            self._idle.setdefault(target.origin, []).append(line)
            self._idle_count += 1
        else:
            line.close()
        return answer

    def _find_idle(self, target: Target) -> "_Line | None":
        lines = self._idle.get(target.origin, [])
        found = None
        while lines and found is None:
            line = lines.pop()
            self._idle_count -= 1
            if line.is_open() and time.monotonic() - line.idle_since < IDLE_SECONDS:
                found = line
            else:
                line.close()
        if not lines:
            self._idle.pop(target.origin, None)
        return found

    def _close_stale(self) -> None:
        oldest = time.monotonic() - IDLE_SECONDS
        for origin, lines in list(self._idle.items()):
            kept = [line for line in lines if line.idle_since > oldest and line.is_open()]
            for line in lines:
                if line not in kept:
                    line.close()
            self._idle_count -= len(lines) - len(kept)
            self._idle[origin] = kept

    async def _connect(self, target: Target) -> "_Line":
        """Connect to wherever a name leads now, if all of it may be spoken to (G1)."""
        try:
            resolved = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError):
            raise BadAddress("its name has no address") from None
        failure: OSError | None = None
        for address in check_addresses(target, resolved, self._allowance):
            try:
                is_tls = target.scheme == "https"
                reader, writer = await asyncio.open_connection(
                    address,
                    target.port,
                    ssl=self._trust if is_tls else None,
                    server_hostname=target.host if is_tls else None,
                )
            except OSError as error:
                failure = error
            else:
                return _Line(reader, writer)
        raise failure or OSError()


class _HungUp(Exception):
    """The other side closed the line before it answered."""


class _Line:
    """One connection, used for one message after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEADER_BYTES_MAX)
        self.idle_since = 0.0

    def is_open(self) -> bool:
        """Whether the other side has not hung up meanwhile."""
        return not (self._writer.is_closing() or self._reader.at_eof())

    def is_usable_again(self) -> bool:
        """Whether the exchange is over and the line may carry another one."""
        is_done = self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE
        if is_done:
            self._protocol.start_next_cycle()
        return is_done and self.is_open()

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a body and read the answer."""
        host = f"[{target.host}]" if ":" in target.host else target.host
        sent = {
            "host": f"{host}:{target.port}",
            "user-agent": "restante-webhooks/1",
            "content-length": str(len(body)),
            **headers,
        }
        request = h11.Request(method="POST", target=target.path, headers=list(sent.items()))
        parts = [
            self._protocol.send(request),
            self._protocol.send(h11.Data(data=body)),
            self._protocol.send(h11.EndOfMessage()),
        ]
        try:
            self._writer.write(b"".join(part for part in parts if part))
            return await self._read_answer()
        except ConnectionError:
            raise _HungUp from None

    async def _read_answer(self) -> Answer:
        answer: Answer | None = None
        is_silent = True
        interim_count = read = 0
        while True:
            event = self._protocol.next_event()
            if event is h11.NEED_DATA:
                received = await self._reader.read(_READ_BYTES)
                if not received and is_silent:
                    raise _HungUp
                is_silent = False
                self._protocol.receive_data(received)
            elif isinstance(event, h11.InformationalResponse):
                interim_count += 1
                if interim_count > INTERIM_MAX:
                    raise _HungUp
            elif isinstance(event, h11.Response):
                told = dict(event.headers)
                patience = told.get(b"retry-after", b"")[:64].decode("latin-1")
                answer = Answer(event.status_code, retry_after=patience)
            elif isinstance(event, h11.Data):
                read += len(event.data)
                if read > BODY_BYTES_MAX and answer is not None:
                    return answer
            elif answer is not None:
                return answer
            else:
                raise _HungUp


def _explain(error: OSError) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not accepted: {error.verify_message}"
        case ssl.SSLError():
            return "TLS was not agreed on"
        case _:
            return "nobody answers at its address"
