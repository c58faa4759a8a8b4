"""What a planner of sites answers: chosen sites, who is served where, and what is proven."""

from enum import StrEnum
from typing import Self

import msgspec

from ...core.value import Value
from .problem import CandidateId


class Status(StrEnum):
    """What is known of an answer; stable public values."""

    OPTIMAL = "optimal"
    """Proven: no choice of sites is better."""
    GAP = "gap"
    """No choice is better than the bound; how far that is, the gap says."""
    INFEASIBLE = "infeasible"
    """No choice that keeps every rule was found; ``says`` tells why, and whether there is none."""


class Site(Value):
    """An open site."""

    id: CandidateId
    size: str = ""
    """Name of the size it has, if it has sizes."""
    is_new: bool = True
    """It did not stand there before."""
    moved_from: CandidateId | None = None
    """The site that moved here."""
    capacity: float | None = None
    demand: float
    """What it serves."""
    cells: int
    """How many cells it serves, wholly or in part."""
    meters: float
    """Mean walk of those it serves."""


class Assignment(Value):
    """Who is served where: one entry for each cell and site that serves it, side by side."""

    cells: tuple[int, ...]
    """Numbers of cells in the problem, from 0."""
    sites: tuple[int, ...]
    """Numbers of sites in the answer, from 0."""
    demand: tuple[float, ...]
    meters: tuple[float, ...]


class Service(Value):
    """How far people of an area walk to the site that serves them, weighed by demand."""

    area: str
    """Empty for all together."""
    demand: float
    beyond_500_m: float
    """Share that walks farther, or is not served."""
    beyond_1000_m: float
    meters_mean: float | None = None
    """Of those served; none where nobody is."""
    meters_p50: float | None = None
    meters_p90: float | None = None
    meters_p95: float | None = None


class Result(Value, frozen=True, tag_field="type", tag="siting.result.v1"):
    """A choice of sites, and how it was found."""

    problem: str
    """Name of the problem."""
    status: Status
    says: str = ""
    """What stands in the way, and the smallest fix."""
    is_maximized: bool
    """More is better: ``cost`` is demand covered, and ``bound`` is above it."""
    cost: float | None
    """Computed again on full distances, from chosen sites alone; none where nothing was found."""
    bound: float | None
    """No choice of sites costs less, or covers more."""
    gap: float | None
    """How far cost and bound are apart, as a share of the cost."""
    sites: tuple[Site, ...]
    closed: tuple[CandidateId, ...] = ()
    """Sites that stood and are closed or moved."""
    assignment: Assignment
    service: tuple[Service, ...]
    """For all together, then for each area."""
    seed: int
    kicks: int
    """Turns of the search that were made."""
    steps: int
    """Steps of the bound that were made."""
    seconds: float | None = None
    """How long it took, where somebody held a clock."""

    @classmethod
    def from_json(cls, text: bytes | str) -> Self:
        """Read a result from JSON."""
        return msgspec.json.decode(text, type=cls)

    def to_json(self) -> bytes:
        """Write a result as JSON; reading it gives an equal one."""
        return msgspec.json.encode(self)
