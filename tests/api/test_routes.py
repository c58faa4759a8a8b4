"""Programs post a problem of routes and take the answer, each its own."""

import msgspec

from restante.operations.searches import OPEN_MAX, Found, Progress
from restante.views.route_tables import Figures
from tests.api.conftest import Door
from tests.operations.house import ACME

PROBLEM = {
    "type": "routing.problem.v1",
    "name": "north",
    "places": [{"id": "depot", "kind": "depot"}, {"id": "site-07"}],
    "vehicles": [{"id": "van-1", "start_place": "depot"}],
    "parcels": [{"id": "PX-1", "options": [{"place": "site-07"}]}],
    "distances_m": [[0, 2400], [2400, 0]],
    "durations_s": [[0, 360], [360, 0]],
}
FIGURES = Figures(is_feasible=True, cost=12.5, distance_m=4800, duration_s=720, co2e_g=960,
                  vehicles=1, parcels=1, served=1, iterations=10)  # fmt: skip
DRAWN = {"type": "FeatureCollection", "features": [], "plan": {"name": "north"}}


def post(door: Door, **more: object) -> dict[str, object]:
    answer = door.ask("POST", "/route-plans", {"problem": PROBLEM, "seconds": 2, **more})
    assert answer.status_code == 202, answer.text
    return answer.json()


def test_a_problem_is_kept_until_it_is_searched_and_the_answer_taken(door: Door):
    asked = post(door)
    path, desk = f"/route-plans/{asked['id']}", door.house.centre.routes
    assert asked["status"] == "waiting"
    assert door.ask("GET", f"{path}/result").status_code == 404
    claimed = desk.claim("me")
    assert claimed is not None
    assert msgspec.json.decode(claimed.problem) == PROBLEM
    desk.note(claimed.key, Progress(stage="searching", share=0.5, cost=13.0, vehicles=1))
    told = door.ask("GET", path).json()
    assert (told["status"], told["title"], told["progress"]["share"]) == ("running", "north", 0.5)
    drawn = msgspec.json.encode(DRAWN)
    papers = {"result": b'{"type": "routing.result.v1"}', "geojson": drawn}
    desk.finish(claimed.key, "me", Found(msgspec.json.encode(FIGURES), papers))
    told = door.ask("GET", path).json()
    assert (told["status"], told["figures"]["cost"], told["progress"]) == ("done", 12.5, None)
    assert door.ask("GET", f"{path}/result").json() == {"result": {"type": "routing.result.v1"}}
    answer = door.ask("GET", f"{path}/routes.geojson")
    assert answer.headers["content-type"].startswith("application/geo+json")
    assert answer.json() == DRAWN
    assert [one["id"] for one in door.ask("GET", "/route-plans").json()["plans"]] == [asked["id"]]


def test_the_same_key_asks_for_one_plan(door: Door):
    same = {"idempotency-key": "routes-friday"}
    body = {"problem": PROBLEM, "seconds": 2}
    first = door.ask("POST", "/route-plans", body, headers=same)
    again = door.ask("POST", "/route-plans", body, headers=same)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len(door.ask("GET", "/route-plans").json()["plans"]) == 1


def test_what_is_not_even_the_shell_of_a_problem_is_refused_at_once(door: Door):
    wrong = {**PROBLEM, "vehicles": []}
    answer = door.ask("POST", "/route-plans", {"problem": wrong})
    assert answer.status_code == 422
    assert "vehicles" in answer.json()["detail"]
    answer = door.ask("POST", "/route-plans", {"problem": PROBLEM, "seconds": 601})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == "body.seconds"


def test_another_partners_plan_is_not_there(door: Door):
    path = f"/route-plans/{post(door)['id']}"
    for method, address in (("GET", path), ("GET", f"{path}/result"), ("POST", f"{path}/cancel")):
        assert door.ask(method, address, key=door.rival).status_code == 404
    assert door.ask("GET", path, key=door.operator).status_code == 200
    assert door.ask("POST", f"{path}/cancel").json()["status"] == "cancelled"


def test_nobody_fills_the_queue(door: Door):
    for _ in range(OPEN_MAX):
        post(door)
    answer = door.ask("POST", "/route-plans", {"problem": PROBLEM})
    assert answer.status_code == 422
    assert "wait for one, or cancel it" in answer.json()["detail"]
    assert door.ask("POST", "/route-plans", {"problem": PROBLEM}, key=door.rival).status_code == 202


def test_a_key_without_the_scope_plans_nothing(door: Door):
    key = door.issue_key(ACME, frozenset())
    answer = door.ask("POST", "/route-plans", {"problem": PROBLEM}, key=key)
    assert answer.status_code == 403
    assert "routes:plan" in answer.json()["detail"]
