"""A disk that is full or broken: doors stay shut, words are clear, nothing told is lost."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.power.cuts import can_mount, mounted
from tests.power.fullness import try_failure
from tests.power.fuse import FAILING
from tests.power.syscalls import FailingCalls

WAYS = ("write:{}:4:ENOSPC", "write:{}:3:EIO", "fsync:{}:1:EIO", "fsync:{}:2:ENOSPC")
CALLS_MAX = 200


class Disk(NamedTuple):
    """A disk and its switch."""

    path: Path
    arm: Callable[[str], None]


@pytest.fixture
def calls_that_fail(tmp_path: Path) -> Iterator[Disk]:
    """Give a disk of this machine, to which calls do not get through."""
    failing = FailingCalls()
    yield Disk(tmp_path, failing.arm)
    failing.arm("")


@pytest.fixture
def disk(tmp_path: Path, calls_that_fail: Disk) -> Iterator[Disk]:
    """Give a disk of our own where one can be mounted."""
    if not can_mount():
        yield calls_that_fail
        return
    with mounted(tmp_path) as mount:

        def arm(failing: str) -> None:
            with (mount / FAILING).open("wb", buffering=0) as switch:
                switch.write(failing.encode() + b"\n")

        yield Disk(mount, arm)


def fail_each(disk: Disk, way: str, calls: range) -> Counter[str]:
    """Fail one call after the other, each in a life of its own; how they ended."""
    ends: Counter[str] = Counter()
    for call in calls:
        name = f"{way.replace(':', '-')}-{call}.sqlite".replace("{}", "")
        trial = try_failure(disk.path / name, disk.arm, way.format(call))
        assert not trial.broken, f"{way.format(call)}: {trial.broken}"
        ends[trial.ended] += 1
        if not trial.was_reached:
            ends["unnoticed"] += 1
    print(way, dict(ends))
    return ends


@pytest.mark.parametrize("way", WAYS)
def test_a_locker_whose_disk_fails_keeps_doors_shut_and_loses_nothing(disk: Disk, way: str) -> None:
    # A life has some hundred writes and a fsync for each commit.
    calls = range(1, 60, 10) if way.startswith("write") else range(1, 13, 2)
    assert not fail_each(disk, way, calls)["unnoticed"]


@pytest.mark.parametrize("way", [WAYS[0], WAYS[2]])
def test_calls_that_fail_show_the_same_as_a_disk_of_our_own(
    calls_that_fail: Disk, way: str
) -> None:
    ends = fail_each(calls_that_fail, way, range(1, 8, 3))
    assert not ends["unnoticed"]


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_every_one_of_the_first_two_hundred_calls_may_fail(disk: Disk, way: str) -> None:
    ends = fail_each(disk, way, range(1, CALLS_MAX + 1))
    assert ends["well"] + ends["damaged"] == CALLS_MAX
