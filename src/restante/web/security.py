"""What a browser may do with our pages, and whose requests we take.

Two plain ASGI middlewares, so that event streams pass through untouched:

R1. Every answer carries a content security policy under which only our own files run, no script or
    style stands inline, and no other machine is asked for anything.
R2. A page with a scanner, and no other, may compile WebAssembly and use the camera.
R3. A request that changes something and comes from another site's page is refused. Browsers say
    where a request comes from (``Sec-Fetch-Site``, else ``Origin``), so no token is needed;
    requests of programs carry neither and no ambient cookie, and pass.

It must not know pages, sessions or users.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing (RFC 9110 §9.2.1)."""


class PagePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of page may do beyond the strict default.

    Parameters
    ----------
    scans
        The page reads barcodes: camera and WebAssembly are allowed.
    tile_origins
        Origins of an external map the operator configured, such as ``https://tiles.example``.
    framed_by
        Origins that may show the page in a frame; nobody by default.
    """

    scans: bool = False
    tile_origins: tuple[str, ...] = ()
    framed_by: tuple[str, ...] = ()

    def content_security_policy(self) -> str:
        """Write the policy as the value of the header."""
        tiles = "".join(f" {origin}" for origin in self.tile_origins)
        rules = (
            "default-src 'self'",
            "script-src 'self'" + (" 'wasm-unsafe-eval'" if self.scans else ""),
            "style-src 'self'",
            f"img-src 'self' data: blob:{tiles}",
            "font-src 'self'",
            "worker-src 'self'",
            f"connect-src 'self'{tiles}",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors {' '.join(self.framed_by) or chr(39) + 'none' + chr(39)}",
        )
        return "; ".join(rules)

    def headers(self) -> dict[str, str]:
        """Write every security header of such a page.

        The referrer stays within the site. ``no-referrer`` would be no safer for links that hold a
        secret, and makes browsers send ``Origin: null`` with our own forms, which R3 refuses.
        """
        camera = "(self)" if self.scans else "()"
        headers = {
            "content-security-policy": self.content_security_policy(),
            "permissions-policy": f"camera={camera}, geolocation=(self), microphone=(), payment=()",
            "referrer-policy": "same-origin",
            "x-content-type-options": "nosniff",
            "cross-origin-opener-policy": "same-origin",
        }
        if not self.framed_by:
            headers["x-frame-options"] = "DENY"
        return headers


DEFAULT_POLICY = PagePolicy()
"""Every page that asks for nothing else."""

SCANNER_POLICY = PagePolicy(scans=True)
"""Pages with a ``<label-scanner>``: answer with ``headers=SCANNER_POLICY.headers()``."""


class SecurityHeaders:
    """Middleware: give every answer the security headers it does not set itself (R1, R2).

    HTML is also marked as private to its reader, and as different for htmx and for a full visit.
    """

    def __init__(self, app: ASGIApp, policy: PagePolicy = DEFAULT_POLICY) -> None:
        self._app = app
        self._headers: Mapping[str, str] = policy.headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        over_tls = scope.get("scheme") == "https"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._complete(MutableScopeHeaders.from_message(message), over_tls=over_tls)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _complete(self, headers: MutableScopeHeaders, *, over_tls: bool) -> None:
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        if over_tls:
            headers.setdefault("strict-transport-security", "max-age=31536000")
        if headers.get("content-type", "").startswith("text/html"):
            headers.setdefault("cache-control", "private, no-cache")
            headers.extend_header_value("vary", "HX-Request")


class CrossOriginGuard:
    """Middleware: refuse changes asked for by other sites' pages (R3).

    Parameters
    ----------
    app
        What is guarded.
    trusted_origins
        Other origins whose pages may send changes, such as ``https://shop.example``.

    References
    ----------
    The scheme of Go 1.25 ``net/http.CrossOriginProtection``.
    """

    def __init__(self, app: ASGIApp, trusted_origins: Iterable[str] = ()) -> None:
        self._app = app
        self._trusted = frozenset(trusted_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == ScopeType.HTTP and not is_same_origin(scope, self._trusted):
            await _refuse(send)
            return
        await self._app(scope, receive, send)


def is_same_origin(scope: HTTPScope, trusted_origins: frozenset[str] = frozenset()) -> bool:
    """Say whether a request is safe, our own, or from a program rather than a page."""
    if scope["method"] in SAFE_METHODS:
        return True
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    origin = headers.get("origin", "")
    if origin in trusted_origins and origin:
        return True
    fetched_from = headers.get("sec-fetch-site", "")
    if fetched_from:
        return fetched_from in ("same-origin", "none")
    if not origin:
        return True
    return origin.split("://", 1)[-1] == headers.get("host", "")


async def _refuse(send: Send) -> None:
    body = (
        b"This request came from a page of another site and was not carried out. "
        b"Open restante itself and try again there.\n"
    )
    start: Any = {
        "type": "http.response.start",
        "status": 403,
        "headers": [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"x-content-type-options", b"nosniff"),
        ],
    }
    rest: Any = {"type": "http.response.body", "body": body, "more_body": False}
    await send(start)
    await send(rest)
