"""Every request has an id, in its answer and in every line that is logged for it.

Q1. The id is taken from a header only where the operator named one, because a proxy sets it; it is
    made here otherwise. It holds letters, digits, dots, dashes and underscores.
Q2. Ids of a parcel and a locker are bound beside it. Addresses are never logged whole: a
    recipient's link is a secret.
Q3. Logged are method, door, status and milliseconds. The API logs its own, with the operation.
"""

import re
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, TypeAlias

import structlog
from structlog.contextvars import bound_contextvars

Scope = Any
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PARCEL: Final = re.compile(r"/parcels/(p[0-9a-z]{20,32})(?:/|$)")
_LOCKER: Final = re.compile(r"/(?:lockers|kiosk)/([A-Za-z0-9._-]{1,64})(?:/|$)")
_QUIET: Final = frozenset({"static", "livez", "readyz", "metrics"})
_DOORS: Final = {"api": "api", "kiosk": "kiosk", "live": "stream", "static": "static"}
_OWN: Final = frozenset({"livez", "readyz", "metrics"})

_log = structlog.get_logger(__name__)


Watcher: TypeAlias = Callable[[str, str, int, float], None]
"""Takes note of a request that was answered: door, method, status, seconds."""

Tracer: TypeAlias = Callable[
    [str, str, dict[str, str]], AbstractContextManager[Callable[[int], None]]
]
"""Makes a span of a request: door, method, headers; what it yields is told the status."""


def _ignore(_door: str, _method: str, _status: int, _seconds: float) -> None:
    pass


def untraced(
    _door: str, _method: str, _headers: dict[str, str]
) -> AbstractContextManager[Callable[[int], None]]:
    """Make no span."""
    return nullcontext(lambda _status: None)


def watch_requests(
    app: Asgi,
    *,
    make_id: Callable[[], str],
    trusted_header: str = "",
    watcher: Watcher = _ignore,
    tracer: Tracer = untraced,
) -> Asgi:
    """Wrap an application so that its requests have ids and are logged.

    Parameters
    ----------
    trusted_header
        Where a proxy puts its own id; empty for nowhere.
    """
    trusted = trusted_header.lower()

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        given = headers.get(trusted, "") if trusted else ""
        request_id = given if _ID.fullmatch(given) else make_id()
        path, method = str(scope["path"]), str(scope["method"])
        door = find_door(path)
        status, begun = 500, time.monotonic()

        async def tell(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                own = [pair for pair in message.get("headers", ()) if pair[0] != b"request-id"]
                message["headers"] = [*own, (b"request-id", request_id.encode())]
                ended(status)
            await send(message)

        with (
            bound_contextvars(request_id=request_id, **find_names(path)),
            tracer(door, method, headers) as ended,
        ):
            try:
                await app(scope, receive, tell)
            finally:
                seconds = time.monotonic() - begun
                watcher(door, method, status, seconds)
                note = _log.debug if door in _QUIET or door == "api" else _log.info
                took_ms = round(seconds * 1000)
                note("request", door=door, method=method, status=status, took_ms=took_ms)

    return serve


def find_door(path: str) -> str:
    """Say which door an address belongs to: one of a few words, never a part of the address."""
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    if first in _OWN:
        return first
    return _DOORS.get(first, "page")


def find_names(path: str) -> dict[str, str]:
    """Find the parcel and the locker an address is about."""
    found = {"parcel": _PARCEL.search(path), "locker": _LOCKER.search(path)}
    return {name: match[1] for name, match in found.items() if match is not None}
