"""What repeats, drifts, opens or is closed on holidays is found where it was put in."""

from datetime import date, timedelta

import numpy as np
import pytest

from restante.insight.forecast import Event, History, Problem, Series, UnknownCountry, solve
from restante.insight.forecast.calendar import make_calendar
from restante.insight.forecast.counts import chance_up_to, measure_dispersion, quantiles
from restante.insight.forecast.drift import find_drift
from restante.insight.forecast.hours import find_profile
from restante.insight.forecast.levels import Prior, follow_levels
from restante.insight.forecast.newcomers import borrow
from restante.insight.forecast.rhythm import find_rhythm
from restante.insight.forecast.spread import measure_spread
from tests.insight.forecast.towns import FIRST, make_town


def test_a_country_has_its_holidays_and_a_region_its_own():
    germany = make_calendar(date(2025, 1, 1), 365, country="DE")
    berlin = make_calendar(date(2025, 1, 1), 365, country="DE-BE")
    womens_day = (date(2025, 3, 8) - date(2025, 1, 1)).days
    assert germany.is_holiday[0]
    assert not germany.is_holiday[womens_day]
    assert berlin.is_holiday[womens_day]


@pytest.mark.parametrize(("country", "says"), [("XX", "no holidays"), ("DE-XX", "there are BB")])
def test_an_unknown_country_says_what_there_is(country: str, says: str):
    with pytest.raises(UnknownCountry, match=says):
        make_calendar(FIRST, 10, country=country)


def test_black_friday_is_known_every_year():
    calendar = make_calendar(date(2024, 1, 1), 731)
    kind = next(one for one in calendar.kinds if one.name == "Black Friday")
    marked = [day for day, on in zip(calendar.days, kind.days, strict=True) if on]
    assert marked[0] == date(2024, 11, 29)
    assert marked[7] == date(2025, 11, 28)


def test_a_peak_of_weeks_is_found_and_not_taken_for_a_higher_level():
    town = make_town(sites=30, days=400, level=20.0)
    peak = Event("peak", date(2024, 11, 4), date(2024, 12, 1))
    first = (peak.first - FIRST).days
    values = town.values.copy()
    values[:, first : first + 28] *= 1.8
    rhythm = find_rhythm(values, make_calendar(FIRST, 400, events=[peak]))
    assert rhythm.special[first + 3] == pytest.approx(1.8, rel=0.15)
    assert rhythm.special[first - 20] == 1.0


def test_an_event_nobody_saw_is_what_its_operator_says():
    town = make_town(sites=5, days=100)
    event = Event("opening", FIRST + timedelta(103), FIRST + timedelta(104), 2.0)
    rhythm = find_rhythm(town.values, make_calendar(FIRST, 107, events=[event]))
    assert rhythm.special[103] == pytest.approx(2.0)


def test_a_level_follows_a_step_and_a_closed_site_keeps_its_own():
    values = np.r_[np.full(100, 5.0), np.full(60, 20.0)][None]
    levels = follow_levels(values, np.ones((1, 170)), Prior(np.array([5.0]), np.array([1.0])))
    assert levels.before(100)[0] == pytest.approx(5.0, rel=0.02)
    assert levels.before(160)[0] == pytest.approx(20.0, rel=0.1)
    closed = np.concatenate([values, np.full((1, 10), np.nan)], axis=1)
    after = follow_levels(closed, np.ones((1, 170)), Prior(np.array([5.0]), np.array([1.0])))
    assert after.by_discount[:, 0, 170] == pytest.approx(after.by_discount[:, 0, 160])


def test_a_drift_goes_on_by_half_until_a_year_was_seen():
    growing = np.exp(0.01 * np.arange(100))[None] * 50
    assert find_drift(growing, 14)[13] == pytest.approx(np.exp(0.5 * 0.01 * 14), rel=0.01)
    assert (find_drift(np.tile(growing, (1, 4)), 14) == 1).all()


