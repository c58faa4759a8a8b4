"""Play a policy over weeks of parcels at one site, compiled: microseconds a decision.

Beside bid prices it plays what they are compared with: a random fitting compartment, best-fit, and
best-fit that protects larger kinds by levels. With ``NUMBA_DISABLE_JIT=1`` the same code runs
uncompiled; :func:`.policy.judge` decides alike and says why.
"""

import math
from typing import Any, Final, NamedTuple

import numpy as np

from ..compiled import Kernel
from .history import History, Shape
from .policy import BLOCK_HOURS, BLOCKS, LOOK_HOURS, TIE, Policy, Tables, lay_out
from .problem import HOURS_OF_WEEK
from .stream import Floats, Ints

KERNEL = Kernel(nogil=True, error_model="numpy", _nrt=False)

FIRST_FIT: Final = 0
BEST_FIT: Final = 1
PROTECTED: Final = 2
BID_PRICES: Final = 3


class Board(NamedTuple):
    """Compartments as they stand, by kind and number."""

    leaves_at: Floats
    since: Floats
    stay_class: Ints
    free: Ints
    ahead: Floats
    """Parcels inside that are expected to be there in each block of hours ahead, of one kind."""
    seen: Floats
    """Sums of shares expected ahead, by hour of the week, kind and block; last: how often."""


class Levels(NamedTuple):
    """What the simpler rules go by."""

    dice: Floats
    """Uniform in [0, 1), one for each parcel: which fitting compartment is taken."""
    protected: Ints
    """Free compartments kept for those that need no smaller kind, by hour of the week and kind."""


@KERNEL.compiled
def look_ahead(board: Any, tables: Any, kind: int, count: int, now: float) -> None:
    """Add up chances of still being there over those inside, by block of hours ahead."""
    hours = tables.survival.shape[1]
    for block in range(BLOCKS):
        board.ahead[block] = 0.0
    for place in range(count):
        if board.leaves_at[kind, place] <= now:
            continue
        since = int(now - board.since[kind, place])
        of = board.stay_class[kind, place]
        if since >= hours or tables.survival[of, since] <= TIE:
            board.ahead[0] += 1.0
            continue
        still = tables.survival[of, since]
        for block in range(BLOCKS):
            ahead = since + block * BLOCK_HOURS + BLOCK_HOURS // 2
            if ahead >= hours:
                break
            board.ahead[block] += tables.survival[of, ahead] / still


@KERNEL.compiled
def price(board: Any, tables: Any, kind: int, stay_class: int, hour: int, room: int) -> float:
    """Price the expected stay of a parcel in a kind (P2, P3)."""
    cost = 0.0
    for block in range(BLOCKS):
        part = tables.blocks[hour, kind, stay_class, block]
        if part > 0.0 and tables.crowding != 0.0:
            share = board.ahead[block] / room
            part *= math.exp(tables.crowding * (share - tables.usual[hour, kind, block]))
        cost += part
    return cost


@KERNEL.compiled
def note(board: Any, kind: int, hour: int, room: int) -> None:
    """Remember what was expected ahead, so that the usual can be learnt."""
    for block in range(BLOCKS):
        board.seen[hour, kind, block] += board.ahead[block] / room
    board.seen[hour, kind, BLOCKS] += 1.0


@KERNEL.compiled
def choose_priced(
    board: Any, tables: Any, room: Any, mask: int, value: float, stay_class: int, now: float,
    learns: bool,
) -> int:  # fmt: skip
    """Choose the kind whose value exceeds its cost by most (P4); -1 where none does."""
    hour = int(now) % HOURS_OF_WEEK
    best, chosen, place = 0.0, -1, 0
    for kind in range(len(room)):
        if not mask >> kind & 1:
            continue
        place += 1
        if board.free[kind] <= 0:
            continue
        if tables.crowding != 0.0 or learns:
            look_ahead(board, tables, kind, room[kind], now)
        if learns:
            note(board, kind, hour, room[kind])
        cost = tables.strength * price(board, tables, kind, stay_class, hour, room[kind])
        if tables.scarcity != 0.0:
            cost *= (1.0 - (board.free[kind] - 1) / room[kind]) ** tables.scarcity
        gain = value - cost - TIE * (place - 1)
        if gain > best:
            best, chosen = gain, kind
    return chosen


@KERNEL.compiled
def choose_simply(board: Any, levels: Any, rule: int, mask: int, parcel: int, hour: int) -> int:
    """Choose by one of the rules without prices; -1 where there is no room."""
    kinds, first, total = len(board.free), -1, 0
    for kind in range(kinds):
        if mask >> kind & 1:
            if first < 0:
                first = kind
            total += board.free[kind]
    if rule == FIRST_FIT:
        place = int(levels.dice[parcel] * total)
        for kind in range(kinds):
            if mask >> kind & 1:
                if place < board.free[kind]:
                    return kind
                place -= board.free[kind]
        return -1
    for kind in range(kinds):
        if mask >> kind & 1 and board.free[kind] > 0:
            kept = levels.protected[hour, kind] if rule == PROTECTED and kind != first else 0
            if board.free[kind] > kept:
                return kind
    return -1


