"""Life: parcels are announced, couriers drive, recipients come, things go wrong now and then.

The world knows the city, the people and the street; everything inside a locker or the centre is
the product itself, reached only the way people reach it: a partner's announcement, a courier's
PIN, a code read in a notice.
"""

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from ..core.content import REOPEN_SECONDS
from ..core.hold import HoldPolicy, reminder_times
from ..core.ids import ParcelId, PartnerId, SiteId
from ..core.refusal import Reason, Refused
from ..core.value import DAY, HOUR, Seconds, UtcSeconds
from ..notices import Notice, NoticeKind
from ..operations.announce import announce
from ..operations.extend import extend
from ..operations.retrieve import complete_return
from ..views.principal import Principal
from .agenda import Agenda
from .assumptions import EVENING, Assumptions
from .city import City
from .couriers import Courier, drive_tour
from .letters import Consigned, Letters
from .mishaps import Mishaps
from .people import draw_collection, draw_visit
from .ports import Town
from .recipients import visit_locker
from .sensing import Sensing
from .stand import Stand

OFFICE_SECONDS: Final = 600
"""How often the centre's timers are looked at; deadlines are hours away."""

LOOK_SECONDS: Final = 4 * HOUR
"""How often a locker nobody stands at reads its sensors and talks to the centre, where nobody
watches. Real ones do it all the time; in between nothing happens that a visit does not show."""

AFTER_VISIT_SECONDS: Final = REOPEN_SECONDS + 60
"""When a locker looks again after a visit: the re-open window has passed by then."""

TRIES_MAX: Final = 3
"""Days on which a courier tries to put a parcel in before it goes back to its sender."""

RETRY_SECONDS: Final = 6 * HOUR
"""When somebody who found the locker silent or busy comes again."""


