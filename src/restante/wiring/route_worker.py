"""``python -m restante.wiring.route_worker``: search for one plan of routes and end.

See :mod:`.search_worker`. A problem without travel times gets those of the source that is ordered.
"""

from typing import Any

import msgspec

from .search_worker import Teller, own_clock, take_order, tell


class Order(msgspec.Struct):
    """What to do with the problem that follows."""

    seconds: float = 0.0
    """To search; 0 only to read the problem."""
    seed: int = 1
    travel: str = "straight"
    """Where travel times come from that the problem does not have: see :mod:`.travel`."""


def main() -> None:
    """Do what standard input says."""
    order, text = take_order(Order)
    from ..planning.routing import BadProblem
    from ..planning.travel import NoTravel

    try:
        problem, is_given_travel = _read(text, order)
    except (BadProblem, NoTravel) as error:
        return tell({"failed": str(error)})
    if not order.seconds:
        if not problem.parcels:
            return tell({"failed": "parcels: there is none to plan for"})
        return tell({"read": {"name": problem.name}})
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

    tell({"progress": {"stage": "compiling"}})
    warm_up()
    teller = Teller()

    def show(at: Any) -> None:
        teller.tell(
            share=at.share,
            cost=at.cost,
            iterations=at.iterations,
            vehicles=at.vehicles,
            gap=at.gap,
        )

    stop = MaxSeconds(order.seconds, own_clock())
    result = solve(problem, stop, order.seed, progress=show)
    found = check(problem, result)
    if not found.confirms(result):
        return tell({"failed": "the plan is not what it says; please report this mistake"})
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
    papers = {"result": msgspec.Raw(result.to_json()), "geojson": geojson}
    if is_given_travel:
        papers["problem"] = msgspec.Raw(problem.to_json())
    return tell({"done": {"figures": figures, "papers": papers}})


if __name__ == "__main__":
    main()
