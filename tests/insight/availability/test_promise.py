"""Promises of room: right where truth can be reckoned, better than habit where it cannot."""

import numpy as np
import pytest

from restante.bench.forecast.generated import STEPS_PER_DAY, watch
from restante.insight.availability import BadSites, Calibration, Sites, calibrate, promise
from restante.insight.availability.calibration import judge


def one_site(room: tuple[int, ...], inside: int = 0, rate: float = 0.0, stay: float = 1.0) -> Sites:
    """A site where as many are inside for sure in the smallest size, and some more are expected."""
    sizes, steps = len(room), 3
    return Sites(
        room=np.array([room]),
        site_of=np.zeros(inside, dtype=np.int64),
        size_of=np.zeros(inside, dtype=np.int64),
        there=np.full((inside, steps), stay),
        rate=np.full((1, sizes, steps), rate),
        survival=np.triu(np.ones((steps, steps))),
        dispersion=np.zeros(1),
    )


def test_an_empty_site_has_room_and_a_full_one_has_none():
    assert promise(one_site((5, 3))).min() > 0.999
    assert promise(one_site((5,), inside=5)).max() < 0.02
    assert promise(one_site((0, 0))).max() == 0


def test_a_small_parcel_takes_a_large_compartment_when_no_small_one_is_free():
    found = promise(one_site((5, 3), inside=5))
    assert found[0, 0].min() > 0.98
    assert found[0, 1].min() > 0.98


def test_the_chance_of_parcels_inside_is_near_the_exact_one():
    from scipy.stats import binom

    for stay in (0.3, 0.6, 0.9):
        told = promise(one_site((20,), inside=20, stay=stay))[0, 0, 0]
        assert told == pytest.approx(binom.cdf(19, 20, stay), abs=0.02)


def test_the_chance_of_parcels_to_come_is_near_the_exact_one():
    from scipy.stats import poisson

    for rate in (2.0, 5.0, 8.0, 12.0):
        told = promise(one_site((8,), rate=rate))[0, 0, 0]
        assert told == pytest.approx(poisson.cdf(7, rate), abs=0.02)


def test_more_room_never_makes_a_promise_worse():
    chance = np.random.default_rng(1)
    base = one_site((6, 4), inside=4, rate=1.5)
    for _ in range(20):
        rate = chance.uniform(0, 4, base.rate.shape)
        before = promise(base._replace(rate=rate))
        more = promise(base._replace(rate=rate, room=base.room + np.array([1, 0])))
        assert (more >= before - 0.01).all()


def test_parcels_of_other_sites_do_not_matter():
    one, other = one_site((5, 3), inside=4, rate=0.5), one_site((2, 1), inside=2, rate=2.0)
    both = Sites(
        np.concatenate([one.room, other.room]),
        np.concatenate([one.site_of, other.site_of + 1]),
        np.concatenate([one.size_of, other.size_of]),
        np.concatenate([one.there, other.there]),
        np.concatenate([one.rate, other.rate]),
        one.survival,
        np.zeros(2),
    )
    found = promise(both)
    assert np.allclose(found[0], promise(one)[0])
    assert np.allclose(found[1], promise(other)[0])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rate": np.full((1, 1, 3), -1.0)}, "negative"),
        ({"rate": np.full((1, 1, 3), np.nan)}, "no number"),
        ({"survival": np.ones(3)}, "survival is"),
        ({"there": np.full((2, 3), 1.5)}, "between 0 and 1"),
    ],
)
def test_what_contradicts_itself_is_refused(change: dict, says: str):
    with pytest.raises(BadSites, match=says):
        promise(one_site((5,), inside=2)._replace(**change))


def test_promises_are_better_than_habit_and_as_sure_as_they_say():
    looks = watch(sites=16, days=49)
    told = [promise(one.sites) for one in looks]
    half = len(looks) // 2
    curve = calibrate(
        np.concatenate([one.ravel() for one in told[:half]]),
        np.concatenate([one.had_room.ravel() for one in looks[:half]]),
    )
    # Habit: how often there was room at this site, size and hour of the day, in the first half.
    rooms = np.stack([one.had_room for one in looks[:half]]).mean(0)
    habit = (rooms[..., :STEPS_PER_DAY] + rooms[..., STEPS_PER_DAY:]) / 2
    habit = np.concatenate([habit, habit], axis=2)
    found = judge(
        np.concatenate([curve.correct(one).ravel() for one in told[half:]]),
        np.concatenate([one.had_room.ravel() for one in looks[half:]]),
        np.concatenate([habit.ravel() for _ in looks[half:]]),
    )
    assert found.ships
    assert found.skill > 0.05
    believed = [one for one in found.curve if one.cases >= 500]
    assert len(believed) >= 5
    for one in believed:
        assert abs(one.told - one.happened) < 0.1, one


def test_a_curve_rises_and_never_says_certain():
    chance = np.random.default_rng(2).random(5_000)
    happened = np.random.default_rng(3).random(5_000) < chance**2
    curve = calibrate(chance, happened)
    told = curve.correct(np.linspace(0, 1, 101))
    assert (np.diff(told) >= 0).all()
    assert told[0] > 0
    assert told[-1] < 1
    assert abs(curve.correct(np.array([0.5]))[0] - 0.25) < 0.05


def test_few_cases_change_nothing():
    curve = calibrate(np.array([0.2, 0.8]), np.array([True, False]))
    assert isinstance(curve, Calibration)
    assert curve.correct(np.array([0.3]))[0] == pytest.approx(0.3)
