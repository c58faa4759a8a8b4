"""The simulation itself, compiled: parcels in order of time against the room of their sites.

A parcel that finds no room may go to a neighbour, else it is tried again at later visits, and goes
back after the last of them. Departures lie in one heap for each site and are looked at only when
somebody comes there, so nothing is done for a site at which nothing happens.

Every function is ordinary Python as well: with ``NUMBA_DISABLE_JIT=1`` the same code runs
uncompiled. Another program for the same rules, written to be read, is :mod:`.plain`.
"""

import math
from typing import Any

from ..compiled import Kernel
from .fate import ELSEWHERE, FIRST_TRY, GONE_BACK, LATER_TRY
from .tables import (
    COMES_WITHIN_H,
    EXTENDS_BEFORE_H,
    REMINDER_AFTER_H_MIN,
    REMINDER_BEFORE_H_MIN,
    REMINDERS_APART_H,
)

KERNEL = Kernel(nogil=True, error_model="numpy", _nrt=False)
"""Nothing is allocated here, so references are not counted: each call hands over many tables, and
counting them took five sixths of the time."""

NEVER = math.inf


@KERNEL.compiled
def next_visit(places: Any, site: int, after: float) -> float:
    """Find the next visit at or after a time; never where there is none."""
    low, high = places.visits_from[site], places.visits_from[site + 1]
    end = high
    while low < high:
        middle = (low + high) // 2
        if places.visits[middle] < after:
            low = middle + 1
        else:
            high = middle
    return places.visits[low] if low < end else NEVER


@KERNEL.compiled
def draw_departure(
    places: Any, rules: Any, wanted: Any, parcel: int, site: int, at: float
) -> tuple[float, bool]:
    """Tell when a parcel put in now leaves, and whether it is retrieved because nobody came."""
    leaves_at, is_overdue = wish_departure(places, rules, wanted, parcel, site, at)
    if places.is_dark[site] and places.shut_from[site] <= leaves_at < places.shut_until[site]:
        leaves_at = places.shut_until[site]
    return leaves_at, is_overdue


@KERNEL.compiled
def wish_departure(
    places: Any, rules: Any, wanted: Any, parcel: int, site: int, at: float
) -> tuple[float, bool]:
    """Tell the same for a locker that always works."""
    if wanted.stay_h[parcel] >= 0.0:
        return at + wanted.stay_h[parcel], False
    until = at + rules.hold_h
    last = until - EXTENDS_BEFORE_H + COMES_WITHIN_H
    comes = NEVER
    if wanted.no_show[parcel] >= rules.no_show_share:
        comes = spend_patience(places, rules, wanted.patience[parcel], site, at, until, last)
        if comes >= until and wanted.extends[parcel] < rules.extension_share:
            return min(comes, last), False
    if comes < until:
        return comes, False
    taken_at = next_visit(places, site, until)
    return (until + 24.0 if taken_at == NEVER else taken_at), True


@KERNEL.compiled
def spend_patience(
    places: Any, rules: Any, patience: float, site: int, at: float, until: float, last: float
) -> float:
    """Spend patience hour by hour until it is gone; never when that is after ``last``."""
    first = at + rules.reminder_after_h
    second = until - rules.reminder_before_end_h
    earliest, latest = at + REMINDER_AFTER_H_MIN, until - REMINDER_BEFORE_H_MIN
    if not earliest <= second <= latest:
        second = NEVER
    if not earliest <= first <= latest or (second < NEVER and second - first < REMINDERS_APART_H):
        first = NEVER
    hours = min(len(rules.urge), int(last - at) + 1)
    for hour in range(hours):
        now = at + hour
        place = int(now)
        if place >= len(rules.rhythm):
            break
        rate = rules.urge[hour] * rules.rhythm[place]
        if 0.0 <= now - first < rules.reminder_h or 0.0 <= now - second < rules.reminder_h:
            rate *= rules.reminder_factor
        if hour < rules.reward_h:
            rate *= rules.reward_factor
        if places.is_dark[site] and places.shut_from[site] <= now < places.shut_until[site]:
            rate = 0.0
        if rate >= patience:
            return now + patience / rate if rate > 0.0 else now
        patience -= rate
    return NEVER