def _define(digest: str) -> Any:
    def play(
        at: Any, of_class: Any, stays: Any, stay_class: Any, masks: Any, values: Any, room: Any,
        tables: Any, levels: Any, rule: int, learns: bool, board: Any, given: Any,
    ) -> None:  # fmt: skip
        """Play all parcels; writes the kind each is given, -1 for none."""
        _ = digest
        for parcel in range(len(at)):
            now = at[parcel]
            for kind in range(len(room)):
                free = 0
                for place in range(room[kind]):
                    free += board.leaves_at[kind, place] <= now
                board.free[kind] = free
            mask = masks[of_class[parcel]]
            if rule == BID_PRICES:
                kind = choose_priced(
                    board, tables, room, mask, values[of_class[parcel]], stay_class[parcel], now,
                    learns,
                )  # fmt: skip
            else:
                hour = int(now) % HOURS_OF_WEEK
                kind = choose_simply(board, levels, rule, mask, parcel, hour)
            given[parcel] = kind
            if kind < 0:
                continue
            for place in range(room[kind]):
                if board.leaves_at[kind, place] <= now:
                    board.leaves_at[kind, place] = now + stays[parcel]
                    board.since[kind, place] = now
                    board.stay_class[kind, place] = stay_class[parcel]
                    break

    return play


play = KERNEL.kept(_define)
"""Decide on all parcels of a history in turn."""


class Decided(NamedTuple):
    """What a rule made of a history."""

    given: Ints
    """Kind of each parcel, -1 for none."""
    accepted: float
    """Share of parcels."""
    value: float
    """Share of value."""
    seen: Floats
    """What was expected ahead, see :class:`Board`; only where a policy learns."""


def decide_by(policy: Policy, history: History, shape: Shape, *, learns: bool = False) -> Decided:
    """Let a policy decide on a history, as if nothing was known beyond each parcel's forecast."""
    return decide_with(lay_out(policy), history, shape, learns=learns)


def decide_with(tables: Tables, history: History, shape: Shape, *, learns: bool = False) -> Decided:
    """Let a policy that is laid out decide."""
    return _decide(history, shape, tables, BID_PRICES, _no_levels(), learns)


def decide_simply(
    rule: int, history: History, shape: Shape, *, seed: int = 0, protected: Ints | None = None
) -> Decided:
    """Let a rule without prices decide: `FIRST_FIT`, `BEST_FIT` or `PROTECTED`."""
    kinds = len(shape.room)
    dice = np.random.default_rng([seed, 3]).random(len(history))
    kept = np.zeros((HOURS_OF_WEEK, kinds), np.int64) if protected is None else protected
    nothing = Tables(
        np.zeros(0), np.ones((1, 1)), np.zeros((HOURS_OF_WEEK, kinds, 1, BLOCKS)),
        np.zeros((HOURS_OF_WEEK, kinds, BLOCKS)), 0.0, 0.0, 0.0,
    )  # fmt: skip
    return _decide(history, shape, nothing, rule, Levels(dice, kept), learns=False)


def _no_levels() -> Levels:
    return Levels(np.zeros(1), np.zeros((1, 1), np.int64))


def _decide(
    history: History, shape: Shape, tables: Tables, rule: int, levels: Levels, learns: bool
) -> Decided:
    kinds, most = len(shape.room), max(1, int(shape.room.max()))
    board = Board(
        leaves_at=np.full((kinds, most), -math.inf),
        since=np.zeros((kinds, most)),
        stay_class=np.zeros((kinds, most), np.int64),
        free=np.zeros(kinds, np.int64),
        ahead=np.zeros(BLOCKS),
        seen=np.zeros((HOURS_OF_WEEK, kinds, BLOCKS + 1)),
    )
    given = np.full(len(history), -1, np.int64)
    stay_class = np.searchsorted(tables.edges_h, history.expected_h).astype(np.int64)
    play(
        history.at_h, history.of_class, history.stay_h, stay_class, shape.masks, shape.values,
        shape.room, tables, levels, rule, learns, board, given,
    )  # fmt: skip
    is_in = given >= 0
    values = shape.values[history.of_class]
    return Decided(
        given,
        float(is_in.mean()) if len(given) else 1.0,
        float(values[is_in].sum() / values.sum()) if len(given) else 1.0,
        board.seen,
    )


assert LOOK_HOURS % BLOCK_HOURS == 0
