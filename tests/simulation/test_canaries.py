"""Codes, tokens, links and keys go to their owners and appear nowhere else; nor do people.

A whole life is played with everything logged that can be, on files that are read byte by byte
afterwards (reliability research, invariants I28 and I30).
"""

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog

from restante.access import Scope, redact
from restante.core.refusal import Refused
from restante.core.value import HOUR, UtcSeconds
from restante.edge.store import open_locker_journal
from restante.journal.export import export_to
from restante.operations.directory import issue_api_key
from restante.sim.arrivals import Labels, draw_parcels
from restante.sim.town import PARTNER
from restante.views import Principal
from restante.wiring.headless import STARTS_AT
from tests.simulation.bad_luck import SITES, FlakyMail, make_town


class Remains(NamedTuple):
    """What a life has left behind."""

    secrets: frozenset[str]
    """Every code, token, link token and API key that was issued."""
    persons: frozenset[str]
    """Names, addresses and phones of recipients."""
    logged: str
    answers: str
    """What wrong attempts were told."""
    exported: bytes
    outbox: bytes
    centre_files: bytes
    locker_files: bytes
    notice_count: int


def files(folder: Path, pattern: str) -> bytes:
    """Read files and what lies beside them byte by byte."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob(pattern)))


def secrets_of(mails: dict[str, FlakyMail]) -> set[str]:
    """Collect what notices tell their readers."""
    found: set[str] = set()
    for mail in mails.values():
        for notice in mail.notices:
            if notice.code is not None:
                found.add(notice.code.reveal())
            if notice.token is not None:
                found.add(notice.token.reveal())
            if notice.link is not None:
                found.add(notice.link.reveal().rpartition("/")[2])
    return found


@pytest.fixture(scope="module")
def remains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remains]:
    """Live a life that logs everything, and collect what it leaves."""
    folder = tmp_path_factory.mktemp("life")
    log = io.StringIO()
    before = structlog.get_config()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(log),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(log)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield live(folder, log)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        structlog.configure(**before)


def live(folder: Path, log: io.StringIO) -> Remains:
    """Play two days, try wrong codes, and read everything back."""
    town, mails = make_town(folder, 3, is_watched=True)
    world, centre = town.world, town.office.centre
    key = centre.run(
        issue_api_key(
            centre.means,
            Principal.of_operator("ada"),
            partner=PARTNER,
            label="canary",
            scopes=frozenset({next(iter(Scope))}),
        )
    )
    labels = Labels()
    for number, site in enumerate(SITES):
        drawn = draw_parcels(world.chance, labels, site, 6, first_number=6 * number)
        world.announce(drawn, partner=PARTNER)
    world.open_for_business()
    world.agenda.run_until(UtcSeconds(STARTS_AT + 5 * HOUR))
    for mail in mails.values():
        mail.is_away = True
    world.agenda.run_until(UtcSeconds(STARTS_AT + 9 * HOUR))
    for mail in mails.values():
        mail.is_away = False
    world.agenda.run_until(UtcSeconds(STARTS_AT + 36 * HOUR))
    world.settle(HOUR)
    secrets = secrets_of(mails) | {key.reveal()}
    secrets |= {courier.pin.reveal() for courier in town.couriers}
    stand = town.stands[0]
    answers = []
    for text in sorted(secrets):
        for attempt in (stand.controller.sign_in_with_pin, stand.controller.sign_in_with_token):
            try:
                attempt(text[:-1] + ("0" if text[-1:] != "0" else "1"))
                stand.controller.end_visit()
            except (Refused, ValueError) as error:
                answers.append(f"{error} {error!r}")
    people = [letter.contact for letter in world.letters.by_label.values()]
    persons = {one.email for one in people} | {one.name for one in people}
    exported = io.BytesIO()
    export_to(centre.journal, exported)
    for one in town.stands:
        export_to(one.controller.store.journal, exported)
    with centre.journal.reading() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM outbox").all()
    # With the write-ahead log beside it, and again when everything is in the file itself.
    centre_files, locker_files = files(folder, "centre*"), files(folder, "locker-*")
    town.close()
    return Remains(
        secrets=frozenset(secrets),
        persons=frozenset(persons - {""}),
        logged=log.getvalue(),
        answers="\n".join(answers),
        exported=exported.getvalue(),
        outbox=repr(rows).encode(),
        centre_files=centre_files + files(folder, "centre*"),
        locker_files=locker_files + files(folder, "locker-*"),
        notice_count=sum(len(mail.notices) for mail in mails.values()),
    )


def written_forms(secret: str) -> set[str]:
    """List the ways a secret may be written: a code also without its dash."""
    digits = secret.replace("-", "")
    # Six digits alone are found in any file by chance; eight next to each other hardly are.
    return {secret, digits} if digits.isdecimal() else {secret, secret.rpartition(".")[2]}


def test_the_life_was_worth_searching(remains: Remains) -> None:
    codes = [one for one in remains.secrets if one.replace("-", "").isdecimal()]
    assert len(codes) >= 20
    assert any(one.startswith("RS1") for one in remains.secrets)
    assert remains.notice_count > 30
    assert len(remains.persons) > 30
    assert "work failed" in remains.logged
    for found in (remains.exported, remains.outbox, remains.centre_files, remains.locker_files):
        assert len(found) > 1_000
    assert remains.centre_files.startswith(b"SQLite format 3")
    assert remains.locker_files.startswith(b"SQLite format 3")


@pytest.mark.parametrize(
    "where", ["logged", "answers", "exported", "outbox", "centre_files", "locker_files"]
)
def test_no_code_token_link_or_key_appears_in(remains: Remains, where: str) -> None:
    content = getattr(remains, where)
    text = content if isinstance(content, bytes) else content.encode()
    assert text
    for secret in remains.secrets:
        for form in written_forms(secret):
            assert form.encode() not in text, f"a secret of {len(secret)} letters in {where}"


@pytest.mark.parametrize("where", ["exported", "outbox", "logged", "answers"])
def test_no_person_appears_in(remains: Remains, where: str) -> None:
    content = getattr(remains, where)
    text = content if isinstance(content, bytes) else content.encode()
    for person in remains.persons:
        assert person.encode() not in text


@pytest.mark.parametrize("where", ["locker_files", "centre_files"])
def test_no_person_appears_in_a_file(remains: Remains, where: str) -> None:
    for person in remains.persons:
        for form in (person.encode(), person.encode("utf-16-le")):
            assert form not in getattr(remains, where)


def test_a_locker_that_is_carried_away_holds_its_own_facts_only(tmp_path: Path) -> None:
    journal = open_locker_journal(str(tmp_path / "locker.sqlite"))
    with journal.reading() as connection:
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
    journal.close()
    assert not {"contacts", "codes", "subjects", "operators", "api_keys"} & set(tables)