def test_sites_without_a_history_borrow_from_their_like():
    chance = np.random.default_rng(4)
    people = chance.uniform(500, 5_000, 41)
    values = chance.poisson(people[:, None] / 100, (41, 60)).astype(float)
    values[40] = np.nan
    names = [f"s{i}" for i in range(41)]
    features = {name: {"people": float(n)} for name, n in zip(names, people, strict=True)}
    known = borrow(values, names, [""] * 41, features)
    blind = borrow(values, names, [""] * 41, {})
    assert known.prior.level[40] == pytest.approx(people[40] / 100, rel=0.25)
    assert known.doubt < blind.doubt


def test_a_new_site_is_forecast_and_less_sure_than_an_old_one():
    town = make_town(sites=12, days=90)
    found = solve(Problem(town, 7, features={"new": {}}))
    assert found.new_sites == ("new",)
    lines = {line.site: line for line in found.lines if line.level == "series"}
    low, high = found.levels.index(0.05), found.levels.index(0.95)

    def width(name: str) -> float:
        line = lines[name]
        spread = np.array(line.quantiles[high]) - np.array(line.quantiles[low])
        return float((spread / np.array(line.mean)).mean())

    assert width("new") > 1.2 * max(width(one.site) for one in town.series)


def test_quantiles_of_counts_are_kept_as_often_as_they_say():
    mean, wide = np.full((40, 200), 9.0), np.full(40, 0.3)
    chance = np.random.default_rng(6)
    actual = chance.negative_binomial(1 / 0.3, 1 / (1 + 0.3 * 9), mean.shape).astype(float)
    measured = measure_dispersion(actual, mean)
    assert measured.mean() == pytest.approx(0.3, abs=0.05)
    q95 = quantiles(mean, wide[:, None], np.array(0.95))
    assert chance_up_to(q95, mean, wide[:, None]).min() >= 0.95
    said = chance_up_to(q95, mean, wide[:, None]).mean()
    assert (actual <= q95).mean() == pytest.approx(said, abs=0.01)


def test_quantiles_that_were_not_kept_are_taken_further_out():
    chance = np.random.default_rng(6)
    usual = chance.poisson(20.0, (30, 84)).astype(float)
    # Every tenth day is twice as large: no negative binomial knows of it.
    usual[:, ::10] *= 2
    spread = measure_spread(usual, np.full(usual.shape, 20.0), 1, (0.5, 0.95))
    assert spread.levels[1] > 0.955


def test_hours_are_those_of_their_weekday_and_add_up_to_the_day():
    town = make_town(sites=4, days=84, level=30.0)
    share = np.zeros(24)
    share[[9, 12, 17]] = 0.5, 0.2, 0.3
    history: History = town._replace(hourly=town.values[:, :, None] * share)
    profile = find_profile(history.hourly, make_calendar(FIRST, 84))
    assert profile.sum(2) == pytest.approx(1)
    assert profile[0, 2, 9] == pytest.approx(0.5, abs=0.02)
    found = solve(Problem(history, 7))
    days = {line.site: np.array(line.mean) for line in found.lines if line.level == "series"}
    hours = [line for line in found.lines if line.level == "hour" and line.site == "site 000"]
    assert len(hours) == 24
    assert np.sum([line.mean for line in hours], axis=0) == pytest.approx(
        days["site 000"], abs=0.01
    )


def test_sizes_add_up_to_their_site():
    town = make_town(sites=6, days=70)
    series = tuple(Series(f"site {i // 2}", "SM"[i % 2]) for i in range(6))
    found = solve(Problem(town._replace(series=series, districts={}), 7))
    sizes = [x for x in found.lines if x.level == "series" and x.site == "site 0"]
    site = next(x for x in found.lines if x.level == "site" and x.site == "site 0")
    assert len(sizes) == 2
    assert np.sum([x.mean for x in sizes], axis=0) == pytest.approx(site.mean)
