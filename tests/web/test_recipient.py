"""The recipient's page: what the link opens, what it never shows, what its forms do."""

import re
from collections.abc import Iterator
from gettext import NullTranslations
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from litestar.testing import TestClient

from restante.core.ids import ParcelId
from restante.core.value import DAY, HOUR, UtcSeconds
from restante.operations.notify import make_link
from restante.views import Principal
from restante.web.rendering import TEMPLATE_ROOT
from restante.web.texts import LANGUAGES, catalog, element_words
from tests.web.stage import FRIDAY, OPERATOR, Stage

CODE = re.compile(r"\d{2}-\d{6}")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    opened = Stage(tmp_path, lockers=3, counters=1)
    opened.clock.set(FRIDAY)
    yield opened
    opened.close()


@pytest.fixture
def parcel(stage: Stage) -> ParcelId:
    """A parcel that waits at the first site."""
    site, layout = next(iter(stage.layouts.items()))
    announced = stage.announce(1, site)
    stage.deposit(announced, site, layout[2].id)
    return announced


@pytest.fixture
def client(stage: Stage) -> Iterator[TestClient[Any]]:
    with TestClient(stage.app(is_demo=False)) as opened:
        yield opened


def link(stage: Stage, parcel: ParcelId) -> str:
    shown = stage.centre.queries.parcel(OPERATOR, parcel)
    operation = make_link(stage.centre.means, parcel=parcel, recipient=shown.recipient)
    return f"/p/{stage.centre.run(operation).reveal()}"


def shown_code(page: str) -> str:
    found = CODE.search(page)
    assert found, "the page shows no code"
    return found[0]


def test_a_waiting_parcel_shows_code_square_place_and_deadline(
    stage: Stage, parcel: ParcelId, client: TestClient[Any]
) -> None:
    page = client.get(link(stage, parcel)).text
    site = stage.city.sites[0]
    assert CODE.search(page)
    assert 'class="qr"' in page
    assert site.name in page
    assert "Monday 30 November" in page
    assert "Put into the locker" in page


def test_the_page_is_kept_by_no_cache_and_no_search_engine(
    stage: Stage, parcel: ParcelId, client: TestClient[Any]
) -> None:
    answer = client.get(link(stage, parcel))
    assert "no-store" in answer.headers["cache-control"]
    assert "noindex" in answer.headers["x-robots-tag"]
    # Nothing of the address goes to another site.
    assert answer.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    "token", ["rl_AAAAAAAAAAAAAAAAAAAAAA", "rl_short", "JJD00030000001", "%00"]
)
def test_an_unknown_link_opens_nothing_and_says_what_to_do(
    token: str, parcel: ParcelId, client: TestClient[Any]
) -> None:
    answer = client.get(f"/p/{token}")
    assert answer.status_code == 404
    assert "Open it again from the message" in answer.text
    assert not CODE.search(answer.text)


def test_reading_the_page_changes_nothing(
    stage: Stage, parcel: ParcelId, client: TestClient[Any]
) -> None:
    address = link(stage, parcel)
    before = stage.centre.journal.head()
    for path in ("", "/new-code", "/problem"):
        assert client.get(address + path).status_code == 200
    assert stage.centre.journal.head() == before


def test_extending_gives_another_day_and_shows_the_new_deadline(
    stage: Stage, parcel: ParcelId, client: TestClient[Any]
) -> None:
    before = stage.centre.queries.parcel(OPERATOR, parcel).hold_until or 0
    answer = client.post(f"{link(stage, parcel)}/extend")
    assert answer.status_code == 200
    assert "Done. Your parcel now waits until Tuesday 1 December" in answer.text
    after = stage.centre.queries.parcel(OPERATOR, parcel).hold_until
    assert after == before + DAY


def test_extending_more_often_than_agreed_is_refused_in_words(
    stage: Stage, parcel: ParcelId, client: TestClient[Any]
) -> None:
    address = link(stage, parcel)
    for _ in range(2):
        client.post(f"{address}/extend")
    answer = client.post(f"{address}/extend")
    assert answer.status_code == 409
    assert "extended as often as it can be" in answer.text


def test_a_new_code_replaces_the_old_one(
    stage: Stage, parcel: ParcelId, client: TestClient[Any]
) -> None:
    address = link(stage, parcel)
    before = shown_code(client.get(address).text)
    assert "open nothing any more" in client.get(f"{address}/new-code").text
    after = shown_code(client.post(f"{address}/new-code").text)
    assert after != before


def test_a_report_goes_into_the_operators_queue(
    stage: Stage, parcel: ParcelId, client: TestClient[Any]
) -> None:
    form = {"kind": "door_did_not_open", "words": "It only clicked."}
    answer = client.post(f"{link(stage, parcel)}/problem", data=form)
    assert "Somebody will look into it" in answer.text
    matters = stage.centre.queries.matters(OPERATOR)
    assert [(one.kind, one.detail, one.parcel) for one in matters] == [
        ("told_door_did_not_open", "It only clicked.", parcel)
    ]


