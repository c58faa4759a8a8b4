"""Plans of couriers' routes: list, make, watch, look at, compare, put in force."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import Body, FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from restante.core.ids import PartnerId, PlanId
from restante.operations.route_network import Wish, make_network_problem
from restante.operations.route_plans import (
    Wanted,
    ask_plan,
    cancel_plan,
    put_in_force,
    withdraw,
)
from restante.operations.searches import PROBLEM_BYTES_MAX, SECONDS_MAX, BadSearch
from restante.views.principal import Principal
from restante.views.route_tables import ROUTES, ShownPlan

from .account import Form
from .fields import read_number
from .operator_frame import EVERYTHING, Console, Message, with_query
from .parts import Parts
from .route_compare import compare
from .route_map import make_sheet, write_map_file
from .session import WebRequest
from .words import Look

HOME: Final = "/operator/routes"
PLANS_SHOWN: Final = 100
SECONDS_CHOICES: Final = (10, 30, 60, 180, 600)
NEARBY_CHOICES: Final = (
    ("0", "Only the site its recipient chose"),
    ("1", "Or the nearest other site with room"),
    ("2", "Or one of the two nearest with room"),
)
LOOKS: Final = {
    "waiting": Look("Waits for its turn", "quiet", "hourglass"),
    "running": Look("Being searched", "info", "activity"),
    "done": Look("Done", "good", "circle-check"),
    "failed": Look("Failed", "bad", "circle-x"),
    "cancelled": Look("Cancelled", "quiet", "ban"),
}
SOURCES: Final = {"network": "this network", "file": "a file", "api": "the API"}

Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of plans of routes."""
    desk = _PlanPages(Console(parts))

    @get(HOME, sync_to_thread=True)
    def show_list(request: WebRequest) -> Response[Any]:
        return desk.list(request, {}, "")

    @post(HOME, status_code=200, request_max_body_size=PROBLEM_BYTES_MAX + 100_000)
    async def make(request: WebRequest, data: Upload) -> Response[Any]:
        # Reading the upload is the only thing to wait for; the rest is ordinary code.
        upload = data.get("problem")
        content = await upload.read() if isinstance(upload, UploadFile) else b""
        given = {name: value for name, value in data.items() if isinstance(value, str)}
        return await asyncio.to_thread(desk.make, request, given, content)

    @get(f"{HOME}/compare", sync_to_thread=True)
    def show_both(request: WebRequest) -> Response[Any]:
        return desk.compare(request)

    @get(f"{HOME}/{{plan:str}}", sync_to_thread=True)
    def show_plan(request: WebRequest, plan: FromPath[str]) -> Response[Any]:
        return desk.show(request, PlanId(plan))

    @get(f"{HOME}/{{plan:str}}/{{file:str}}", sync_to_thread=True)
    def send_paper(
        request: WebRequest, plan: FromPath[str], file: FromPath[str]
    ) -> Response[bytes]:
        return desk.send(request, PlanId(plan), file)

    @post(f"{HOME}/{{plan:str}}/act", sync_to_thread=True)
    def act(request: WebRequest, plan: FromPath[str], data: Form) -> Response[Any]:
        return desk.act(request, PlanId(plan), data.get("act", ""))

    return [show_list, make, show_both, show_plan, send_paper, act]


