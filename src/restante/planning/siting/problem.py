"""Where lockers shall stand: cells where people live, candidates, and what is sought.

Distances are metres on foot, demand is of one unit (people, parcels a day), costs are of one unit.

Rules
-----
S1  A cell is served by open sites alone. Without capacities that is the nearest one; with
    capacities its demand may be split.
S2  At least ``sites_min`` and at most ``sites_max`` sites are open in the end, those counted that
    stand already.
S3  A site that stays is open. One that may close costs ``closing_cost`` when it does. One that may
    move does so too, and only where a site that did not stand before opens within ``move_m`` of it.
S4  An open site serves at least ``demand_min``.
S5  An open site has one of its sizes, and serves no more than that size's capacity.
S6  At least ``accessible_share_min`` of open sites can be reached without steps.
S7  A host has at least ``sites_min`` and at most ``sites_max`` open sites.
S8  At most ``closures_max`` sites that stand already are closed or moved.
S9  Of coverage and choice more is better, of costs less.
"""

import math
from enum import StrEnum
from typing import Annotated, NewType

import msgspec

from ..entry import Amount, BadProblem, Count, Document, Entry, Grid, Share, refuse

__all__ = [
    "Amount",
    "BadProblem",
    "Candidate",
    "CandidateId",
    "Cell",
    "CellId",
    "Choice",
    "Coverage",
    "Distances",
    "Full",
    "GradualCoverage",
    "HostLimit",
    "Listed",
    "Median",
    "Network",
    "Objective",
    "Problem",
    "Size",
    "Standing",
    "Straight",
]

CellId = NewType("CellId", str)
CandidateId = NewType("CandidateId", str)

Meters = Annotated[float, msgspec.Meta(gt=0)]


class Standing(StrEnum):
    """What stands at a candidate now, and what may become of it."""

    NEW = "new"
    """Nothing stands there."""
    STAYS = "stays"
    MAY_CLOSE = "may_close"
    MAY_MOVE = "may_move"


class Cell(Entry):
    """Where demand comes from: a square of a grid, a block, a house."""

    id: CellId
    demand: float
    latitude: float | None = None
    longitude: float | None = None
    node: str | None = None
    """Where it lies in a network."""
    area: str | None = None
    """Kind of area, such as ``center`` or ``rural``: service is told for each."""


class Size(Entry):
    """A locker one may put up: so many modules."""

    name: str
    capacity: Amount
    """Demand it serves."""
    fixed_cost: Amount = 0.0


class Candidate(Entry):
    """Where a site may be, or is."""

    id: CandidateId
    latitude: float | None = None
    longitude: float | None = None
    node: str | None = None
    fixed_cost: Amount = 0.0
    """Of having an open site there, beside that of its size."""
    capacity: Amount | None = None
    """Demand it serves; without it, and without sizes, there is no limit."""
    sizes: tuple[Size, ...] = ()
    is_accessible: bool = True
    """People reach it without steps."""
    host: str | None = None
    """Partner on whose ground it is."""
    standing: Standing = Standing.NEW
    closing_cost: Amount = 0.0


class HostLimit(Entry):
    """How many sites a partner hosts."""

    host: str
    sites_min: Count = 0
    sites_max: Count | None = None


class Straight(Entry, frozen=True, tag_field="type", tag="straight"):
    """As the crow flies, times a detour."""

    detour: Annotated[float, msgspec.Meta(ge=1)] = 1.3


class Full(Entry, frozen=True, tag_field="type", tag="full"):
    """A row for each cell, a column for each candidate; infinite where there is no way."""

    meters: Grid


class Listed(Entry, frozen=True, tag_field="type", tag="listed"):
    """For each cell the candidates that can serve it, by number from 0, and how far they are."""

    candidates: tuple[tuple[int, ...], ...]
    meters: tuple[tuple[float, ...], ...]


class Network(Entry, frozen=True, tag_field="type", tag="network"):
    """Ways between nodes, walked in both directions."""

    edges: tuple[tuple[str, str, float], ...]


Distances = Straight | Full | Listed | Network


class Median(Entry, frozen=True, tag_field="type", tag="median"):
    """As little walking and as few costs as can be: p-median, facility location with costs."""

    cost_per_meter: Amount = 1.0
    """Of one unit of demand that walks one metre."""


class Coverage(Entry, frozen=True, tag_field="type", tag="coverage"):
    """As much demand as can be within a radius of an open site."""

    radius_m: Meters


class GradualCoverage(Entry, frozen=True, tag_field="type", tag="gradual"):
    """Coverage that fades: half at ``half_m``, none from ``reach_m`` on; the nearest site counts.

    The share of people who walk that far is ``1 / (1 + exp(4 (d - half_m) / half_m))``.
    """

    half_m: Meters = 400.0
    reach_m: Meters = 1_500.0


class Choice(Entry, frozen=True, tag_field="type", tag="choice"):
    """People choose among sites and staying away: multinomial logit, or threshold Luce.

    A site ``d`` metres away attracts ``exp(-d / decay_m)``, from ``reach_m`` on nothing; staying
    away attracts ``outside``. With a threshold, sites that attract less than that share of what
    the most attractive one does are not considered.
    """

    decay_m: Meters = 400.0
    reach_m: Meters = 1_500.0
    outside: Annotated[float, msgspec.Meta(gt=0)] = 0.3
    threshold: Share = 0.0


Objective = Median | Coverage | GradualCoverage | Choice


class Problem(Document, frozen=True, tag_field="type", tag="siting.problem.v1"):
    """What to choose sites from. Making one checks it; see :func:`~.validation.find_flaws`."""

    name: str = ""
    cells: tuple[Cell, ...]
    candidates: tuple[Candidate, ...]
    distances: Distances = Straight()
    objective: Objective = Median()
    sites_min: Count = 0
    sites_max: Count | None = None
    demand_min: Amount = 0.0
    accessible_share_min: Share = 0.0
    hosts: tuple[HostLimit, ...] = ()
    closures_max: Count | None = None
    move_m: Amount = 500.0

    def __post_init__(self) -> None:
        from .validation import find_flaws  # noqa: PLC0415 - it speaks of problems in turn.

        refuse(list(find_flaws(self)))

    @property
    def is_maximized(self) -> bool:
        """More is better (S9)."""
        return not isinstance(self.objective, Median)

    @property
    def is_capacitated(self) -> bool:
        """Some site can serve only so much (S5)."""
        return any(one.sizes or one.capacity is not None for one in self.candidates)

    @property
    def sites_most(self) -> int:
        """How many sites may be open at most."""
        return len(self.candidates) if self.sites_max is None else self.sites_max


def sizes_of(candidate: Candidate) -> tuple[Size, ...]:
    """Tell the sizes a site may have; one without a limit if it has none."""
    if candidate.sizes:
        return candidate.sizes
    most = math.inf if candidate.capacity is None else candidate.capacity
    return (Size(name="", capacity=most),)
