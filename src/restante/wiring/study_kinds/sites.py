"""Where sites shall stand, and how far people walk beside now."""

import math
from typing import Any

import msgspec

from ...planning.siting import (
    Candidate,
    MaxSeconds,
    Problem,
    Progress,
    solve,
    warm_up,
)
from ...planning.siting.geojson import make_geojson
from ..search_worker import Teller, own_clock
from ..site_tables import make_site_problem
from . import Answer, Order


class Tables(msgspec.Struct):
    """A problem that is told as tables."""

    cells: str
    """CSV or GeoJSON, as ``restante plan sites`` takes it."""
    candidates: str
    standing: tuple[Candidate, ...] = ()
    """The network's own sites."""
    given: dict[str, Any] = {}
    """Other fields of ``siting.problem.v1``."""


def read(text: bytes) -> Problem:
    """Read ``siting.problem.v1``, or :class:`Tables`."""
    try:
        told = msgspec.json.decode(text, type=Tables)
    except msgspec.DecodeError:
        # A problem lists its cells, tables are one text: whatever is wrong is said of a problem.
        return Problem.from_json(text)
    cells, candidates = told.cells.encode(), told.candidates.encode()
    return make_site_problem(cells, candidates, standing=told.standing, **told.given)


def name_of(problem: Problem) -> str:
    """Tell what it is called."""
    return problem.name or f"{len(problem.cells)} cells, {len(problem.candidates)} candidates"


def search(problem: Problem, order: Order, teller: Teller) -> Answer:
    """Choose sites."""
    warm_up()

    def show(at: Progress) -> None:
        gap = abs(at.cost - at.bound) / abs(at.cost) if _are_known(at) else None
        teller.tell(share=at.share, cost=at.cost, iterations=at.kicks, gap=gap)

    result = solve(problem, MaxSeconds(order.seconds, own_clock()), order.seed, progress=show)
    drawn = make_geojson(problem, result)
    after, before = result.service[0] if result.service else None, drawn["answer"]["before"]
    figures: dict[str, Any] = {
        "status": result.status.value,
        "says": result.says,
        "cost": result.cost,
        "gap": result.gap,
        "sites": len(result.sites),
        "new": sum(one.is_new for one in result.sites),
        "closed": len(result.closed),
        "within_500_before": None if before is None else 1.0 - before["beyond_500_m"],
        "within_500": None if after is None else 1.0 - after.beyond_500_m,
        "meters_mean_before": None if before is None else before.get("meters_mean"),
        "meters_mean": None if after is None else after.meters_mean,
        "meters_p90": None if after is None else after.meters_p90,
    }
    return Answer(figures, result.to_json(), drawn)


def _are_known(at: Progress) -> bool:
    return math.isfinite(at.cost) and math.isfinite(at.bound) and at.cost != 0