class World:
    """A city in which the product lives.

    Parameters
    ----------
    town
        Centre and lockers.
    seed
        All chance; the same seed plays the same life.
    hold
        For parcels that bring none of their own.
    look_seconds
        See :data:`LOOK_SECONDS`; less where somebody watches.
    """

    def __init__(
        self,
        town: Town,
        *,
        city: City,
        couriers: Sequence[Courier],
        assumptions: Assumptions,
        seed: int,
        hold: HoldPolicy,
        look_seconds: int = LOOK_SECONDS,
    ) -> None:
        self.town = town
        self.city = city
        self.agenda = Agenda(town.clock)
        self.assumptions = assumptions
        self.is_peak = False
        self.turned_away_count = 0
        self.wrong_codes_count = 0
        self.refused_announcements: list[tuple[Consigned, Reason]] = []
        self.chance = random.Random(seed)
        self.letters = Letters()
        self._hold = hold
        self._look_seconds = look_seconds
        self._couriers = couriers
        self._stands: dict[SiteId, Stand] = {stand.site: stand for stand in town.stands}
        self._zone = ZoneInfo(city.time_zone)
        self._waiting: dict[PartnerId, list[Consigned]] = {c.partner: [] for c in couriers}

    # ── What is set going ─────────────────────────────────────────────────────────────────────

    def open_for_business(self) -> None:
        """Let clocks tick: the centre's timers, the lockers' sensors, the couriers' days."""
        self.agenda.every(OFFICE_SECONDS, self._pass_time)
        for number, stand in enumerate(self.town.stands):
            offset = number * self._look_seconds // max(1, len(self.town.stands))
            self.agenda.after(offset, partial(self.agenda.every, self._look_seconds, stand.look))
        self.agenda.at(self._next_local(self.assumptions.tour_start_hour), self._begin_day)

    def let_things_go_wrong(self, seed: int) -> Sensing:
        """Threaten every locker with mishaps, see :class:`.mishaps.Mishaps`, and with news for
        its sensors, see :class:`.sensing.Sensing`."""
        mishaps = Mishaps(self.agenda, assumptions=self.assumptions, seed=seed)
        sensing = Sensing(self.agenda, assumptions=self.assumptions, seed=seed)
        for stand in self.town.stands:
            mishaps.threaten(stand)
            sensing.attend(stand)
        return sensing

    def announce(self, parcels: Iterable[Consigned], *, partner: PartnerId) -> int:
        """Announce parcels and hand them to the depot for the next tour.

        Returns
        -------
        int
            How many were accepted; the others are in ``refused_announcements``.
        """
        accepted = 0
        for consigned in parcels:
            try:
                self._announce(consigned, partner)
            except Refused as refusal:
                self.refused_announcements.append((consigned, refusal.reason))
                continue
            accepted += 1
        return accepted

    def read(self, notice: Notice) -> None:
        """Let a recipient read a notice, and act on it."""
        letter = self.letters.read(notice)
        if letter is None or letter.is_gone:
            return
        if notice.kind is NoticeKind.DEPOSITED and not letter.is_told:
            letter.is_told = True
            self._plan_collection(letter)

    def settle(self, seconds: int) -> None:
        """Mend every link and play on for a while, so that both sides have told each other all."""
        for stand in self.town.stands:
            stand.link.restore()
        self.agenda.run_until(self.agenda.now + seconds)
        for stand in self.town.stands:
            stand.link.restore()  # Something may have gone wrong again meanwhile.
            stand.look()

    # ── Partners and couriers ─────────────────────────────────────────────────────────────────

    def _announce(self, consigned: Consigned, partner: PartnerId) -> None:
        hours = consigned.hold_hours
        hold = self._hold if hours is None else HoldPolicy(hold_seconds=Seconds(hours * HOUR))
        answer = self.town.office.run(
            announce(
                self.town.office.means,
                Principal.of_partner(partner),
                label=consigned.label_key,
                size=consigned.size,
                site=consigned.site,
                contact=consigned.contact,
                needs_low_door=consigned.needs_low_door,
                hold=hold,
            )
        )
        consigned.parcel, consigned.recipient = answer.parcel, answer.recipient
        self.letters.by_label[consigned.label_key] = consigned
        self._waiting[partner].append(consigned)

    @property
    def couriers(self) -> Sequence[Courier]:
        """Everybody who drives here."""
        return self._couriers

    def _begin_day(self) -> None:
        """Load the vans and send the couriers off; tomorrow again."""
        for courier in self._couriers:
            for parcel in courier.brought_back:
                self._complete_return(parcel, courier.partner)
            courier.brought_back.clear()
        sites = [stand.site for stand in self.town.stands]
        for place, courier in enumerate(self._couriers):
            mine = sites[place :: len(self._couriers)]
            self._load(courier, frozenset(mine))
            stops = self._route([self._stands[site] for site in mine])
            tour = drive_tour(
                courier,
                stops,
                now=lambda: self.agenda.now,
                assumptions=self.assumptions,
                chance=self.chance,
                turned_away=partial(self._turned_away, courier),
            )
            self.agenda.begin(self.agenda.now + self.chance.randrange(1800), tour)
        self.agenda.at(self._next_local(self.assumptions.tour_start_hour), self._begin_day)

    def _load(self, courier: Courier, sites: frozenset[SiteId]) -> None:
        waiting = self._waiting[courier.partner]
        for consigned in waiting:
            if consigned.site in sites:
                courier.load.setdefault(consigned.site, []).append(consigned)
        self._waiting[courier.partner] = [c for c in waiting if c.site not in sites]

    def _route(self, stands: list[Stand]) -> list[tuple[Stand, int]]:
        """Order stops by the nearest next, and spread the tour over the working day."""
        places = {site.id: site.position for site in self.city.sites}
        left, here = list(stands), self.city.center
        ordered: list[Stand] = []
        while left:
            nearest = min(left, key=lambda stand: _squared(places[stand.site], here))
            left.remove(nearest)
            ordered.append(nearest)
            here = places[nearest.site]
        hours = self.assumptions.tour_end_hour - self.assumptions.tour_start_hour
        pause = hours * HOUR // max(1, 2 * len(ordered))
        return [(stand, pause) for stand in ordered]

    def _turned_away(self, courier: Courier, consigned: Consigned, _why: Reason) -> None:
        self.turned_away_count += 1
        if consigned.try_count < TRIES_MAX:
            self._waiting[courier.partner].append(consigned)

    def _complete_return(self, parcel: ParcelId, partner: PartnerId) -> None:
        office = self.town.office
        try:
            office.run(complete_return(office.means, Principal.of_partner(partner), parcel=parcel))
        except Refused:
            # The locker's word has not reached the centre yet: try on the next day.
            self.agenda.after(DAY, lambda: self._complete_return(parcel, partner))

    # ── Recipients ────────────────────────────────────────────────────────────────────────────

    def _plan_collection(self, letter: Consigned) -> None:
        now = self.agenda.now
        until = letter.hold_until
        reminded = tuple(at for _, at in reminder_times(now, until)) if until else ()
        comes_at = draw_collection(
            self.assumptions, self.chance, ready_at=now, zone=self._zone, reminded_at=reminded
        )
        if until is not None and (comes_at is None or comes_at >= until):
            self._plan_extension(letter, until, comes_at)
        elif comes_at is not None:
            self.agenda.at(comes_at, lambda: self._go(letter))

    def _plan_extension(
        self, letter: Consigned, until: UtcSeconds, comes_at: UtcSeconds | None
    ) -> None:
        if comes_at is None or self.chance.random() >= self.assumptions.extension_share:
            return
        self.agenda.at(until - 2 * HOUR, lambda: self._extend(letter, comes_at))

    def _extend(self, letter: Consigned, comes_at: UtcSeconds) -> None:
        if letter.parcel is None or letter.recipient is None:
            return
        office = self.town.office
        try:
            asker = Principal.of_recipient(letter.recipient)
            office.run(extend(office.means, asker, parcel=letter.parcel))
        except Refused:
            return
        self.agenda.at(min(comes_at, self.agenda.now + 20 * HOUR), lambda: self._go(letter))

    def _go(self, letter: Consigned) -> None:
        stand = self._stands.get(letter.site)
        if stand is None or letter.is_gone:
            return
        visit = draw_visit(self.assumptions, self.chance, self.agenda.now)
        self.wrong_codes_count += visit.mistypes
        self.agenda.begin(
            self.agenda.now,
            visit_locker(stand, letter, visit, collected=self._collected, failed=self._failed),
        )

    def _collected(self, letter: Consigned) -> None:
        letter.is_gone = True
        self.agenda.after(AFTER_VISIT_SECONDS, self._stands[letter.site].look)

    def _failed(self, letter: Consigned, reason: Reason) -> None:
        """Come again later, unless the time has passed for good."""
        if reason in (Reason.SESSION_ACTIVE, Reason.DOOR_OPEN, Reason.TOO_MANY_ATTEMPTS):
            self.agenda.after(HOUR, lambda: self._go(letter))
        elif letter.hold_until is not None and self.agenda.now + RETRY_SECONDS < letter.hold_until:
            self.agenda.after(RETRY_SECONDS, lambda: self._go(letter))

    # ── Time ──────────────────────────────────────────────────────────────────────────────────

    def _pass_time(self) -> None:
        self.town.office.pass_time(self.agenda.now)

    def _next_local(self, hour: int) -> int:
        """Next time the local clock shows an hour."""
        local = datetime.fromtimestamp(self.agenda.now, UTC).astimezone(self._zone)
        wanted = local.replace(hour=hour, minute=0, second=0, microsecond=0)
        if wanted <= local:
            wanted += timedelta(days=1)
        return int(wanted.timestamp())

    def next_evening(self) -> int:
        """Tell when partners announce tomorrow's parcels."""
        return self._next_local(EVENING // HOUR)

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return self._zone


def _squared(one: tuple[float, float], other: tuple[float, float]) -> float:
    # A degree of longitude is about 0.58 of one of latitude where the city lies.
    return ((one[0] - other[0]) * 0.58) ** 2 + (one[1] - other[1]) ** 2
