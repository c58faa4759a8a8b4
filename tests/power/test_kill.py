"""A program killed at any named point keeps what it has told, and pulses no lock twice."""

from collections.abc import Iterator

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
SEEDS_MAX = 20


def test_every_point_named_in_the_source_has_its_kill() -> None:
    assert points_in_the_source() == set(EDGE)


@pytest.mark.parametrize("point", [*EDGE, *OURS])
def test_a_kill_loses_nothing_and_pulses_nothing_twice(point: str) -> None:
    assert kill_at(point, 2, seed=1) == []


@pytest.mark.slow
@pytest.mark.parametrize("point", [*EDGE, *OURS])
def test_kills_at_many_moments_lose_nothing(point: str) -> None:
    kills = 0
    for seed, nth in moments():
        try:
            broken = kill_at(point, nth, seed)
        except LookupError:
            continue
        assert not broken, f"{point}, moment {nth}, seed {seed}: {broken}"
        kills += 1
    print(f"{point}: {kills} kills")
    assert kills >= SEEDS_MAX // 2


def moments() -> Iterator[tuple[int, int]]:
    """Later and later moments in story after story."""
    for seed in range(SEEDS_MAX):
        yield seed, 1 + seed * 3 // 4
