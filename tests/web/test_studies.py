"""Studies: asked for on a page, searched for in a process of its own, told with how sure it is."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from restante.core.ids import StudyId
from restante.operations.searches import OPEN_MAX, Progress
from restante.web.live_events import Watch
from restante.wiring.study_runner import make_study_runner
from tests.web.stage import Stage

PATIENCE_SECONDS = 600
"""The kernels may have to be compiled first."""

HOME = "/operator/studies"

pytestmark = pytest.mark.timeout(PATIENCE_SECONDS + 60)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    opened = Stage(tmp_path_factory.mktemp("studies"), lockers=6, counters=1)
    opened.live_three_days()
    yield opened
    opened.close()


@pytest.fixture
def client(stage: Stage) -> Iterator[TestClient[Litestar]]:
    with TestClient(stage.app(), raise_server_exceptions=False) as opened:
        yield opened


def ask(
    client: TestClient[Litestar], kind: str, file: str = "", candidates: str = "", **given: str
) -> Any:
    """Fill in the form; sent as a browser sends forms with files."""
    name = {"forecast": "history", "sites": "cells"}.get(kind, "network")
    files: dict[str, Any] = {field: (None, text) for field, text in given.items()}
    for field, text in ((name, file), ("candidates", candidates)):
        if text:
            files[field] = ("told.csv", text, "text/csv")
    return client.post(f"{HOME}/new/{kind}", files=files, follow_redirects=False)


def study_of(answer: Any) -> StudyId:
    assert answer.status_code == 303, answer.text
    return StudyId(answer.headers["location"].rpartition("/")[2])


def search(stage: Stage, study: StudyId) -> str:
    """Let a runner work until a study is over; its status."""
    desk = stage.centre.studies
    runner = make_study_runner(desk, name="test")
    runner.start()
    try:
        for _ in range(PATIENCE_SECONDS * 10):
            if not desk.study(study).is_open:
                break
            runner._thread.join(0.1)
    finally:
        assert runner.close(10)
    return desk.study(study).status


def test_a_what_if_about_the_network_itself_is_answered_and_compared(
    stage: Stage, client: TestClient[Litestar]
):
    told = {"from": "network", "runs": "2", "days": "7"}
    studies = [study_of(ask(client, "whatif", peak=peak, **told)) for peak in ("1.5", "3")]
    assert "Waits for its turn" in client.get(f"{HOME}/{studies[0]}").text
    for one in studies:
        assert search(stage, one) == "done", stage.centre.studies.study(one).says
    page = client.get(f"{HOME}/{studies[0]}").text
    assert "1.5 times as many parcels" in page
    assert "2 pairs of runs of 7 days" in page
    found = [msgspec.json.decode(stage.centre.studies.paper(one, "result")) for one in studies]
    wanted = [one["measures"]["parcels_per_day"] for one in found]
    grown = [one["changed"]["mean"] / one["base"]["mean"] for one in wanted]
    assert grown == [pytest.approx(1.5, rel=0.25), pytest.approx(3, rel=0.25)]
    page = client.get(f"{HOME}/compare?a={studies[0]}&b={studies[1]}").text
    assert "Parcels wanted in a day" in page
    assert client.get(f"{HOME}/{studies[0]}/problem.json").json()["changes"]["peak"] == 1.5


def test_a_forecast_of_a_file_is_told_with_its_error(stage: Stage, client: TestClient[Litestar]):
    rows = [
        f"site-0{site},2026-{month:02d}-{day:02d},{5 + site + (day % 7)}"
        for site in (1, 2)
        for month in (8, 9, 10)
        for day in range(1, 31)
    ]
    answer = ask(client, "forecast", "site,date,parcels\n" + "\n".join(rows), days="7",
                 **{"from": "file"})  # fmt: skip
    study = study_of(answer)
    assert search(stage, study) == "done", stage.centre.studies.study(study).says
    page = client.get(f"{HOME}/{study}").text
    assert "How wrong such forecasts were" in page
    chart = client.get(f"{HOME}/{study}/chart-network.json").json()
    assert [one["label"] for one in chart["series"]][:2] == ["Came", "Expected"]
    assert len(chart["times"]) == len(chart["series"][0]["values"])
    assert chart["series"][1]["values"][-7:] == pytest.approx([19] * 7, abs=6)


def test_a_site_is_added_to_the_network_where_most_people_walk_too_far(
    stage: Stage, client: TestClient[Litestar]
):
    shown = stage.centre.queries.sites(at=stage.clock.now()).items
    here = shown[0]
    far = here.latitude + 0.1
    cells = f"id,lat,lon,demand\nnear,{here.latitude},{here.longitude},10\n"
    cells += f"far,{far},{here.longitude},1000\n"
    candidates = f"id,lat,lon\nthere,{far + 0.001},{here.longitude}\n"
    candidates += f"nowhere,{far + 0.2},{here.longitude}\n"
    told = {"from": "tables", "keep": "stays", "sites_max": str(len(shown) + 1), "seconds": "1"}
    study = study_of(ask(client, "sites", cells, candidates, **told))
    assert search(stage, study) == "done", stage.centre.studies.study(study).says
    result = msgspec.json.decode(stage.centre.studies.paper(study, "result"))
    assert [one["id"] for one in result["sites"] if one.get("is_new", True)] == ["there"]
    page = client.get(f"{HOME}/{study}").text
    assert "Proven: no choice of sites is better" in page
    assert page.count('class="site-mark site-new"') == 2  # on the map and in its legend
    assert "Walks now" in page


@pytest.mark.parametrize(
    ("kind", "file", "given", "says"),
    [
        ("whatif", "", {"from": "network", "peak": "1"}, "nothing is changed"),
        ("whatif", "", {"from": "network", "peak": "many"}, "peak: &#39;many&#39; is no number"),
        ("whatif", "", {"from": "file"}, "Choose a file with sites first"),
        ("whatif", "site,parcels_per_day\na,x\n", {"from": "file", "peak": "2"}, "row 2"),
        ("whatif", "", {"from": "city", "out_site": "nowhere"}, "nowhere"),
        ("forecast", "", {"from": "network"}, "42"),
        ("sites", "", {"from": "tables"}, "Choose a table of cells first"),
        ("sites", "", {"from": "problem"}, "Choose a problem as JSON first"),
        ("forecast", "site,parcels\na,1\n", {"from": "file"}, "column"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_kept(
    stage: Stage,
    client: TestClient[Litestar],
    kind: str,
    file: str,
    given: dict[str, str],
    says: str,
):
    before = stage.centre.studies.studies()
    answer = ask(client, kind, file, **given)
    assert answer.status_code == 422
    assert "Nothing was asked" in answer.text
    assert says in answer.text
    assert stage.centre.studies.studies() == before


def test_nobody_keeps_the_others_waiting_and_a_cancelled_study_stays_to_be_asked_again(
    stage: Stage, client: TestClient[Litestar]
):
    studies = [
        study_of(ask(client, "whatif", peak="2", **{"from": "city"})) for _ in range(OPEN_MAX)
    ]
    answer = ask(client, "whatif", peak="2", **{"from": "city"})
    assert (answer.status_code, "wait for one" in answer.text) == (422, True)
    for one in studies:
        client.post(f"{HOME}/{one}/act", data={"act": "cancel"})
    page = client.get(f"{HOME}/{studies[0]}").text
    assert "It was cancelled" in page
    answer = client.post(f"{HOME}/{studies[0]}/act", data={"act": "again"}, follow_redirects=False)
    again = stage.centre.studies.study(study_of(answer))
    assert (again.seed, again.kind) == (stage.centre.studies.study(studies[0]).seed + 1, "whatif")
    client.post(f"{HOME}/{again.study}/act", data={"act": "cancel"})


def test_pages_are_told_how_a_search_goes(stage: Stage):
    watch = Watch(stage.centre, None)
    stage.centre.studies.note("u-1", Progress(stage="searching", share=0.5))
    told = [one.data for one in watch.look(0)[0] if one.topic == "search"]
    assert [(one["id"], one["share"]) for one in told] == [("u-1", 0.5)]
    stage.centre.studies._forget("u-1")
    assert [one.data for one in watch.look(0)[0] if one.topic == "search"] == [
        {"id": "u-1", "is_over": True}
    ]


def test_studies_are_for_operators_alone(stage: Stage):
    with TestClient(stage.app(is_demo=False), raise_server_exceptions=False) as stranger:
        answer = stranger.get(HOME, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


def test_a_site_of_the_network_is_sized_for_a_busier_time(
    stage: Stage, client: TestClient[Litestar]
):
    site = next(iter(stage.layouts))
    told = {"from": "network", "site": site, "peak": "12", "days": "7", "runs": "2"}
    study = study_of(ask(client, "sizes", **told))
    assert search(stage, study) == "done", stage.centre.studies.study(study).says
    (found,) = msgspec.json.decode(stage.centre.studies.paper(study, "result"))["sites"]
    assert (found["site"], found["holds"]) == (site, True)
    assert found["turned_away"]["mean"] + found["turned_away"]["within"] <= 0.02
    assert found["now"] is not None
    page = client.get(f"{HOME}/{study}").text
    assert f"→ {sum(found['compartments'].values())}" in page
