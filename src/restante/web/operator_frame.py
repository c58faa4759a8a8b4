"""What all operators' pages share: who is asking, the rail of places, and answers to actions.

R1. Actions are plain forms and end in a redirect, so that they work without scripts and a reload
    repeats nothing. What became of them stands in the address as a word, never as free text.
R2. A refusal leads back to the page it came from and says there why, and what to do.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from litestar import Response
from litestar.response import Redirect

from restante.core.ids import SiteId
from restante.core.refusal import Reason, Refused
from restante.notices.texts import refusal_text
from restante.operations.accounts import Seat
from restante.views.principal import NotFound, Principal, Role

from .cabinet import link_state
from .live_routes import STREAM_URL
from .parts import Parts
from .security import DEFAULT_POLICY, PagePolicy
from .session import WebRequest

PLACES: Final = (
    ("/operator", "Queue", "inbox"),
    ("/operator/map", "Live map", "map"),
    ("/operator/parcels", "Parcels", "package"),
    ("/operator/notices", "Notices", "mail"),
    ("/operator/openings", "Openings", "door-open"),
    ("/operator/import", "Import", "upload"),
    ("/operator/routes", "Routes", "navigation"),
    ("/operator/studies", "Studies", "chart-column"),
    ("/operator/partners", "Partners", "building-2"),
    ("/operator/webhooks", "Webhooks", "send"),
    ("/operator/couriers", "Couriers", "truck"),
    ("/operator/system", "System", "activity"),
)

DONE: Final = {
    "acknowledged": "Noted: somebody looks after it.",
    "resolved": "Resolved.",
    "reopened": "Back in the queue.",
    "extended": "The parcel may wait longer. Its code stays valid.",
    "reissued": "A new code was issued; the recipient is told. The old one opens nothing any more.",
    "cancelled": "The parcel is cancelled; its room is free again.",
    "corrected": "Measured again. Room is set aside for the new size.",
    "corrected-without-room": "Measured again, but its site has no room. Find another site.",
    "returned": "Noted: it is back with its sender.",
    "out-of-service": "Ordered: the locker takes the compartment out of service soon.",
    "in-service": "Ordered: the locker puts the compartment back into service soon.",
    "opening-asked": "Asked: the locker opens the door within seconds, or says why not.",
    "opening-needs-approval": "The limit of this hour is used up: a second person must agree.",
    "opening-approved": "Agreed: the locker opens the door within seconds, or says why not.",
    "opening-declined": "The door stays shut.",
    "closed": "The site is closed for that time. Parcels inside can still be collected.",
    "site-open": "The site takes parcels again.",
    "retrying": "It is tried again now.",
    "partner-added": "The partner is added.",
    "revoked": "The key opens nothing any more.",
    "webhook-pinged": "A test message is on its way; see below what came of it.",
    "webhook-enabled": "It is told what waited. Tell again what happened meanwhile.",
    "webhook-disabled": "Nothing is told there until it is enabled.",
    "webhook-forgotten": "Nothing is told there any more.",
    "webhook-replayed": "It is told again, under the same id.",
    "dismissed": "The courier cannot sign in any more, as soon as the lockers hear of it.",
    "locker-revoked": "The machine is revoked. Nobody listens to it any more.",
    "configured": "Noted: the locker follows when nobody stands before it.",
    "release-set": "Noted. It is compared with what lockers say they run.",
    "plan-cancelled": "Cancelled. The problem is kept; search again when you like.",
    "plan-in-force": "In force: couriers of that day see its order now.",
    "plan-withdrawn": "Withdrawn: couriers see the nearest stop next again.",
    "sound": "Verified: every stream folds to its state, and no hash is broken.",
}
"""Words for what was done; anything else in the address is ignored."""

EVERYTHING: Final = Principal.of_operator("console")


class Message(NamedTuple):
    """One line on top of a page."""

    tone: str
    title: str
    text: str = ""


class Console:
    """Renders operators' pages."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.centre = parts.centre
        self._zones: dict[SiteId, str] = {}

    def seat(self, request: WebRequest) -> Seat:
        """Say which operator asks.

        Raises
        ------
        restante.web.session.SignInNeeded
            When none is signed in.
        """
        return self.parts.sessions.need(request, Role.OPERATOR)

    def render(
        self,
        request: WebRequest,
        template: str,
        *,
        status_code: int = 200,
        policy: PagePolicy = DEFAULT_POLICY,
        message: Message | None = None,
        **context: Any,
    ) -> Response[str]:
        """Render an operators' page for whoever asks."""
        seat = self.seat(request)
        return self.parts.pages.render(
            request,
            f"operator/{template}",
            status_code=status_code,
            policy=policy,
            seat=seat,
            places=self._places(request),
            message=message or self._message(request),
            stream_url=STREAM_URL,
            zone=self.parts.pages.zone,
            here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            **context,
        )

    def act(
        self, request: WebRequest, action: Callable[[Principal], str], *, back: str
    ) -> Response[Any]:
        """Do something and lead back (R1, R2).

        Parameters
        ----------
        action
            Given who asks; returns a key of :data:`DONE`.
        """
        principal = self.seat(request).principal
        try:
            word = {"done": action(principal)}
        except Refused as refusal:
            word = {"refused": refusal.reason.value}
        return Redirect(with_query(back, **word), status_code=303)

    def zone(self, site: SiteId) -> str:
        """Tell a site's time zone, or the network's own."""
        if site not in self._zones:
            try:
                shown = self.centre.queries.site(site, at=self.centre.clock.now())
            except NotFound:
                return self.parts.pages.zone
            self._zones[site] = shown.zone
        return self._zones[site]

    def _places(self, request: WebRequest) -> list[dict[str, Any]]:
        path = request.url.path
        counts = self.centre.queries.counts(EVERYTHING)
        now = self.centre.clock.now()
        lockers = self.centre.queries.lockers(EVERYTHING, limit=1_000).items
        silent = sum(link_state(one, now).name == "silent" for one in lockers)
        places = []
        for href, label, icon in PLACES:
            is_current = path == href or (href != "/operator" and path.startswith(f"{href}/"))
            if href == "/operator/map" and path.startswith("/operator/sites"):
                is_current = True
            place = {"href": href, "label": label, "icon": icon, "is_current": is_current}
            if href == "/operator":
                place |= {"count": counts.open_matters + silent, "is_urgent": True}
            places.append(place)
        return places

    def _message(self, request: WebRequest) -> Message | None:
        done = DONE.get(request.query_params.get("done", ""))
        if done:
            return Message("good", done)
        refused = request.query_params.get("refused", "")
        if refused in set(Reason):
            return Message("bad", "Nothing was changed", refusal_text(Reason(refused), "en"))
        return None


def with_query(path: str, **given: str) -> str:
    """Put words into an address, in place of those before."""
    parts = urlsplit(path)
    kept = [
        (name, value)
        for name, value in parse_qsl(parts.query)
        if name not in ("done", "refused", *given)
    ]
    query = urlencode([*kept, *((name, value) for name, value in given.items() if value)])
    return urlunsplit(("", "", parts.path, query, parts.fragment))
