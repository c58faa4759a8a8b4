"""How good the clock is, and what a locker gives out while nobody answers: one sentence each."""

import pytest
from msgspec.structs import replace

from restante.access import read_receipt
from restante.clock import VirtualClock
from restante.core.ids import GrantId
from restante.core.refusal import Reason, Refused
from restante.core.risk import OfflineBudget, RiskClass
from restante.core.value import DAY, HOUR, UtcSeconds
from restante.edge.budget import NOTE_SECONDS, SILENCE_SECONDS
from restante.edge.kiosk.kiosk import Kiosk
from restante.edge.kiosk.painter import Painter
from restante.edge.kiosk.screen import ScreenName
from restante.edge.steady import (
    COURIER_TIME_SECONDS,
    EARLIEST,
    GRACE_SECONDS,
    HOLDOVER_SECONDS_MAX,
    STEP_BACK_SECONDS_MAX,
    SYNCED_SECONDS,
    ClockQuality,
    Correction,
    SteadyClock,
)
from restante.link.message import ListChange
from tests.edge.cabinet import START, Cabinet
from tests.edge.test_controller import refused
from tests.edge.test_flow import Person

SYNCED, HOLDOVER, UNKNOWN = ClockQuality


@pytest.fixture
def cabinet() -> Cabinet:
    alone = Cabinet()
    alone.is_linked = False
    return alone


# ── Clock ─────────────────────────────────────────────────────────────────────────────────────


def after(clock: VirtualClock, seconds: int) -> None:
    clock.set(UtcSeconds(clock.now() + seconds))


def test_a_clock_is_synced_for_a_day_then_in_holdover_for_a_month_then_unknown() -> None:
    machine = VirtualClock(START)
    steady = SteadyClock(machine)
    assert steady.quality is HOLDOVER  # Plausible, and confirmed by nobody.
    steady.told(START * 1000)
    assert steady.quality is SYNCED
    for seconds, quality in (
        (SYNCED_SECONDS, SYNCED),
        (1, HOLDOVER),
        (HOLDOVER_SECONDS_MAX - SYNCED_SECONDS - 1, HOLDOVER),
        (1, UNKNOWN),
    ):
        after(machine, seconds)
        assert steady.quality is quality
    steady.told(machine.now() * 1000)
    assert steady.quality is SYNCED


def test_a_clock_that_lost_its_battery_is_unknown_until_it_is_told() -> None:
    steady = SteadyClock(VirtualClock(UtcSeconds(0)), START)
    assert steady.quality is UNKNOWN
    assert steady.now() >= START
    assert SteadyClock(VirtualClock(UtcSeconds(EARLIEST - 1))).quality is UNKNOWN
    steady.told(START * 1000)
    assert steady.quality is SYNCED


def test_a_small_step_back_is_no_lost_clock() -> None:
    for seconds, quality in ((STEP_BACK_SECONDS_MAX, SYNCED), (1, UNKNOWN)):
        machine = VirtualClock(START)
        steady = SteadyClock(machine)
        steady.told(START * 1000)
        after(machine, -STEP_BACK_SECONDS_MAX - (seconds == 1))
        assert steady.now() == START
        assert steady.quality is quality


def test_the_centres_correction_outlives_a_restart_in_holdover(cabinet: Cabinet) -> None:
    cabinet.controller.take_time((START + 3 * HOUR) * 1000)
    assert cabinet.controller.clock.quality is SYNCED
    cabinet.start()
    assert cabinet.controller.clock.now() == START + 3 * HOUR
    assert cabinet.controller.clock.quality is HOLDOVER


def test_a_correction_told_too_long_ago_is_worth_nothing() -> None:
    told = Correction(told_at=START, offset_seconds=0)
    machine = VirtualClock(UtcSeconds(START + HOLDOVER_SECONDS_MAX + 1))
    assert SteadyClock(machine, START, told).quality is UNKNOWN


