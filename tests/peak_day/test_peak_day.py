"""The busiest hour, small: everything asked is done, nothing is lost, and a loss would be seen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from restante.access import SIMULATION
from restante.bench.network import (
    announcement,
    furnish,
    locker_of,
    report_of,
    reported,
)
from restante.bench.peak_day.count import count_losses, count_tags
from restante.bench.peak_day.generator import Account
from restante.bench.peak_day.plan import (
    FACTS,
    LOCKERS,
    Kind,
    make_rates,
    make_timetable,
    scale_rates,
)
from restante.bench.peak_day.report import PeakReport, percentile
from restante.bench.peak_day.run import PeakPlan, measure_peak_day
from restante.bench.visits import deposit_facts
from restante.clock import Minter, VirtualClock
from restante.core.ids import SiteId
from restante.core.value import UtcSeconds
from restante.operations.ingest import ingest
from restante.settings import Settings
from restante.wiring.centre import Centre, open_centre

LETTERS = "0123456789"
OF_LOCKERS = ("attempt.", "compartment.", "handoff.", "session.")
"""Facts only lockers write begin like this."""
BEATS_PER_S = 40.0


@pytest.fixture(scope="module")
def report() -> PeakReport:
    rates = make_rates(40, 150.0)._replace(beats=BEATS_PER_S)
    return measure_peak_day(PeakPlan(rates, seconds=2.0, warm_seconds=1.0))


def test_nothing_is_lost_and_the_journal_is_sound(report: PeakReport) -> None:
    assert report.losses.lost == 0
    assert report.losses.acknowledged_facts > 0
    assert report.is_sound
    assert "ok" in report.verified
    assert report.is_good


def test_every_kind_of_operation_is_done_and_answered(report: PeakReport) -> None:
    (stretch,) = report.stretches
    for kind in (Kind.ANNOUNCE, Kind.DEPOSIT, Kind.COLLECTION):
        assert stretch.outcome.latency_ms[kind], kind
    assert stretch.outcome.unacknowledged == 0
    assert stretch.outcome.problem == ""
    assert stretch.facts_per_s > 0


def test_what_is_written_is_what_lockers_reported_and_heartbeats_write_no_fact(
    report: PeakReport,
) -> None:
    (stretch,) = report.stretches
    written = sum(count for tag, count in report.tags.items() if tag.startswith(OF_LOCKERS))
    assert stretch.outcome.beats > BEATS_PER_S
    assert written == report.losses.acknowledged_facts
    assert not [tag for tag in report.tags if "beat" in tag]


def test_what_one_operation_writes_is_what_the_plan_counts_with(report: PeakReport) -> None:
    deposits = report.tags["handoff.deposited.v1"]
    collections = report.tags["handoff.collected.v1"]
    announced = report.tags["parcel.announced.v1"]
    booked = report.tags["parcel.capacity_confirmed.v1"]
    notices = report.tags.get("parcel.notice_sent.v1", 0)
    # An announcement has one fact of its own; room has three.
    expected = deposits * FACTS[Kind.DEPOSIT] + collections * FACTS[Kind.COLLECTION]
    expected += announced + booked * FACTS[Kind.BOOKING] + notices
    assert sum(report.tags.values()) == expected


def test_processes_are_told_apart(report: PeakReport) -> None:
    (stretch,) = report.stretches
    assert set(stretch.uses) == {"PostgreSQL", "centre", "generator"}
    for name, use in stretch.uses.items():
        assert use.memory_mb > 0, name
    assert stretch.uses["centre"].cpu_s > 0


def test_the_time_of_threads_and_servers_is_told_for_each_fact(report: PeakReport) -> None:
    (stretch,) = report.stretches
    each = stretch.parts.us_per_fact
    assert 0 < stretch.parts.facts <= sum(report.tags.values())
    assert {"centre: committer", "centre: process of notices", "PostgreSQL: backends"} <= set(each)
    threads = sum(us for name, us in stretch.parts.cpu_s.items() if name.startswith("centre: "))
    # Threads that have ended are in the process's time alone.
    assert 0 < threads <= stretch.uses["centre"].cpu_s + 0.1


@pytest.mark.slow
def test_two_processes_of_the_centre_lose_nothing_either() -> None:
    rates = make_rates(40, 150.0)._replace(beats=BEATS_PER_S)
    report = measure_peak_day(PeakPlan(rates, seconds=4.0, warm_seconds=1.0, centres=2))
    (stretch,) = report.stretches
    assert set(stretch.uses) == {"PostgreSQL", "centre", "centre 2", "generator"}
    assert report.is_good
    assert report.losses.acknowledged_facts > 0
    assert stretch.outcome.unacknowledged == 0


def test_the_report_says_the_same_to_people_and_to_programs(report: PeakReport) -> None:
    told, given = report.text(), report.as_object()
    assert given["lost"] == 0
    assert "lost 0" in told
    (stretch,) = given["stretches"]
    assert ("NOT CARRIED" in told) is not stretch["is_carried"]
    for kind in Kind:
        assert kind.value in told
        assert stretch["kinds"][kind.value]["offered_per_s"] > 0


# ── A loss is seen ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    clock = VirtualClock(UtcSeconds(1_800_000_000))
    minter = Minter(clock)
    opened = open_centre(
        Settings(data_dir=tmp_path), clock, minter, cost=SIMULATION, durability="relaxed"
    )
    furnish(opened, LETTERS, clock.now())
    yield opened
    opened.close()


def put_in(centre: Centre) -> tuple[str, int]:
    """Announce a parcel and report its deposit; who it is, and the last number reported."""
    parcel = centre.run(announcement(centre.means, LETTERS, "0001")).parcel
    facts = deposit_facts(parcel, centre.minter, 0, centre.clock.now())
    report = report_of(LETTERS, reported(facts), 2)
    done = centre.run(ingest(centre.means, report=report, site=SiteId(f"s{LETTERS}")))
    return parcel, done.seq


def account(last: int, *, announced: tuple[str, ...] = (), booked: tuple[str, ...] = ()) -> Account:
    return Account(
        acknowledged={locker_of(LETTERS): (1, last)},
        announced=list(announced),
        booked=list(booked),
        sent_facts=last - 1,
        counts={},
    )


def test_what_was_acknowledged_and_is_there_is_not_lost(centre: Centre) -> None:
    parcel, last = put_in(centre)
    losses = count_losses(centre.journal, account(last, announced=(parcel,), booked=(parcel,)))
    assert losses == (last - 1, 0, ())


def test_a_fact_that_was_acknowledged_and_is_not_in_the_journal_is_found(centre: Centre) -> None:
    _, last = put_in(centre)
    losses = count_losses(centre.journal, account(last + 2))
    assert losses.lost == 2
    assert locker_of(LETTERS) in losses.examples[0]


def test_an_announcement_that_was_answered_and_is_not_in_the_journal_is_found(
    centre: Centre,
) -> None:
    parcel, last = put_in(centre)
    losses = count_losses(centre.journal, account(last, announced=(parcel, "p-nobody")))
    assert losses.lost == 1
    assert "p-nobody" in losses.examples[0]
    assert count_losses(centre.journal, account(last, booked=("p-other",))).lost == 1


def test_facts_are_counted_from_a_position(centre: Centre) -> None:
    before = centre.journal.head()
    put_in(centre)
    tags = count_tags(centre.journal, before)
    assert tags["handoff.deposited.v1"] == 1
    assert sum(tags.values()) == centre.journal.head() - before


# ── The timetable ─────────────────────────────────────────────────────────────────────────────


def test_the_largest_network_asks_five_thousand_facts_and_a_thousand_heartbeats_a_second() -> None:
    rates = make_rates(LOCKERS)
    facts = sum(rates.operations[kind] * FACTS[kind] for kind in Kind)
    assert rates.facts == 5_000
    assert rates.beats == pytest.approx(1_000)
    assert facts < 5_000 <= facts + rates.operations[Kind.DEPOSIT] + 1e-6


def test_a_smaller_network_asks_less_and_a_rate_may_be_given() -> None:
    small = make_rates(LOCKERS // 10)
    assert small.facts == 500
    assert small.share == pytest.approx(make_rates(LOCKERS).share)
    assert make_rates(100, 2_000.0).facts == 2_000


def test_going_down_keeps_the_heartbeats() -> None:
    rates = make_rates(LOCKERS)
    less = scale_rates(rates, 0.5)
    assert less.beats == rates.beats
    assert less.operations[Kind.DEPOSIT] == rates.operations[Kind.DEPOSIT] / 2


def test_a_timetable_is_even_and_ends_in_time() -> None:
    due = [one.at_s for one in make_timetable(4.0, 2.0, Kind.DEPOSIT)]
    assert due == [0.125, 0.375, 0.625, 0.875, 1.125, 1.375, 1.625, 1.875]
    assert not list(make_timetable(0.0, 2.0, Kind.DEPOSIT))


def test_a_percentile_is_what_that_share_does_not_exceed() -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.99) == 4.0
    assert percentile([], 0.5) == 0.0
