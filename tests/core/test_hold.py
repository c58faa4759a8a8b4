"""The rules of waiting, one sentence each."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.core.hold import HoldPolicy, extended_deadline, hold_deadline, reminder_times
from restante.core.refusal import Reason, Refused
from restante.core.value import DAY, HOUR, Seconds, UtcSeconds
from tests.factories import NOON, after

BERLIN = "Europe/Berlin"


def local(*parts: int, zone: str = BERLIN) -> UtcSeconds:
    year, month, day, hour, minute = (*parts, 0, 0)[:5]
    return UtcSeconds(
        int(datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone)).timestamp())
    )


def extend(policy: HoldPolicy, at: UtcSeconds, count: int = 0) -> UtcSeconds:
    return extended_deadline(policy, hold_until=after(100), extension_count=count, at=at)


def test_a_running_hold_lasts_its_hours_from_the_deposit():
    assert hold_deadline(HoldPolicy(), NOON, BERLIN) == NOON + 72 * HOUR
    assert hold_deadline(HoldPolicy(hold_seconds=Seconds(60)), NOON, BERLIN) == NOON + 60


def test_a_hold_in_days_counts_the_day_of_the_deposit_as_the_first():
    policy = HoldPolicy(local_days=3)
    morning, night = local(2026, 5, 4, 0, 1), local(2026, 5, 4, 23, 59)
    assert hold_deadline(policy, morning, BERLIN) == local(2026, 5, 7)
    assert hold_deadline(policy, night, BERLIN) == local(2026, 5, 7)


def test_a_hold_in_days_ends_at_its_hour():
    policy = HoldPolicy(local_days=2, local_hour_until=18)
    assert hold_deadline(policy, local(2026, 5, 4, 9), BERLIN) == local(2026, 5, 5, 18)


def test_a_hold_in_days_is_counted_where_the_site_is():
    policy = HoldPolicy(local_days=1)
    at = local(2026, 5, 4, 23, 30)
    assert hold_deadline(policy, at, BERLIN) == local(2026, 5, 5)
    assert hold_deadline(policy, at, "Asia/Tokyo") == local(2026, 5, 6, zone="Asia/Tokyo")


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25)])
def test_a_day_on_which_clocks_change_is_as_long_as_it_is(day: tuple[int, int, int], hours: int):
    begin = local(*day)
    assert hold_deadline(HoldPolicy(local_days=1), begin, BERLIN) == begin + hours * HOUR


def test_a_hold_whose_hour_has_passed_ends_a_day_later():
    policy = HoldPolicy(local_days=1, local_hour_until=18)
    assert hold_deadline(policy, local(2026, 5, 4, 17, 59), BERLIN) == local(2026, 5, 4, 18)
    assert hold_deadline(policy, local(2026, 5, 4, 18), BERLIN) == local(2026, 5, 5, 18)


@given(
    st.integers(0, 2 * 10**9),
    st.integers(0, 7),
    st.integers(1, 24),
    st.sampled_from(["UTC", BERLIN, "Europe/Warsaw", "Africa/Cairo", "Pacific/Apia"]),
)
def test_every_hold_ends_after_its_deposit(at: int, days: int, hour: int, zone: str):
    policy = HoldPolicy(local_days=days, local_hour_until=hour)
    assert hold_deadline(policy, UtcSeconds(at), zone) > at


def test_a_hold_is_extended_by_one_step_from_its_end():
    policy = HoldPolicy(extension_seconds=Seconds(50), extension_count_max=2)
    assert extend(policy, NOON) == after(150)
    assert extend(policy, after(99), count=1) == after(150)


def test_a_hold_is_not_extended_at_its_end():
    with pytest.raises(Refused) as refusal:
        extend(HoldPolicy(), after(100))
    assert refusal.value.reason is Reason.HOLD_EXPIRED


def test_a_hold_is_extended_only_so_often():
    with pytest.raises(Refused) as refusal:
        extend(HoldPolicy(extension_count_max=2), NOON, count=2)
    assert refusal.value.reason is Reason.EXTENSION_LIMIT


def test_the_recipient_is_reminded_after_a_day_and_half_a_day_before_the_end():
    assert reminder_times(NOON, after(3 * DAY)) == (
        ("reminder", after(DAY)),
        ("last_reminder", after(3 * DAY - 12 * HOUR)),
    )


def test_two_reminders_are_not_sent_within_six_hours():
    assert [kind for kind, _ in reminder_times(NOON, after(DAY + 17 * HOUR))] == ["last_reminder"]
    assert len(reminder_times(NOON, after(DAY + 18 * HOUR))) == 2


@given(st.integers(60, 14 * DAY))
def test_nobody_is_reminded_after_the_end_or_soon_after_the_deposit(hold_seconds: int):
    for _, at in reminder_times(NOON, after(hold_seconds)):
        assert after(6 * HOUR) <= at <= after(hold_seconds - HOUR)
