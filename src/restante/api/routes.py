"""Endpoints that plan couriers' routes: post a problem, ask until it is done, take the answer."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from ..access import Scope
from ..core.ids import PlanId
from ..operations.route_plans import Wanted, ask_plan, cancel_plan
from ..operations.searches import PROBLEM_BYTES_MAX, SECONDS_MAX, BadSearch, Progress
from ..views.route_tables import Figures, ShownPlan
from .adapter import commit_once
from .endpoint import GEOJSON, Answer, Call, Endpoint
from .house import House
from .problem import Fault, ProblemRaised, Trouble
from .times import tell, tell_or_none
from .words import Document, Request

PLANS_SHOWN: Final = 100
_FREE: Final[dict[str, Any]] = {"type": "object", "additionalProperties": True}


class PlanRoutes(Request):
    """Plan routes."""

    problem: Annotated[
        msgspec.Raw,
        Meta(
            description="A problem `routing.problem.v1`: `places`, `vehicles`, `parcels` with "
            "their options, `distances_m` and `durations_s`; see the how-to *Plan couriers' "
            "routes*.",
            extra_json_schema={
                "type": "object",
                "required": ["type", "places", "vehicles", "parcels", "distances_m", "durations_s"],
                "properties": {
                    "type": {"const": "routing.problem.v1"},
                    **{
                        name: {"type": "array", "minItems": 1}
                        for name in (
                            "places", "vehicles", "parcels", "distances_m", "durations_s",
                        )
                    },
                },
            },
        ),
    ]  # fmt: skip
    seconds: Annotated[float, Meta(gt=0, le=SECONDS_MAX, description="How long to search.")] = 30.0
    seed: Annotated[int, Meta(ge=0, lt=2**31, description="Of all chance in the search.")] = 1
    title: Annotated[str, Meta(max_length=200, description="What you call it.")] = ""


class RoutePlanAsked(Document):
    """Written down; it is searched as soon as it is its turn."""

    id: str
    status: Annotated[str, Meta(examples=["waiting"])]


class RouteProgress(Document):
    """How the search goes."""

    stage: Annotated[str, Meta(description="`reading`, `compiling` or `searching`.")]
    share: Annotated[float, Meta(description="Of the time to search, 0 to 1.")]
    cost: Annotated[
        float | None, Meta(description="Of the best plan so far; null before all is served.")
    ]
    gap: Annotated[
        float | None,
        Meta(description="Of that cost above a bound, as a share; where known already."),
    ]
    vehicles: int
    iterations: int


class RouteFigures(Document):
    """What a plan comes to."""

    is_feasible: Annotated[
        bool, Meta(description="Every required parcel is served and every service level is met.")
    ]
    cost: float
    distance_m: float
    duration_s: float
    co2e_g: float
    vehicles: int
    parcels: int
    served: int
    gap: Annotated[float | None, Meta(description="Above a bound, as a share; where known.")]
    violated: tuple[str, ...]


class RoutePlan(Document):
    """A plan of routes, and how its search goes."""

    id: str
    title: str
    status: Annotated[
        str,
        Meta(
            description="`waiting`, `running`, `done`, `failed` or `cancelled`.", examples=["done"]
        ),
    ]
    says: Annotated[str, Meta(description="Why it failed; empty otherwise.")]
    seconds: float
    seed: int
    created_at: datetime
    ended_at: datetime | None
    progress: Annotated[
        RouteProgress | None,
        Meta(description="While it is searched by the process you ask; null otherwise."),
    ]
    figures: Annotated[RouteFigures | None, Meta(description="Once it is done.")]


class RoutePlanList(Document):
    """Plans, the last first."""

    plans: tuple[RoutePlan, ...]


class RouteResult(Document):
    """The answer of the planner."""

    result: Annotated[
        msgspec.Raw,
        Meta(
            description="A result `routing.result.v1`: routes with arrival times and loads, the "
            "option of each parcel and why, what is not served and why, costs.",
            extra_json_schema=_FREE,
        ),
    ]


class RouteCollection(Document):
    """Routes, stops and parcels that are not served, as GeoJSON (RFC 7946)."""

    type: Literal["FeatureCollection"]
    features: Annotated[tuple[msgspec.Raw, ...], Meta(description="GeoJSON features.")]
    plan: Annotated[msgspec.Raw, Meta(description="Figures of all.", extra_json_schema=_FREE)]
    bbox: tuple[float, ...] = ()


class _Shell(msgspec.Struct, kw_only=True):
    """As much of a problem as can be seen without a planner."""

    type: Literal["routing.problem.v1"]
    name: str = ""
    places: Annotated[list[msgspec.Raw], Meta(min_length=1)]
    vehicles: Annotated[list[msgspec.Raw], Meta(min_length=1)]
    parcels: Annotated[list[msgspec.Raw], Meta(min_length=1)]
    distances_m: Annotated[list[msgspec.Raw], Meta(min_length=1)]
    durations_s: Annotated[list[msgspec.Raw], Meta(min_length=1)]


async def create(call: Call) -> Answer:
    """Keep a problem and have it searched."""
    house: House = call.house
    asked: PlanRoutes = call.body
    desk = house.centre.routes
    call.principal.need_scope(Scope.ROUTES_PLAN)
    if desk.missing:
        raise ProblemRaised(Trouble.UNUSABLE, f"this centre cannot plan: {desk.missing}")
    problem = bytes(asked.problem)
    try:
        # The rest is read by the process that searches: a large problem takes seconds.
        name = await house.read(lambda: msgspec.json.decode(problem, type=_Shell).name)
        count = await house.read(lambda: desk.count_open(call.principal))
        wanted = Wanted(problem, asked.title or name, "api", asked.seconds, asked.seed)
        answer = await commit_once(
            call,
            lambda: ask_plan(house.means, call.principal, wanted, open_count=count),
            lambda plan: RoutePlanAsked(id=plan, status="waiting"),
            status=202,
        )
    except (BadSearch, msgspec.ValidationError) as error:
        fault = Fault(path="body.problem", message=str(error))
        raise ProblemRaised(Trouble.UNUSABLE, f"body.problem: {error}", errors=(fault,)) from error
    desk.came.set()
    return answer


async def list_all(call: Call) -> Answer:
    """List plans."""
    desk = call.house.centre.routes
    found = await call.house.read(lambda: desk.plans(call.principal, limit=PLANS_SHOWN))
    live = desk.progress()
    return Answer(RoutePlanList(plans=tuple(_show(one, live.get(one.plan)) for one in found)))


async def find(call: Call) -> Answer:
    """Show a plan."""
    desk, plan = call.house.centre.routes, PlanId(call.path["plan"])
    shown = await call.house.read(lambda: desk.plan(call.principal, plan))
    return Answer(_show(shown, desk.progress().get(plan)))


async def cancel(call: Call) -> Answer:
    """Stop searching."""
    desk, plan = call.house.centre.routes, PlanId(call.path["plan"])
    await call.house.commit(lambda: cancel_plan(call.principal, plan=plan))
    desk.came.set()
    return await find(call)


async def find_result(call: Call) -> Answer:
    """Send the answer of the planner."""
    paper = await _paper(call, "result")
    return Answer(RouteResult(result=msgspec.Raw(paper)))


async def find_geojson(call: Call) -> Answer:
    """Send routes as GeoJSON."""
    return Answer(msgspec.Raw(await _paper(call, "geojson")))


async def _paper(call: Call, name: str) -> bytes:
    desk, plan = call.house.centre.routes, PlanId(call.path["plan"])
    found: bytes = await call.house.read(lambda: desk.paper(call.principal, plan, name))
    return found


def _show(plan: ShownPlan, live: Progress | None) -> RoutePlan:
    return RoutePlan(
        id=plan.plan,
        title=plan.title,
        status=plan.status,
        says=plan.says,
        seconds=plan.seconds,
        seed=plan.seed,
        created_at=tell(plan.made_at),
        ended_at=tell_or_none(plan.ended_at),
        progress=None if live is None else _show_progress(live),
        figures=None if plan.figures is None else _show_figures(plan.figures),
    )


def _show_progress(live: Progress) -> RouteProgress:
    return RouteProgress(
        stage=live.stage,
        share=live.share,
        cost=live.cost,
        gap=live.gap,
        vehicles=live.vehicles,
        iterations=live.iterations,
    )


def _show_figures(figures: Figures) -> RouteFigures:
    told = {name: getattr(figures, name) for name in RouteFigures.__struct_fields__}
    return RouteFigures(**told)


EXAMPLE: Final = {
    "seconds": 20,
    "seed": 1,
    "title": "Friday, north",
    "problem": {
        "type": "routing.problem.v1",
        "sizes": ["S", "L"],
        "places": [
            {"id": "depot", "kind": "depot", "latitude": 52.52, "longitude": 13.40},
            {"id": "site-07", "kind": "locker", "free": {"S": 4, "L": 1}, "preparation_s": 180,
             "parcel_s": 30, "latitude": 52.53, "longitude": 13.42},
        ],
        "vehicles": [{"id": "van-1", "start_place": "depot", "cost_per_km": 0.35}],
        "parcels": [{"id": "PX-4711", "size": "S", "options": [{"place": "site-07"}]}],
        "distances_m": [[0, 2400], [2400, 0]],
        "durations_s": [[0, 360], [360, 0]],
    },
}  # fmt: skip

_OF_PLANS: Final[dict[str, Any]] = {"tag": "Routes", "scope": Scope.ROUTES_PLAN}

ENDPOINTS: Final = (
    Endpoint(
        name="planRoutes",
        method="POST",
        path="/route-plans",
        summary="Plan couriers' routes",
        description="The search goes on after the answer: ask for the plan until `status` is "
        "`done`, `failed` or `cancelled`. Where the problem cannot be meant, it is `failed`, and "
        "`says` names the entry and what to do. Searches wait for each other; at most five of "
        "yours are open. Plans are kept for five weeks.",
        run=create,
        answer=RoutePlanAsked,
        status=202,
        body=PlanRoutes,
        body_bytes_max=PROBLEM_BYTES_MAX,
        problems=(Trouble.UNUSABLE,),
        is_creating=True,
        example=EXAMPLE,
        **_OF_PLANS,
    ),
    Endpoint(
        name="listRoutePlans",
        method="GET",
        path="/route-plans",
        summary="List plans of routes",
        description="Your last hundred, or those of all for the network's operator.",
        run=list_all,
        answer=RoutePlanList,
        **_OF_PLANS,
    ),
    Endpoint(
        name="findRoutePlan",
        method="GET",
        path="/route-plans/{plan}",
        summary="Look at a plan of routes",
        description="How its search goes, and what it comes to once it is done.",
        run=find,
        answer=RoutePlan,
        **_OF_PLANS,
    ),
    Endpoint(
        name="cancelRoutePlan",
        method="POST",
        path="/route-plans/{plan}/cancel",
        summary="Stop searching",
        description="What is over stays as it is.",
        run=cancel,
        answer=RoutePlan,
        **_OF_PLANS,
    ),
    Endpoint(
        name="findRouteResult",
        method="GET",
        path="/route-plans/{plan}/result",
        summary="Take the routes",
        description="Not found before the plan is done.",
        run=find_result,
        answer=RouteResult,
        **_OF_PLANS,
    ),
    Endpoint(
        name="findRouteMap",
        method="GET",
        path="/route-plans/{plan}/routes.geojson",
        summary="Take the routes as GeoJSON",
        description="A line for each route with `arrives_at` and `load` for each of its points, a "
        "point for each stop with its parcels and why there. Not found before the plan is done.",
        run=find_geojson,
        answer=RouteCollection,
        answer_media=GEOJSON,
        **_OF_PLANS,
    ),
)