def admitted(cabinet: Cabinet) -> str:
    facts = cabinet.controller.store.read_facts(1, 10_000)
    return [one.admitted for one in facts if type(one).__name__ == "SessionStarted"][-1]  # type: ignore[attr-defined]


@pytest.mark.parametrize("by", ["pin", "token"])
def test_in_holdover_a_recipient_has_a_day_of_grace_and_the_record_says_so(
    cabinet: Cabinet, by: str
) -> None:
    cabinet.expect("p1")
    code = cabinet.grant("p1", until=START + HOUR)
    token = cabinet.token("p1", until=START + HOUR)
    cabinet.bring("p1")
    controller = cabinet.controller
    act = (controller.sign_in_with_pin, code) if by == "pin" else (
        controller.sign_in_with_token, token
    )  # fmt: skip
    cabinet.pass_time(2 * HOUR)
    assert refused(*act) is Reason.ACCESS_DENIED  # Synced: to the second.
    cabinet.start()
    controller = cabinet.controller
    act = (controller.sign_in_with_pin, code) if by == "pin" else (
        controller.sign_in_with_token, token
    )  # fmt: skip
    cabinet.clock.set(UtcSeconds(START + HOUR + GRACE_SECONDS - 1))
    act[0](act[1])
    assert admitted(cabinet) == "clock_holdover"
    controller.end_visit()
    cabinet.clock.set(UtcSeconds(START + HOUR + GRACE_SECONDS + 100))
    assert refused(*act) is Reason.ACCESS_DENIED


