"""What the recipient's page shows of a parcel, gathered from queries, states and sealed rows.

Codes are opened here, for their owner, at the moment the page is made; they are kept nowhere. It
must not know requests or templates.
"""

from typing import Final, NamedTuple

from markupsafe import Markup

from restante.access import Secret
from restante.core import parcel as custody
from restante.core.ids import ParcelId, RecipientId, SiteId, parcel_stream
from restante.core.streams import ParcelFile
from restante.core.value import UtcSeconds
from restante.notices.texts import pick_language
from restante.operations.notify import Desk, make_link
from restante.views.principal import NotFound, Principal
from restante.views.shown import ShownParcel, ShownSite, TimelineEntry

from .centre import Centre
from .demo_controls import DemoControls
from .local_time import left_words
from .map_sketch import MapSketcher
from .parcel_story import (
    Deadline,
    Extending,
    Step,
    Story,
    Wording,
    compartment_of,
    tell_deadline,
    tell_extending,
    tell_story,
    tell_timeline,
)
from .qr import draw_qr
from .texts import catalog

_PEOPLE_MAX: Final = 24
"""Waiting parcels that the demonstration offers."""


class Pickup(NamedTuple):
    """What opens the door; only while it does."""

    code: str
    qr: Markup


class Proof(NamedTuple):
    """When and where a parcel was handed over."""

    when: str
    compartment: str


class ParcelPage(NamedTuple):
    """Everything one visit shows."""

    shown: ShownParcel
    site: ShownSite
    sender: str
    story: Story
    steps: list[Step]
    deadline: Deadline | None
    extending: Extending | None
    pickup: Pickup | None
    proof: Proof | None
    others: tuple[str, ...]
    """Labels of further parcels that the same code opens on the same visit."""
    sketch: Markup | None
    map_url: str
    """A map of the world outside; empty in the demonstration, whose city is made up."""
    is_always_open: bool


class WaitingParcel(NamedTuple):
    """A parcel into whose recipient a visitor of the demonstration may step."""

    parcel: ParcelId
    name: str
    label: str
    place: str
    left: str
    language: str