class _PlanPages:
    """Answers about plans for an operator who is signed in."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._desk = console.centre.routes

    def list(
        self, request: WebRequest, given: Mapping[str, str], error: str, status_code: int = 200
    ) -> Response[Any]:
        """Show all plans, and what a new one needs."""
        self._console.seat(request)
        plans = self._desk.plans(EVERYTHING, limit=PLANS_SHOWN)
        partners = [(str(one.partner), one.name) for one in self._console.centre.queries.partners()]
        asked = {"from": "network", "day": str(self._today() + timedelta(days=1)), **given}
        message = Message("bad", "Nothing was planned", error) if error else None
        return self._console.render(
            request,
            "routes.html",
            status_code=status_code,
            message=message,
            plans=[(one, LOOKS[one.status], self._is_in_force(one)) for one in plans],
            done=[one for one in plans if one.status == "done"],
            sources=SOURCES,
            partners=partners,
            given=asked,
            seconds_choices=SECONDS_CHOICES,
            nearby_choices=NEARBY_CHOICES,
            missing=self._desk.missing,
        )

    def make(self, request: WebRequest, given: Mapping[str, str], content: bytes) -> Response[Any]:
        """Keep a problem and have it searched."""
        principal = self._console.seat(request).principal
        try:
            wanted = self._wanted(given, content)
            count = self._desk.count_open(principal)
            means = self._console.centre.means
            asked = ask_plan(means, principal, wanted, open_count=count)
        except BadSearch as error:
            return self.list(request, given, str(error), 422)
        plan = self._console.centre.committer.run(asked)
        self._desk.came.set()
        return Redirect(f"{HOME}/{plan}", status_code=303)

    def show(self, request: WebRequest, name: PlanId) -> Response[Any]:
        """Show a plan: how its search goes, or its routes."""
        self._console.seat(request)
        plan = self._desk.plan(EVERYTHING, name)
        sheet = None
        if plan.status == "done":
            sheet = make_sheet(self._geojson(name), names=self._names())
        return self._console.render(
            request,
            "route_plan.html",
            plan=plan,
            look=LOOKS[plan.status],
            source=SOURCES.get(plan.source, plan.source),
            sheet=sheet,
            progress=self._desk.progress().get(name),
            is_in_force=self._is_in_force(plan),
            others=[
                one
                for one in self._desk.plans(EVERYTHING, status="done", limit=PLANS_SHOWN)
                if one.plan != name
            ],
        )

    def compare(self, request: WebRequest) -> Response[Any]:
        """Show two plans beside each other."""
        self._console.seat(request)
        chosen = [PlanId(request.query_params.get(name, "")) for name in ("a", "b")]
        plans = [self._desk.plan(EVERYTHING, one) for one in chosen]
        if any(one.figures is None for one in plans):
            raise ClientException("Only plans that are done can be compared.")
        first, second = (self._geojson(one) for one in chosen)
        return self._console.render(
            request,
            "route_compare.html",
            first=plans[0],
            second=plans[1],
            compared=compare(first, second, names=self._names()),
            in_force=[self._is_in_force(one) for one in plans],
        )

    def send(self, request: WebRequest, name: PlanId, file: str) -> Response[bytes]:
        """Send a paper of a plan, or its map as one file."""
        self._console.seat(request)
        if file == "map.html":
            plan = self._desk.plan(EVERYTHING, name)
            page = write_map_file(self._geojson(name), title=plan.title, names=self._names())
            body, media = page.encode(), "text/html; charset=utf-8"
        else:
            paper = file.removesuffix(".json")
            if paper not in ROUTES.names:
                raise NotFoundException(f"A plan has no {file}.")
            body = self._desk.paper(EVERYTHING, name, paper)
            media = "application/geo+json" if paper == "geojson" else "application/json"
            file = "routes.geojson" if paper == "geojson" else f"{paper}.json"
        headers = {"content-disposition": f'attachment; filename="{file}"'}
        return Response(body, media_type=media, headers=headers)

    def act(self, request: WebRequest, name: PlanId, word: str) -> Response[Any]:
        """Cancel a plan, put it in force, withdraw it or search again."""
        self._console.seat(request)
        plan = self._desk.plan(EVERYTHING, name)
        run = self._console.centre.committer.run

        def action(principal: Principal) -> str:
            match word:
                case "cancel":
                    run(cancel_plan(principal, plan=name))
                    self._desk.came.set()
                    return "plan-cancelled"
                case "force":
                    run(put_in_force(principal, plan=name, partner=plan.partner))
                    return "plan-in-force"
                case "withdraw":
                    run(withdraw(principal, plan=name, partner=plan.partner))
                    return "plan-withdrawn"
            raise ClientException("Choose on the page what to do with the plan.")

        if word == "again":
            return self._again(request, plan)
        return self._console.act(request, action, back=f"{HOME}/{name}")

    def _again(self, request: WebRequest, plan: ShownPlan) -> Response[Any]:
        principal = self._console.seat(request).principal
        wanted = Wanted(
            problem=self._desk.paper(EVERYTHING, plan.plan, "problem"), title=plan.title,
            source=plan.source, seconds=plan.seconds, seed=plan.seed + 1, partner=plan.partner,
            day=plan.day, assumed=plan.assumed,
        )  # fmt: skip
        try:
            count = self._desk.count_open(principal)
            asked = ask_plan(self._console.centre.means, principal, wanted, open_count=count)
        except BadSearch as error:
            return self.list(request, {}, str(error), 422)
        made = self._console.centre.committer.run(asked)
        self._desk.came.set()
        return Redirect(with_query(f"{HOME}/{made}"), status_code=303)

    def _wanted(self, given: Mapping[str, str], content: bytes) -> Wanted:
        if self._desk.missing:
            raise BadSearch(self._desk.missing)
        seconds = read_number(given, "seconds", 30.0, 1, SECONDS_MAX)
        seed = round(read_number(given, "seed", 1, 0, 2**31 - 1))
        day, partner = _day(given.get("day", "")), PartnerId(given.get("partner", ""))
        title = given.get("title", "").strip()
        if given.get("from") == "file":
            if not content:
                raise BadSearch("Choose a JSON file with a problem first.")
            name = self._desk.check_problem(content)
            return Wanted(content, title or name or "Plan of a file", "file", seconds, seed,
                          partner, day)  # fmt: skip
        if not day:
            raise BadSearch("Choose the day that is planned for.")
        wish = Wish(
            partner=partner,
            day=day,
            starts_hour=_hour(given, "starts", "08:00"),
            ends_hour=_hour(given, "ends", "17:00"),
            van_parcels=round(read_number(given, "van_parcels", 150, 1, 10_000)),
            nearby=round(read_number(given, "nearby", 0, 0, 2)),
            depot=_place(given.get("depot", "")),
            cost_van=read_number(given, "cost_van", 40.0, 0, 1e6),
            cost_per_km=read_number(given, "cost_per_km", 0.35, 0, 1e4),
            cost_per_hour=read_number(given, "cost_per_hour", 24.0, 0, 1e4),
            co2e_g_per_km=read_number(given, "co2e_g_per_km", 200.0, 0, 1e5),
        )
        now = self._console.centre.clock.now()
        made = make_network_problem(self._console.centre.queries, wish, now=now)
        called = {one.partner: one.name for one in self._console.centre.queries.partners()}
        title = title or f"{called.get(partner, partner)}, {day}"
        return Wanted(made.problem, title, "network", seconds, seed, partner, day, made.assumed)

    def _geojson(self, plan: PlanId) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(self._desk.paper(EVERYTHING, plan, "geojson"))
        return found

    def _names(self) -> dict[str, tuple[str, str]]:
        """Tell what people call places and vehicles: sites by name, vehicles by their courier."""
        queries, now = self._console.centre.queries, self._console.centre.clock.now()
        sites = {str(one.site): (one.name, one.address)
                 for one in queries.sites(at=now, limit=1_000).items}  # fmt: skip
        return sites | {str(one.courier): (one.name, "") for one in queries.couriers(EVERYTHING)}

    def _is_in_force(self, plan: ShownPlan) -> bool:
        if not plan.day or not plan.partner:
            return False
        return self._desk.in_force(plan.partner).get(plan.day) == plan.plan

    def _today(self) -> date:
        zone = ZoneInfo(self._console.parts.pages.zone)
        return datetime.fromtimestamp(self._console.centre.clock.now(), UTC).astimezone(zone).date()


def _hour(given: Mapping[str, str], name: str, default: str) -> float:
    hours, _, minutes = (given.get(name) or default).partition(":")
    if not (hours.isdigit() and minutes.isdigit() and int(hours) < 24 and int(minutes) < 60):
        raise BadSearch(f"{name}: a time of day such as {default}.")
    return int(hours) + int(minutes) / 60


def _day(text: str) -> str:
    try:
        return str(date.fromisoformat(text)) if text else ""
    except ValueError:
        raise BadSearch(f"day: {text!r} is none; write it as 2026-11-27.") from None


def _place(text: str) -> tuple[float, float] | None:
    if not text.strip():
        return None
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        raise BadSearch("depot: latitude and longitude such as 52.5200, 13.4050.") from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise BadSearch("depot: latitude first, up to 90; longitude behind it, up to 180.")
    return latitude, longitude
