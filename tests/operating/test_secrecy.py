"""What an operator's tools see of a parcel's life names nobody and holds no code."""

import io
import json
import re
from collections.abc import Iterator
from contextlib import redirect_stderr
from email import message_from_bytes
from pathlib import Path

import msgspec
import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from restante.access import Scope
from restante.operations.directory import issue_api_key
from restante.partners.webhook import Answer, write_message
from restante.wiring.health import Check, Health, Unwell
from restante.wiring.logs import set_up_logs
from restante.wiring.telemetry import Traces
from tests.operating.test_health import Operated, forget_loggers
from tests.operations.house import ACME, OPERATOR, SITE, copy_house
from tests.webhooks.desk import Office

NAME, EMAIL, PHONE = "Wilhelmina Zażółć-Canary", "wilhelmina@canary.example", "+48601234567"
LABEL, REFERENCE = "CANARY-4711-0815", "order-canary-99"


class Seen:
    """Everything that is written for operators, by the place it is written in."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.secrets: set[str] = set()


def letters(folder: Path) -> str:
    found = (message_from_bytes(path.read_bytes()) for path in (folder / "cur").iterdir())
    parts = (
        part for letter in found for part in letter.walk() if part.get_content_maintype() == "text"
    )
    return "\n".join(bytes(part.get_payload(decode=True) or b"").decode() for part in parts)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("life")
    seen, said = Seen(), io.StringIO()
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    traces = Traces(provider)
    before = structlog.get_config()
    forget_loggers()
    with redirect_stderr(said):
        set_up_logs("debug")
        try:
            _live(folder, seen, traces)
        finally:
            structlog.configure(**before)
            forget_loggers()
    traces.close()
    seen.texts["log"] = said.getvalue()
    seen.texts["traces"] = "\n".join(span.to_json() for span in spans.get_finished_spans())
    yield seen


def _live(folder: Path, seen: Seen, traces: Traces) -> None:
    house = copy_house(folder, around=traces.batch)
    house.centre.committer.start()
    office = Office(house)
    receiver = office.make().webhook
    operated = Operated(house, tracer=traces.request)
    means = house.centre.means
    key = house.centre.run(
        issue_api_key(means, OPERATOR, partner=ACME, scopes=frozenset(Scope), label="tests")
    ).reveal()
    headers = {"authorization": f"Bearer {key}"}
    contact = {"name": NAME, "email": EMAIL, "phone": PHONE}
    wanted = {
        "label": LABEL,
        "reference": REFERENCE,
        "size": {"length_mm": 300, "width_mm": 200, "height_mm": 90, "weight_g": 900},
        "site": SITE,
        "contact": contact,
    }
    client = operated.client
    with client:
        made = client.post(
            "/api/v1/parcels", json=wanted, headers={**headers, "idempotency-key": "one"}
        )
        assert made.status_code == 201, made.text
        parcel = made.json()["id"]
        # What goes wrong is logged too: bad JSON, bad values, a wrong key, a page nobody has.
        for body in (
            json.dumps(wanted)[:-2],
            json.dumps({**wanted, "contact": {**contact, "email": f"{EMAIL} {NAME}"}}),
            json.dumps({**wanted, "size": NAME}),
        ):
            bad = client.post("/api/v1/parcels", content=body, headers=headers)
            assert 400 <= bad.status_code < 500, bad.text
        assert client.get(f"/api/v1/parcels/{EMAIL}", headers=headers).status_code == 404
        assert client.get(f"/p/{PHONE}{NAME}").status_code == 404
        assert client.get("/api/v1/parcels", headers={"authorization": f"Bearer {PHONE}"}).is_error
        house.deposit(parcel)
        house.centre.worker.turn()
        told = letters(folder / "mailbox")
        link = re.search(r"/p/([A-Za-z0-9_-]{20,})", told)
        code = re.search(r"(\d{2}-\d{6})", told)
        assert link is not None, told
        assert code is not None, told
        assert client.get(f"/p/{link[1]}").status_code == 200
        house.collect(parcel)
        # A receiver that answers with what it must not know is logged no more than it was told.
        bodies: list[str] = []

        def refuse(claimed: object) -> Answer:
            bodies.append(write_message(claimed.event).decode())  # type: ignore[attr-defined]
            return Answer(500, "it answered 500")

        office.work(refuse, turns=3)
        assert bodies
        seen.texts["webhook bodies"] = "\n".join(bodies)
        seen.texts["webhook log"] = str(office.log(receiver, limit=500))
        seen.texts["metrics"] = operated.figures()
        operated.now += 2
        seen.texts["readyz"] = client.get("/readyz").text

        def broken() -> str:
            raise OSError(f"{NAME} {EMAIL}")

        failing = Health([Check("one", broken), Check("two", _unwell)])
        seen.texts["readyz of what breaks"] = msgspec.json.encode(failing.look()).decode()
    seen.secrets = {key, link[1], code[1], code[1].replace("-", ""), code[1].split("-")[1]}
    house.centre.close()


def _unwell() -> str:
    raise Unwell("as ever")


PLACES = (
    *("log", "traces", "metrics", "readyz", "readyz of what breaks"),
    *("webhook bodies", "webhook log"),
)


@pytest.mark.parametrize("place", PLACES)
def test_nobody_is_named_and_no_code_is_told_in(seen: Seen, place: str) -> None:
    text = seen.texts[place]
    if place == "log":
        assert text.count('"request_id"') > 8, "requests were not logged: this was no test"
        # A check that breaks is logged with what it said; here a test made it say a name.
        text = "\n".join(line for line in text.splitlines() if "a check failed" not in line)
    assert len(text) > 50, "nothing was written: this was no test"
    name, family = NAME.split()
    for secret in (
        *(NAME, name, family, EMAIL, EMAIL.split("@")[1], PHONE, PHONE[3:]),
        *(LABEL, LABEL.replace("-", ""), REFERENCE),
        *seen.secrets,
    ):
        assert secret not in text, secret
        assert secret.encode("unicode_escape").decode() not in text, secret
