"""A disk that is full or broken: doors stay shut, words are clear, nothing told is lost."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.power.cuts import MOUNTED_SECONDS_MAX, can_mount, mounted
from tests.power.fullness import Trial, try_failing_calls, try_failures
from tests.power.fuse import FAILING

WAYS = ("write:{}:4:ENOSPC", "write:{}:3:EIO", "fsync:{}:1:EIO", "fsync:{}:2:ENOSPC")
CALLS_MAX = 200


Fail: TypeAlias = Callable[[str, range], list[Trial]]
"""Lets calls fail one after the other, each in a life of its own."""


@pytest.fixture
def calls_that_fail(tmp_path: Path) -> Fail:
    """Give a disk of this machine, to which calls do not get through."""
    return partial(try_failing_calls, tmp_path)


@pytest.fixture
def fail(tmp_path: Path, calls_that_fail: Fail, request: pytest.FixtureRequest) -> Iterator[Fail]:
    """Give a disk of our own where one can be mounted."""
    if not can_mount():
        yield calls_that_fail
        return
    is_slow = request.node.get_closest_marker("slow") is not None
    with mounted(tmp_path, seconds=1_800 if is_slow else MOUNTED_SECONDS_MAX) as mount:

        def arm(failing: str) -> None:
            with (mount / FAILING).open("wb", buffering=0) as switch:
                switch.write(failing.encode() + b"\n")

        yield partial(try_failures, mount, arm)


def fail_each(fail: Fail, way: str, calls: range) -> Counter[str]:
    """Fail one call after the other; how the lives ended."""
    ends: Counter[str] = Counter()
    for call, trial in zip(calls, fail(way, calls), strict=True):
        assert not trial.broken, f"{way.format(call)}: {trial.broken}"
        ends[trial.ended] += 1
        if not trial.was_reached:
            ends["unnoticed"] += 1
    print(way, dict(ends))
    return ends


@pytest.mark.parametrize("way", WAYS)
def test_a_locker_whose_disk_fails_keeps_doors_shut_and_loses_nothing(fail: Fail, way: str) -> None:
    # A life has some hundred writes and a fsync for each commit.
    calls = range(1, 60, 10) if way.startswith("write") else range(1, 13, 2)
    assert not fail_each(fail, way, calls)["unnoticed"]


@pytest.mark.parametrize("way", [WAYS[0], WAYS[2]])
def test_calls_that_fail_show_the_same_as_a_disk_of_our_own(
    calls_that_fail: Fail, way: str
) -> None:
    ends = fail_each(calls_that_fail, way, range(1, 8, 3))
    assert not ends["unnoticed"]


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_every_one_of_the_first_two_hundred_calls_may_fail(fail: Fail, way: str) -> None:
    ends = fail_each(fail, way, range(1, CALLS_MAX + 1))
    assert ends["well"] + ends["damaged"] == CALLS_MAX
