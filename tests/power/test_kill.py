"""A program killed at any named point keeps what it has told, and pulses no lock twice."""

import pytest

from tests.power.kills import OURS, kill_at, points_in_the_source

EDGE = (
    "edge.before_intent",
    "edge.after_intent",
    "edge.after_pulse",
    "edge.after_result",
    "edge.after_attempt",
    "edge.after_list",
    "edge.after_watermark",
)
KILLS = 12
SEEDS_MAX = 60
"""More than enough stories: the rarest point took 17."""


def test_every_point_named_in_the_source_has_its_kill() -> None:
    assert points_in_the_source() == set(EDGE)


@pytest.mark.parametrize("point", [*EDGE, *OURS])
def test_a_kill_loses_nothing_and_pulses_nothing_twice(point: str) -> None:
    assert kill_at(point, 2, seed=1) == []


@pytest.mark.slow
@pytest.mark.parametrize("point", [*EDGE, *OURS])
def test_kills_at_many_moments_lose_nothing(point: str) -> None:
    moments: list[int] = []
    nth = 1
    for seed in range(SEEDS_MAX):
        try:
            broken = kill_at(point, nth, seed)
        except LookupError:
            # A story passes some points twenty times and others twice: from the first one again.
            nth = 1
            continue
        assert not broken, f"{point}, moment {nth}, seed {seed}: {broken}"
        moments.append(nth)
        nth += 1
        if len(moments) == KILLS:
            break
    print(f"{point}: {len(moments)} kills in {seed + 1} stories, moments 1 to {max(moments)}")
    assert len(moments) == KILLS
