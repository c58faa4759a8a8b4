"""Readiness names what is wrong, and figures and logs name nobody."""

import io
import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest
import structlog
from litestar.testing import TestClient
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from restante.access import Scope
from restante.api.rate import RateLimit
from restante.journal.ledger import Operation
from restante.operations.directory import issue_api_key
from restante.settings import BadSetting, Settings, read_settings
from restante.wiring.app import make_app
from restante.wiring.centre_health import centre_checks
from restante.wiring.chores import Chores
from restante.wiring.health import Check, Health, Unwell, make_health_routes
from restante.wiring.history import History
from restante.wiring.logs import set_up_logs
from restante.wiring.metrics import Metrics, listen_for_metrics, make_metrics_routes
from restante.wiring.requests import find_door, find_names, untraced, watch_requests
from restante.wiring.telemetry import Traces, open_traces
from tests.operations.house import (
    ACME,
    ANNA,
    LOCKER,
    OPERATOR,
    SITE,
    House,
    copy_house,
    open_house,
)

TOKEN = "a token for figures"
GENEROUS = RateLimit(per_second=1e6, burst=1_000_000)


class Operated:
    """A centre with its probes, and what may go wrong with it."""

    def __init__(self, house: House, tracer: Any = untraced) -> None:
        self.house = house
        self.is_linked = True
        self.now = 0.0
        self.chores = Chores(house.centre)
        self.history = History(house.centre)
        checks = centre_checks(
            house.centre, self.chores, self.history, is_linked=lambda: self.is_linked
        )
        health = Health(checks, monotonic=lambda: self.now)
        self.metrics = Metrics(house.centre, kept_seconds=0)
        probes = [*make_health_routes(health), *make_metrics_routes(self.metrics, TOKEN)]
        app = make_app(house.centre, probes=probes)
        watched = watch_requests(
            app.asgi,
            make_id=lambda: house.centre.minter.make("q"),
            trusted_header="X-Request-Id",
            watcher=self.metrics.watch,
            tracer=tracer,
        )
        self.client = TestClient(app.asgi, raise_server_exceptions=False)
        self.client.app = watched  # type: ignore[assignment]
        self.client._transport.app = watched  # type: ignore[attr-defined]

    def ready(self) -> tuple[int, dict[str, str]]:
        self.now += 2
        answer = self.client.get("/readyz")
        return answer.status_code, {one["name"]: one["status"] for one in answer.json()["checks"]}

    def figures(self) -> str:
        answer = self.client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        return answer.text


@pytest.fixture
def operated(tmp_path: Path) -> Iterator[Operated]:
    house = open_house(tmp_path)
    house.centre.committer.start()
    made = Operated(house)
    with made.client:
        yield made
    house.centre.close()


def test_a_well_centre_is_ready_and_says_what_was_looked_at(operated: Operated) -> None:
    status, checks = operated.ready()
    assert status == 200
    assert set(checks) == {
        *("database", "migrations", "committer", "keystore"),
        *("disk", "chores", "outbox", "history", "broker"),
    }
    assert set(checks.values()) == {"pass"}
    assert operated.client.get("/livez").text == "ok\n"


def test_what_is_wrong_is_named_and_mending_it_is_noticed(operated: Operated) -> None:
    keys = operated.house.centre.settings.keystore_path
    keys.chmod(0o644)
    status, checks = operated.ready()
    assert (status, checks["keystore"]) == (503, "fail")
    assert [name for name, found in checks.items() if found == "fail"] == ["keystore"]
    keys.chmod(0o600)
    assert operated.ready()[0] == 200
    operated.house.centre.journal.write_meta("schema_version", "999")
    status, checks = operated.ready()
    assert (status, checks["migrations"]) == (503, "fail")


