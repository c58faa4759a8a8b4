"""People come as they are known to come: the numbers of the assumptions, measured."""

import random
import statistics
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from restante.core.value import DAY, HOUR, UtcSeconds
from restante.sim.assumptions import DEFAULT, LOOK_AHEAD_HOURS_MAX
from restante.sim.people import arrivals_expected, draw_collection, draw_count, draw_visit

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = UtcSeconds(1_795_388_400)
"""Monday 23 November 2026, 00:00 in Berlin."""
DRAWS = 12_000


@lru_cache
def draw_waits() -> list[tuple[UtcSeconds, UtcSeconds]]:
    """Draw when parcels were put in, on a courier's round, and when they were collected."""
    chance = random.Random(31)
    found: list[tuple[UtcSeconds, UtcSeconds]] = []
    for _ in range(DRAWS):
        day = chance.choices(range(7), DEFAULT.arrival_weekday_weights)[0]
        second = chance.randrange(9 * HOUR, 17 * HOUR)
        ready_at = UtcSeconds(MONDAY + day * DAY + second)
        comes_at = draw_collection(DEFAULT, chance, ready_at=ready_at, zone=BERLIN)
        if comes_at is not None:
            found.append((ready_at, comes_at))
    return found


def test_parcels_wait_as_long_as_they_were_measured_to_wait() -> None:
    waits = draw_waits()
    hours = [(comes_at - ready_at) / HOUR for ready_at, comes_at in waits]
    assert abs(statistics.fmean(hours) - 31.6) < 1.5
    assert abs(sum(wait <= 24 for wait in hours) / len(hours) - 0.60) < 0.02
    assert max(hours) <= LOOK_AHEAD_HOURS_MAX + 1
    assert min(hours) >= 0


def test_most_people_come_outside_office_hours_and_hardly_anybody_at_night() -> None:
    waits = draw_waits()
    times = [datetime.fromtimestamp(at, UTC).astimezone(BERLIN) for _, at in waits]
    in_office = sum(one.weekday() < 5 and 9 <= one.hour < 17 for one in times)
    assert 0.55 <= 1 - in_office / len(times) <= 0.62
    assert sum(one.hour < 5 for one in times) / len(times) < 0.02


def test_some_never_come() -> None:
    missing = 1 - len(draw_waits()) / DRAWS
    assert abs(missing - DEFAULT.no_show_share) < 0.005


def test_a_reminder_brings_people_sooner() -> None:
    def mean_hours(*reminded_at: UtcSeconds) -> float:
        chance = random.Random(5)
        came = [
            draw_collection(
                replace(DEFAULT, no_show_share=0.0),
                chance,
                ready_at=MONDAY,
                zone=BERLIN,
                reminded_at=reminded_at,
            )
            for _ in range(2_000)
        ]
        return statistics.fmean((at - MONDAY) / HOUR for at in came if at is not None)

    assert mean_hours(UtcSeconds(MONDAY + DAY)) < mean_hours() - 1


def test_visits_go_wrong_as_often_as_assumed() -> None:
    chance = random.Random(8)
    visits = [draw_visit(DEFAULT, chance, MONDAY) for _ in range(10_000)]
    assert abs(sum(one.uses_qr for one in visits) / 10_000 - DEFAULT.qr_share) < 0.02
    typed = [one for one in visits if not one.uses_qr]
    assert abs(sum(one.mistypes for one in typed) / len(typed) - DEFAULT.wrong_code_share) < 0.01
    assert not any(one.mistypes for one in visits if one.uses_qr)


def test_sundays_bring_little_december_much_and_the_peak_more() -> None:
    def expected(day: int, *, peak: bool = False, month_days: int = 0) -> float:
        at = UtcSeconds(MONDAY + (day + month_days) * DAY)
        return arrivals_expected(DEFAULT, compartment_count=100, at=at, zone=BERLIN, peak=peak)

    assert expected(6) < 0.5 * expected(0)
    assert expected(0, peak=True) == DEFAULT.peak_factor * expected(0)
    november, february = expected(0), expected(0, month_days=84)
    assert november > february


def test_counts_are_whole_and_scatter_more_than_a_poisson() -> None:
    chance = random.Random(2)
    for mean in (0.5, 20.0, 300.0):
        counts = [draw_count(chance, mean) for _ in range(4_000)]
        assert min(counts) >= 0
        assert abs(statistics.fmean(counts) - mean) < 0.05 * mean + 0.05
        assert statistics.variance(counts) > 1.01 * mean
    assert [draw_count(chance, 0.0) for _ in range(50)] == [0] * 50
