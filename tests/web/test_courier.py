"""The courier's pages: signing in, the day, a stop, what a scan means, the pass, trouble."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from restante.access import Action, Secret
from restante.access.token import verify_token
from restante.core.ids import PartnerId, SiteId
from restante.core.value import DAY, UtcSeconds
from restante.operations.accounts import NotSignedIn, Seat
from restante.views import Role
from restante.web.courier_door import TRIES_TOGETHER_MAX, CourierDoor
from restante.web.courier_scan import judge_scan
from restante.web.courier_view import CourierView, mint_pass
from tests.web.stage import FRIDAY, OPERATOR, Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    opened = Stage(tmp_path, lockers=3, counters=1)
    opened.clock.set(FRIDAY)
    yield opened
    opened.close()


@pytest.fixture
def client(stage: Stage) -> Iterator[TestClient[Any]]:
    with TestClient(stage.app(is_demo=False)) as opened:
        yield opened


@pytest.fixture
def seat(stage: Stage) -> Seat:
    mine = stage.couriers[0]
    return Seat(role=Role.COURIER, name=mine.courier, display_name=mine.name, partner=mine.partner)


@pytest.fixture
def sites(stage: Stage) -> list[SiteId]:
    return list(stage.layouts)


def sign_in(stage: Stage, client: TestClient[Any], pin: str = "") -> Any:
    mine = stage.couriers[0]
    form = {"login": mine.login, "pin": pin or mine.pin.reveal()}
    return client.post("/courier/sign-in", data=form)


def label(stage: Stage, parcel: Any) -> str:
    return stage.centre.queries.parcel(OPERATOR, parcel).label


def test_the_door_leads_to_signing_in_and_back(stage: Stage, client: TestClient[Any]) -> None:
    page = client.get("/courier/pass")
    assert "Start your day" in page.text
    assert 'value="/courier/pass"' in page.text
    assert "Walk as somebody" not in page.text


def test_number_and_pin_open_the_day(stage: Stage, client: TestClient[Any]) -> None:
    answer = sign_in(stage, client)
    assert "<h1>Today</h1>" in answer.text
    assert stage.couriers[0].name in client.get("/courier/summary").text


def test_a_wrong_pin_and_an_unknown_number_get_the_same_answer(
    stage: Stage, client: TestClient[Any]
) -> None:
    wrong = sign_in(stage, client, "12-345679")
    unknown = client.post("/courier/sign-in", data={"login": "99999", "pin": "12-345679"})
    assert wrong.status_code == unknown.status_code == 401
    assert "did not fit together" in wrong.text
    assert "did not fit together" in unknown.text
    assert "12-345679" not in wrong.text


def test_a_number_pauses_after_five_wrong_tries_even_for_the_right_pin(stage: Stage) -> None:
    door, mine = CourierDoor(stage.centre), stage.couriers[0]
    for _ in range(5):
        assert door.judge(mine.login, "12-345679", at=FRIDAY) is None
    with pytest.raises(NotSignedIn) as paused:
        door.judge(mine.login, mine.pin.reveal(), at=FRIDAY)
    later = UtcSeconds(FRIDAY + paused.value.wait_seconds)
    seat = door.judge(mine.login, mine.pin.reveal(), at=later)
    assert seat is not None
    assert seat.name == mine.courier


def test_guessing_at_many_numbers_is_slowed_down_too(stage: Stage) -> None:
    door = CourierDoor(stage.centre)
    for number in range(TRIES_TOGETHER_MAX):
        door.judge(str(70_000 + number), "12-345679", at=FRIDAY)
    with pytest.raises(NotSignedIn):
        door.judge("80000", "12-345679", at=FRIDAY)


def test_the_day_lists_stops_with_what_to_put_in_and_take_back(
    stage: Stage, client: TestClient[Any], sites: list[SiteId]
) -> None:
    for number in range(3):
        stage.announce(number, sites[0])
    overdue = stage.announce(9, sites[1])
    stage.deposit(overdue, sites[1], stage.layouts[sites[1]][0].id)
    stage.clock.set(UtcSeconds(FRIDAY + 4 * DAY))
    for number in range(10, 12):
        stage.announce(number, sites[0])
    stage.centre.timekeeper.tick()
    sign_in(stage, client)
    page = client.get("/courier").text
    assert "2 to deposit" in page
    assert "1 to take back" in page
    stop = client.get(f"/courier/site/{sites[1]}").text
    assert label(stage, overdue) in stop
    assert "Take back first" in stop


def test_the_nearest_stop_comes_next(stage: Stage, seat: Seat, sites: list[SiteId]) -> None:
    for number, site in enumerate(sites):
        stage.announce(number, site)
    last = stage.centre.queries.site(sites[2], at=FRIDAY)
    view = CourierView(stage.centre, zone="UTC")
    day = view.day(seat, near=(last.longitude, last.latitude))
    assert day.stops[0].site.site == sites[2]
    assert day.stops[0].away_m == 0
    assert all(stop.away_m > 0 for stop in day.stops[1:])


def test_a_size_is_short_only_when_larger_compartments_do_not_help(
    stage: Stage, seat: Seat, sites: list[SiteId]
) -> None:
    stage.announce(1, sites[0])
    needs = CourierView(stage.centre, zone="UTC").stop(seat, sites[0]).sizes
    assert sum(need.wanted for need in needs) == 1
    assert not any(need.is_short for need in needs)


@pytest.mark.parametrize(
    ("situation", "kind"),
    [
        ("booked here", "good"),
        ("booked elsewhere", "wrong_site"),
        ("in a compartment", "already_done"),
        ("overdue", "take_back"),
        ("unknown", "not_yours"),
        ("no label", "unreadable"),
    ],
)
def test_a_scan_says_one_thing(
    situation: str, kind: str, stage: Stage, seat: Seat, sites: list[SiteId]
) -> None:
    here, elsewhere = sites[0], sites[1]
    parcel = stage.announce(1, elsewhere if situation == "booked elsewhere" else here)
    if situation in ("in a compartment", "overdue"):
        stage.deposit(parcel, here, stage.layouts[here][0].id)
    if situation == "overdue":
        stage.clock.set(UtcSeconds(FRIDAY + 4 * DAY))
        stage.centre.timekeeper.tick()
    text = {"unknown": "JJD0003999999", "no label": "?"}.get(situation, label(stage, parcel))
    head = stage.centre.journal.head()
    verdict = judge_scan(stage.centre, seat, text, here)
    assert verdict.kind == kind
    assert verdict.word
    assert verdict.text
    assert stage.centre.journal.head() == head


def test_another_partners_parcel_is_not_named(stage: Stage, sites: list[SiteId]) -> None:
    parcel = stage.announce(1, sites[0])
    stranger = Seat(role=Role.COURIER, name="x", display_name="X", partner=PartnerId("rival"))
    verdict = judge_scan(stage.centre, stranger, label(stage, parcel), sites[0])
    assert verdict.kind == "not_yours"
    assert stage.centre.queries.site(sites[0], at=FRIDAY).name not in verdict.text


def test_the_scan_page_answers_without_scripts_and_as_a_fragment(
    stage: Stage, client: TestClient[Any], sites: list[SiteId]
) -> None:
    parcel = stage.announce(1, sites[0])
    sign_in(stage, client)
    form = {"label": label(stage, parcel), "site": sites[0]}
    whole = client.post("/courier/scan", data=form)
    part = client.post("/courier/scan", data=form, headers={"hx-request": "true"})
    assert "<h1>" in whole.text
    assert 'data-verdict="good"' in whole.text
    assert "<h1>" not in part.text
    assert 'data-verdict="good"' in part.text
    assert "wasm-unsafe-eval" in whole.headers["content-security-policy"]


def test_the_pass_signs_in_at_the_stops_and_nowhere_else(
    stage: Stage, seat: Seat, sites: list[SiteId]
) -> None:
    means, now = stage.centre.means, stage.clock.now()
    minted = mint_pass(means, seat, sites[:2], [], now)
    assert minted is not None
    token, ends_at = minted
    assert ends_at <= now + 12 * 3600
    claims = verify_token(token, means.keyring.public(), sites[0], now)
    assert claims.action is Action.SHIFT
    assert claims.courier == seat.name
    assert claims.partner == seat.partner
    assert sites[2] not in claims.audience
    assert isinstance(token, Secret)


def test_the_pass_is_shown_as_a_square_and_kept_by_no_cache(
    stage: Stage, client: TestClient[Any], sites: list[SiteId]
) -> None:
    stage.announce(1, sites[0])
    sign_in(stage, client)
    answer = client.get("/courier/pass")
    assert 'class="qr"' in answer.text
    assert "no-store" in answer.headers["cache-control"]
    assert not re.search(r"RS1\.", answer.text)


def test_trouble_at_a_site_goes_into_the_queue(
    stage: Stage, client: TestClient[Any], sites: list[SiteId]
) -> None:
    sign_in(stage, client)
    answer = client.post(
        f"/courier/site/{sites[0]}/problem", data={"kind": "no_access", "words": "Gate shut"}
    )
    assert "The operator sees it now" in answer.text
    matters = stage.centre.queries.matters(OPERATOR)
    assert [(one.kind, one.detail, one.site) for one in matters] == [
        ("told_no_access", "Gate shut", sites[0])
    ]


def test_something_else_needs_words(
    stage: Stage, client: TestClient[Any], sites: list[SiteId]
) -> None:
    sign_in(stage, client)
    answer = client.post(f"/courier/site/{sites[0]}/problem", data={"kind": "other"})
    assert answer.status_code == 422
    assert "Say in a few words" in answer.text
    assert not stage.centre.queries.matters(OPERATOR)


def test_the_days_end_counts_own_deposits_of_today(
    stage: Stage, seat: Seat, sites: list[SiteId]
) -> None:
    for number in range(2):
        parcel = stage.announce(number, sites[0])
        stage.deposit(parcel, sites[0], stage.layouts[sites[0]][number].id)
    done = CourierView(stage.centre, zone=stage.city.time_zone).done(seat)
    assert (done.deposited, done.retrieved, done.sites) == (2, 0, 1)
    stage.clock.set(UtcSeconds(FRIDAY + DAY))
    assert CourierView(stage.centre, zone=stage.city.time_zone).done(seat).deposited == 0


def test_a_visitor_of_the_demonstration_walks_as_a_courier(stage: Stage) -> None:
    with TestClient(stage.app()) as client:
        assert "Walk as somebody" in client.get("/courier").text
        page = client.post("/courier/walk", data={"courier": stage.couriers[0].courier}).text
        assert "<h1>Today</h1>" in page
        client.post("/courier/sign-out")
        assert "Start your day" in client.get("/courier").text


def test_nobody_walks_as_a_courier_in_a_real_network(stage: Stage, client: TestClient[Any]) -> None:
    form = {"courier": stage.couriers[0].courier}
    assert client.post("/courier/walk", data=form).status_code == 404
    assert "Start your day" in client.get("/courier").text
