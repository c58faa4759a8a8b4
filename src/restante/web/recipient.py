"""The recipient's page: one parcel, behind the secret link of a message.

R1. The link is the key. Whoever has it sees the code; an unknown and an outdated link look the
    same. The page is not indexed, not cached, and names its address to no other site.
R2. Reading never changes anything: message scanners open links. Extending, a new code and a report
    are forms that lead back to the page; everything works without scripts.
R3. Code and QR are shown only while they open a door.
R4. A parcel's number alone shows nothing: numbers stand on labels, for everybody to read.
R5. A door opens from here only for who stands before it: the locker's screen shows a code that
    changes every half minute, and the locker itself checks it.
R6. The square beside that code is an address that any camera opens. The browser remembers, until
    it is closed and for that address alone, which parcel it looked at last; the door still waits
    for a touch.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from restante.access import Denied, read_link_token
from restante.core.ids import OrderId, ParcelId
from restante.core.refusal import Reason, Refused
from restante.core.remote import Outcome
from restante.core.value import DAY
from restante.notices.texts import refusal_text
from restante.operations.extend import extend
from restante.operations.orders import BadOrder, ask_own_door, read_presence
from restante.operations.reissue import reissue_code
from restante.operations.trouble import (
    PARCEL_TROUBLES,
    WORDS_MAX,
    BadTrouble,
    tell_parcel_trouble,
)
from restante.views.principal import NotFound, Principal
from restante.views.remote_tables import ShownOpening

from .account import Form
from .assets import Assets
from .page import Pages
from .parts import Parts
from .recipient_view import ParcelPage, RecipientView
from .security import SCANNER_POLICY
from .session import WebRequest
from .texts import LANGUAGES, catalog, catalogs, element_words

PRIVATE: Final = {
    "cache-control": "private, no-store",
    "x-robots-tag": "noindex, nofollow, noarchive",
}
"""Headers of every answer behind a link (R1)."""

LAST_COOKIE: Final = "last-parcel"
OPEN_PATH: Final = "/open"
"""Where the square on a locker's screen leads, with its code behind it (R6)."""

_DONE: Final = frozenset({"extended", "new-code", "told"})


class _Visit(NamedTuple):
    """Somebody with a link that opens."""

    token: str
    parcel: ParcelId
    principal: Principal
    language: str


class _Speaking:
    """Renders pages in the languages recipients read; operators' pages stay in English."""

    def __init__(self, parts: Parts) -> None:
        self._pages = Pages(
            Assets(),
            parts.centre.clock,
            demo=parts.demo,
            zone=parts.pages.zone,
            translations=catalogs(),
            release=parts.pages.release,
        )

    def language(self, request: WebRequest, wanted: str = "") -> str:
        """Choose what was chosen by hand, what the contact asked for, or the browser's."""
        chosen = request.cookies.get("language", "")
        return self._pages.pick_language(request, chosen if chosen in LANGUAGES else wanted)

    def render(
        self, request: WebRequest, template: str, language: str, **context: Any
    ) -> Response[Any]:
        status_code = context.pop("status_code", 200)
        return self._pages.render(
            request,
            template,
            language=language,
            status_code=status_code,
            headers=PRIVATE,
            words=element_words(language),
            languages=LANGUAGES,
            chosen=language,
            **context,
        )


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of the recipient's page."""
    desk = _Desk(parts)

    @get("/p/{token:str}", sync_to_thread=True)
    def show_parcel(request: WebRequest, token: FromPath[str]) -> Response[Any]:
        return desk.show(request, token)

    @post("/p/{token:str}/extend", sync_to_thread=True)
    def extend_hold(request: WebRequest, token: FromPath[str]) -> Response[Any]:
        return desk.extend(request, token)

    @get("/p/{token:str}/new-code", sync_to_thread=True)
    def ask_new_code(request: WebRequest, token: FromPath[str]) -> Response[Any]:
        return desk.ask(request, token, "recipient/new_code.html")

    @post("/p/{token:str}/new-code", sync_to_thread=True)
    def make_new_code(request: WebRequest, token: FromPath[str]) -> Response[Any]:
        return desk.make_new_code(request, token)

    @get("/p/{token:str}/problem", sync_to_thread=True)
    def ask_problem(request: WebRequest, token: FromPath[str]) -> Response[Any]:
        return desk.ask(request, token, "recipient/problem.html", **_blank_problem())

    @post("/p/{token:str}/problem", sync_to_thread=True)
    def tell_problem(request: WebRequest, token: FromPath[str], data: Form) -> Response[Any]:
        return desk.tell_problem(request, token, data)

    @get("/p/{token:str}/open", sync_to_thread=True)
    def ask_open(request: WebRequest, token: FromPath[str]) -> Response[Any]:
        return desk.ask_open(request, token)

    @post("/p/{token:str}/open", sync_to_thread=True)
    def open_door(request: WebRequest, token: FromPath[str], data: Form) -> Response[Any]:
        return desk.open_door(request, token, data)

    @get(f"{OPEN_PATH}/{{code:str}}", sync_to_thread=True)
    def follow_square(request: WebRequest, code: FromPath[str]) -> Response[Any]:
        return desk.follow_square(request, code)

    @post("/p/{token:str}/language", sync_to_thread=False)
    def choose_language(token: FromPath[str], data: Form) -> Response[Any]:
        return _choose_language(data, f"/p/{token}")

    return [
        show_parcel,
        extend_hold,
        ask_new_code,
        make_new_code,
        ask_problem,
        tell_problem,
        ask_open,
        open_door,
        follow_square,
        choose_language,
        *_door_routes(parts, desk.speaking),
    ]