class RecipientView:
    """Reads pages.

    Parameters
    ----------
    demo
        Has the made-up city that maps are drawn from.
    """

    def __init__(self, centre: Centre, demo: DemoControls | None) -> None:
        self._centre = centre
        self._demo = demo
        self._desk = Desk(centre.journal, centre.means, centre.clock)
        self._sketcher: MapSketcher | None = None

    def read(self, principal: Principal, parcel: ParcelId, language: str) -> ParcelPage:
        """Read the page of a parcel.

        Raises
        ------
        restante.views.NotFound
            When the asker may not see it.
        """
        queries, now = self._centre.queries, self._centre.clock.now()
        shown = queries.parcel(principal, parcel)
        entries = queries.timeline(principal, parcel)
        site = queries.site(shown.site, at=now)
        texts = catalog(language)
        wording = Wording(texts.gettext, language, site.zone)
        file = self._file(parcel)
        sender = self._sender(shown, texts.gettext("the sender"))
        return ParcelPage(
            shown=shown,
            site=site,
            sender=sender,
            story=tell_story(shown, wording, sender=sender, place=site.name),
            steps=tell_timeline(
                entries,
                shown,
                wording,
                sender=sender,
                place=site.name,
                is_archived=queries.count_archived(parcel, entries) > 0,
            ),
            deadline=tell_deadline(shown, wording, now),
            extending=_extending(shown, file, wording, now),
            pickup=self._pickup(shown),
            proof=_proof(entries, wording) if shown.group == "done" else None,
            others=self._others(principal, shown),
            sketch=self._sketch(site),
            map_url="" if self._demo is not None else _map_url(site),
            is_always_open=site.opening_hours.strip() == "24/7",
        )

    def waiting(self, language: str) -> tuple[WaitingParcel, ...]:
        """List parcels that wait, those with the least time first; for the demonstration only."""
        everybody, now = Principal.of_operator("demo"), self._centre.clock.now()
        found = self._centre.queries.parcels(everybody, status="ready", limit=200).items
        soonest = sorted(found, key=lambda shown: shown.hold_until or 0)[:_PEOPLE_MAX]
        names: dict[SiteId, str] = {}
        for shown in soonest:
            if shown.site not in names:
                names[shown.site] = self._centre.queries.site(shown.site, at=now).name
        people = []
        for shown in soonest:
            contact = self._desk.contact(shown.recipient)
            people.append(
                WaitingParcel(
                    parcel=shown.parcel,
                    name="" if contact is None else contact.name,
                    label=shown.label,
                    place=names[shown.site],
                    left=left_words((shown.hold_until or now) - now, language),
                    language="" if contact is None else contact.language,
                )
            )
        return tuple(people)

    def make_link(self, parcel: ParcelId) -> Secret[str]:
        """Make a link for a visitor of the demonstration.

        Raises
        ------
        restante.views.NotFound
            When there is no such parcel.
        """
        if self._demo is None:
            raise NotFound("parcel", parcel)
        shown = self._centre.queries.parcel(Principal.of_operator("demo"), parcel)
        operation = make_link(self._centre.means, parcel=shown.parcel, recipient=shown.recipient)
        return self._centre.committer.run(operation)

    def language(self, recipient: RecipientId) -> str:
        """Tell which language a recipient asked for; empty for none."""
        contact = self._desk.contact(recipient)
        return pick_language(contact.language) if contact is not None and contact.language else ""

    def _file(self, parcel: ParcelId) -> ParcelFile:
        stream = parcel_stream(parcel)
        row = self._centre.journal.states([stream]).get(stream)
        if row is None or not isinstance(row.state, ParcelFile):
            raise NotFound("parcel", parcel)
        return row.state

    def _sender(self, shown: ShownParcel, otherwise: str) -> str:
        known = {one.partner: one.name for one in self._centre.queries.partners()}
        return known.get(shown.partner, otherwise)

    def _pickup(self, shown: ShownParcel) -> Pickup | None:
        if shown.status != "ready":
            return None
        token = self._desk.token(shown.parcel, shown.recipient)
        code = self._desk.code(shown.parcel, shown.recipient)
        if token is None:
            # The grant has ended: a code that opens nothing is not shown either.
            return None
        return Pickup(code="" if code is None else code.reveal(), qr=draw_qr(token))

    def _others(self, principal: Principal, shown: ShownParcel) -> tuple[str, ...]:
        if shown.status != "ready":
            return ()
        found = self._centre.queries.parcels(
            principal, recipient=shown.recipient, site=shown.site, status="ready", limit=10
        )
        return tuple(one.label for one in found.items if one.parcel != shown.parcel)

    def _sketch(self, site: ShownSite) -> Markup | None:
        if self._demo is None:
            return None
        if self._sketcher is None:
            self._sketcher = MapSketcher(self._demo.city())
        return self._sketcher.sketch(site.longitude, site.latitude, site.name)


def _extending(
    shown: ShownParcel, file: ParcelFile, wording: Wording, now: UtcSeconds
) -> Extending | None:
    if not isinstance(file.custody, custody.Held) or now >= file.custody.hold_until:
        return None
    return tell_extending(shown, file.custody.about.hold, wording)


def _proof(entries: tuple[TimelineEntry, ...], wording: Wording) -> Proof | None:
    found = compartment_of(entries, "parcel.collected.v1")
    if found is None:
        return None
    compartment, at = found
    return Proof(wording.long(at), compartment)


def _map_url(site: ShownSite) -> str:
    if not site.latitude and not site.longitude:
        return ""
    at = f"{site.latitude:.5f}"
    across = f"{site.longitude:.5f}"
    return f"https://www.openstreetmap.org/?mlat={at}&mlon={across}#map=17/{at}/{across}"
