"""Kill a primary under load, let its standby take over, and count what was told and is gone.

``python -m tests.failover.takeover SEED [--asynchronous] [--times N]`` plays one story once more.
"""

import argparse
import os
import signal
import sys
from collections import Counter
from random import Random
from threading import Event
from time import monotonic
from typing import NamedTuple

from tests.crash.checks import Findings, check_left, find_lost, read_left
from tests.crash.kills_under_load import LOCKERS, Network, network, wait_for_work
from tests.crash.load import Load, Told
from tests.crash.servers import Node, name_synchronous, primary_and_standby, wait_for_standby
from tests.programs import Overdue


class Takeover(NamedTuple):
    """What one came to."""

    is_held: bool
    """Whether the line to the standby stood still before the primary died."""
    acknowledged: int
    """So far."""
    lost: int
    lost_seconds: float
    """How old the oldest acknowledgement was that is gone, when the primary died."""
    outage_seconds: float
    """From the kill to the next acknowledgement, promotion included."""

    def __str__(self) -> str:
        line = "line held" if self.is_held else "line open"
        return (
            f"{line}, {self.lost} of {self.acknowledged} acknowledged lost (the oldest "
            f"{self.lost_seconds * 1000:.0f} ms before), outage {self.outage_seconds:.1f} s"
        )


class Story(NamedTuple):
    """Some takeovers, one after another, of one network that goes on all the while."""

    seed: int
    takeovers: list[Takeover]
    acknowledged: int
    slowest_answer_seconds: float
    answers: Counter[str]
    found: Findings | None
    """In the end; not looked at after a loss."""
    seconds: float

    @property
    def lost(self) -> int:
        """How much was acknowledged and is gone."""
        return sum(one.lost for one in self.takeovers)

    @property
    def broken(self) -> list[str]:
        """What must not be where nothing may be lost."""
        lost = [f"takeover {n}: {one}" for n, one in enumerate(self.takeovers) if one.lost]
        return lost if self.found is None else [*lost, *self.found.broken]

    def __str__(self) -> str:
        lines = [f"  {n}: {one}" for n, one in enumerate(self.takeovers)]
        end = "" if self.found is None else f", in the end {self.found}"
        return "\n".join(
            (
                f"seed {self.seed}: {len(self.takeovers)} takeovers, {self.acknowledged} "
                f"acknowledged, slowest answer {self.slowest_answer_seconds:.1f} s, answers "
                f"{dict(self.answers)}{end}, {self.seconds:.0f} s",
                *lines,
            )
        )


def fail_over(seed: int, *, is_synchronous: bool, times: int = 1) -> Story:
    """Let the standby take over, make the lost server its standby, and so on.

    After a loss the story ends: what was told and what is there differ from then on.
    """
    began = monotonic()
    chance = Random(seed)
    takeovers: list[Takeover] = []
    found = None
    with (
        primary_and_standby(is_synchronous=is_synchronous) as (first, second, address),
        network(address) as net,
    ):
        primary, standby = first, second
        load = Load(net.ways, net.keys, LOCKERS, seed)
        load.start()
        try:
            for n in range(times):
                if n:
                    _rebuild(primary, standby, is_synchronous=is_synchronous)
                    primary, standby = standby, primary
                is_held = bool((seed + n) % 2)
                takeovers.append(_take_over(primary, standby, load.told, chance, is_held=is_held))
                if takeovers[-1].lost:
                    break
        except Overdue as error:
            load.told.broken.append(str(error))
        finally:
            load.stop()
        for centre in net.centres:
            centre.kill()
        told = load.told
        if not any(one.lost for one in takeovers):
            found = _look(told, standby, net)
    return Story(
        seed,
        takeovers,
        told.count,
        told.slowest_seconds,
        told.answers,
        found,
        monotonic() - began,
    )


def _take_over(
    primary: Node, standby: Node, told: Told, chance: Random, *, is_held: bool
) -> Takeover:
    wait_for_work(told, chance.randint(20, 60))
    Event().wait(chance.random() * 0.2)
    if is_held:
        hold_line(primary)
        # Time for what is told without the standby; where commits wait for it, nothing is.
        told.wait_for(told.count + chance.randint(1, 8), 1.0)
    died = monotonic()
    primary.kill()
    standby.promote()
    wait_for_work(told, 1)
    outage = monotonic() - died
    then = told.snapshot()
    lost = find_lost(then, read_left(standby.address))
    # An answer on its way at the kill may be read after it: it was told just then.
    ages = [max(0.0, died - then.moments[one]) for one in lost]
    return Takeover(is_held, then.count, len(lost), max(ages, default=0.0), outage)


def _rebuild(standby: Node, primary: Node, *, is_synchronous: bool) -> None:
    standby.follow(primary)
    standby.start()
    wait_for_standby(primary)
    if is_synchronous:
        name_synchronous(primary)


def _look(told: Told, primary: Node, net: Network) -> Findings:
    return check_left(told, primary.address, net.data, net.receivers.received)


def hold_line(primary: Node) -> None:
    """Let nothing more reach a standby, which does not notice for some seconds."""
    for (pid,) in primary.do("SELECT pid FROM pg_stat_replication"):
        os.kill(int(str(pid)), signal.SIGSTOP)


def main() -> int:
    """Say what came of it; 1 when something is broken."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("seed", type=int)
    options.add_argument("--asynchronous", action="store_true")
    options.add_argument("--times", type=int, default=1)
    chosen = options.parse_args()
    story = fail_over(chosen.seed, is_synchronous=not chosen.asynchronous, times=chosen.times)
    print(story, *story.broken, sep="\n  ")
    return 1 if story.broken else 0


if __name__ == "__main__":
    sys.exit(main())
