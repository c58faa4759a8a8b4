"""``python -m restante.wiring.route_worker``: search for one plan of routes and end.

A process of its own, with lower priority, so that planning neither delays the centre nor keeps its
memory, and can be ended at once. It reads one line of orders and then a problem from standard
input, and writes JSON lines to standard output: how it goes, and in the end what it found or why
not. A problem without travel times gets those of the source that is ordered. It knows no journal.
"""

import math
import os
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

NICENESS: Final = 10
LONGER_MAX: Final = 4.0
TOLD_SECONDS: Final = 0.25
"""Between two lines about a search: an eye does not see more."""


class Order(msgspec.Struct):
    """What to do with the problem that follows."""

    seconds: float = 0.0
    """To search; 0 only to read the problem."""
    seed: int = 1
    travel: str = "straight"
    """Where travel times come from that the problem does not have: see :mod:`.travel`."""


def main() -> None:
    """Do what standard input says."""
    os.nice(NICENESS)
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    text = sys.stdin.buffer.read()
    from ..planning.routing import BadProblem
    from ..planning.travel import NoTravel

    try:
        problem, is_given_travel = _read(text, order)
    except (BadProblem, NoTravel) as error:
        return _tell({"failed": str(error)})
    if not order.seconds:
        return _tell({"read": {"name": problem.name, "parcels": len(problem.parcels)}})
    return _search(problem, order, is_given_travel=is_given_travel)


def _read(text: bytes, order: Order) -> tuple[Any, bool]:
    """Read a problem, and tell whether it was given travel times."""
    from ..planning.routing import Problem
    from ..planning.travel.draft import Draft
    from .travel import TravelWish, find_travels

    draft = Draft.from_json(text)
    if draft.has_travel:
        return Problem.from_json(text), False
    # Only to read it, no road server need be asked.
    wish = TravelWish.of(order.travel) if order.seconds else TravelWish("straight")
    return find_travels(draft, wish), True


def _search(problem: Any, order: Order, *, is_given_travel: bool) -> None:
    from ..planning.routing import MaxSeconds, check, solve, warm_up
    from ..planning.routing.geojson import NoPositions, make_geojson
    from ..planning.routing.schematic import sketch_positions

    _tell({"progress": {"stage": "compiling"}})
    warm_up()
    began = time.monotonic()
    told_at = -math.inf

    def tell(at: Any) -> None:
        nonlocal told_at
        now = time.monotonic()
        if now - told_at < TOLD_SECONDS:
            return
        told_at = now
        _tell(
            {
                "progress": {
                    "stage": "searching",
                    "share": round(min(1.0, at.share), 4),
                    "cost": at.cost if math.isfinite(at.cost) else None,
                    "vehicles": at.vehicles,
                    "iterations": at.iterations,
                    "per_second": round(at.iterations / max(now - began, 1e-3)),
                }
            }
        )

    stop = MaxSeconds(order.seconds, _own_clock())
    result = solve(problem, stop, order.seed, progress=tell)
    found = check(problem, result)
    if not found.confirms(result):
        return _tell({"failed": "the plan is not what it says; please report this mistake"})
    try:
        geojson = make_geojson(problem, result)
    except NoPositions:
        geojson = make_geojson(problem, result, positions=sketch_positions(problem))
    plan = geojson["plan"]
    figures = {name: plan[name] for name in (
        "distance_m", "duration_s", "co2e_g", "vehicles", "parcels", "served", "iterations", "gap",
        "violated",
    )}  # fmt: skip
    figures |= {"is_feasible": result.is_feasible, "cost": result.cost.total}
    if (source := result.travel) is not None:
        figures["travel"] = source.says or source.name
    done = {"figures": figures, "result": msgspec.Raw(result.to_json()), "geojson": geojson}
    if is_given_travel:
        done["problem"] = msgspec.Raw(problem.to_json())
    return _tell({"done": done})


def _own_clock() -> Callable[[], float]:
    # With low priority on a busy machine a second of the wall may hold nothing: seconds of work
    # count, but no search takes more than four times as long as it was told.
    worked, began = time.process_time(), time.monotonic()
    return lambda: max(time.process_time() - worked, (time.monotonic() - began) / LONGER_MAX)


def _tell(line: dict[str, Any]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
