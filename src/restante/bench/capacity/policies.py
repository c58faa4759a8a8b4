"""Policies of admission beside first-fit, best-fit and the optimum of hindsight, on the same weeks.

One locker of 20 small, 30 medium and 10 large compartments, two courier waves a day, a rhythm of
weekdays, one day in seven with 1.7 times as much, stays of 17 hours in the mean (location
research, section 4). *Load* is parcels a day for each compartment. Everything is learnt and tuned
on seeds that the test does not use.
"""

import time
from typing import Final, NamedTuple

import numpy as np

from ...planning.capacity.admission import (
    BEST_FIT,
    FIRST_FIT,
    PROTECTED,
    decide_by,
    decide_simply,
)
from ...planning.capacity.hindsight import best_in_hindsight
from ...planning.capacity.history import History, Shape, forecast_stays
from ...planning.capacity.training import train

LOADS: Final = (0.9, 1.15, 1.5)
LOG_SDS: Final = (0.70, 0.35, 0.0)
"""Errors of forecasts: as measured on real deliveries, half of that, and none: an oracle."""

TRAINING_SEEDS: Final = 32
TEST_SEEDS: Final = 20
FIRST_TEST_SEED: Final = 1_000
TRAINING_DAYS: Final = 28
TEST_DAYS: Final = 30
WEEKDAYS: Final = np.array([1.15, 1.1, 1.05, 1.0, 1.05, 0.75, 0.4])
PARTS_OF_DAY: Final = (0, 7, 12, 18)
"""Hours at which levels of protection change."""

SHAPE: Final = Shape(np.array([20, 30, 10]), np.array([7, 6, 4]), np.ones(3), ("S", "M", "L"))


class Row(NamedTuple):
    """One rule at one load."""

    load: float
    rule: str
    accepted: float
    """Share of parcels, mean over seeds."""
    of_hindsight: float
    """Share of what hindsight accepts, mean over seeds."""
    error: float
    """Standard error of that mean."""
    worst_to_best_fit: float
    """Least difference to best-fit over seeds, as a share of parcels."""
    us_per_decision: float = 0.0
    note: str = ""


def draw_weeks(seed: int, load: float, days: int, log_sd: float) -> History:
    """Draw the locker's parcels; the forecast's error is the same for all sizes of it."""
    dice = np.random.default_rng(seed)
    mean = load * SHAPE.room.sum() * WEEKDAYS / WEEKDAYS.mean()
    times = []
    for day in range(days):
        count = dice.poisson(mean[day % 7] * dice.choice([1.0, 1.7], p=[0.85, 0.15]))
        which = dice.random(count)
        waves = (dice.normal(10, 0.7, count), dice.normal(15, 0.8, count))
        hour = np.select([which < 0.55, which < 0.85], waves, dice.uniform(7, 21, count))
        times.append(day * 24 + np.clip(hour, 0, 23.9))
    at = np.sort(np.concatenate(times))
    count = len(at)
    of_class = dice.choice(3, count, p=[0.45, 0.38, 0.17])
    which = dice.random(count)
    stays = np.select(
        [which < 0.5, which < 0.87, which < 0.96],
        [dice.gamma(4, 2.0, count), dice.gamma(9, 2.4, count), dice.uniform(28, 47, count)],
        48.0 + dice.uniform(0, 10, count),
    )
    return History(at, of_class, stays, forecast_stays(stays, log_sd=log_sd, seed=seed))


def measure_policies(loads: tuple[float, ...] = LOADS, test_seeds: int = TEST_SEEDS) -> list[Row]:
    """Play all rules at some loads."""
    rows: list[Row] = []
    for load in loads:
        tests = [draw_weeks(FIRST_TEST_SEED + n, load, TEST_DAYS, 0.7) for n in range(test_seeds)]
        hindsight = [best_in_hindsight(one, SHAPE).accepted / len(one) for one in tests]
        best = [decide_simply(BEST_FIT, one, SHAPE).accepted for one in tests]
        first = [decide_simply(FIRST_FIT, one, SHAPE, seed=n).accepted
                 for n, one in enumerate(tests)]  # fmt: skip
        levels = _tune_levels(load)
        kept = [decide_simply(PROTECTED, one, SHAPE, protected=levels).accepted for one in tests]
        simple = (("first-fit", first), ("best-fit", best), ("protection levels", kept))
        rows += [_row(load, name, shares, best, hindsight) for name, shares in simple]
        rows += [_price(load, log_sd, test_seeds, best, hindsight) for log_sd in LOG_SDS]
        rows.append(_row(load, "hindsight (bound)", hindsight, best, hindsight))
    return rows


def _price(
    load: float, log_sd: float, test_seeds: int, best: list[float], hindsight: list[float]
) -> Row:
    began = time.process_time()
    policy = train(
        [draw_weeks(n, load, TRAINING_DAYS, log_sd) for n in range(TRAINING_SEEDS)], SHAPE
    )
    trained = time.process_time() - began
    tests = [draw_weeks(FIRST_TEST_SEED + n, load, TEST_DAYS, log_sd) for n in range(test_seeds)]
    began = time.process_time()
    shares = [decide_by(policy, one, SHAPE).accepted for one in tests]
    each = (time.process_time() - began) / sum(len(one) for one in tests) * 1e6
    note = (
        f"strength {policy.strength:g}, crowding {policy.crowding:g}, scarcity"
        f" {policy.scarcity:g}; trained in {trained:.0f} s"
    )
    name = f"bid prices, log-sd {log_sd:.2f}" if log_sd else "bid prices, stays known"
    return _row(load, name, shares, best, hindsight)._replace(us_per_decision=each, note=note)


def _row(
    load: float, rule: str, shares: list[float], best: list[float], hindsight: list[float]
) -> Row:
    of = np.array(shares) / np.array(hindsight)
    error = float(of.std(ddof=1) / np.sqrt(len(of))) if len(of) > 1 else 0.0
    worst = float((np.array(shares) - np.array(best)).min())
    return Row(load, rule, float(np.mean(shares)), float(of.mean()), error, worst)


def _tune_levels(load: float) -> np.ndarray:
    """Find levels that accept most on training weeks, one part of the day and kind at a time."""
    weeks = [draw_weeks(n, load, TRAINING_DAYS, 0.7) for n in range(8)]
    part = np.searchsorted(PARTS_OF_DAY, np.arange(168) % 24, side="right") - 1
    level = np.zeros((len(PARTS_OF_DAY), 3), dtype=np.int64)

    def score(tried: np.ndarray) -> float:
        kept = tried[part]
        return sum(
            decide_simply(PROTECTED, one, SHAPE, protected=kept).accepted * len(one)
            for one in weeks
        )

    most = score(level)
    for when in range(len(PARTS_OF_DAY)):
        for kind in (1, 2):
            for count in range(1, 9):
                tried = level.copy()
                tried[when, kind] = count
                if (found := score(tried)) > most:
                    level, most = tried, found
    kept: np.ndarray = level[part]
    return kept
