"""A killed centre or database loses nothing it acknowledged and does nothing twice."""

import os
from collections import Counter
from time import monotonic

import pytest

from tests.crash.kills_under_load import VICTIMS, play, say_kills
from tests.crash.plants import PLANTS, SHOWS_AS, VICTIMS_OF

ROUNDS = 200
ROUNDS_PER_STORY = 20
FIRST_SEED = int(os.environ.get("CRASH_SEED", "0"))
"""A campaign that was cut short goes on from the seed it printed last."""

PLANT_ROUNDS = 5
PLANT_STORIES_MAX = 4
"""A planted fault may survive so many stories of so many kills."""


def test_a_kill_of_each_kind_under_load_loses_nothing_and_does_nothing_twice() -> None:
    outcome = play(seed=4, rounds=5)
    print(outcome)
    assert not outcome.found.broken
    assert set(outcome.killed) == set(VICTIMS)
    assert outcome.killed.total() == 5
    assert outcome.acknowledged > 30


@pytest.mark.slow
def test_two_hundred_kills_under_load_lose_nothing_and_do_nothing_twice() -> None:
    began = monotonic()
    killed: Counter[str] = Counter()
    acknowledged = facts = 0
    for seed in range(FIRST_SEED, ROUNDS // ROUNDS_PER_STORY):
        outcome = play(seed, ROUNDS_PER_STORY)
        print(outcome, flush=True)
        assert not outcome.found.broken, f"{outcome}\n" + "\n".join(outcome.found.broken)
        killed += outcome.killed
        acknowledged += outcome.acknowledged
        facts += outcome.found.facts
    print(
        f"{killed.total()} kills ({say_kills(killed)}) from seed {FIRST_SEED}: {acknowledged} "
        f"acknowledged, 0 lost, 0 twice, verify sound ({facts} facts), {monotonic() - began:.0f} s"
    )
    assert killed.total() == ROUNDS - FIRST_SEED * ROUNDS_PER_STORY


@pytest.mark.slow
def test_every_planted_fault_is_found_and_none_where_there_is_none() -> None:
    lines, found = [], set()
    for name in PLANTS:
        began = monotonic()
        for seed in range(PLANT_STORIES_MAX):
            outcome = play(seed, PLANT_ROUNDS, fault=name, who=VICTIMS_OF.get(name, VICTIMS))
            seen = [one for one in outcome.found.broken if SHOWS_AS[name] in one]
            if seen:
                found.add(name)
                lines.append(f"{name}: seed {seed}, {monotonic() - began:.0f} s: {seen[0]}")
                break
        else:
            lines.append(f"{name}: NOT FOUND in {PLANT_STORIES_MAX} stories")
        print(lines[-1], flush=True)
    clean = play(PLANT_STORIES_MAX, PLANT_ROUNDS)
    print(f"{len(found)} of {len(PLANTS)} found; none planted: {len(clean.found.broken)} findings")
    assert found == set(PLANTS), lines
    assert len(PLANTS) == 5
    assert not clean.found.broken
