"""Who sits at a browser.

R1. Operators and couriers have a cookie each, so that one browser can be both. It holds chance;
    the server keeps its digest, and forgets it at sign-out.
R2. Over TLS the cookie is ``__Host-``: bound to this host, never sent in the clear. It is never
    readable by scripts, and not sent with requests that other sites make.
R3. Signing in always makes a new token. Sessions end when idle and in any case
    (:mod:`restante.operations.accounts`).
R4. In a demonstration the operator's door stands open: without a cookie the visitor is the
    operator ``demo``. Everything else is as in a real network.

It knows who somebody is, not what they may do: operations decide that by the principal.
"""

from typing import Any, Final, TypeAlias
from urllib.parse import urlencode, urlsplit

from litestar import Request
from litestar.datastructures import Cookie

from restante.clock import Clock
from restante.core.value import UtcSeconds
from restante.operations.accounts import (
    ABSOLUTE_SECONDS,
    TOUCH_SECONDS,
    Seat,
    end_session,
    read_seat,
    session_key,
    start_session,
    touch_session,
)
from restante.views.account_tables import WEB_SESSIONS
from restante.views.principal import Role

from .centre import Centre

WebRequest: TypeAlias = Request[Any, Any, Any]

SIGN_IN_PATHS: Final = {Role.OPERATOR: "/sign-in", Role.COURIER: "/courier/sign-in"}
"""Where somebody is sent who is not signed in for a role."""

DEMO_OPERATOR: Final = Seat(role=Role.OPERATOR, name="demo", display_name="Demo operator")


class SignInNeeded(Exception):
    """The page is for somebody who is signed in; the answer leads there and back (R1)."""

    def __init__(self, role: Role, return_to: str) -> None:
        super().__init__(f"sign in as {role.value} first")
        self.role = role
        self.return_to = return_to

    @property
    def url(self) -> str:
        """Where to sign in, with the way back."""
        return f"{SIGN_IN_PATHS[self.role]}?{urlencode({'next': self.return_to})}"


class Sessions:
    """Finds, starts and ends sessions.

    Parameters
    ----------
    centre
        Keeps them.
    clock
        Real time, also in a demonstration whose own clock runs fast.
    is_demo
        Whether the operator's door stands open (R4).
    """

    def __init__(self, centre: Centre, clock: Clock, *, is_demo: bool) -> None:
        self._centre = centre
        self._clock = clock
        self.is_demo = is_demo

    def now(self) -> UtcSeconds:
        """What time it is for sessions."""
        return self._clock.now()

    def find(self, request: WebRequest, role: Role) -> Seat | None:
        """Say who is signed in for a role; reads, and seldom writes that they were seen."""
        token = self._token(request, role)
        if token:
            key = session_key(token)
            row = self._centre.journal.rows(WEB_SESSIONS.name, [key]).get(key)
            seat = read_seat(row, at=self._clock.now())
            if seat is not None and seat.role is role:
                if self._clock.now() >= seat.seen_at + TOUCH_SECONDS:
                    self._centre.committer.run(touch_session(token, at=self._clock.now()))
                return seat
        return DEMO_OPERATOR if self.is_demo and role is Role.OPERATOR else None

    def need(self, request: WebRequest, role: Role) -> Seat:
        """Say who is signed in for a role.

        Raises
        ------
        SignInNeeded
            When nobody is; the pages' error handler leads to the door and back.
        """
        seat = self.find(request, role)
        if seat is None:
            raise SignInNeeded(role, _way_back(request))
        return seat

    def start(self, request: WebRequest, seat: Seat) -> Cookie:
        """Sign somebody in; the answer must carry the cookie (R3)."""
        token, operation = start_session(
            self._centre.means.minter,
            seat,
            at=self._clock.now(),
            instead_of=self._token(request, seat.role),
        )
        self._centre.committer.run(operation)
        return self._cookie(request, seat.role, token.reveal(), int(ABSOLUTE_SECONDS[seat.role]))

    def end(self, request: WebRequest, role: Role) -> Cookie:
        """Sign out; the answer must carry the cookie, which makes the browser forget."""
        token = self._token(request, role)
        if token:
            self._centre.committer.run(end_session(token))
        return self._cookie(request, role, "", 0)

    def _token(self, request: WebRequest, role: Role) -> str:
        return request.cookies.get(_cookie_name(request, role), "")

    def _cookie(self, request: WebRequest, role: Role, value: str, max_age: int) -> Cookie:
        return Cookie(
            key=_cookie_name(request, role),
            value=value,
            max_age=max_age,
            path="/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )


def safe_return(path: str, otherwise: str) -> str:
    """Take a way back only when it stays on this server."""
    parts = urlsplit(path)
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if is_ours and not parts.netloc and "\n" not in path else otherwise


def _cookie_name(request: WebRequest, role: Role) -> str:
    prefix = "__Host-" if request.url.scheme == "https" else ""
    return f"{prefix}restante-{role.value}"


def _way_back(request: WebRequest) -> str:
    # An answer to htmx is part of a page; the way back is the page itself.
    if request.headers.get("hx-request"):
        shown = urlsplit(request.headers.get("hx-current-url", ""))
        return shown.path + (f"?{shown.query}" if shown.query else "") or "/"
    if request.method != "GET":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