def test_a_committer_that_hangs_is_noticed_and_life_goes_on(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restante.wiring.centre_health.ANSWER_SECONDS_MAX", 0.2)
    held = threading.Event()
    waiting = operated.house.centre.committer.submit(Operation((), lambda _ledger: held.wait(20)))
    try:
        status, checks = operated.ready()
        assert (status, checks["committer"]) == (503, "fail")
        assert operated.client.get("/livez").status_code == 200
    finally:
        held.set()
        waiting.result()
    assert operated.ready()[0] == 200


def test_a_broker_that_is_away_warns_and_keeps_nobody_out(operated: Operated) -> None:
    operated.is_linked = False
    status, checks = operated.ready()
    assert (status, checks["broker"]) == (200, "warn")


def test_asking_often_looks_once() -> None:
    looks: list[int] = []
    now = 0.0

    def look() -> str:
        looks.append(1)
        raise Unwell("as ever")

    health = Health([Check("one", look)], monotonic=lambda: now)
    assert [health.look().is_ready for _ in range(5)] == [False] * 5
    assert len(looks) == 1
    now = 1.5
    health.look()
    assert len(looks) == 2


def test_a_check_that_breaks_tells_no_details_to_strangers() -> None:
    def look() -> str:
        raise OSError("/srv/secret/place")

    seen = Health([Check("one", look)]).look()
    assert seen.checks[0].what == "OSError"


def test_figures_are_for_who_has_the_token(operated: Operated) -> None:
    assert operated.client.get("/metrics").status_code == 401
    wrong = operated.client.get("/metrics", headers={"authorization": "Bearer wrong"})
    assert wrong.status_code == 401
    assert "restante_build_info" in operated.figures()
    assert make_metrics_routes(operated.metrics, "") == []
    assert listen_for_metrics(operated.metrics, "") is None
    with pytest.raises(BadSetting, match=r"127\.0\.0\.1:9400"):
        read_settings(environ={}, arguments={"metrics_listen": "9400"})


def test_figures_count_what_happened_and_name_no_parcel_person_or_locker(
    operated: Operated,
) -> None:
    operated.figures()
    house = operated.house
    parcel = house.announce("FIGURES01").parcel
    house.deposit(parcel)
    text = operated.figures()
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[:1] != "#")
    assert lines['restante_facts_total{tag="handoff.deposited.v1"}'] == "1.0"
    assert lines['restante_lockers{site_kind="locker"}'] == "2.0"
    assert lines['restante_compartments{site_kind="locker",size="M",state="occupied"}'] == "1.0"
    assert float(lines["restante_operations_total"]) > 3
    assert float(lines["restante_outbox_waiting"]) == house.centre.journal.waiting_work() > 0
    for secret in (parcel, LOCKER, SITE, ACME, "Anna", "anna@example.org", "FIGURES01"):
        assert secret not in text
    house.announce("FIGURES02")
    names = [sorted(re.findall(r"^(restante_\w+\{?[^}]*)", one, re.M)) for one in (
        text, operated.figures())]  # fmt: skip
    assert len(names[1]) - len(names[0]) < 20, "series must not grow with parcels"


def test_addresses_become_doors_and_ids_and_nothing_else() -> None:
    assert find_door("/p/a-secret-link") == "page"
    assert find_door("/api/v1/parcels") == "api"
    assert find_door("/kiosk/locker-1/start") == "kiosk"
    assert find_names("/kiosk/locker-1/start") == {"locker": "locker-1"}
    assert find_names("/p/a-secret-link") == {}
    name = "p01m83pph00453q71g6yazqw2f0"
    assert find_names(f"/api/v1/parcels/{name}/extend") == {"parcel": name}


def test_a_request_keeps_the_proxys_id_in_answer_and_log_and_no_id_that_is_none(
    operated: Operated,
) -> None:
    answer = operated.client.get("/livez", headers={"x-request-id": "from-the-proxy.1"})
    assert answer.headers["request-id"] == "from-the-proxy.1"
    forged = operated.client.get("/livez", headers={"x-request-id": 'a" forged="yes'})
    assert re.fullmatch(r"q[0-9a-z]+", forged.headers["request-id"])
    api = operated.client.get("/api/v1/parcels", headers={"x-request-id": "for-the-api"})
    assert api.headers.get_list("request-id") == ["for-the-api"]
    assert api.json()["request_id"] == "for-the-api"


