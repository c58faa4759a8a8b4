"""Which parcel is accepted, and which kind of compartment it is given: a table with reasons.

Rules
-----
P1  An hour in a compartment has a price, by hour of the week and kind: what others would pay for
    it, learnt from weeks in which room ran out.
P2  A parcel costs the prices of the hours it is expected to stay: each hour times the chance that
    it is still there, by the class of its forecast.
P3  Hours that are more crowded than usual, as those inside let expect, cost more: each price is
    multiplied by ``exp(crowding · (expected share in use − usual share in use))``.
P4  It is given the kind for which its value exceeds ``strength`` times its cost by most; the
    cost is multiplied by ``(1 − (free − 1) / room) ** scarcity``, so plenty of room costs less.
P5  Where no kind is worth it, it is offered a neighbour, a later visit or a shorter stay. That is
    the caller's to do: a refusal here says :attr:`Why.WORTH_MORE_TO_OTHERS`, never silence.

A strength of 0 is best-fit: the first kind that is free. A policy whose training found nothing
better has that strength.
"""

from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np

from ..entry import BadProblem, Document
from .problem import HOURS_OF_DAY, HOURS_OF_WEEK
from .stream import Floats, Ints

VERSION: Final = 1
"""Of the table's form."""

LOOK_HOURS: Final = 84
"""Hours ahead in which a stay is priced; fewer than one stay in fifty is longer (72 h of hold)."""

BLOCK_HOURS: Final = 6
BLOCKS: Final = LOOK_HOURS // BLOCK_HOURS
"""How finely crowding ahead is looked at (chosen; hour by hour accepted no more)."""

TIE: Final = 1e-6
"""Worth of a kind that is given away one place sooner, so that equals go to the smallest."""

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Why(StrEnum):
    """Why a parcel was given a kind, or none."""

    FITS_AND_IS_WORTH_IT = "fits_and_is_worth_it"
    LARGER_IS_CHEAPER_NOW = "larger_is_cheaper_now"
    SMALLER_ARE_FULL = "smaller_are_full"
    WORTH_MORE_TO_OTHERS = "worth_more_to_others"
    FULL = "full"


class Policy(Document, frozen=True):
    """A site's table of prices, and how to use it."""

    version: int
    """Of the table's form: :data:`VERSION`."""
    kinds: tuple[str, ...]
    edges_h: tuple[float, ...]
    """Forecasts of stays between which classes change: one fewer than there are classes."""
    survival: tuple[tuple[float, ...], ...]
    """Share still there after so many hours, by class of forecast."""
    bids: tuple[tuple[float, ...], ...]
    """Price of an hour, by hour of the week from Monday 0:00 and kind."""
    usual: tuple[tuple[tuple[float, ...], ...], ...]
    """Share of those inside now that is usually still there in the middle of each block of hours
    ahead, by hour of the week, kind and block; as a share of the room."""
    strength: float
    scarcity: float = 0.0
    crowding: float = 0.0
    name: str = ""
    trained_on: str = ""
    """What it was made from, in words."""

    def __post_init__(self) -> None:
        """Refuse a table that cannot be used."""
        if self.version != VERSION:
            raise BadProblem(
                "version", f"this is {self.version}, and {VERSION} is known here; train it again"
            )
        if len(self.bids) != HOURS_OF_WEEK or {len(row) for row in self.bids} != {len(self.kinds)}:
            raise BadProblem("bids", "give a price for each hour of the week and kind; train again")
        if len(self.survival) != len(self.edges_h) + 1:
            raise BadProblem("survival", "give one curve more than there are edges; train again")

    def class_of(self, expected_h: float) -> int:
        """Tell the class of a forecast."""
        return int(np.searchsorted(np.array(self.edges_h), expected_h))

    def explain(self, hour_of_week: int, kind: str) -> str:
        """Say what an hour in a compartment is worth at a time."""
        price = self.bids[hour_of_week][self.kinds.index(kind)]
        day, hour = divmod(hour_of_week, HOURS_OF_DAY)
        return f"a compartment {kind} is worth {price:.3f} per hour at {WEEKDAYS[day]} {hour:02}:00"


class Inside(NamedTuple):
    """A parcel that is inside now."""

    kind: int
    stay_class: int
    since_h: float
    """Hours it has been inside."""


class Judgement(NamedTuple):
    """What the policy says of a parcel."""

    kind: str | None
    why: Why
    says: str
    """The reason with its numbers."""
    gains: dict[str, float]
    """Value minus cost, by kind with a free compartment that takes the parcel."""


