"""One stretch of the search: ruin, recreate, accept or undo, at one temperature."""

import math
from collections.abc import Callable
from typing import Any

from .compiled import compiled, kept
from .drive import link
from .habits import find_habits
from .moves import forget, remember
from .recreate import recreate
from .ruin import ruin
from .schedule import find_peaks, reschedule
from .state import (
    ABSENT,
    AFTER,
    BEST,
    COST,
    KEPT_ABSENT,
    KEPT_PENALTIES,
    LEFT,
    LEFT_OUT,
    MOST,
    PENALTIES,
    REMOVED,
    Tables,
)  # fmt: skip

BETTER_BY = 1e-7
"""Costs closer than this are the same: what is left of sums of floats (chosen)."""


@compiled
def cost_now(tables: Tables) -> float:
    """Sum up what the plan costs, infinite where a route cannot be driven like this."""
    cost = tables.sums[PENALTIES]
    for r in range(tables.route_count):
        cost += tables.routes[r].cost
        if tables.routes[r].is_touched == 1 and tables.routes[r].is_sound == 0:
            return math.inf
    for i in range(tables.tally[LEFT_OUT]):
        prize = tables.parcels[tables.lists[LEFT_OUT, i]].prize
        if not math.isinf(prize):
            cost += prize
    return cost


@compiled
def take_up(tables: Tables) -> None:
    """Compute everything again from the successors of nodes alone.

    A route that cannot be driven as it stands loses all that may be taken from it.
    """
    options = tables.option_count
    for place in range(len(tables.places)):
        tables.places[place].first_here = -1
    for parcel in range(len(tables.parcels)):
        tables.parcels[parcel].chosen = -1
    for k in range(len(tables.room)):
        tables.room[k, LEFT] = tables.room[k, MOST]
    tables.sums[PENALTIES] = 0.0
    for r in range(tables.route_count):
        tables.routes[r].is_touched = 1
        _take_up_route(tables, r)
        if tables.routes[r].is_sound == 0 and tables.routes[r].count > 0:
            x = tables.nodes[tables.routes[r].head].next
            while x < options:
                forget(tables, x)
                x = tables.nodes[x].next
            link(tables, tables.routes[r].head, x)
            reschedule(tables, r)
        if tables.routes[r].count == 0:
            # What was done cannot be changed, even where it makes a vehicle late.
            tables.routes[r].is_sound = 1
    tables.tally[LEFT_OUT] = 0
    for parcel in range(tables.parcel_count):
        if tables.parcels[parcel].chosen < 0:
            tables.lists[LEFT_OUT, tables.tally[LEFT_OUT]] = parcel
            tables.tally[LEFT_OUT] += 1
    cost = cost_now(tables)
    keep(tables, cost)
    if required_absent(tables) == 0 and cost < tables.sums[BEST] - BETTER_BY:
        _note_best(tables, cost)


@compiled
def _take_up_route(tables: Tables, r: int) -> None:
    options = tables.option_count
    p = options + r
    x = tables.nodes[p].next
    while x >= 0:
        link(tables, p, x)
        if x < options:
            remember(tables, x, r)
        p = x
        x = tables.nodes[x].next
    reschedule(tables, r)
    for d in range(tables.dimensions):
        most = tables.loads[r, d]
        if tables.has_peaks:
            most = 0.0
            x = options + r
            while x >= 0:
                if x >= options or tables.nodes[x].parcel >= tables.parcel_count:
                    most = max(most, tables.peaks[x, AFTER, d])
                x = tables.nodes[x].next
        if most > tables.capacity[r, d]:
            tables.routes[r].is_sound = 0


@compiled
def begin_turn(tables: Tables) -> None:
    """Note how the plan is before it is changed."""
    tables.tally[KEPT_ABSENT] = tables.tally[ABSENT]
    tables.tally[REMOVED] = tables.tally[ABSENT]
    for i in range(tables.tally[ABSENT]):
        tables.lists[KEPT_ABSENT, i] = tables.lists[ABSENT, i]
    tables.sums[KEPT_PENALTIES] = tables.sums[PENALTIES]
    for r in range(tables.route_count):
        tables.routes[r].is_touched = 0
        tables.routes[r].is_ruined = 0


