"""Stays are learned with what is not over yet, and told without knowing who anybody is."""

import numpy as np
import pytest

from restante.insight.dwell import (
    BadStays,
    Hazard,
    Stays,
    count_past,
    fit_hazard,
    fit_kaplan_meier,
    fit_no_show,
    make_stays,
    survival,
)
from restante.insight.dwell.scores import area_under_curve, deciles, integrated_brier

SLOTS_PER_DAY = 8
HORIZON = 24


def make_parcels(count: int, seed: int, *, watched_slots: int = 10_000) -> Stays:
    """Make stays that end sooner for the fast ones, after a reminder, and never at night.

    Who is watched for some slots only is inside still after them.
    """
    chance = np.random.default_rng(seed)
    fast = chance.random(count) < 0.5
    begins = chance.integers(0, SLOTS_PER_DAY, count)
    reminder = np.full(count, 12)
    slots = np.full(count, HORIZON)
    is_inside = np.ones(count, dtype=bool)
    for slot in range(HORIZON):
        hazard = np.where(fast, 0.25, 0.06) + np.where(slot >= reminder, 0.15, 0.0)
        hazard = np.where((begins + slot) % SLOTS_PER_DAY < 2, 0.0, hazard)
        ends = is_inside & (chance.random(count) < hazard)
        slots[ends] = slot
        is_inside &= ~ends
    collected = ~is_inside & (slots < watched_slots)
    return make_stays(
        fast.astype(float)[:, None],
        begins,
        chance.integers(0, 7, count),
        np.minimum(slots, watched_slots),
        collected,
        reminder_slots=reminder,
        deadline_slots=np.full(count, HORIZON),
    )


@pytest.fixture(scope="module")
def hazard() -> Hazard:
    return fit_hazard(make_parcels(4_000, 1), slots_per_day=8, horizon=HORIZON, seed=1)


def test_curves_are_nearer_than_what_is_so_of_all_parcels(hazard: Hazard):
    learned, asked = make_parcels(4_000, 1), make_parcels(3_000, 2)
    ours = integrated_brier(survival(hazard, asked), asked)
    plain = fit_kaplan_meier(learned.slots, learned.is_collected, HORIZON)
    theirs = integrated_brier(np.tile(plain, (asked.parcels, 1)), asked)
    assert ours < 0.9 * theirs


def test_a_curve_falls_and_stays_within_bounds(hazard: Hazard):
    curves = survival(hazard, make_parcels(50, 3))
    assert (np.diff(curves, axis=1) <= 0).all()
    assert (curves >= 0).all()
    assert (curves <= 1).all()


def test_parcels_that_are_inside_still_are_not_taken_for_collected():
    # Watched for a day and a half only: most of the slow ones are still inside.
    learned, truth = make_parcels(4_000, 1, watched_slots=10), make_parcels(4_000, 2)
    told = fit_kaplan_meier(learned.slots, learned.is_collected, 10)
    real = (truth.slots[:, None] > np.arange(10)).mean(0)
    assert np.abs(told - real).max() < 0.03
    learned_of = fit_hazard(learned, slots_per_day=SLOTS_PER_DAY, horizon=10, seed=1)
    assert abs(survival(learned_of, truth)[:, 9].mean() - real[9]) < 0.03


def test_a_parcel_long_inside_is_told_what_is_so_of_such(hazard: Hazard):
    parcels = make_parcels(5_000, 2)
    still = parcels.pick(parcels.slots >= 8)
    told = survival(hazard, still, np.full(still.parcels, 8))[:, 3].mean()
    assert abs(told - (still.slots > 11).mean()) < 0.04


def test_an_earlier_reminder_shortens_a_stay(hazard: Hazard):
    parcels = make_parcels(500, 2)
    never = parcels._replace(reminder_slots=np.full(500, 1_000))
    assert survival(hazard, parcels)[:, 20].mean() < survival(hazard, never)[:, 20].mean()


def test_the_same_seed_tells_the_same_curves():
    curves = [
        survival(fit_hazard(make_parcels(600, 1), slots_per_day=8, horizon=6, seed=4),
                 make_parcels(20, 2))
        for _ in range(2)
    ]  # fmt: skip
    assert (curves[0] == curves[1]).all()


def test_kaplan_meier_is_what_one_reckons_by_hand():
    slots = np.array([0, 1, 1, 2, 2])
    collected = np.array([True, True, False, True, False])
    told = fit_kaplan_meier(slots, collected, 3)
    assert told == pytest.approx([4 / 5, 4 / 5 * 3 / 4, 4 / 5 * 3 / 4 * 1 / 2])


def test_stays_that_contradict_themselves_are_refused():
    one = np.zeros(3, dtype=np.int64)
    with pytest.raises(BadStays, match="row 2: slots is -1"):
        make_stays(np.zeros((3, 1)), one, one, np.array([0, -1, 2]))
    with pytest.raises(BadStays, match="weekday has 2 rows, slots 3"):
        make_stays(np.zeros((3, 1)), one, one[:2], one)
    with pytest.raises(BadStays, match="it takes 200 stays"):
        fit_hazard(make_parcels(100, 1), slots_per_day=8, horizon=4, seed=1)


def test_a_count_of_the_past_does_not_know_its_own_day():
    recipient = np.array([7, 7, 7, 8, 7])
    day = np.array([1, 1, 2, 2, 5])
    failed = np.array([True, False, False, True, False])
    past = count_past(recipient, day, failed, np.array([4, 2, 1, 9, 0]), rate=0.1, mean_stay=2.0)
    assert past.deliveries.tolist() == [0, 0, 2, 0, 3]
    assert past.failures.tolist() == [0, 0, 1, 0, 1]
    assert past.same_day.tolist() == [2, 2, 1, 1, 1]
    assert past.days_since.tolist() == [99, 99, 1, 99, 3]
    assert past.last_failed.tolist() == [0, 0, 0.5, 0, 0]
    assert past.rate[0] == pytest.approx(0.1)
    assert past.rate[2] == pytest.approx((1 + 5 * 0.1) / 7)
    assert past.mean_stay[2] == pytest.approx((6 + 5 * 2.0) / 7)


def test_the_past_is_the_same_in_whatever_order_it_is_told():
    chance = np.random.default_rng(3)
    recipient, day = chance.integers(0, 20, 300), chance.integers(0, 50, 300)
    failed, slots = chance.random(300) < 0.2, chance.integers(0, 9, 300)
    told = count_past(recipient, day, failed, slots, rate=0.1, mean_stay=2.0).table()
    mixed = chance.permutation(300)
    again = count_past(
        recipient[mixed], day[mixed], failed[mixed], slots[mixed], rate=0.1, mean_stay=2.0
    ).table()
    assert np.allclose(told[mixed], again)


def test_trees_that_learn_nothing_do_not_ship():
    chance = np.random.default_rng(2)
    rate = np.clip(chance.beta(1, 10, 4_000), 0.001, 0.999)
    failed = chance.random(4_000) < rate
    # Columns that say nothing, beside a rate that says everything.
    found = fit_no_show(chance.random((4_000, 3)), rate, failed, 1)
    assert found.model is None
    assert "did not beat" in found.says


def test_scores_are_what_one_reckons_by_hand():
    chance, happened = np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, True, False, True])
    assert area_under_curve(chance, happened) == pytest.approx(3.5 / 4)
    told = deciles(np.linspace(0, 1, 100), np.arange(100) >= 50)
    assert [one.cases for one in told] == [10] * 10
    assert told[0].happened == 0
    assert told[9].happened == 1