@KERNEL.compiled
def free_up(state: Any, places: Any, site: int, now: float) -> None:
    """Take out of a site's heap whatever has left by now."""
    base = places.heap_from[site]
    count = state.inside[site]
    while count > 0 and state.leaves_at[base] <= now:
        state.taken[site, state.leaves_kind[base]] -= 1
        state.live[site, state.leaves_class[base]] -= 1
        count -= 1
        at = state.leaves_at[base + count]
        kind, of_class = state.leaves_kind[base + count], state.leaves_class[base + count]
        hole = 0
        while True:
            child = 2 * hole + 1
            if child >= count:
                break
            if (
                child + 1 < count
                and state.leaves_at[base + child + 1] < state.leaves_at[base + child]
            ):
                child += 1
            if state.leaves_at[base + child] >= at:
                break
            state.leaves_at[base + hole] = state.leaves_at[base + child]
            state.leaves_kind[base + hole] = state.leaves_kind[base + child]
            state.leaves_class[base + hole] = state.leaves_class[base + child]
            hole = child
        state.leaves_at[base + hole] = at
        state.leaves_kind[base + hole] = kind
        state.leaves_class[base + hole] = of_class
    state.inside[site] = count


@KERNEL.compiled
def put_in(state: Any, places: Any, site: int, kind: int, of_class: int, leaves_at: float) -> None:
    """Count a parcel in and write down when it leaves."""
    state.taken[site, kind] += 1
    base = places.heap_from[site]
    hole = state.inside[site]
    state.inside[site] = hole + 1
    while hole > 0:
        parent = (hole - 1) // 2
        if state.leaves_at[base + parent] <= leaves_at:
            break
        state.leaves_at[base + hole] = state.leaves_at[base + parent]
        state.leaves_kind[base + hole] = state.leaves_kind[base + parent]
        state.leaves_class[base + hole] = state.leaves_class[base + parent]
        hole = parent
    state.leaves_at[base + hole] = leaves_at
    state.leaves_kind[base + hole] = kind
    state.leaves_class[base + hole] = of_class


@KERNEL.compiled
def choose(state: Any, places: Any, rules: Any, site: int, of_class: int, now: float) -> int:
    """Choose the first kind with a free compartment that the parcel goes into; -1 for none."""
    if places.shut_from[site] <= now < places.shut_until[site]:
        return -1
    free_up(state, places, site, now)
    mask = rules.masks[of_class]
    for kind in range(places.room.shape[1]):
        if mask >> kind & 1 and state.taken[site, kind] < places.room[site, kind]:
            return kind
    return -1


@KERNEL.compiled
def has_room(state: Any, places: Any, rules: Any, site: int, of_class: int, now: float) -> bool:
    """Whether one more can be promised: Hall's condition over what is booked and inside."""
    if places.shut_from[site] <= now < places.shut_until[site]:
        return False
    free_up(state, places, site, now)
    own = rules.masks[of_class]
    if own == 0:
        return False
    for place in range(len(rules.unions)):
        union = rules.unions[place]
        if own & ~union:
            continue
        room = 0
        for kind in range(places.room.shape[1]):
            if union >> kind & 1:
                room += places.room[site, kind]
        needed = 1
        for other in range(len(rules.masks)):
            if not rules.masks[other] & ~union:
                needed += state.live[site, other]
        if needed > room:
            return False
    return True


@KERNEL.compiled
def push(state: Any, waiting: int, at: float, parcel: int, site: int) -> None:
    """Write down that a parcel is tried at a later time; first written goes first."""
    state.order[0] += 1
    hole = waiting
    while hole > 0:
        parent = (hole - 1) // 2
        if state.due_at[parent] <= at:
            break
        state.due_at[hole] = state.due_at[parent]
        state.due_order[hole] = state.due_order[parent]
        state.due_parcel[hole] = state.due_parcel[parent]
        state.due_site[hole] = state.due_site[parent]
        hole = parent
    state.due_at[hole] = at
    state.due_order[hole] = state.order[0]
    state.due_parcel[hole] = parcel
    state.due_site[hole] = site


@KERNEL.compiled
def is_before(state: Any, one: int, other: int) -> bool:
    """Whether an entry of the heap of later tries comes before another."""
    if state.due_at[one] != state.due_at[other]:
        return bool(state.due_at[one] < state.due_at[other])
    return bool(state.due_order[one] < state.due_order[other])


@KERNEL.compiled
def pop(state: Any, waiting: int) -> None:
    """Take the first entry out of the heap of later tries; ``waiting`` counts what is left."""
    hole = 0
    while True:
        child = 2 * hole + 1
        if child >= waiting:
            break
        if child + 1 < waiting and is_before(state, child + 1, child):
            child += 1
        if not is_before(state, child, waiting):
            break
        _move(state, hole, child)
        hole = child
    _move(state, hole, waiting)


