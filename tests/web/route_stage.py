"""Finished plans of routes without a search: every courier drives to their sites in order of name.

For what pages show of plans; that searches find good ones is tested elsewhere.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import msgspec

from restante.core.ids import PlanId
from restante.operations.route_network import Wish, make_network_problem
from restante.operations.route_plans import Wanted, ask_plan
from restante.operations.searches import Found
from restante.planning.routing.geojson import make_geojson
from restante.planning.routing.problem import Parcel, Problem, Vehicle
from restante.planning.routing.result import (
    Cost,
    Load,
    Result,
    Route,
    Served,
    Visit,
    WhyHere,
)
from restante.planning.travel import Draft
from restante.views.route_tables import Figures
from restante.wiring.travel import TravelWish, find_travels
from tests.web.stage import OPERATOR, Stage

NOON_SECONDS = 12 * 3_600.0


def finish_plan(
    stage: Stage,
    *,
    day: str,
    title: str = "Tomorrow",
    order: Callable[[str], object] = str,
    cost: float = 100.0,
) -> PlanId:
    """Keep a plan for a day, with each courier's sites in an order."""
    wish = Wish(partner=stage.partner, day=day)
    made = make_network_problem(stage.centre.queries, wish, now=stage.clock.now())
    wanted = Wanted(problem=made.problem, title=title, source="network", seconds=1, seed=1,
                    partner=stage.partner, day=day, assumed=made.assumed)  # fmt: skip
    plan = stage.centre.run(ask_plan(stage.centre.means, OPERATOR, wanted))
    desk = stage.centre.routes
    claimed = desk.claim("stage")
    assert claimed is not None
    assert claimed.key == plan
    desk.finish(plan, "stage", answer(made.problem, order=order, cost=cost))
    return plan


def answer(written: bytes, *, order: Callable[[str], object] = str, cost: float = 100.0) -> Found:
    """Answer a problem without a search."""
    problem = find_travels(Draft.from_json(written), TravelWish("straight"))
    result = drive(problem, order=order, cost=cost)
    drawn = make_geojson(problem, result)
    figures = Figures(
        is_feasible=True, cost=cost, distance_m=result.distance_m, duration_s=result.duration_s,
        co2e_g=result.co2e_g, vehicles=len(result.routes), parcels=len(problem.parcels),
        served=len(problem.parcels), iterations=0,
    )  # fmt: skip
    papers = {"result": result.to_json(), "geojson": msgspec.json.encode(drawn)}
    return Found(msgspec.json.encode(figures), papers)


def drive(problem: Problem, *, order: Callable[[str], object], cost: float) -> Result:
    """Let every vehicle serve what is bound to it, one place after the other."""
    routes = tuple(_routes(problem, order))
    distance = sum(route.distance_m for route in routes)
    return Result(
        problem=problem.name, is_feasible=True, routes=routes, unserved=(), violated=(),
        cost=Cost(total=cost, fixed=cost, distance=0, time=0, penalties=0, prizes_missed=0),
        distance_m=distance, duration_s=distance / 5, co2e_g=distance / 5, seed=1, iterations=0,
    )  # fmt: skip


def _routes(problem: Problem, order: Callable[[str], object]) -> Iterator[Route]:
    ids = [vehicle.id for vehicle in problem.vehicles]
    places = [place.id for place in problem.places]
    for vehicle in problem.vehicles:
        own = [
            one
            for one in problem.parcels
            if (one.vehicle or ids[places.index(one.options[0].place) % len(ids)]) == vehicle.id
        ]
        if own:
            yield _route(problem, vehicle, own, order)


def _route(
    problem: Problem, vehicle: Vehicle, own: list[Parcel], order: Callable[[str], object]
) -> Route:
    places = sorted({one.options[0].place for one in own}, key=order)
    number = {place.id: k for k, place in enumerate(problem.places)}
    way = [0, *(number[place] for place in places), 0]
    metres = problem.distances_m.values
    visits = tuple(
        Visit(
            place=place,
            arrives_at=NOON_SECONDS + 1_200 * k,
            leaves_at=NOON_SECONDS + 1_200 * k + 600,
            served=tuple(
                Served(parcel=one.id, option=0, starts_at=NOON_SECONDS + 1_200 * k,
                       why=WhyHere.ONLY_OPTION)
                for one in own if one.options[0].place == place
            ),
        )
        for k, place in enumerate(places)
    )  # fmt: skip
    load = Load(parcels=sum(not one.is_pickup for one in own))
    distance = float(sum(metres[a, b] for a, b in pairwise(way)))
    return Route(
        vehicle=vehicle.id, leaves_at=NOON_SECONDS - 900, returns_at=NOON_SECONDS + 9_000,
        visits=visits, load_at_start=load, load_max=load, distance_m=distance, duration_s=9_900,
        co2e_g=distance / 5, cost=distance / 1_000,
    )  # fmt: skip
