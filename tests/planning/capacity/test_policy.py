"""Prices of room accept nearly what hindsight would, say why, and are never below best-fit."""

import msgspec
import numpy as np
import pytest

from restante.bench.capacity.policies import SHAPE, draw_weeks
from restante.planning.capacity import BadProblem
from restante.planning.capacity.admission import (
    BEST_FIT,
    FIRST_FIT,
    PROTECTED,
    decide_by,
    decide_simply,
)
from restante.planning.capacity.hindsight import best_in_hindsight
from restante.planning.capacity.history import History, Shape, draw_history, shape_of
from restante.planning.capacity.policy import Inside, Policy, Why, judge, lay_out
from restante.planning.capacity.promises import Quota, bookable, has_quota, overflow_risk
from restante.planning.capacity.training import train
from tests.planning.capacity.towns import make_town

LOG_SD = 0.7
"""Error of a forecast as measured on real deliveries."""


@pytest.fixture(scope="module")
def policy() -> Policy:
    return train([draw_weeks(n, 1.5, 21, LOG_SD) for n in range(4)], SHAPE, name="test")


def first_days(history: History, days: int) -> History:
    count = int(np.searchsorted(history.at_h, days * 24.0))
    return History(*(column[:count] for column in history))


def test_policy_accepts_far_more_than_best_fit_and_nearly_what_hindsight_does(
    policy: Policy,
) -> None:
    tests = [draw_weeks(1_000 + n, 1.5, 28, LOG_SD) for n in range(4)]
    ours = np.array([decide_by(policy, one, SHAPE).accepted for one in tests])
    best = np.array([decide_simply(BEST_FIT, one, SHAPE).accepted for one in tests])
    most = np.array([best_in_hindsight(one, SHAPE).accepted / len(one) for one in tests])
    assert (ours > best + 0.02).all()
    assert (ours < most).all()
    assert (ours / most).mean() > 0.90


def test_program_in_words_decides_as_the_compiled_one(policy: Policy) -> None:
    history = first_days(draw_weeks(77, 1.5, 28, LOG_SD), 9)
    given = decide_by(policy, history, SHAPE).given
    tables = lay_out(policy)
    inside: list[tuple[float, float, int, int]] = []
    seen = set()
    for n in range(len(history)):
        now = float(history.at_h[n])
        inside = [one for one in inside if one[1] > now]
        fits = np.array([k for k in range(3) if SHAPE.masks[history.of_class[n]] >> k & 1])
        said = judge(
            policy, tables, hour_of_week=now % 168, goes_into=fits, value=1.0,
            expected_h=float(history.expected_h[n]), room=SHAPE.room,
            inside=[Inside(kind, of, now - since) for since, _, kind, of in inside],
        )  # fmt: skip
        chosen = -1 if said.kind is None else policy.kinds.index(said.kind)
        assert chosen == given[n], (n, said)
        assert said.says
        seen.add(said.why)
        if chosen >= 0:
            of = policy.class_of(float(history.expected_h[n]))
            inside.append((now, now + float(history.stay_h[n]), chosen, of))
    assert {Why.FITS_AND_IS_WORTH_IT, Why.WORTH_MORE_TO_OTHERS} <= seen


def test_refusal_says_what_to_offer_instead(policy: Policy) -> None:
    tables = lay_out(policy)
    crowd = [Inside(0, 19, 1.0)] * 19 + [Inside(1, 19, 1.0)] * 29 + [Inside(2, 19, 1.0)] * 9
    said = judge(
        policy, tables, hour_of_week=9.5, goes_into=np.array([0, 1, 2]), value=1.0,
        expected_h=200.0, room=SHAPE.room, inside=crowd,
    )  # fmt: skip
    assert said.kind is None
    assert said.why is Why.WORTH_MORE_TO_OTHERS
    assert "neighbour" in said.says and "later visit" in said.says


def test_policy_explains_what_an_hour_is_worth_and_comes_back_from_json(policy: Policy) -> None:
    assert Policy.from_json(policy.to_json()) == policy
    hour = max(range(168), key=lambda h: policy.bids[h][0])
    says = policy.explain(hour, "S")
    assert says.startswith("a compartment S is worth 0.") and " per hour at " in says


def test_table_of_another_version_is_refused(policy: Policy) -> None:
    with pytest.raises(BadProblem, match="train it again"):
        msgspec.structs.replace(policy, version=99)