@KERNEL.compiled
def _move(state: Any, to: int, origin: int) -> None:
    state.due_at[to] = state.due_at[origin]
    state.due_order[to] = state.due_order[origin]
    state.due_parcel[to] = state.due_parcel[origin]
    state.due_site[to] = state.due_site[origin]


@KERNEL.compiled
def try_booking(
    state: Any, places: Any, rules: Any, wanted: Any, fate: Any, parcel: int, waiting: int
) -> int:
    """Book room at a parcel's site or at a neighbour; how many wait to be put in afterwards."""
    home, of_class, now = wanted.site[parcel], wanted.kind[parcel], wanted.asked_at[parcel]
    site = home
    if not has_room(state, places, rules, home, of_class, now):
        site = -1
        if wanted.redirects[parcel] < rules.redirect_share:
            for place in range(places.neighbours.shape[1]):
                other = places.neighbours[home, place]
                if other >= 0 and has_room(state, places, rules, other, of_class, now):
                    site = other
                    break
    if site < 0:
        fate.outcome[parcel] = GONE_BACK
        return waiting
    state.live[site, of_class] += 1
    push(state, waiting, wanted.put_in_at[parcel], parcel, site)
    return waiting + 1


@KERNEL.compiled
def try_deposit(
    state: Any, places: Any, rules: Any, wanted: Any, fate: Any,
    parcel: int, site: int, now: float, waiting: int,
) -> int:  # fmt: skip
    """Put a parcel in where it fits, or say when it is tried again; how many wait afterwards."""
    of_class, home = wanted.kind[parcel], wanted.site[parcel]
    fate.tries[parcel] += 1
    if rules.is_booked and now >= wanted.asked_at[parcel] + rules.booking_h:
        state.live[site, of_class] -= 1
        fate.outcome[parcel] = GONE_BACK
        return waiting
    kind = choose(state, places, rules, site, of_class, now)
    there = site
    if kind < 0 and not rules.is_booked and wanted.redirects[parcel] < rules.redirect_share:
        for place in range(places.neighbours.shape[1]):
            other = places.neighbours[home, place]
            if other >= 0:
                kind = choose(state, places, rules, other, of_class, now)
                if kind >= 0:
                    there = other
                    break
    if kind >= 0:
        leaves_at, is_overdue = draw_departure(places, rules, wanted, parcel, there, now)
        put_in(state, places, there, kind, of_class, leaves_at)
        if not rules.is_booked:
            state.live[there, of_class] += 1
        fate.site[parcel], fate.kind[parcel] = there, kind
        fate.in_at[parcel], fate.out_at[parcel] = now, leaves_at
        fate.is_overdue[parcel] = is_overdue
        is_first = fate.tries[parcel] == 1
        fate.outcome[parcel] = ELSEWHERE if there != home else FIRST_TRY if is_first else LATER_TRY
        return waiting
    again = next_visit(places, site, now + 1e-9 + 1.0)
    if fate.tries[parcel] < rules.tries_max and again < NEVER:
        push(state, waiting, again, parcel, site)
        return waiting + 1
    if rules.is_booked:
        state.live[site, of_class] -= 1
    fate.outcome[parcel] = GONE_BACK
    return waiting


def _define(digest: str) -> Any:
    def play(state: Any, places: Any, rules: Any, wanted: Any, fate: Any) -> int:
        """Play all parcels in order of time; how many events there were."""
        _ = digest
        waiting, events, parcel = 0, 0, 0
        while parcel < len(wanted.asked_at) or waiting > 0:
            events += 1
            asked_at = wanted.asked_at[parcel] if parcel < len(wanted.asked_at) else NEVER
            if waiting > 0 and state.due_at[0] <= asked_at:
                now, tried, site = state.due_at[0], state.due_parcel[0], state.due_site[0]
                waiting -= 1
                pop(state, waiting)
                waiting = try_deposit(state, places, rules, wanted, fate, tried, site, now, waiting)
                continue
            if rules.is_booked:
                waiting = try_booking(state, places, rules, wanted, fate, parcel, waiting)
            else:
                waiting = try_deposit(
                    state, places, rules, wanted, fate,
                    parcel, wanted.site[parcel], asked_at, waiting,
                )  # fmt: skip
            parcel += 1
        return events

    return play


play = KERNEL.kept(_define)
"""Play ``Wanted`` against ``Places`` under ``Rules``; writes ``State`` and ``Fate``."""
