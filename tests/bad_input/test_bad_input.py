"""What people, files and machines get wrong: each gets a clear answer, and nothing is lost.

One story for each kind of bad input that a network meets. Where the message is read by a program
it is the problem document's, where it is read at a screen it is the kiosk's.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from restante.api.problem import explain
from restante.core.content import Content
from restante.core.ids import ParcelId, locker_stream
from restante.core.refusal import Reason, Refused
from restante.core.size import ParcelSize
from restante.core.streams import KINDS
from restante.core.value import DAY, Grams, Millimeters, UtcSeconds
from restante.edge.controller import OutOfService
from restante.edge.kiosk.catalog import say
from restante.edge.store import open_locker_journal
from restante.journal.port import Damaged, Full
from restante.journal.sqlite import SqliteJournal
from restante.journal.verify import verify
from restante.operations.manifest import import_manifest
from restante.operations.service import close_site
from restante.partners import ProblemCode, read_manifest
from tests.edge.cabinet import CONFIG, START, Cabinet
from tests.operations.house import (
    LOCKER,
    OPERATOR,
    OTHER_LOCKER,
    OTHER_SITE,
    SITE,
    House,
    open_house,
)

EXAMPLES = Path(__file__).parents[2] / "examples"
HUGE = ParcelSize(
    length_mm=Millimeters(2_000),
    width_mm=Millimeters(1_000),
    height_mm=Millimeters(900),
    weight_g=Grams(9_000),
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = open_house(tmp_path)
    yield found
    report = verify(found.centre.journal, KINDS)
    found.centre.close()
    assert report.is_sound, report.text()


@pytest.fixture
def cabinet() -> Cabinet:
    return Cabinet()


def position(house: House) -> int:
    """Tell how much the centre has written."""
    page = house.centre.journal.follow(0, limit=10_000)
    return page[-1].position


def refused(act: Any) -> Reason:
    """Do something that is refused, and tell why."""
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.reason


def says_what_to_do(reason: Reason, *words: str) -> None:
    """Check what a program is answered: a reason of its own and a way on."""
    advice = explain(reason).what_to_do.lower()
    assert len(advice) > 15
    for word in words:
        assert word in advice, advice


def shows(reason: Reason, *words: str) -> None:
    """Check what a screen shows, in every language the locker speaks."""
    for language in CONFIG.languages:
        text = say(language, f"refused.{reason}")
        assert text
        assert text != f"refused.{reason}"
    for word in words:
        assert word in say("en", f"refused.{reason}")


# ── Files ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "CSV"),
        (b"just,some,words\n1,2,3\n", "column"),
        ("label;site\n\u00e9".encode("utf-16"), "UTF-8"),
    ],
)
def test_a_file_that_is_no_manifest_is_named_so_and_announces_nothing(
    content: bytes, word: str
) -> None:
    reading = read_manifest(content)
    assert not reading.rows
    assert reading.problems
    told = " ".join(f"{one.reason} {one.hint}" for one in reading.problems)
    assert word.lower() in told.lower(), told


def test_bad_rows_are_named_and_good_ones_are_announced(house: House) -> None:
    centre = house.centre
    content = (EXAMPLES / "manifest_with_mistakes.csv").read_bytes()
    reading = read_manifest(content, sites={"site-01", "site-02"})
    outcome = import_manifest(
        centre.means,
        house.acme,
        reading,
        submit=centre.committer.submit,
        zone="Europe/Berlin",
    )
    assert outcome.announced >= 1
    assert outcome.announced + len({one.row_number for one in outcome.problems}) == (
        outcome.row_count
    )
    for problem in outcome.problems:
        assert problem.row_number > 1
        assert problem.reason
        assert problem.hint


# ── Announcements ─────────────────────────────────────────────────────────────────────────────────


def test_an_oversize_parcel_is_refused_before_anybody_carries_it(house: House) -> None:
    before = position(house)
    assert refused(lambda: house.announce(size=HUGE)) in (
        Reason.PARCEL_TOO_LARGE,
        Reason.NOTHING_FITS,
    )
    says_what_to_do(Reason.PARCEL_TOO_LARGE)
    says_what_to_do(Reason.NOTHING_FITS)
    assert position(house) == before


def test_an_unknown_label_is_named_with_what_a_label_looks_like(cabinet: Cabinet) -> None:
    row = "label,site,recipient_name,email,length_mm,width_mm,height_mm,weight_g\n12,site-01,A B,"
    (problem,) = read_manifest(f"{row}a@example.org,1,1,1,1\n".encode()).problems
    assert problem.code is ProblemCode.LABEL_UNKNOWN
    assert "SSCC" in problem.reason + problem.hint
    cabinet.controller.sign_in_with_token(cabinet.shift_token())
    for label in ("12", "LABEL-UNKNOWN", "https://example.org/", "\x00\x01", "x" * 5_000):
        assert refused(lambda label=label: cabinet.controller.deposit(label)) is (
            Reason.NOT_EXPECTED
        )
    shows(Reason.NOT_EXPECTED, "not expected")
    assert cabinet.board.pulses == []
    assert cabinet.facts().count("handoff.turned_away.v1") == 5


def test_a_full_site_says_so_leaves_no_trace_and_others_are_offered(house: House) -> None:
    taken = [house.announce(f"JJD{n}").parcel for n in range(5)]
    before = position(house)
    assert refused(lambda: house.announce("JJD9")) is Reason.SITE_FULL
    says_what_to_do(Reason.SITE_FULL, "another")
    assert position(house) == before
    assert all(house.status(parcel) == "booked" for parcel in taken)
    assert house.announce("JJD9", site=OTHER_SITE).booking is not None


def test_a_closed_site_takes_nothing_new_and_keeps_what_it_has(house: House) -> None:
    first = house.announce("JJD1").parcel
    house.deposit(first)
    now = house.clock.now()
    until = UtcSeconds(now + DAY)
    house.centre.run(close_site(OPERATOR, site=SITE, from_at=now, until=until, why="works"))
    before = position(house)
    assert refused(lambda: house.announce("JJD2")) is Reason.SITE_CLOSED
    says_what_to_do(Reason.SITE_CLOSED)
    assert position(house) == before
    house.collect(first)
    assert house.status(first) == "collected_by_recipient"


def test_a_closed_locker_takes_no_deposit_and_still_gives_out(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    cabinet.bring("p1")
    cabinet.expect("p2")
    cabinet.note(closed_from=START)
    cabinet.controller.sign_in_with_token(cabinet.shift_token())
    assert refused(lambda: cabinet.controller.deposit("LABEL-P2")) is Reason.SITE_CLOSED
    shows(Reason.SITE_CLOSED, "takes no parcels")
    cabinet.controller.end_visit()
    cabinet.controller.sign_in_with_pin(code)
    assert cabinet.take("g-p1") == "p1"


# ── Deposits ──────────────────────────────────────────────────────────────────────────────────────


def test_a_parcel_is_put_in_once(cabinet: Cabinet, house: House) -> None:
    cabinet.expect("p1")
    (place,) = cabinet.bring("p1")
    pulses = list(cabinet.board.pulses)
    cabinet.controller.sign_in_with_token(cabinet.shift_token())
    assert refused(lambda: cabinet.controller.deposit("LABEL-P1")) is (Reason.PARCEL_IN_COMPARTMENT)
    shows(Reason.PARCEL_IN_COMPARTMENT)
    assert cabinet.board.pulses == pulses
    assert cabinet.controller.state.find_parcel(ParcelId("p1")) == place
    # What a locker has seen is never refused: the centre keeps both and asks somebody to look.
    twice = house.announce().parcel
    house.deposit(twice, "A1")
    house.deposit(twice, "A2")
    stored = house.centre.journal.stored(f"locker/{LOCKER}", after_version=0, limit=100)
    assert [one.tag for one in stored].count("handoff.deposited.v1") == 2
    assert house.status(twice) == "ready"
    assert "parcel.anomaly_noticed.v1" in house.tags(twice)


def test_a_parcel_at_the_wrong_locker_is_refused_there_and_found_if_it_got_in(
    cabinet: Cabinet, house: House
) -> None:
    cabinet.controller.sign_in_with_token(cabinet.shift_token())
    assert refused(lambda: cabinet.controller.deposit("LABEL-ELSEWHERE")) is Reason.NOT_EXPECTED
    assert cabinet.board.pulses == []
    parcel = house.announce().parcel
    house.deposit(parcel, locker=OTHER_LOCKER)
    place = house.file(parcel).custody.place
    assert (place.site, place.locker) == (OTHER_SITE, OTHER_LOCKER)
    grant = house.grant(parcel)
    assert f"grant/{grant}" in house.list_keys(OTHER_SITE)
    assert "deposited" in house.notices()


def test_a_parcel_nobody_announced_is_kept_and_shown_to_somebody(house: House) -> None:
    unknown = ParcelId("p01nobodyannouncedthis000000")
    done = house.deposit(unknown)
    assert (done.new_count, done.quarantined_count) == (1, 0)
    assert house.file(unknown).custody.place.locker == LOCKER
    # Its neighbours are served as before.
    known = house.announce().parcel
    house.deposit(known, "A2")
    assert house.status(known) == "ready"


# ── Codes ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_parcel_is_collected_once(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    (place,) = cabinet.bring("p1")
    cabinet.controller.sign_in_with_pin(code)
    assert cabinet.take("g-p1") == "p1"
    cabinet.controller.end_visit()
    cabinet.pass_time(11 * 60)
    pulses = list(cabinet.board.pulses)
    again = refused(lambda: cabinet.controller.sign_in_with_pin(code))
    assert again is Reason.ACCESS_DENIED
    assert cabinet.board.pulses == pulses
    assert cabinet.controller.state.compartments[place].content is Content.FREE
    assert cabinet.facts().count("handoff.collected.v1") == 1


def test_an_expired_code_opens_nothing_and_says_no_more_than_a_wrong_one(
    cabinet: Cabinet,
) -> None:
    cabinet.expect("p1")
    code = cabinet.grant("p1", until=START + 60)
    (place,) = cabinet.bring("p1")
    cabinet.pass_time(61)
    pulses = list(cabinet.board.pulses)
    assert refused(lambda: cabinet.controller.sign_in_with_pin(code)) is Reason.ACCESS_DENIED
    token = cabinet.token("p1", until=START + 60)
    assert refused(lambda: cabinet.controller.sign_in_with_token(token)) is Reason.ACCESS_DENIED
    assert say("en", "message.access_denied") != "message.access_denied"
    assert cabinet.board.pulses == pulses
    assert cabinet.board.inside(place) == "p1"


def test_a_clock_set_back_years_gives_no_time_and_loses_nothing(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    code = cabinet.grant("p1", until=START + 2 * DAY)
    cabinet.bring("p1")
    stream = locker_stream(CONFIG.locker)
    times = [one.fact.at for one in cabinet.journal.read(stream)]
    cabinet.clock.set(UtcSeconds(START - 3_000 * DAY))
    cabinet.start()
    assert cabinet.controller.clock.now() >= times[-1]
    assert cabinet.controller.clock.is_time_unknown
    cabinet.controller.sign_in_with_pin(code)
    assert cabinet.take("g-p1") == "p1"
    after = [one.fact.at for one in cabinet.journal.read(stream)]
    assert after == sorted(after)


def test_a_centre_whose_clock_went_back_goes_on_in_order(house: House) -> None:
    first = house.announce("JJD1").parcel
    house.clock.set(UtcSeconds(house.clock.now() - 400 * DAY))
    second = house.announce("JJD2").parcel
    house.deposit(first, at=house.clock.now())
    house.pass_time(60)
    assert house.status(first) == "ready"
    assert house.status(second) == "booked"


# ── Disks ─────────────────────────────────────────────────────────────────────────────────────────


def limit_pages(journal: SqliteJournal, spare: int | None) -> None:
    """Leave room for a few pages more, or for as many as one likes."""
    with journal.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        most = 1_000_000 if spare is None else pages + spare
        connection.exec_driver_sql(f"PRAGMA max_page_count={most}")


def test_a_full_disk_at_the_centre_loses_nothing_and_it_goes_on_when_there_is_room(
    house: House,
) -> None:
    journal = house.centre.journal
    limit_pages(journal, 2)
    done = []
    with pytest.raises(Full, match="make room"):
        for n in range(500):
            done += [house.announce(f"JJD{n:03}", promise="none").parcel]
    assert all(house.status(parcel) for parcel in done)
    assert verify(journal, KINDS).is_sound
    limit_pages(journal, None)
    last = house.announce("JJD999", promise="none").parcel
    assert house.status(last)


def test_a_full_disk_at_a_locker_shuts_the_doors_and_it_goes_on_by_itself(
    tmp_path: Path,
) -> None:
    journal = open_locker_journal(str(tmp_path / "locker.sqlite"), durability="relaxed")
    cabinet = Cabinet(journal=journal)
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    (place,) = cabinet.bring("p1")
    limit_pages(journal, 0)
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    pulses = list(cabinet.board.pulses)
    with pytest.raises(OutOfService, match="free some, the locker goes on by itself"):
        for n in range(200):
            cabinet.clock.set(UtcSeconds(cabinet.clock.now() + 2 * DAY + n))
            with pytest.raises(Refused):
                cabinet.controller.sign_in_with_pin(wrong)
    assert cabinet.controller.trouble == "full"
    assert cabinet.board.pulses == pulses
    assert "no door opens" in say("en", "out_of_service.hint")
    limit_pages(journal, None)
    cabinet.controller.tick()
    assert cabinet.controller.trouble is None
    assert cabinet.controller.state.compartments[place].parcel == "p1"
    assert verify(journal, KINDS).is_sound
    journal.close()


def test_a_corrupted_file_at_the_centre_is_named_with_what_to_do(tmp_path: Path) -> None:
    house = open_house(tmp_path)
    house.announce()
    path = house.centre.settings.journal_path
    house.centre.close()
    for side in (path, *path.parent.glob(f"{path.name}-*")):
        side.unlink() if side != path else None
    content = bytearray(path.read_bytes())
    content[0:100] = b"\x13" * 100
    path.write_bytes(content)
    with pytest.raises(Damaged) as caught:
        House.reopen(tmp_path, at=house.clock.now())
    assert path.name in str(caught.value)
    assert "restore" in str(caught.value)
    assert path.read_bytes() == bytes(content)


def test_a_corrupted_file_at_a_locker_keeps_every_door_shut(tmp_path: Path) -> None:
    path = tmp_path / "locker.sqlite"
    journal = open_locker_journal(str(path), durability="relaxed")
    cabinet = Cabinet(journal=journal)
    cabinet.expect("p1")
    cabinet.bring("p1")
    journal.close()
    pulses = list(cabinet.board.pulses)
    path.write_bytes(b"\x13" * 8_192)
    with pytest.raises(Damaged, match="keep a copy") as caught:
        open_locker_journal(str(path))
    assert "locker.sqlite" in str(caught.value)
    assert cabinet.board.pulses == pulses
    assert cabinet.board.open_doors() == ()