def test_policy_learnt_where_there_is_always_room_is_best_fit() -> None:
    roomy = Shape(np.array([200, 200, 200]), SHAPE.masks, SHAPE.values, SHAPE.kinds)
    weeks = [draw_weeks(3, 0.9, 14, LOG_SD)]
    made = train(weeks, roomy)
    assert made.strength == 0.0
    again = draw_weeks(4, 0.9, 14, LOG_SD)
    simple = decide_simply(BEST_FIT, again, roomy)
    assert np.array_equal(decide_by(made, again, roomy).given, simple.given)


def test_too_few_parcels_to_learn_from_are_refused() -> None:
    with pytest.raises(BadProblem, match="too few"):
        train([first_days(draw_weeks(1, 0.9, 7, LOG_SD), 2)], SHAPE)


def test_hindsight_is_exact_on_small_weeks() -> None:
    tiny = Shape(np.array([2, 1]), np.array([3, 2]), np.array([1.0, 1.6]), ("S", "L"))
    dice = np.random.default_rng(1)
    for _ in range(8):
        at = np.sort(dice.uniform(0, 20, 8))
        stays = dice.uniform(2, 12, 8)
        history = History(at, dice.integers(0, 2, 8), stays, stays)
        found = best_in_hindsight(history, tiny, whole=True).value
        assert found == pytest.approx(best_by_trying(history, tiny))
        assert best_in_hindsight(history, tiny).value >= found - 1e-9


def best_by_trying(history: History, shape: Shape) -> float:
    """Try every choice for every parcel."""

    def go(n: int, inside: tuple[tuple[float, int], ...]) -> float:
        if n == len(history):
            return 0.0
        now = float(history.at_h[n])
        here = tuple(one for one in inside if one[0] > now)
        best = go(n + 1, here)
        for kind in range(len(shape.room)):
            fits = shape.masks[history.of_class[n]] >> kind & 1
            if fits and sum(one[1] == kind for one in here) < shape.room[kind]:
                leaves = now + float(history.stay_h[n])
                worth = float(shape.values[history.of_class[n]])
                best = max(best, worth + go(n + 1, (*here, (leaves, kind))))
        return best

    return go(0, ())


def test_simple_rules_keep_to_the_room_and_protected_kinds_stay_free() -> None:
    history = draw_weeks(5, 1.5, 14, LOG_SD)
    first = decide_simply(FIRST_FIT, history, SHAPE, seed=1).accepted
    best = decide_simply(BEST_FIT, history, SHAPE).accepted
    assert first < best
    everything = np.full((168, 3), 1_000)
    kept = decide_simply(PROTECTED, history, SHAPE, protected=everything)
    is_in = kept.given >= 0
    own = np.array([int(mask & -mask).bit_length() - 1 for mask in SHAPE.masks])
    assert (kept.given[is_in] == own[history.of_class[is_in]]).all()


def test_history_of_a_site_is_that_of_all_who_want_in() -> None:
    town = make_town(load=3.0)
    history = draw_history(town, "site-2", weeks=3, seed=1, forecast_log_sd=0.5)
    shape = shape_of(town, "site-2")
    assert len(history) > 500
    assert (history.stay_h > 0).all() and (np.diff(history.at_h) >= 0).all()
    errors = np.log(history.expected_h / history.stay_h)
    assert errors.std() == pytest.approx(0.5, rel=0.1)
    assert decide_simply(BEST_FIT, history, shape).accepted < 0.9


def test_booking_beyond_the_room_keeps_to_the_stated_risk() -> None:
    count = bookable(70, no_show_share=0.10, risk=0.01)
    assert count > 70
    assert overflow_risk(70, count, no_show_share=0.10) <= 0.01
    assert overflow_risk(70, count + 1, no_show_share=0.10) > 0.01
    assert bookable(70, no_show_share=0.0, risk=0.01) == 70
    shown = np.random.default_rng(1).binomial(count, 0.9, 200_000)
    assert (shown > 70).mean() <= 0.012


def test_guaranteed_room_of_a_partner_is_kept_for_it() -> None:
    quotas = (Quota(partner="blitz", share=0.5), Quota(partner="nord", share=0.2))
    booked = {"blitz": 0, "nord": 0, "other": 3}
    assert not has_quota(booked, "other", quotas, bookable_count=10)
    assert has_quota(booked, "blitz", quotas, bookable_count=10)
    assert has_quota({"blitz": 5, "other": 2}, "blitz", quotas, bookable_count=10)
    assert not has_quota({"blitz": 5, "other": 3}, "blitz", quotas, bookable_count=10)
    with pytest.raises(BadProblem, match="at most 1"):
        has_quota({}, "a", (Quota(partner="a", share=0.8), Quota(partner="b", share=0.4)),
                  bookable_count=10)  # fmt: skip
