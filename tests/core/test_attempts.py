"""The rules of trying codes, one sentence each."""

import pytest

from restante.core import attempts as core
from restante.core.refusal import Reason
from restante.core.value import DAY, UtcSeconds
from tests.factories import NOON, after
from tests.scenario import Told, stories_of

attempts = stories_of(core.DECIDER)


def count(number: int, at: UtcSeconds = NOON, *keys: str, expected: int = 0) -> core.CountAttempt:
    return core.CountAttempt(
        at=at, attempt=f"t-{number}", keys=keys, expected_pickups_per_day=expected
    )


def prove(number: int, at: UtcSeconds = NOON) -> core.ProveAttempt:
    return core.ProveAttempt(at=at, attempt=f"t-{number}")


def tried(times: int, *keys: str, every_seconds: int = 1_000) -> Told:
    """Try wrong codes, slowly enough to wait out every pause."""
    commands = [count(n, after(n * every_seconds), *keys) for n in range(times)]
    return attempts.having(*commands)


# ── R1 ────────────────────────────────────────────────────────────────────────────────────────


def test_an_attempt_counts_before_its_verdict():
    told = attempts.when(count(1, NOON, "g-1")).then(
        core.AttemptCounted(at=NOON, attempt="t-1", keys=("g-1",))
    )
    assert told.state.by_key == {"g-1": 1}
    assert (told.state.in_row, told.state.in_day) == (1, 1)


def test_the_same_attempt_is_counted_once():
    tried(1).when(count(0)).then()


# ── R2 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_right_code_takes_back_its_own_count():
    told = (
        attempts.having(count(1, NOON, "g-1"))
        .when(prove(1))
        .then(core.AttemptProved(at=NOON, attempt="t-1"))
    )
    assert told.state.by_key == {}
    assert (told.state.in_row, told.state.in_day) == (0, 0)


def test_a_right_code_takes_back_one_wrong_try_and_not_all():
    told = tried(3, "g-1").having(count(9, after(9_000), "g-1"), prove(9, after(9_000)))
    assert told.state.by_key == {"g-1": 3}
    assert told.state.in_row == told.state.in_day == 3


def test_a_right_code_leaves_the_counts_of_others():
    told = tried(4, "g-1").having(count(9, after(9_000), "g-2"), prove(9, after(9_000)))
    assert told.state.by_key == {"g-1": 4}
    assert told.state.in_row == told.state.in_day == 4


def test_a_verdict_comes_once_and_for_the_last_attempt_only():
    told = tried(2, "g-1")
    told.when(prove(0)).then()
    told.having(prove(1)).when(prove(1)).then()
    assert told.given(core.AttemptProved(at=NOON, attempt="t-0")).state == told.state


def test_a_verdict_after_its_code_was_forgotten_takes_back_nothing():
    told = tried(1, "g-1", "g-2").having(core.ForgetAttempts(at=after(1), keys=("g-1",)))
    assert told.having(prove(0)).state.by_key == {}


def test_a_code_named_twice_counts_once():
    told = attempts.having(count(1, NOON, "g-1", "g-1"))
    assert told.state.by_key == {"g-1": 1}
    assert told.having(prove(1)).state.by_key == {}


# ── R3 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_code_is_closed_after_five_wrong_tries():
    assert core.closed_keys(tried(4, "g-1").state) == frozenset()
    assert core.closed_keys(tried(5, "g-1").state) == {"g-1"}


def test_a_code_that_no_longer_exists_is_forgotten():
    told = (
        tried(5, "g-1")
        .when(core.ForgetAttempts(at=NOON, keys=("g-1", "g-2")))
        .then(core.AttemptsForgotten(at=NOON, keys=("g-1",)))
    )
    assert core.closed_keys(told.state) == frozenset()
    told.when(core.ForgetAttempts(at=NOON, keys=("g-1",))).then()


# ── R4 ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("tries", "seconds"), [(4, 0), (5, 60), (6, 0), (10, 900), (15, 900)])
def test_wrong_tries_in_a_row_pause_the_locker(tries: int, seconds: int):
    told = tried(tries)
    assert core.pause_seconds(told.state, after((tries - 1) * 1_000)) == seconds


def test_nobody_types_during_a_pause():
    told = tried(5, every_seconds=0)
    told.when(count(9, after(59))).refuses(Reason.TOO_MANY_ATTEMPTS)
    told.when(count(9, after(60))).follows(core.AttemptCounted)


def test_a_right_code_as_the_fifth_begins_no_pause():
    told = tried(5, every_seconds=0).having(prove(4))
    assert core.pause_seconds(told.state, NOON) == 0


def test_a_right_code_does_not_end_a_pause_that_others_began():
    told = tried(5, every_seconds=0).having(count(9, after(60)), prove(9, after(60)))
    assert told.state.paused_until == after(60)
    assert told.state.in_row == 5


def test_a_new_day_begins_a_new_row():
    told = tried(4, every_seconds=0).having(count(9, after(DAY)))
    assert told.state.in_row == 1
    assert core.pause_seconds(told.state, after(DAY)) == 0


# ── R5 ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("expected", "tries"), [(0, 25), (259, 25), (260, 26), (1_000, 100)])
def test_a_site_takes_so_many_wrong_tries_a_day(expected: int, tries: int):
    assert core.site_attempts_max(expected) == tries


def test_typing_is_closed_when_the_budget_of_the_day_is_spent():
    told = tried(25)
    later = after(25 * 1_000)
    told.when(count(99, later)).refuses(Reason.TOO_MANY_ATTEMPTS)
    told.when(count(99, later, expected=260)).follows(core.AttemptCounted)
    tomorrow = told.having(count(99, after(DAY)))
    assert tomorrow.state.in_day == 1


# ── R6 ────────────────────────────────────────────────────────────────────────────────────────


def test_setting_the_clock_back_frees_nobody():
    paused = tried(5, every_seconds=0)
    paused.when(count(9, after(-DAY))).refuses(Reason.TOO_MANY_ATTEMPTS)
    assert core.pause_seconds(paused.state, after(-DAY)) == 60
    spent = tried(25)
    spent.when(count(99, after(-DAY))).refuses(Reason.TOO_MANY_ATTEMPTS)
    assert tried(4).having(count(9, after(-DAY))).state.in_row == 5
