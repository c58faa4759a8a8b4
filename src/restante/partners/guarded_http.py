"""HTTP to receivers that partners named: to checked addresses only, with limits on everything.

G1. A name is resolved when a connection is made, every address it has is checked, and the
    connection goes to one of exactly those; nothing resolves it a second time. TLS and the header
    ``Host`` keep the name.
G2. No redirect is followed, no proxy of the environment is used.
G3. Time, header and body of an answer are bounded; of a body nothing is kept.

One client serves one event loop.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeAlias

import httpcore

from .public_address import Allowance, BadAddress, Target, check_addresses, check_url
from .webhook import Answer

TIMEOUT_SECONDS: Final = 15.0
"""For a whole exchange, connecting and resolving included; the standard says 15 to 30."""

BODY_BYTES_MAX: Final = 4_096
"""Read of an answer, so that the connection can be used again; a longer one is hung up on."""

IDLE_SECONDS: Final = 30.0
"""How long a connection is kept for the next message."""

IDLE_MAX: Final = 8
"""Connections kept for one receiver."""

POOLS_MAX: Final = 2_000
"""Receivers whose connections are kept."""

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
        self._pools: dict[tuple[str, str, int], httpcore.AsyncConnectionPool] = {}

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
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            return Answer(0, _explain(error))

    async def close(self) -> None:
        """Hang up everywhere."""
        pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            await pool.aclose()
        if self._own is not None:
            self._own.close()

    async def _exchange(self, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        pool = await self._pool(target)
        host = f"[{target.host}]" if ":" in target.host else target.host
        url = httpcore.URL(
            scheme=target.scheme.encode(),
            host=host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        sent = [(b"user-agent", b"restante-webhooks/1")]
        sent += [(name.encode(), content.encode()) for name, content in headers.items()]
        async with pool.stream("POST", url, headers=sent, content=body) as response:
            read = 0
            async for chunk in response.aiter_stream():
                read += len(chunk)
                if read > BODY_BYTES_MAX:
                    break
            told = {name.lower(): content for name, content in response.headers}
            patience = told.get(b"retry-after", b"")[:64].decode("latin-1")
            return Answer(response.status, retry_after=patience)

    async def _pool(self, target: Target) -> httpcore.AsyncConnectionPool:
        # One for each receiver: what waits in one delays nobody in another.
        pool = self._pools.get(target.origin)
        if pool is None:
            await self._make_room()
            pool = self._pools[target.origin] = httpcore.AsyncConnectionPool(
                ssl_context=self._trust,
                max_connections=None,
                max_keepalive_connections=IDLE_MAX,
                keepalive_expiry=IDLE_SECONDS,
                network_backend=_CheckedNetwork(target, self._resolve, self._allowance),
            )
        return pool

    async def _make_room(self) -> None:
        if len(self._pools) < POOLS_MAX:
            return
        for origin, pool in list(self._pools.items()):
            if all(connection.is_idle() for connection in pool.connections):
                del self._pools[origin]
                await pool.aclose()
                return


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to one receiver, wherever its name leads now, if it may (G1)."""

    def __init__(self, target: Target, resolve: Resolve, allowance: Allowance) -> None:
        self._target = target
        self._resolve = resolve
        self._allowance = allowance
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - the checked target is what counts
        port: int,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ASYNC109 - the library's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check every address, connect to the first that answers."""
        target = self._target
        try:
            resolved = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError):
            raise BadAddress("its name has no address") from None
        failure: Exception = httpcore.ConnectError("no address answers")
        for address in check_addresses(target, resolved, self._allowance):
            try:
                return await self._sockets.connect_tcp(
                    address, target.port, timeout, local_address, socket_options
                )
            except httpcore.NetworkError as error:
                failure = error
        raise failure

    async def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> Any:
        """Refuse: receivers are on the Internet."""
        raise BadAddress(f"{path} is not a receiver")

    async def sleep(self, seconds: float) -> None:
        """Wait, as the library asks between its own tries."""
        await asyncio.sleep(seconds)


def _explain(error: Exception) -> str:
    match error:
        case httpcore.ConnectError():
            cause: BaseException | None = error
            while cause is not None and not isinstance(cause, ssl.SSLError):
                cause = cause.__cause__ or cause.__context__
            if isinstance(cause, ssl.SSLCertVerificationError):
                return f"its certificate is not accepted: {cause.verify_message}"
            return "nobody answers at its address" if cause is None else "TLS was not agreed on"
        case httpcore.RemoteProtocolError():
            return "its answer is not HTTP, or it hung up"
        case _:
            return f"the connection failed: {type(error).__name__}"