@pytest.mark.parametrize(
    ("form", "asked"),
    [
        ({}, "Choose what is wrong."),
        ({"kind": "everything"}, "Choose what is wrong."),
        ({"kind": "other", "words": " "}, "Say in a few words"),
        ({"kind": "other", "words": "x" * 501}, "Say in a few words"),
    ],
)
def test_an_incomplete_report_is_asked_for_again_and_keeps_what_was_written(
    form: dict[str, str], asked: str, stage: Stage, parcel: ParcelId, client: TestClient[Any]
) -> None:
    answer = client.post(f"{link(stage, parcel)}/problem", data=form)
    assert answer.status_code == 422
    assert asked in answer.text
    assert form.get("words", "").strip() in answer.text
    assert not stage.centre.queries.matters(OPERATOR)


def test_the_code_is_gone_when_the_time_has_passed(
    stage: Stage, parcel: ParcelId, client: TestClient[Any]
) -> None:
    address = link(stage, parcel)
    code = shown_code(client.get(address).text)
    stage.clock.set(UtcSeconds(FRIDAY + 3 * DAY))
    for _ in range(2):
        page = client.get(address).text
        assert code not in page
        assert 'class="qr"' not in page
        stage.centre.timekeeper.tick()
    assert "The time to collect your parcel has passed" in client.get(address).text


def test_a_collected_parcel_shows_proof_and_no_code(
    stage: Stage, parcel: ParcelId, client: TestClient[Any]
) -> None:
    address = link(stage, parcel)
    code = shown_code(client.get(address).text)
    site, layout = next(iter(stage.layouts.items()))
    stage.clock.set(UtcSeconds(FRIDAY + HOUR))
    stage.collect(parcel, site, layout[2].id)
    page = client.get(address).text
    assert "You have your parcel" in page
    assert "Proof" in page
    assert layout[2].id in page
    assert code not in page
    assert 'class="qr"' not in page


def test_a_parcel_that_is_on_its_way_shows_no_code_yet(
    stage: Stage, client: TestClient[Any]
) -> None:
    parcel = stage.announce(2, next(iter(stage.layouts)))
    page = client.get(link(stage, parcel)).text
    assert "on its way" in page
    assert not CODE.search(page)


def test_the_language_that_was_chosen_stays_chosen(
    stage: Stage, parcel: ParcelId, client: TestClient[Any]
) -> None:
    address = link(stage, parcel)
    answer = client.post(f"{address}/language", data={"language": "de"})
    assert "Ihr Paket wartet" in answer.text
    assert '<html lang="de"' in answer.text
    assert "Montag, 30. November" in client.get(address).text


def test_the_number_of_a_parcel_opens_no_page_outside_a_demonstration(
    parcel: ParcelId, client: TestClient[Any]
) -> None:
    page = client.get("/recipient").text
    assert "Open the link in the message" in page
    assert client.post("/recipient/step-in", data={"parcel": parcel}).status_code == 404


def test_a_visitor_of_the_demonstration_steps_into_a_recipient(
    stage: Stage, parcel: ParcelId
) -> None:
    with TestClient(stage.app()) as client:
        assert "Anna Nowak" in client.get("/recipient").text
        page = client.post("/recipient/step-in", data={"parcel": parcel}).text
    assert CODE.search(page)


def test_codes_and_links_are_in_no_log(
    stage: Stage, parcel: ParcelId, client: TestClient[Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0, logger="restante")
    address = link(stage, parcel)
    code = shown_code(client.get(address).text)
    client.post(f"{address}/new-code")
    assert code not in caplog.text
    ours = "\n".join(one.getMessage() for one in caplog.records if "httpx" not in one.name)
    assert address.removeprefix("/p/") not in ours


def recipient_texts() -> set[Any]:
    """Everything that recipients can read, as written in templates and modules."""
    web = TEMPLATE_ROOT.parent
    methods = [("**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
    keywords = {"_": None, "t": None, "gettext": None, "ngettext": (1, 2)}
    options = {"**.html": {"trim_blocks": "true"}}
    texts: set[Any] = set()
    found = extract_from_dir(web, methods, options, keywords=keywords)
    parts = ("templates/recipient/", "parcel_story.py", "recipient.py", "local_time.py")
    for name, _line, message, _comments, _context in found:
        if name.startswith(parts) or name == "texts.py":
            texts.add(message)
    return texts


def is_translated(text: Any, known: NullTranslations) -> bool:
    if isinstance(text, tuple):
        return known.ngettext(*text, 5) not in text
    return known.gettext(text) != text


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_every_text_a_recipient_reads_is_translated(language: str) -> None:
    texts, known = recipient_texts(), catalog(language)
    assert len(texts) > 100
    missing = [text for text in texts if not is_translated(text, known)]
    assert not missing


def test_elements_find_every_plural_form_of_a_language() -> None:
    days = element_words("pl")["time.days"]
    assert days == {"many": "{n} dni", "one": "{n} dzień", "few": "{n} dni", "other": "{n} dni"}


def test_a_recipient_sees_no_parcel_of_somebody_else(stage: Stage, parcel: ParcelId) -> None:
    other = stage.announce(3, next(iter(stage.layouts)))
    mine = stage.centre.queries.parcel(OPERATOR, parcel).recipient
    found = stage.centre.queries.parcels(Principal.of_recipient(mine)).items
    assert [one.parcel for one in found] == [parcel]
    assert other not in [one.parcel for one in found]
