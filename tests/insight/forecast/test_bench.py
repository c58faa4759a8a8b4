"""The bench asks all alike and holds goals against what was found."""

import numpy as np
import pytest

from restante.bench.forecast.generated import PEAK, make_year
from restante.bench.forecast.report import ForecastReport, Run
from restante.bench.forecast.run import Plan, measure_forecasts
from restante.bench.forecast.sets import NoData, bixi, fill


def run(model: str, loss: float, *, origin: int = 0, covered: float = 0.95) -> Run:
    return Run("bixi", model, origin, 1.0, loss, {"0.95": covered}, 1.0, 1.0)


def test_goals_are_held_against_the_best_statistical_model():
    report = ForecastReport(
        (run("ours", 0.18), run("AutoETS", 0.2), run("AutoTheta", 0.25), run("LightGBM", 0.1)),
        (), (),
    )  # fmt: skip
    ratio, covered = report.goals()
    assert ratio.found == pytest.approx(0.9)
    assert ratio.reached
    assert covered.reached
    assert "reached" in report.text()


def test_a_model_that_fell_silent_is_not_compared():
    report = ForecastReport(
        (run("ours", 0.2), run("ours", 0.2, origin=14), run("MSTL", 0.1)), (), ()
    )
    assert [line.model for line in report.lines()] == ["ours"]


def test_what_is_not_known_says_what_there_is():
    with pytest.raises(ValueError, match="there is no 'moon'; there are bixi, uci, generated"):
        measure_forecasts(Plan(("moon",), ("ours",)))


def test_published_sets_that_are_not_there_are_named():
    report = measure_forecasts(Plan(("bixi",), ("ours",), with_dwell=True))
    assert [one.set for one in report.skipped] == ["bixi", "changshu"]
    with pytest.raises(NoData, match="say with --data"):
        bixi(None)


def test_a_made_up_year_has_its_peak():
    history, events = make_year(sites=300, days=365)
    peak = events[-1]
    first = (peak.first - history.first).days
    ratio = (
        history.values[:, first : first + 28].mean()
        / history.values[:, first - 42 : first - 14].mean()
    )
    assert ratio == pytest.approx(PEAK, rel=0.2)


def test_unknown_days_are_filled_with_their_weekday():
    values = np.tile(np.arange(7.0), 8)[None]
    holes = values.copy()
    holes[0, [9, 24]] = np.nan
    from tests.insight.forecast.towns import FIRST

    assert (fill(holes, FIRST) == values).all()
