"""Forecasts beat the plain one, add up, and say how sure they are."""

from datetime import timedelta

import numpy as np
import pytest

from restante.insight.forecast import BadHistory, Forecast, Problem, solve
from tests.insight.forecast.towns import WEEKDAY, make_town


@pytest.fixture(scope="module")
def town() -> Forecast:
    return solve(Problem(make_town(), 14), seed=1)


def test_a_forecast_is_nearer_than_the_same_weekday_of_six_weeks(town: Forecast):
    test = town.backtest
    assert town.model == "average"
    assert test.by_model["average"].pinball < test.by_model["baseline"].pinball


def test_quantiles_are_kept_as_often_as_they_say(town: Forecast):
    covered = town.backtest.by_level["series"].coverage
    assert 0.93 <= covered["0.95"] <= 0.98
    assert 0.87 <= covered["0.9"] <= 0.95


def test_a_forecast_finds_the_rhythm_that_made_the_days(town: Forecast):
    network = next(line for line in town.lines if line.level == "network")
    week = np.array(network.mean[:7])
    weekdays = [(town.first + timedelta(i)).weekday() for i in range(7)]
    truth = WEEKDAY[weekdays] / WEEKDAY.mean()
    assert np.allclose(week / week.mean(), truth, atol=0.12)


def test_sums_add_up_to_the_last_digit(town: Forecast):
    means = {
        level: np.sum([line.mean for line in town.lines if line.level == level], axis=0)
        for level in ("series", "district", "network")
    }
    assert np.allclose(means["series"], means["network"], atol=1e-6)
    assert np.allclose(means["district"], means["network"], atol=1e-6)


def test_a_sum_is_less_unsure_than_its_parts_together(town: Forecast):
    at = town.levels.index(0.95)
    parts = np.sum([x.quantiles[at] for x in town.lines if x.level == "series"], axis=0)
    whole = next(line for line in town.lines if line.level == "network")
    assert (np.array(whole.quantiles[at]) < parts).all()


def test_quantiles_never_cross(town: Forecast):
    for line in town.lines:
        assert (np.diff(np.array(line.quantiles), axis=0) >= 0).all()


def test_the_same_seed_gives_the_same_forecast(town: Forecast):
    assert solve(Problem(make_town(), 14), seed=1).to_json() == town.to_json()


def test_where_nothing_repeats_the_plain_forecast_may_win_and_it_is_said():
    history = make_town(sites=2, days=49, seed=3)
    # Each weekday exactly as it always was: nothing can beat saying it again.
    week = np.array([9.0, 3.0, 30.0, 1.0, 8.0, 40.0, 2.0])
    steady = history._replace(values=np.tile(week, (2, 7)) * np.array([[1.0], [10.0]]))
    found = solve(Problem(steady, 7))
    assert found.model == "baseline"
    assert "was not used" in found.says[0]
    series = next(line for line in found.lines if line.level == "series")
    assert series.mean == pytest.approx(list(week))


def test_nobody_looks_ahead_for_no_days_or_for_years():
    with pytest.raises(BadHistory, match="ask for 1 to 400"):
        solve(Problem(make_town(sites=2, days=60), 0))