@compiled
def keep(tables: Tables, cost: float) -> None:
    """Take the changed plan as the one to go on from."""
    for i in range(tables.tally[LEFT_OUT]):
        tables.lists[ABSENT, i] = tables.lists[LEFT_OUT, i]
    tables.tally[ABSENT] = tables.tally[LEFT_OUT]
    tables.sums[COST] = cost
    options = tables.option_count
    for r in range(tables.route_count):
        if tables.routes[r].is_touched == 0:
            continue
        tables.routes[tables.route_count + r] = tables.routes[r]
        for d in range(tables.dimensions):
            tables.loads[tables.route_count + r, d] = tables.loads[r, d]
        x = options + r
        while x >= 0:
            tables.nodes[tables.node_count + x] = tables.nodes[x]
            x = tables.nodes[x].next


@compiled
def undo(tables: Tables) -> None:
    """Put everything back as it was when the turn began."""
    nodes = tables.nodes
    options = tables.option_count
    end = options + tables.route_count
    tables.tally[ABSENT] = tables.tally[KEPT_ABSENT]
    for i in range(tables.tally[KEPT_ABSENT]):
        tables.lists[ABSENT, i] = tables.lists[KEPT_ABSENT, i]
    for r in range(tables.route_count):
        if tables.routes[r].is_touched == 1:
            x = nodes[options + r].next
            while x < options:
                forget(tables, x)
                x = nodes[x].next
    for r in range(tables.route_count):
        if tables.routes[r].is_touched == 0:
            continue
        tables.routes[r] = tables.routes[tables.route_count + r]
        for d in range(tables.dimensions):
            tables.loads[r, d] = tables.loads[tables.route_count + r, d]
        x = options + r
        while True:
            nodes[x] = tables.nodes[tables.node_count + x]
            if x < options:
                remember(tables, x, r)
            if x >= end:
                break
            x = nodes[x].next
        if tables.has_peaks:
            find_peaks(tables, r)
        if tables.has_habits:
            find_habits(tables, r)
    tables.sums[PENALTIES] = tables.sums[KEPT_PENALTIES]


@compiled
def _serves_more(tables: Tables) -> int:
    """Compare required parcels left out, now and before: 1 better, 0 as good, -1 worse."""
    now = 0
    weight_now = 0.0
    for i in range(tables.tally[LEFT_OUT]):
        parcel = tables.lists[LEFT_OUT, i]
        if math.isinf(tables.parcels[parcel].prize):
            now += 1
            weight_now += tables.parcels[parcel].absences
    before = 0
    weight_before = 0.0
    for i in range(tables.tally[KEPT_ABSENT]):
        parcel = tables.lists[KEPT_ABSENT, i]
        if math.isinf(tables.parcels[parcel].prize):
            before += 1
            weight_before += tables.parcels[parcel].absences
    for i in range(tables.tally[LEFT_OUT]):
        tables.parcels[tables.lists[LEFT_OUT, i]].absences += 1.0
    if now < before or weight_now < weight_before:
        return 1
    return 0 if now == before else -1


@compiled
def required_absent(tables: Tables) -> int:
    """Count required parcels that the plan leaves out."""
    count = 0
    for i in range(tables.tally[ABSENT]):
        if math.isinf(tables.parcels[tables.lists[ABSENT, i]].prize):
            count += 1
    return count


@compiled
def _note_best(tables: Tables, cost: float) -> None:
    tables.sums[BEST] = cost
    for x in range(tables.node_count):
        tables.best_next[x] = tables.nodes[x].next


def _make_search(digest: str) -> Callable[..., int]:
    def search(tables: Tables, rng: Any, turns: int, temperature: float, is_strict: bool) -> int:
        """Search for a number of turns; the answer is how many were made.

        With ``is_strict`` no required parcel is left out and cost decides. Without it those left
        out come first, and the search ends when there are none.
        """
        digest  # noqa: B018 - makes the machine code's key depend on all functions of the kernel.
        take_up(tables)
        for turn in range(turns):
            begin_turn(tables)
            ruin(tables, rng)
            is_whole = recreate(tables, rng, is_strict)
            cost = cost_now(tables) if is_whole else math.inf
            more = 0 if is_strict else _serves_more(tables)
            threshold = tables.sums[COST] - temperature * math.log(1.0 - rng.random())
            if not math.isinf(cost) and (more > 0 or (more == 0 and cost < threshold)):
                keep(tables, cost)
                if not is_strict and required_absent(tables) == 0:
                    _note_best(tables, cost)
                    return turn + 1
                if is_strict and cost < tables.sums[BEST] - BETTER_BY:
                    _note_best(tables, cost)
            else:
                undo(tables)
        return turns

    return search


search = kept(_make_search)
