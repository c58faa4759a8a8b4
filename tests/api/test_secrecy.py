"""No code, contact or key leaves by this door: not in an answer, not in a log."""

import pytest
from sqlalchemy import select

from restante.access import Secret
from restante.operations.credentials import open_code
from restante.views.tables import CODES, SUBJECTS
from tests.api.conftest import Door, announcement

CANARY = "canary-7431@example.org"


def codes_of(door: Door, parcel: str) -> list[str]:
    """Open the sealed codes of a parcel, as only the sender of notices does."""
    journal = door.house.centre.journal
    with journal.reading() as connection:
        rows = [
            dict(row)
            for row in connection.execute(select(CODES).where(CODES.c.parcel == parcel)).mappings()
        ]
    found = []
    for row in rows:
        subject = journal.rows(SUBJECTS.name, [(row["recipient"],)])[row["recipient"],]
        code = open_code(
            door.house.centre.means,
            parcel=row["parcel"],
            grant=row["grant"],
            subject=subject,
            row=row,
        )
        assert isinstance(code, Secret)
        found.append(code.reveal())
    return found


def test_no_answer_and_no_log_tells_a_code_a_contact_or_a_key(
    door: Door, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    body = announcement(contact={"name": "Canary Bird", "email": CANARY, "phone": "+4915155555"})
    texts = []

    def ask(method: str, path: str, sent: object = None) -> dict[str, object]:
        answer = door.ask(method, path, sent)
        texts.append(answer.text + str(answer.headers))
        return answer.json()

    parcel = str(ask("POST", "/parcels", body)["id"])
    secrets = codes_of(door, parcel)
    assert len(secrets) == 1
    ask("POST", f"/parcels/{parcel}/reissue-code")
    secrets += codes_of(door, parcel)
    assert len(set(secrets)) == 2
    door.house.deposit(parcel)
    for path in ("", "/timeline"):
        ask("GET", f"/parcels/{parcel}{path}")
    for path in ("/parcels", "/events", "/bookings", "/lockers", "/partner"):
        ask("GET", path)
    ask("POST", "/parcels", {**body, "site": "site-99"})
    ask("POST", "/parcels", {**body, "contact": {"email": CANARY, "phone": "x"}})
    ask("POST", "/parcels/batch", {"parcels": [body, body]})
    ask("POST", f"/parcels/{parcel}/extend")
    told = capfd.readouterr()
    everything = "".join((*texts, told.out, told.err, caplog.text))
    assert "api_request" in everything
    keys = (door.acme, door.acme.rsplit("_", 1)[1])
    digits = [code.replace("-", "") for code in secrets]
    for secret in (CANARY, "Canary Bird", "15155555", *secrets, *digits, *keys):
        assert secret not in everything