def forget_loggers() -> None:
    """Let every module's logger look at the configuration again."""
    for name, module in list(sys.modules.items()):
        if name.startswith("restante."):
            for logger in (getattr(module, "_log", None), getattr(module, "_LOG", None)):
                getattr(logger, "__dict__", {}).pop("bind", None)


def test_the_log_of_a_life_ties_lines_together_and_holds_nobodys_name_or_code(
    tmp_path: Path,
) -> None:
    said = io.StringIO()
    before = structlog.get_config()
    forget_loggers()
    with redirect_stderr(said):
        set_up_logs("debug")
        house = open_house(tmp_path)
        house.centre.committer.start()
        operated = Operated(house)
        secret = house.centre.run(
            issue_api_key(
                house.centre.means, OPERATOR, partner=ACME, scopes=frozenset(Scope), label="t"
            )
        ).reveal()
        headers = {"authorization": f"Bearer {secret}"}
        try:
            with operated.client as client:
                wanted = {
                    "label": "PX-4711-0815",
                    "size": {"length_mm": 300, "width_mm": 200, "height_mm": 90, "weight_g": 900},
                    "site": SITE,
                    "contact": {"name": "Anna Nowak", "email": "anna@example.org"},
                }
                key = {**headers, "idempotency-key": "one"}
                made = client.post("/api/v1/parcels", json=wanted, headers=key)
                assert made.status_code == 201, made.text
                parcel = made.json()["id"]
                house.deposit(parcel)
                house.centre.worker.turn()
                letters = "".join(
                    path.read_text() for path in (tmp_path / "mailbox" / "cur").iterdir()
                )
                link = re.search(r"/p/([A-Za-z0-9_=-]{20,})", letters.replace("=\n", ""))
                assert link is not None, letters
                assert client.get(f"/p/{link[1]}").status_code == 200
                assert client.get(f"/api/v1/parcels/{parcel}", headers=headers).is_success
                house.collect(parcel)
        finally:
            house.centre.close()
            structlog.configure(**before)
            forget_loggers()
    log = said.getvalue()
    events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    requests = [event for event in events if event["event"] == "request"]
    assert len(requests) == 3
    assert all(event["request_id"] for event in requests)
    about = [event for event in events if event.get("parcel") == parcel]
    assert {event["request_id"] for event in about}
    code = re.search(r"^Code:\s+(\d{2}-\d{6})$", letters, re.MULTILINE)
    assert code is not None, letters
    for one in (secret, link[1], ANNA.name, "Anna", ANNA.email, "PX-4711-0815", "PX47110815"):
        assert str(one) not in log, one
    for written in (code[1], code[1].replace("-", ""), code[1].split("-")[1]):
        assert written not in log, "a code was logged"


def test_an_operation_is_logged_with_the_request_it_was_asked_in(operated: Operated) -> None:
    def look(_ledger: Any) -> Any:
        return structlog.contextvars.get_contextvars().get("request_id")

    with structlog.contextvars.bound_contextvars(request_id="q1"):
        assert operated.house.centre.run(Operation((), look)) == "q1"
    assert operated.house.centre.run(Operation((), look)) is None


def test_traces_tell_requests_and_commits_and_no_address(tmp_path: Path) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    traces = Traces(provider)
    house = copy_house(tmp_path, around=traces.batch)
    operated = Operated(house, tracer=traces.request)
    house.centre.committer.start()
    with operated.client as client:
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        client.get("/p/a-secret-link", headers={"traceparent": parent})
        house.announce()
    spans = {span.name: span for span in kept.get_finished_spans()}
    house.centre.close()
    traces.close()
    assert set(spans) == {"GET page", "commit"}
    page = spans["GET page"]
    assert page.context is not None
    assert f"{page.context.trace_id:x}" == "af7651916cd43dd8448eb211c80319c"
    assert page.attributes is not None
    assert page.attributes["http.response.status_code"] == 404
    assert spans["commit"].attributes == {"restante.operations": 1}
    assert "a-secret-link" not in page.to_json()


def test_nothing_is_traced_unless_somebody_asks() -> None:
    assert open_traces(Settings()) is None
