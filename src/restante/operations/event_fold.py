"""Facts into rows of event tables, one fact at a time, in the order of the journal.

E1. Rows come from facts alone, and from what lockers are built like. The same facts in the same
    order give the same rows, however often the folding was stopped between and taken up again.
E2. Facts of one journal may contradict each other (a locker reports late, a clock went back): no
    fact is refused, none raises, and every deposit gives exactly one visit.
E3. What has not ended is kept; an announcement nobody followed ends after
    :data:`FORGOTTEN_SECONDS`, so that what is kept does not grow for ever.

The columns are those of :mod:`restante.insight.measures.tables`.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from ..core import door, handoff, parcel, session, site
from ..core.size import CompartmentKind, ParcelSize, goes_into, size_class
from ..core.value import DAY, Fact
from ..insight.measures import tables
from ..insight.measures.tables import End
from ..notices.notice import NoticeKind

FORGOTTEN_SECONDS: Final = 60 * DAY
"""Twice the longest hold there is. Chosen."""

REMINDERS: Final = frozenset({NoticeKind.REMINDER.value, NoticeKind.LAST_REMINDER.value})

TAGS: Final = frozenset(
    kind.__struct_config__.tag
    for kind in (
        parcel.ParcelAnnounced,
        parcel.CapacityConfirmed,
        parcel.ParcelDeposited,
        parcel.HoldExtended,
        parcel.HoldExpired,
        parcel.ParcelCollected,
        parcel.ParcelRetrieved,
        parcel.ParcelReturned,
        parcel.ParcelCancelled,
        parcel.NoticeSent,
        site.CapacitySet,
        session.SessionStarted,
        session.SessionEnded,
        handoff.HandoffDeposited,
        handoff.HandoffCollected,
        handoff.HandoffRetrieved,
        handoff.TurnedAway,
        door.OpeningIntended,
        door.DoorOpened,
        door.OpeningFailed,
        door.OpeningUncertain,
        door.DoorClosed,
        door.DoorForced,
    )
)
"""Facts that say anything here; others need not even be decoded."""


class Visit(msgspec.Struct, array_like=True):
    """A row of ``visits`` that has not ended; fields are its columns."""

    parcel: str
    partner: str = ""
    site: str = ""
    locker: str = ""
    compartment: str = ""
    size: str = ""
    wanted_size: str = ""
    announced_at: int | None = None
    booked_at: int | None = None
    deposited_at: int | None = None
    hold_until: int | None = None
    noticed_at: int | None = None
    reminders: int = 0
    extensions: int = 0
    overdue_at: int | None = None
    ended_at: int | None = None
    end: str = ""
    position: int = 0


class Visitor(msgspec.Struct, array_like=True):
    """A row of ``sessions`` that has not ended."""

    site: str
    locker: str
    role: str
    started_at: int
    deposits: int = 0
    collections: int = 0
    retrievals: int = 0
    turn_aways: int = 0


class Swing(msgspec.Struct, array_like=True):
    """A row of ``doors`` that has not ended."""

    purpose: str
    intended_at: int | None
    opened_at: int | None = None


class Kept(msgspec.Struct):
    """What has not ended, and what is remembered between facts."""

    visits: dict[str, Visit] = {}
    sessions: dict[str, Visitor] = {}
    doors: dict[str, Swing] = {}
    """By locker and compartment, with a slash between."""
    kinds: dict[str, tuple[CompartmentKind, ...]] = {}
    """Of compartments in service, by site."""
    sizes: dict[str, dict[str, int]] = {}
    """Compartments in service by site and size class."""
    at: int = 0
    """The latest time of any fact."""
    position: int = 0
    """Of the last fact that was taken."""


class Built(msgspec.Struct):
    """What lockers are built like; told by people, not by facts."""

    site_of: Mapping[str, str]
    """By locker."""
    sizes: Mapping[str, Mapping[str, str]]
    """Size class by locker and compartment."""


Row = tuple[Any, ...]
Rows = dict[str, list[Row]]
"""By table; each row has the columns of its table in their order."""


class EventFold:
    """Folds facts into rows.

    Parameters
    ----------
    built
        Lockers as they are now.
    kept
        What an earlier fold has left; nothing for the first fact.
    """

    def __init__(self, built: Built, kept: Kept | None = None) -> None:
        self._built = built
        self.kept = Kept() if kept is None else kept
        self._rows: Rows = {table.name: [] for table in tables.BY_DAY}

    def take(self, owner: str, position: int, fact: Fact) -> None:
        """Fold one fact of the stream of an owner: a parcel, a site or a locker."""
        self.kept.at = max(self.kept.at, fact.at)
        self.kept.position = position
        match fact:
            case parcel.ParcelDeposited() | parcel.ParcelCollected() | parcel.ParcelRetrieved():
                self._move(owner, position, fact)
            case site.CapacitySet():
                self._set_capacity(owner, position, fact)
            case session.SessionStarted() | session.SessionEnded():
                self._visit(owner, position, fact)
            case handoff.TurnedAway():
                self._turn_away(owner, position, fact)
            case (
                handoff.HandoffDeposited() | handoff.HandoffCollected() | handoff.HandoffRetrieved()
            ):
                self._count(owner, fact)
            case (
                door.OpeningIntended()
                | door.DoorOpened()
                | door.OpeningFailed()
                | door.OpeningUncertain()
                | door.DoorClosed()
                | door.DoorForced()
            ):
                self._swing(owner, position, fact)
            case _:
                self._plan(owner, position, fact)

    def drain(self) -> Rows:
        """Hand over the rows that have ended since the last time, and forget them."""
        self._forget()
        rows, self._rows = self._rows, {table.name: [] for table in tables.BY_DAY}
        return rows

    def open_visits(self) -> list[Row]:
        """Tell the visits that have not ended."""
        return [_row(visit) for visit in self.kept.visits.values()]

    # ── Parcels ───────────────────────────────────────────────────────────────────────────────

    def _plan(self, owner: str, position: int, fact: Fact) -> None:
        match fact:
            case parcel.ParcelAnnounced(about=about):
                visit = self.kept.visits.setdefault(owner, Visit(owner))
                visit.partner, visit.site = about.partner, visit.site or about.site
                visit.announced_at = fact.at
                kinds = self.kept.kinds.get(about.site, ())
                visit.wanted_size = _wanted_size(about.size, kinds)
            case parcel.ParcelReturned():
                self._rows[tables.RETURNS.name].append((owner, fact.at, position))
            case _:
                known = self.kept.visits.get(owner)
                if known is not None:
                    self._change(known, position, fact)

    def _change(self, visit: Visit, position: int, fact: Fact) -> None:
        match fact:
            case parcel.CapacityConfirmed():
                visit.booked_at, visit.site = fact.at, fact.site
            case parcel.HoldExtended(hold_until=until):
                visit.hold_until = until
                visit.extensions += 1
            case parcel.HoldExpired():
                visit.overdue_at = fact.at
            case parcel.ParcelCancelled():
                if visit.deposited_at is None:
                    self._end(visit, position, fact.at, End.CANCELLED)
            case parcel.NoticeSent(kind=kind):
                if visit.deposited_at is not None and visit.noticed_at is None:
                    visit.noticed_at = fact.at
                visit.reminders += kind in REMINDERS

    def _move(
        self,
        owner: str,
        position: int,
        fact: parcel.ParcelDeposited | parcel.ParcelCollected | parcel.ParcelRetrieved,
    ) -> None:
        place = fact.place
        visit = self.kept.visits.get(owner)
        if isinstance(fact, parcel.ParcelDeposited):
            if visit is not None and visit.deposited_at is not None:
                # It left and nobody saw it: the next deposit says so at the latest.
                self._end(visit, position, fact.at, End.RETRIEVED)
                visit = None
            if visit is None:
                visit = self.kept.visits[owner] = Visit(owner)
            visit.deposited_at, visit.hold_until = fact.at, fact.hold_until
        elif visit is None:
            return
        if visit.deposited_at is None:
            # Reported before its deposit, which a late report may still bring: nothing lay there.
            return
        visit.site, visit.locker, visit.compartment = place.site, place.locker, place.compartment
        visit.size = self._built.sizes.get(place.locker, {}).get(place.compartment, "")
        if isinstance(fact, parcel.ParcelCollected):
            self._end(visit, position, fact.at, End.COLLECTED)
        elif isinstance(fact, parcel.ParcelRetrieved):
            self._end(visit, position, fact.at, End.RETRIEVED)

    def _end(self, visit: Visit, position: int, at: int, end: End) -> None:
        # Clocks of lockers may go back: nothing leaves before it came.
        visit.ended_at, visit.end = max(at, visit.deposited_at or at), end.value
        visit.position = position
        self.kept.visits.pop(visit.parcel, None)
        self._rows[tables.VISITS.name].append(_row(visit))

    def _forget(self) -> None:
        before = self.kept.at - FORGOTTEN_SECONDS
        for visit in tuple(self.kept.visits.values()):
            announced = visit.announced_at
            if visit.deposited_at is None and announced is not None and announced < before:
                at = announced + FORGOTTEN_SECONDS
                self._end(visit, self.kept.position, at, End.NEVER_CAME)

    # ── Sites and lockers ─────────────────────────────────────────────────────────────────────

    def _set_capacity(self, owner: str, position: int, fact: site.CapacitySet) -> None:
        self.kept.kinds[owner] = tuple(supply.kind for supply in fact.supply)
        before = self.kept.sizes.get(owner, {})
        now: dict[str, int] = dict.fromkeys(before, 0)
        for supply in fact.supply:
            named = size_class(supply.kind.volume_mm3)
            now[named] = now.get(named, 0) + supply.count
        for named, count in now.items():
            if before.get(named) != count:
                self._rows[tables.CAPACITY.name].append((owner, named, count, fact.at, position))
        self.kept.sizes[owner] = {named: count for named, count in now.items() if count}

    def _visit(
        self, owner: str, position: int, fact: session.SessionStarted | session.SessionEnded
    ) -> None:
        if isinstance(fact, session.SessionStarted):
            self.kept.sessions[owner] = Visitor(self._site(owner), owner, fact.role.value, fact.at)
            return
        visitor = self.kept.sessions.pop(owner, None)
        if visitor is None:
            return
        self._rows[tables.SESSIONS.name].append(
            (
                visitor.site,
                visitor.locker,
                visitor.role,
                visitor.started_at,
                max(fact.at, visitor.started_at),
                fact.why,
                visitor.deposits,
                visitor.collections,
                visitor.retrievals,
                visitor.turn_aways,
                position,
            )
        )

    def _count(self, owner: str, fact: handoff.HandoffFact) -> None:
        visitor = self.kept.sessions.get(owner)
        if visitor is None:
            return
        match fact:
            case handoff.HandoffDeposited():
                visitor.deposits += 1
            case handoff.HandoffCollected():
                visitor.collections += 1
            case handoff.HandoffRetrieved():
                visitor.retrievals += 1
            case handoff.TurnedAway():
                visitor.turn_aways += 1

    def _turn_away(self, owner: str, position: int, fact: handoff.TurnedAway) -> None:
        self._count(owner, fact)
        known = self.kept.visits.get(fact.parcel or "")
        partner, wanted = ("", "") if known is None else (known.partner, known.wanted_size)
        self._rows[tables.TURN_AWAYS.name].append(
            (
                self._site(owner),
                owner,
                fact.parcel or "",
                partner,
                wanted,
                fact.why,
                fact.at,
                position,
            )
        )

    def _swing(self, owner: str, position: int, fact: Any) -> None:
        key = f"{owner}/{fact.compartment}"
        known = self.kept.doors.get(key)
        match fact:
            case door.OpeningIntended(purpose=purpose):
                if known is not None:
                    self._shut(owner, position, fact.compartment, fact.at, _outcome(known))
                self.kept.doors[key] = Swing(purpose.value, fact.at)
            case door.DoorOpened():
                if known is not None:
                    known.opened_at = fact.at
            case door.OpeningFailed():
                self._shut(owner, position, fact.compartment, fact.at, "failed")
            case door.OpeningUncertain():
                self._shut(owner, position, fact.compartment, fact.at, "uncertain")
            case door.DoorForced():
                self.kept.doors[key] = Swing("", None, fact.at)
                self._shut(owner, position, fact.compartment, fact.at, "forced")
            case door.DoorClosed():
                if known is not None:
                    self._shut(owner, position, fact.compartment, fact.at, _outcome(known))

    def _shut(self, owner: str, position: int, name: str, at: int, outcome: str) -> None:
        known = self.kept.doors.pop(f"{owner}/{name}", None)
        if known is None:
            return
        intended, opened = known.intended_at, known.opened_at
        ended = max(at, opened or at, intended or at)
        row = (self._site(owner), owner, name, known.purpose, intended, opened, ended, outcome)
        self._rows[tables.DOORS.name].append((*row, position))

    def _site(self, locker: str) -> str:
        return self._built.site_of.get(locker, "")


def _outcome(swing: Swing) -> str:
    return "uncertain" if swing.opened_at is None else "opened"


def _row(visit: Visit) -> Row:
    return msgspec.structs.astuple(visit)


@lru_cache(maxsize=65_536)
def _wanted_size(size: ParcelSize, kinds: tuple[CompartmentKind, ...]) -> str:
    fitting = [kind.volume_mm3 for kind in kinds if goes_into(size, kind)]
    return size_class(min(fitting)) if fitting else ""
