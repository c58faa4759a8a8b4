"""Operators make, watch, compare and choose plans of routes; couriers see theirs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from restante.core.ids import PlanId
from restante.operations.accounts import Seat
from restante.operations.route_plans import put_in_force
from restante.operations.searches import Progress
from restante.views import Role
from restante.web.courier_route import CourierRoute
from restante.web.courier_view import CourierView
from restante.web.live_events import Watch
from restante.web.route_map import clock_of, make_sheet
from tests.web.route_stage import finish_plan
from tests.web.stage import FRIDAY, OPERATOR, Stage

TODAY, TOMORROW = "2026-11-27", "2026-11-28"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    opened = Stage(tmp_path, lockers=6, counters=1)
    opened.clock.set(FRIDAY)
    for number in range(18):
        opened.announce(number, list(opened.layouts)[number % 6])
    yield opened
    opened.close()


@pytest.fixture
def client(stage: Stage) -> Iterator[TestClient[Litestar]]:
    with TestClient(stage.app(), raise_server_exceptions=False) as opened:
        yield opened


def form(**given: str) -> dict[str, Any]:
    """Fill in the form; sent as a browser sends forms with files."""
    asked = {"from": "network", "partner": "blitz", "day": TOMORROW, "seconds": "10", **given}
    return {"files": {name: (None, text) for name, text in asked.items()}}


def plan_of(stage: Stage, answer: Any) -> PlanId:
    assert answer.status_code == 303, answer.text
    return PlanId(answer.headers["location"].rpartition("/")[2])


def test_a_plan_is_asked_for_watched_and_cancelled(stage: Stage, client: TestClient[Litestar]):
    answer = client.post("/operator/routes", **form(), follow_redirects=False)
    plan = plan_of(stage, answer)
    page = client.get(f"/operator/routes/{plan}").text
    assert "Waits for its turn" in page
    assert "One van for each of 3 couriers" in page
    answer = client.post(f"/operator/routes/{plan}/act", data={"act": "cancel"})
    assert "Cancelled. The problem is kept" in answer.text
    again = client.post(
        f"/operator/routes/{plan}/act", data={"act": "again"}, follow_redirects=False
    )
    made = stage.centre.routes.plan(OPERATOR, plan_of(stage, again))
    assert (made.status, made.seed) == ("waiting", 2)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"from": "file"}, "Choose a JSON file with a problem first"),
        ({"day": ""}, "Choose the day"),
        ({"day": "tomorrow"}, "write it as 2026-11-27"),
        ({"depot": "berlin"}, "latitude and longitude such as"),
        ({"van_parcels": "many"}, "is no number"),
        ({"seconds": "9000"}, "between 1 and 600"),
        ({"starts": "18:00"}, "leave before they return"),
        ({"partner": "nobody"}, "add one under Couriers"),
    ],
)
def test_what_cannot_be_planned_is_said_on_the_page(
    stage: Stage, client: TestClient[Litestar], given: dict[str, str], says: str
):
    answer = client.post("/operator/routes", **form(**given))
    assert answer.status_code == 422
    assert says in answer.text
    assert stage.centre.routes.plans(OPERATOR) == ()


def test_without_the_extra_the_page_says_what_to_install(
    stage: Stage, client: TestClient[Litestar]
):
    stage.centre.routes.missing = "planning needs numba: install restante[planning]"
    assert "install restante[planning]" in client.get("/operator/routes").text
    answer = client.post("/operator/routes", **form())
    assert answer.status_code == 422
    assert "install restante[planning]" in answer.text


def test_strangers_see_no_plans(stage: Stage):
    plan = finish_plan(stage, day=TODAY)
    with TestClient(stage.app(is_demo=False)) as stranger:
        for path in ("", f"/{plan}", f"/{plan}/geojson.json", f"/compare?a={plan}&b={plan}"):
            answer = stranger.get(f"/operator/routes{path}", follow_redirects=False)
            assert answer.status_code == 303
            assert "/sign-in" in answer.headers["location"]
        asked = stranger.post(
            f"/operator/routes/{plan}/act", data={"act": "force"}, follow_redirects=False
        )
        assert "/sign-in" in asked.headers["location"]
    assert stage.centre.routes.in_force(stage.partner) == {}


def test_a_finished_plan_is_told_on_map_and_table_and_taken_along(
    stage: Stage, client: TestClient[Litestar]
):
    plan = finish_plan(stage, day=TOMORROW, title="Friday <north>")
    page = client.get(f"/operator/routes/{plan}").text
    drawn = stage.centre.routes.paper(OPERATOR, plan, "geojson")
    sheet = make_sheet(json.loads(drawn))
    assert sum(len(route.stops) for route in sheet.routes) == 6
    for site in stage.city.sites[:6]:
        assert page.count(site.name) >= 2, "on the map and in the table"
    assert "Friday &lt;north&gt;" in page
    assert client.get(f"/operator/routes/{plan}/geojson.json").content == drawn
    file = client.get(f"/operator/routes/{plan}/map.html")
    assert "Friday &lt;north&gt;" in file.text
    assert client.get(f"/operator/routes/{plan}/secret.json").status_code == 404


def test_two_plans_are_compared_by_figures_and_parcels(stage: Stage, client: TestClient[Litestar]):
    first = finish_plan(stage, day=TOMORROW, title="First", cost=100.0)
    stage.announce(99, next(iter(stage.layouts)))
    second = finish_plan(stage, day=TOMORROW, title="Second", cost=93.5)
    page = client.get(f"/operator/routes/compare?a={first}&b={second}").text
    assert "−6.50 (-6.5%)" in page
    assert "1 parcel is served differently" in page
    assert "served now" in page
    waiting = plan_of(stage, client.post("/operator/routes", **form(), follow_redirects=False))
    assert client.get(f"/operator/routes/compare?a={first}&b={waiting}").status_code == 400


def test_the_plan_in_force_is_chosen_and_withdrawn(stage: Stage, client: TestClient[Litestar]):
    first, second = (finish_plan(stage, day=TOMORROW, title=name) for name in ("One", "Two"))
    for plan in (first, second):
        client.post(f"/operator/routes/{plan}/act", data={"act": "force"})
    assert stage.centre.routes.in_force(stage.partner) == {TOMORROW: second}
    assert client.get("/operator/routes").text.count("In force") == 1
    refused = client.post(f"/operator/routes/{first}/act", data={"act": "withdraw"})
    assert "Nothing was changed" in refused.text
    client.post(f"/operator/routes/{second}/act", data={"act": "withdraw"})
    assert stage.centre.routes.in_force(stage.partner) == {}


def test_browsers_are_told_how_a_search_goes_and_that_it_is_over(stage: Stage):
    watch, desk = Watch(stage.centre, None), stage.centre.routes
    desk.note(PlanId("t-1"), Progress(stage="searching", share=0.5, cost=12.0))
    told = [one.data for one in watch.look(0)[0] if one.topic == "search"]
    assert [(one["id"], one["share"]) for one in told] == [("t-1", 0.5)]
    assert not [one for one in watch.look(0)[0] if one.topic == "search"], "nothing is new"
    desk._forget(PlanId("t-1"))
    told = [one.data for one in watch.look(0)[0] if one.topic == "search"]
    assert told == [{"id": "t-1", "is_over": True}]


# ── The courier ───────────────────────────────────────────────────────────────────────────────


def seat_of(stage: Stage, place: int = 0) -> Seat:
    mine = stage.couriers[place]
    return Seat(role=Role.COURIER, name=mine.courier, display_name=mine.name, partner=mine.partner)


def round_of(stage: Stage, place: int = 0) -> Any:
    seat = seat_of(stage, place)
    day = CourierView(stage.centre, zone="UTC").day(seat)
    return CourierRoute(stage.centre, zone="UTC").find(seat, day)


def force(stage: Stage, day: str = TODAY) -> PlanId:
    plan = finish_plan(stage, day=day)
    stage.centre.run(put_in_force(OPERATOR, plan=plan, partner=stage.partner))
    return plan


def test_without_a_plan_for_today_the_nearest_stop_is_next(stage: Stage):
    assert round_of(stage) is None
    force(stage, TOMORROW)
    assert round_of(stage) is None


def test_a_courier_sees_their_own_stops_in_the_order_of_the_plan(stage: Stage):
    force(stage)
    rounds = [round_of(stage, place) for place in range(3)]
    numbers = [[stop.number for stop in one.stops] for one in rounds]
    assert all(one == list(range(1, len(one) + 1)) for one in numbers)
    sites = [stop.site.site for one in rounds for stop in one.stops]
    assert sorted(sites) == sorted(stage.layouts), "each site with one courier"
    for one in rounds:
        assert one.besides == ()
        assert one.next is one.stops[0]
        assert one.next.arrives == "12:00"


def test_a_stop_is_ticked_by_its_deposits_and_the_next_comes_up(stage: Stage):
    force(stage)
    first = round_of(stage).stops[0]
    site, doors = first.site.site, [spec.id for spec in stage.layouts[first.site.site]]
    loads = first.left.deposits
    stage.deposit(loads[0].parcel, site, doors[-1])
    now = round_of(stage).stops[0]
    assert (now.is_done, now.done, now.planned) == (False, 1, len(loads))
    for place, load in enumerate(loads[1:], 2):
        stage.deposit(load.parcel, site, doors[-place])
    after = round_of(stage)
    assert (after.stops[0].is_done, after.stops[0].done) == (True, len(loads))
    assert after.next.number == 2
    assert after.done_count == 1


def test_what_was_announced_since_stands_beside_the_plan(stage: Stage):
    sites = list(stage.layouts)
    for parcel in [one for one in stage.centre.queries.parcels(OPERATOR, status="booked").items
                   if one.site == sites[5]]:  # fmt: skip
        stage.deposit(parcel.parcel, sites[5], stage.layouts[sites[5]][parcel.position % 9].id)
    force(stage)
    stage.announce(77, sites[5])
    stage.announce(78, sites[0])
    mine = round_of(stage)
    assert [stop.site.site for stop in mine.besides] == [sites[5]]
    here = [len(stop.left.deposits) - stop.planned for one in range(3)
            for stop in round_of(stage, one).stops if stop.site.site == sites[0]]  # fmt: skip
    assert here == [1]


def test_the_courier_reads_number_place_time_and_sizes(stage: Stage, client: TestClient[Litestar]):
    force(stage)
    client.post("/courier/walk", data={"courier": stage.couriers[0].courier})
    page = client.get("/courier").text
    assert "0 of" in page
    assert "stops done" in page
    assert "Next, planned 12:00" in page
    assert "3 to deposit" in page


def test_times_of_a_plan_are_told_as_hours_and_minutes():
    assert clock_of(8.25 * 3_600) == "08:15"
    assert clock_of(25 * 3_600 + 600) == "01:10 +1 d"
