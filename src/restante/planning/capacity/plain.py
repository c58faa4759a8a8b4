"""The same rules as the kernel, written to be read: objects, a calendar, one thing after another.

Nothing here is shared with :mod:`.kernel` but the tables both are given. Tests play both on the
same parcels and compare what became of each; it is slower by a hundred times.
"""

import heapq
import math
from dataclasses import dataclass, field
from typing import NamedTuple

from .fate import ELSEWHERE, FIRST_TRY, GONE_BACK, LATER_TRY
from .tables import (
    COMES_WITHIN_H,
    EXTENDS_BEFORE_H,
    REMINDER_AFTER_H_MIN,
    REMINDER_BEFORE_H_MIN,
    REMINDERS_APART_H,
    Places,
    Rules,
    Wanted,
)


class PlainFate(NamedTuple):
    """What became of a parcel; site and kind are -1 when it was not put in."""

    outcome: int
    site: int = -1
    kind: int = -1
    in_at: float = math.nan
    out_at: float = math.nan
    is_overdue: bool = False


@dataclass
class _Stay:
    leaves_at: float
    kind: int


@dataclass
class _Locker:
    room: list[int]
    visits: list[float]
    shut: tuple[float, float]
    is_dark: bool
    inside: list[tuple[_Stay, int]] = field(default_factory=list)
    """Stays, each with its class of parcels."""
    booked: list[int] = field(default_factory=list)
    """Classes of parcels that are booked and not yet inside."""

    def is_shut(self, now: float) -> bool:
        return self.shut[0] <= now < self.shut[1]

    def look(self, now: float) -> None:
        self.inside = [(stay, kind) for stay, kind in self.inside if stay.leaves_at > now]

    def first_free(self, kinds: list[int]) -> int | None:
        taken = [stay.kind for stay, _ in self.inside]
        return next((kind for kind in kinds if taken.count(kind) < self.room[kind]), None)

    def next_visit(self, after: float) -> float:
        return next((at for at in self.visits if at >= after), math.inf)


