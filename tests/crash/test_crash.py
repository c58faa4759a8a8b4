"""A killed centre or database loses nothing it acknowledged and does nothing twice."""

import os
from collections import Counter
from time import monotonic

import pytest

from tests.crash.kills_under_load import VICTIMS, play
from tests.crash.plants import PLANTS, VICTIMS_OF

ROUNDS = 200
ROUNDS_PER_STORY = 10
FIRST_SEED = int(os.environ.get("CRASH_SEED", "0"))
"""A campaign that was cut short goes on from the seed it printed last."""

STORIES_MAX = 4
"""Stories a planted fault may survive."""


def test_five_kills_under_load_lose_nothing_and_do_nothing_twice() -> None:
    outcome = play(seed=4, rounds=5)
    print(outcome)
    assert not outcome.broken
    assert outcome.killed.total() == 5
    assert set(outcome.killed) == set(VICTIMS)
    assert outcome.acknowledged > 50


@pytest.mark.slow
def test_two_hundred_kills_under_load_lose_nothing_and_do_nothing_twice() -> None:
    killed: Counter[str] = Counter()
    acknowledged = 0
    for seed in range(FIRST_SEED, ROUNDS // ROUNDS_PER_STORY):
        outcome = play(seed, ROUNDS_PER_STORY)
        print(outcome, flush=True)
        assert not outcome.broken, f"{outcome}\n" + "\n".join(outcome.broken)
        killed += outcome.killed
        acknowledged += outcome.acknowledged
    print(f"{killed.total()} kills ({dict(killed)}), {acknowledged} acknowledged, 0 lost")
    assert killed.total() == ROUNDS - FIRST_SEED * ROUNDS_PER_STORY


@pytest.mark.slow
def test_every_planted_fault_is_found_and_none_where_there_is_none() -> None:
    lines, found = [], set()
    for name in PLANTS:
        began = monotonic()
        for seed in range(STORIES_MAX):
            outcome = play(seed, 4, fault=name, who=VICTIMS_OF.get(name, VICTIMS))
            if outcome.broken:
                found.add(name)
                spent = monotonic() - began
                lines.append(f"{name}: seed {seed}, {spent:.0f} s: {outcome.broken[0]}")
                break
        else:
            lines.append(f"{name}: NOT FOUND in {STORIES_MAX} stories")
    clean = play(STORIES_MAX, 4)
    lines.append(f"{len(found)} of {len(PLANTS)} found; none planted: {len(clean.broken)} findings")
    print("\n".join(lines))
    assert found == set(PLANTS)
    assert len(PLANTS) == 5
    assert not clean.broken
