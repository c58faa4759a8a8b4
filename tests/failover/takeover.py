"""Kill a primary under load, let its standby take over, and count what was told and is gone.

``python -m tests.failover.takeover SEED [--asynchronous]`` plays one failover once more.
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

from tests.crash.checks import check_left, find_lost, read_left
from tests.crash.kills_under_load import LOCKERS, network
from tests.crash.load import Load
from tests.crash.servers import Node, primary_and_standby

TAKE_OVER_SECONDS_MAX = 40
STILL_SECONDS = 0.4
"""How long the line to the standby stands still before the primary dies, every second time."""


class Failover(NamedTuple):
    """What one came to."""

    seed: int
    acknowledged: int
    lost: int
    lost_seconds: float
    """How old the oldest acknowledgement was that is gone."""
    outage_seconds: float
    """From the kill to the next acknowledgement, promotion included."""
    slowest_answer_seconds: float
    answers: Counter[str]
    broken: list[str]

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.lost} of {self.acknowledged} acknowledged lost "
            f"({self.lost_seconds:.2f} s), outage {self.outage_seconds:.1f} s, slowest answer "
            f"{self.slowest_answer_seconds:.1f} s, answers {dict(self.answers)}: "
            f"{self.broken[0] if self.broken else 'nothing is broken'}"
        )


def fail_over(seed: int, *, is_synchronous: bool) -> Failover:
    """Play one failover; in asynchronous mode only what is lost is looked at."""
    chance = Random(seed)
    with (
        primary_and_standby(is_synchronous=is_synchronous) as (primary, standby, address),
        network(address) as net,
    ):
        load = Load([one.way for one in net.centres], net.keys, LOCKERS, seed)
        told = load.told
        load.start()
        if not told.wait_for(chance.randint(40, 120), TAKE_OVER_SECONDS_MAX):
            raise TimeoutError("the load did not begin")
        Event().wait(chance.random() * 0.2)
        if seed % 2:
            _hold_line(primary)
            Event().wait(STILL_SECONDS)
        died = monotonic()
        primary.kill()
        standby.promote()
        if not told.wait_for(told.count + 1, TAKE_OVER_SECONDS_MAX):
            told.broken.append(f"nobody was served within {TAKE_OVER_SECONDS_MAX} s")
        outage = monotonic() - died
        told.wait_for(told.count + 30, TAKE_OVER_SECONDS_MAX if is_synchronous else 5)
        load.stop()
        for centre in net.centres:
            centre.kill()
        lost = find_lost(told, read_left(standby.address))
        ages = [died - told.moments[one] for one in lost]
        broken = check_left(told, standby.address, net.data) if is_synchronous else told.broken
    return Failover(
        seed,
        told.count,
        len(lost),
        max(ages, default=0.0),
        outage,
        told.slowest_seconds,
        told.answers,
        broken,
    )


def _hold_line(primary: Node) -> None:
    for (pid,) in primary.do("SELECT pid FROM pg_stat_replication"):
        os.kill(int(str(pid)), signal.SIGSTOP)


def main() -> int:
    """Say what came of it; 1 when something is broken."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("seed", type=int)
    options.add_argument("--asynchronous", action="store_true")
    chosen = options.parse_args()
    outcome = fail_over(chosen.seed, is_synchronous=not chosen.asynchronous)
    print(outcome, *outcome.broken, sep="\n  ")
    return 1 if outcome.broken else 0


if __name__ == "__main__":
    sys.exit(main())