def test_in_holdover_a_code_within_its_time_is_an_ordinary_one(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    cabinet.bring("p1")
    cabinet.start()
    cabinet.controller.sign_in_with_pin(code)
    assert admitted(cabinet) == ""


def test_with_a_lost_clock_a_recipient_is_not_refused_and_takes_the_parcel(
    cabinet: Cabinet,
) -> None:
    cabinet.expect("p1")
    code = cabinet.grant("p1", until=START + HOUR)
    cabinet.bring("p1")
    cabinet.pass_time(5 * HOUR)
    cabinet.clock.set(UtcSeconds(START - 3_000 * DAY))
    cabinet.start()
    cabinet.controller.clock.now()
    assert cabinet.controller.clock.quality is UNKNOWN
    cabinet.controller.sign_in_with_pin(code)
    assert cabinet.take("g-p1") == "p1"


def test_with_a_lost_clock_a_courier_is_refused_until_the_centre_tells_the_time(
    cabinet: Cabinet,
) -> None:
    pin = cabinet.courier_pass("4711")
    cabinet.clock.set(UtcSeconds(START - 3_000 * DAY))
    cabinet.start()
    controller = cabinet.controller
    before = len(cabinet.facts())
    assert refused(controller.sign_in_with_token, cabinet.shift_token()) is Reason.TIME_UNKNOWN
    assert refused(controller.sign_in_courier, "4711", pin) is Reason.TIME_UNKNOWN
    assert len(cabinet.facts()) == before  # No try was counted.
    controller.take_time(START * 1000)
    controller.sign_in_courier("4711", pin)


def test_a_clock_lost_while_running_is_good_enough_for_couriers_for_twelve_hours() -> None:
    machine = VirtualClock(START)
    steady = SteadyClock(machine)
    steady.told(START * 1000)
    after(machine, -DAY)
    assert steady.quality is UNKNOWN
    after(machine, COURIER_TIME_SECONDS)
    assert steady.is_good_for_couriers
    after(machine, 1)
    assert not steady.is_good_for_couriers


def test_a_courier_has_no_grace_in_holdover(cabinet: Cabinet) -> None:
    token = cabinet.shift_token()
    cabinet.start()
    cabinet.pass_time(13 * HOUR)
    assert cabinet.controller.clock.quality is HOLDOVER
    assert refused(cabinet.controller.sign_in_with_token, token) is Reason.ACCESS_DENIED


# ── Budget ────────────────────────────────────────────────────────────────────────────────────


def bring_in(cabinet: Cabinet, parcel: str, risk: RiskClass = RiskClass.LOW) -> str:
    cabinet.expect(parcel)
    key = f"parcel/{parcel}"
    entry = cabinet.controller.allowed.listed[key].entry
    cabinet.tell_changes([ListChange(key=key, entry=replace(entry, risk=risk))])
    code = cabinet.grant(parcel, until=START + 60 * DAY)
    cabinet.bring(parcel)
    return code


def pick_up(cabinet: Cabinet, parcel: str, code: str) -> str:
    """Try to collect; ``taken`` or the reason of the refusal."""
    cabinet.controller.sign_in_with_pin(code)
    try:
        return "taken" if cabinet.take(f"g-{parcel}") == parcel else "empty"
    except Refused as refusal:
        return refusal.reason.value
    finally:
        cabinet.controller.end_visit()


def test_a_valuable_parcel_is_given_out_alone_for_twelve_hours_and_others_for_a_week(
    cabinet: Cabinet,
) -> None:
    high, low = bring_in(cabinet, "p1", RiskClass.HIGH), bring_in(cabinet, "p2")
    late = bring_in(cabinet, "p3")
    cabinet.controller.hear()
    cabinet.pass_time(12 * HOUR)
    assert pick_up(cabinet, "p1", high) == Reason.OFFLINE_BUDGET_SPENT
    assert cabinet.facts()[-2] == "locker.refused_alone.v1"
    assert pick_up(cabinet, "p2", low) == "taken"
    cabinet.pass_time(7 * DAY)
    assert pick_up(cabinet, "p3", late) == Reason.OFFLINE_BUDGET_SPENT
    cabinet.start()
    assert pick_up(cabinet, "p3", late) == Reason.OFFLINE_BUDGET_SPENT
    # The centre answers: full again.
    cabinet.controller.hear()
    assert pick_up(cabinet, "p3", late) == "taken"
    assert pick_up(cabinet, "p1", high) == "taken"


def test_pickups_alone_are_counted_from_the_disk_until_the_centre_has_them(
    cabinet: Cabinet,
) -> None:
    codes = [bring_in(cabinet, f"p{n}") for n in range(4)]
    controller = cabinet.controller
    controller.hear()

    def limit() -> None:
        cabinet.controller.budget.use_limits(OfflineBudget(pickups_max=2))

    limit()
    assert pick_up(cabinet, "p0", codes[0]) == "taken"
    assert pick_up(cabinet, "p1", codes[1]) == "taken"
    assert pick_up(cabinet, "p2", codes[2]) == Reason.OFFLINE_BUDGET_SPENT
    cabinet.start()
    limit()
    assert cabinet.controller.budget.pickup_count() == 2
    assert pick_up(cabinet, "p2", codes[2]) == Reason.OFFLINE_BUDGET_SPENT
    cabinet.controller.keep_watermark(cabinet.controller.store.version)
    assert cabinet.controller.budget.pickup_count() == 0
    assert pick_up(cabinet, "p2", codes[2]) == "taken"


def test_what_may_not_be_given_out_keeps_nobody_from_the_rest(cabinet: Cabinet) -> None:
    for parcel, risk in (("p1", RiskClass.HIGH), ("p2", RiskClass.LOW)):
        cabinet.expect(parcel)
        key = f"parcel/{parcel}"
        entry = replace(cabinet.controller.allowed.listed[key].entry, risk=risk)
        cabinet.tell_changes([ListChange(key=key, entry=entry)])
        code = cabinet.grant(parcel, recipient="anna", until=START + 60 * DAY)
        cabinet.bring(parcel)
    cabinet.controller.hear()
    cabinet.pass_time(13 * HOUR)
    cabinet.controller.sign_in_with_pin(code)
    assert [one.grant for one in cabinet.controller.waiting()] == ["g-p2", "g-p1"]


def test_a_door_that_was_opened_may_be_opened_again_whatever_the_budget(cabinet: Cabinet) -> None:
    code = bring_in(cabinet, "p1", RiskClass.HIGH)
    cabinet.controller.hear()
    cabinet.pass_time(12 * HOUR - 10)
    cabinet.controller.sign_in_with_pin(code)
    assert cabinet.take("g-p1") == "p1"
    cabinet.pass_time(60)
    assert cabinet.controller.collect(GrantId("g-p1")).compartment


def test_a_broker_that_lives_is_no_centre(cabinet: Cabinet) -> None:
    budget = cabinet.controller.budget
    budget.watch_link(lambda: True)
    cabinet.controller.hear()
    assert not budget.is_alone
    # Facts wait for an answer that does not come.
    cabinet.pass_time(301)
    assert budget.is_alone
    cabinet.controller.keep_watermark(cabinet.controller.store.version)
    assert not budget.is_alone
    cabinet.pass_time(SILENCE_SECONDS)
    assert budget.is_alone
    budget.watch_link(lambda: False)
    cabinet.controller.hear()
    assert budget.is_alone


def test_hearing_the_centre_is_noted_on_the_disk_now_and_then(cabinet: Cabinet) -> None:
    store = cabinet.controller.store
    cabinet.controller.hear()
    first = store.heard_at
    cabinet.pass_time(NOTE_SECONDS - 1)
    cabinet.controller.hear()
    assert store.heard_at == first
    cabinet.pass_time(1)
    cabinet.controller.hear()
    assert store.heard_at == START + NOTE_SECONDS


# ── Queue ─────────────────────────────────────────────────────────────────────────────────────


def test_the_age_of_the_oldest_unsent_fact_is_right_after_a_restart(cabinet: Cabinet) -> None:
    store = cabinet.controller.store
    cabinet.controller.keep_watermark(store.version)
    assert store.unsent_since is None
    cabinet.pass_time(DAY)
    refused(cabinet.controller.sign_in_with_pin, "11-111222")
    cabinet.pass_time(DAY)
    cabinet.start()
    assert cabinet.controller.store.unsent_since == START + DAY


# ── The screen ────────────────────────────────────────────────────────────────────────────────


def test_a_courier_brings_an_unannounced_parcel_and_sees_its_receipt(cabinet: Cabinet) -> None:
    person = Person(cabinet)
    person.scan(cabinet.shift_token())
    assert person.scan("FOUND-000001") is ScreenName.SIZE
    assert [one.name for one in person.shown.buttons][:3] == ["size:S", "size:M", "size:L"]
    assert person.touch("size:M") is ScreenName.PUT_IN
    assert person.put_in_and_shut("x") is ScreenName.RECEIPT
    (parcel,) = cabinet.controller.state.unannounced
    assert read_receipt(person.shown.values["receipt"]).receipt.parcel == parcel
    assert "<svg" in Painter().paint("screen.html", cabinet_kiosk(person), person.shown)
    # The next label is taken at once; the same one is refused by name.
    assert person.scan("FOUND-000002") is ScreenName.SIZE
    assert person.touch("scan_next") is ScreenName.SCAN
    assert person.scan("FOUND-000001") is ScreenName.REFUSED
    assert person.shown.title == "refused.parcel_in_compartment"


def test_the_screen_says_what_the_budget_withholds_and_why_a_courier_waits(
    cabinet: Cabinet,
) -> None:
    code = bring_in(cabinet, "p1", RiskClass.HIGH)
    cabinet.controller.hear()
    cabinet.pass_time(12 * HOUR)
    person = Person(cabinet)
    person.touch("collect")
    assert person.type_in(code) is ScreenName.REFUSED
    assert person.shown.title == "refused.offline_budget_spent"
    cabinet.clock.set(UtcSeconds(START - 3_000 * DAY))
    cabinet.start()
    person = Person(cabinet)
    person.scan(cabinet.shift_token())
    assert person.shown.message == "message.time_unknown"


def cabinet_kiosk(person: Person) -> Kiosk:
    kiosk = Kiosk(person.cabinet.controller)
    kiosk.flow = person.flow
    return kiosk