class _Play:
    def __init__(self, places: Places, rules: Rules, wanted: Wanted) -> None:
        self.places, self.rules, self.wanted = places, rules, wanted
        begin = places.visits_from
        self.lockers = [
            _Locker(
                room=places.room[n].tolist(),
                visits=places.visits[begin[n] : begin[n + 1]].tolist(),
                shut=(float(places.shut_from[n]), float(places.shut_until[n])),
                is_dark=bool(places.is_dark[n]),
            )
            for n in range(len(places.room))
        ]
        kinds = range(places.room.shape[1])
        self.fits = [[kind for kind in kinds if mask >> kind & 1] for mask in rules.masks.tolist()]
        self.fates = [PlainFate(GONE_BACK)] * len(wanted)
        self.tries = [0] * len(wanted)
        self.due: list[tuple[float, int, int, int]] = []
        self.written = 0

    def run(self) -> list[PlainFate]:
        asked = self.wanted.asked_at.tolist()
        for parcel, now in enumerate(asked):
            self.play_until(now)
            if self.rules.is_booked:
                self.book(parcel, now)
            else:
                self.put_in(parcel, int(self.wanted.site[parcel]), now)
        self.play_until(math.inf)
        return self.fates

    def play_until(self, moment: float) -> None:
        while self.due and self.due[0][0] <= moment:
            now, _, parcel, site = heapq.heappop(self.due)
            self.put_in(parcel, site, now)

    def later(self, parcel: int, site: int, at: float) -> None:
        self.written += 1
        heapq.heappush(self.due, (at, self.written, parcel, site))

    def near(self, parcel: int) -> list[int]:
        if self.wanted.redirects[parcel] >= self.rules.redirect_share:
            return []
        near = self.places.neighbours[self.wanted.site[parcel]].tolist()
        return [other for other in near if other >= 0]

    def book(self, parcel: int, now: float) -> None:
        of_class = int(self.wanted.kind[parcel])
        for site in [int(self.wanted.site[parcel]), *self.near(parcel)]:
            if self.has_room(self.lockers[site], of_class, now):
                self.lockers[site].booked.append(of_class)
                self.later(parcel, site, float(self.wanted.put_in_at[parcel]))
                return

    def has_room(self, locker: _Locker, of_class: int, now: float) -> bool:
        """Hall's condition, over every set of kinds that holds all that the parcel goes into."""
        if locker.is_shut(now) or not self.rules.masks[of_class]:
            return False
        locker.look(now)
        live = [*locker.booked, *(kind for _, kind in locker.inside), of_class]
        for union in self.rules.unions.tolist():
            if self.rules.masks[of_class] & ~union:
                continue
            room = sum(count for kind, count in enumerate(locker.room) if union >> kind & 1)
            if sum(not self.rules.masks[one] & ~union for one in live) > room:
                return False
        return True

    def put_in(self, parcel: int, site: int, now: float) -> None:
        rules, of_class = self.rules, int(self.wanted.kind[parcel])
        home = int(self.wanted.site[parcel])
        self.tries[parcel] += 1
        if rules.is_booked and now >= self.wanted.asked_at[parcel] + rules.booking_h:
            self.lockers[site].booked.remove(of_class)
            return
        places = [site] if rules.is_booked else [site, *self.near(parcel)]
        for there in places:
            locker = self.lockers[there]
            locker.look(now)
            kind = None if locker.is_shut(now) else locker.first_free(self.fits[of_class])
            if kind is None:
                continue
            if rules.is_booked:
                locker.booked.remove(of_class)
            out_at, is_overdue = self.departure(parcel, locker, now)
            locker.inside.append((_Stay(out_at, kind), of_class))
            first = FIRST_TRY if self.tries[parcel] == 1 else LATER_TRY
            outcome = first if there == home else ELSEWHERE
            self.fates[parcel] = PlainFate(outcome, there, kind, now, out_at, is_overdue)
            return
        again = self.lockers[site].next_visit(now + 1e-9 + 1.0)
        if self.tries[parcel] < rules.tries_max and again < math.inf:
            self.later(parcel, site, again)
        elif rules.is_booked:
            self.lockers[site].booked.remove(of_class)

    def departure(self, parcel: int, locker: _Locker, at: float) -> tuple[float, bool]:
        leaves_at, is_overdue = self.wish(parcel, locker, at)
        if locker.is_dark and locker.is_shut(leaves_at):
            leaves_at = locker.shut[1]
        return leaves_at, is_overdue

    def wish(self, parcel: int, locker: _Locker, at: float) -> tuple[float, bool]:
        wanted, rules = self.wanted, self.rules
        if wanted.stay_h[parcel] >= 0:
            return at + float(wanted.stay_h[parcel]), False
        until = at + rules.hold_h
        last = until - EXTENDS_BEFORE_H + COMES_WITHIN_H
        comes = math.inf
        if wanted.no_show[parcel] >= rules.no_show_share:
            comes = self.comes(parcel, locker, at, until, last)
            if comes >= until and wanted.extends[parcel] < rules.extension_share:
                return min(comes, last), False
        if comes < until:
            return comes, False
        visit = locker.next_visit(until)
        return (visit if visit < math.inf else until + 24.0), True

    def comes(self, parcel: int, locker: _Locker, at: float, until: float, last: float) -> float:
        rules = self.rules
        reminders = self.reminders(at, until)
        patience = float(self.wanted.patience[parcel])
        for hour in range(min(len(rules.urge), int(last - at) + 1)):
            now = at + hour
            if int(now) >= len(rules.rhythm):
                return math.inf
            rate = float(rules.urge[hour] * rules.rhythm[int(now)])
            if any(0 <= now - reminder < rules.reminder_h for reminder in reminders):
                rate *= rules.reminder_factor
            if hour < rules.reward_h:
                rate *= rules.reward_factor
            if locker.is_dark and locker.is_shut(now):
                rate = 0.0
            if rate >= patience:
                return now + patience / rate
            patience -= rate
        return math.inf

    def reminders(self, at: float, until: float) -> list[float]:
        """As `core.hold.reminder_times` has it, with lengths that may be changed."""
        wanted = [at + self.rules.reminder_after_h, until - self.rules.reminder_before_end_h]
        earliest, latest = at + REMINDER_AFTER_H_MIN, until - REMINDER_BEFORE_H_MIN
        kept = [reminder for reminder in wanted if earliest <= reminder <= latest]
        if len(kept) == 2 and kept[1] - kept[0] < REMINDERS_APART_H:
            kept = kept[1:]
        return kept


def play_plainly(places: Places, rules: Rules, wanted: Wanted) -> list[PlainFate]:
    """Play all parcels in order of time; what became of each."""
    return _Play(places, rules, wanted).run()