class _Desk:
    """Serves visits; each method answers one request."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._centre = parts.centre
        self._view = RecipientView(parts.centre, parts.demo)
        self.speaking = _Speaking(parts)

    def show(self, request: WebRequest, token: str) -> Response[Any]:
        """Show the parcel."""
        visit = self._visit(request, token)
        if visit is None:
            return self._unknown(request)
        done = request.query_params.get("done", "")
        return self._page(request, visit, done=done if done in _DONE else "")

    def ask(self, request: WebRequest, token: str, template: str, **context: Any) -> Response[Any]:
        """Show a form about the parcel."""
        visit = self._visit(request, token)
        if visit is None:
            return self._unknown(request)
        page = self._view.read(visit.principal, visit.parcel, visit.language)
        return self._render(request, visit, template, page, **context)

    def extend(self, request: WebRequest, token: str) -> Response[Any]:
        """Let the parcel wait longer."""
        visit = self._visit(request, token)
        if visit is None:
            return self._unknown(request)
        try:
            self._centre.committer.run(
                extend(self._centre.means, visit.principal, parcel=visit.parcel)
            )
        except Refused as refusal:
            return self._refused(request, visit, refusal)
        return _back(token, "extended")

    def make_new_code(self, request: WebRequest, token: str) -> Response[Any]:
        """Make a new code; the old one ends."""
        visit = self._visit(request, token)
        if visit is None:
            return self._unknown(request)
        shown = self._centre.queries.parcel(visit.principal, visit.parcel)
        operation = reissue_code(
            self._centre.means, visit.principal, parcel=visit.parcel, site=shown.site
        )
        try:
            self._centre.committer.run(operation)
        except Refused as refusal:
            return self._refused(request, visit, refusal)
        return _back(token, "new-code")

    def tell_problem(
        self, request: WebRequest, token: str, data: Mapping[str, str]
    ) -> Response[Any]:
        """Put a report into the operators' queue."""
        visit = self._visit(request, token)
        if visit is None:
            return self._unknown(request)
        kind, words = data.get("kind", ""), data.get("words", "")
        try:
            operation = tell_parcel_trouble(
                visit.principal, parcel=visit.parcel, kind=kind, words=words
            )
        except BadTrouble:
            texts = catalog(visit.language)
            field = "kind" if kind not in PARCEL_TROUBLES else "words"
            page = self._view.read(visit.principal, visit.parcel, visit.language)
            message = {
                "kind": texts.gettext("Choose what is wrong."),
                "words": texts.gettext("Say in a few words what is wrong, up to {n} characters."),
            }[field].format(n=WORDS_MAX)
            context: dict[str, Any] = {"kind": kind, "said": words, "errors": [(field, message)]}
            template = "recipient/problem.html"
            return self._render(request, visit, template, page, status_code=422, **context)
        self._centre.committer.run(operation)
        return _back(token, "told")

    def ask_open(self, request: WebRequest, token: str) -> Response[Any]:
        """Ask what the locker's screen shows, or tell what came of the order."""
        visit = self._visit(request, token)
        if visit is None:
            return self._unknown(request)
        page = self._view.read(visit.principal, visit.parcel, visit.language)
        order, locker = request.query_params.get("order", ""), page.shown.locker
        opening = None
        if order and locker is not None:
            with suppress(NotFound):
                queries = self._centre.queries
                opening = queries.opening(visit.principal, locker, OrderId(order))
        return self._open_page(request, visit, page, opening=opening)

    def open_door(self, request: WebRequest, token: str, data: Mapping[str, str]) -> Response[Any]:
        """Have the door opened for somebody who stands before it (R5)."""
        visit = self._visit(request, token)
        if visit is None:
            return self._unknown(request)
        page = self._view.read(visit.principal, visit.parcel, visit.language)
        try:
            operation = ask_own_door(
                self._centre.means,
                visit.principal,
                parcel=visit.parcel,
                presence=data.get("code", ""),
            )
            asked = self._centre.committer.run(operation)
        except BadOrder:
            wrong = catalog(visit.language).gettext("Type the six characters the screen shows now.")
            return self._open_page(request, visit, page, wrong=wrong, status_code=422)
        except Refused as refusal:
            wrong = refusal_text(refusal.reason, visit.language)
            return self._open_page(request, visit, page, wrong=wrong, status_code=409)
        self._centre.orders.turn()
        return Redirect(f"/p/{token}/open?order={asked.order}", status_code=303)

    def follow_square(self, request: WebRequest, text: str) -> Response[Any]:
        """Bring the code of a locker's screen to the parcel looked at last (R6)."""
        try:
            code = read_presence(text)
        except BadOrder:
            return self._unknown(request)
        visit = self._visit(request, request.cookies.get(LAST_COOKIE, ""))
        if visit is not None:
            return Redirect(f"/p/{visit.token}/open?code={code}", status_code=303, headers=PRIVATE)
        language = self.speaking.language(request)
        return self.speaking.render(
            request, "recipient/door.html", language, here="/recipient", page=None, code=code
        )

    def _open_page(
        self,
        request: WebRequest,
        visit: _Visit,
        page: ParcelPage,
        *,
        opening: ShownOpening | None = None,
        wrong: str = "",
        status_code: int = 200,
    ) -> Response[Any]:
        outcome = None if opening is None else opening.outcome
        reason = "" if opening is None else opening.reason
        if outcome is Outcome.REFUSED and reason in set(Reason):
            wrong = refusal_text(Reason(reason), visit.language)
        return self._render(
            request,
            visit,
            "recipient/open.html",
            page,
            opening=opening,
            outcome="" if outcome is None else outcome.value,
            wrong=wrong,
            code=_read_code(request),
            status_code=status_code,
            policy=SCANNER_POLICY,
        )

    def _visit(self, request: WebRequest, token: str) -> _Visit | None:
        try:
            digest = read_link_token(token)
        except Denied:
            return None
        found = self._centre.queries.link(digest, at=self._centre.clock.now())
        if found is None:
            return None
        parcel, recipient = found
        language = self.speaking.language(request, self._view.language(recipient))
        return _Visit(token, parcel, Principal.of_recipient(recipient), language)

    def _page(
        self,
        request: WebRequest,
        visit: _Visit,
        *,
        done: str = "",
        refused: str = "",
        status_code: int = 200,
    ) -> Response[Any]:
        page = self._view.read(visit.principal, visit.parcel, visit.language)
        return self._render(
            request,
            visit,
            "recipient/parcel.html",
            page,
            done=done,
            refused=refused,
            status_code=status_code,
        )

    def _render(
        self,
        request: WebRequest,
        visit: _Visit,
        template: str,
        page: ParcelPage,
        **context: Any,
    ) -> Response[Any]:
        here = f"/p/{visit.token}"
        last = Cookie(
            key=LAST_COOKIE,
            value=visit.token,
            path=OPEN_PATH,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
        context |= {"page": page, "here": here, "home": here, "cookies": [last]}
        return self.speaking.render(request, template, visit.language, **context)

    def _refused(self, request: WebRequest, visit: _Visit, refusal: Refused) -> Response[Any]:
        text = refusal_text(refusal.reason, visit.language)
        return self._page(request, visit, refused=text, status_code=409)

    def _unknown(self, request: WebRequest) -> Response[Any]:
        language = self.speaking.language(request)
        template = "recipient/unknown_link.html"
        return self.speaking.render(request, template, language, status_code=404, here="")


def _door_routes(parts: Parts, speaking: _Speaking) -> list[ControllerRouterHandler]:
    """Make the door for those who have no link at hand (R4)."""

    @get("/recipient", sync_to_thread=True)
    def show_door(request: WebRequest) -> Response[Any]:
        context: dict[str, Any] = {"here": "/recipient", "parcels": (), "page": None, "code": ""}
        if parts.demo is None:
            template = "recipient/door.html"
            return speaking.render(request, template, speaking.language(request), **context)
        view = RecipientView(parts.centre, parts.demo)
        language = speaking.language(request)
        context["parcels"] = view.waiting(language)
        return speaking.render(request, "recipient/people.html", language, **context)

    @post("/recipient/language", sync_to_thread=False)
    def choose_language(data: Form) -> Response[Any]:
        return _choose_language(data, "/recipient")

    if parts.demo is None:
        return [show_door, choose_language]

    @post("/recipient/step-in", sync_to_thread=True)
    def step_in(data: Form) -> Response[Any]:
        link = RecipientView(parts.centre, parts.demo).make_link(ParcelId(data.get("parcel", "")))
        return Redirect(f"/p/{link.reveal()}", status_code=303)

    return [show_door, choose_language, step_in]


def _choose_language(data: Mapping[str, str], back: str) -> Response[Any]:
    language = data.get("language", "")
    if language not in LANGUAGES:
        return Redirect(back, status_code=303)
    cookie = Cookie(key="language", value=language, max_age=365 * DAY, path="/", samesite="lax")
    return Redirect(back, status_code=303, cookies=[cookie])


def _read_code(request: WebRequest) -> str:
    """Read the code that a square brought along; empty when there is none."""
    with suppress(BadOrder):
        return read_presence(request.query_params.get("code", ""))
    return ""


def _blank_problem() -> dict[str, Any]:
    return {"kind": "", "said": "", "errors": []}


def _back(token: str, done: str) -> Response[Any]:
    return Redirect(f"/p/{token}?done={done}", status_code=303)