class Tables(NamedTuple):
    """A policy laid out for deciding quickly."""

    edges_h: Floats
    survival: Floats
    blocks: Floats
    """What P2 costs in each block, by hour of the week, kind, class and block."""
    usual: Floats
    strength: float
    scarcity: float
    crowding: float


def lay_out(policy: Policy) -> Tables:
    """Lay a policy out."""
    survival, bids = np.array(policy.survival), np.array(policy.bids)
    return Tables(
        np.array(policy.edges_h),
        survival,
        price_blocks(bids, survival),
        np.array(policy.usual),
        policy.strength,
        policy.scarcity,
        policy.crowding,
    )


def price_blocks(bids: Floats, survival: Floats) -> Floats:
    """Add up prices of hours times chances of still being there, by block of hours ahead."""
    classes, hours = survival.shape
    blocks = np.zeros((HOURS_OF_WEEK, bids.shape[1], classes, BLOCKS))
    for ahead in range(min(hours, LOOK_HOURS)):
        later = np.roll(bids, -ahead, axis=0)
        blocks[:, :, :, ahead // BLOCK_HOURS] += later[:, :, None] * survival[None, None, :, ahead]
    return blocks


def judge(
    policy: Policy,
    tables: Tables,
    *,
    hour_of_week: float,
    goes_into: Ints,
    value: float,
    expected_h: float,
    room: Ints,
    inside: list[Inside],
) -> Judgement:
    """Judge one parcel, with the reason in words; the compiled one decides alike.

    Parameters
    ----------
    goes_into
        Kinds that take the parcel, in the order in which they are given away.
    """
    stay_class = policy.class_of(expected_h)
    hour = int(hour_of_week) % HOURS_OF_WEEK
    taken = [sum(one.kind == kind for one in inside) for kind in range(len(room))]
    gains: dict[str, float] = {}
    costs: dict[str, float] = {}
    for place, kind in enumerate(goes_into.tolist()):
        free = int(room[kind]) - taken[kind]
        if free <= 0:
            continue
        cost = 0.0
        for block in range(BLOCKS):
            price = float(tables.blocks[hour, kind, stay_class, block])
            if price > 0.0 and policy.crowding:
                share = _expected_share(tables, inside, kind, block, int(room[kind]))
                usual = float(tables.usual[hour, kind, block])
                price *= float(np.exp(policy.crowding * (share - usual)))
            cost += price
        scarce = (1.0 - (free - 1) / int(room[kind])) ** policy.scarcity
        name = policy.kinds[kind]
        costs[name] = policy.strength * scarce * cost
        gains[name] = value - costs[name] - TIE * place
    return _reason(policy, gains, costs, goes_into, room, value)


def _expected_share(
    tables: Tables, inside: list[Inside], kind: int, block: int, room: int
) -> float:
    total = 0.0
    ahead = block * BLOCK_HOURS + BLOCK_HOURS // 2
    for one in inside:
        if one.kind == kind:
            total += still_there(tables.survival, one.stay_class, one.since_h, ahead)
    return total / room


def still_there(survival: Floats, stay_class: int, since_h: float, ahead: int) -> float:
    """Tell the chance that who is inside now is so after some hours more."""
    hours, since = survival.shape[1], int(since_h)
    if since >= hours or survival[stay_class, since] <= TIE:
        return 1.0 if ahead < BLOCK_HOURS else 0.0
    if since + ahead >= hours:
        return 0.0
    return float(survival[stay_class, since + ahead] / survival[stay_class, since])


def _reason(
    policy: Policy,
    gains: dict[str, float],
    costs: dict[str, float],
    goes_into: Ints,
    room: Ints,
    value: float,
) -> Judgement:
    fitting = [policy.kinds[kind] for kind in goes_into.tolist() if room[kind]]
    if not gains:
        return Judgement(None, Why.FULL, "no compartment that takes it is free", gains)
    best = max(gains, key=lambda name: gains[name])
    cost = costs[best]
    if gains[best] <= 0.0:
        says = (
            f"its stay is worth {cost:.2f} to others and {value:.2f} to itself;"
            " offer a neighbour, a later visit or a shorter stay"
        )
        return Judgement(None, Why.WORTH_MORE_TO_OTHERS, says, gains)
    says = f"worth {value:.2f}, its stay in {best} costs {cost:.2f}"
    if best == fitting[0]:
        return Judgement(best, Why.FITS_AND_IS_WORTH_IT, says, gains)
    is_dearer = any(name in gains for name in fitting[: fitting.index(best)])
    why = Why.LARGER_IS_CHEAPER_NOW if is_dearer else Why.SMALLER_ARE_FULL
    return Judgement(best, why, says, gains)
