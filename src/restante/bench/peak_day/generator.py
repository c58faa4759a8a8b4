"""The load, in a process of its own: lockers at their line and a partner's program.

``python -m restante.bench.peak_day.generator`` reads one JSON object a line: first how to reach
the centre, then what to do; it answers each with one line. What is due is due whether or not it
has answered (open loop), and every time is counted from when it was due.
"""

import asyncio
import heapq
import sys
import time
from array import array
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from ...core.value import Value
from .crowd import LATE_SECONDS, Crowd
from .network import read_network
from .partner import Partner
from .plan import BATCH, Kind, Rates, make_timetable
from .way import Way, open_way

TURN_SECONDS: Final = 0.004
"""How often the timetable is looked at: what this adds to every time."""

BATCH_SECONDS_MAX: Final = 1.0
"""A request is sent after so long even when it is not full."""

BEATS_MAX: Final = 200
"""Sent at once when the generator itself is late."""

GREETINGS_MAX: Final = 400
"""Lockers that greet at once."""

GREETING_SECONDS_MAX: Final = 900.0
DRAIN_SECONDS_MAX: Final = 20.0
"""After a run, for what is not answered yet."""


class Reach(Value):
    """How to reach the centre."""

    network: str
    """File of the network."""
    ports: tuple[int, ...]
    """Of the pages and the API, one for each process of the centre."""
    sockets: tuple[str, ...] = ()
    """A locker speaks to one of them; none where there is a broker."""
    broker: str = ""
    """Folder of the broker's files, and its address."""
    run: str = "a"
    """Tells the labels of one run from those of another."""


class Run(Value):
    """One stretch of load."""

    rates: Rates
    warm_seconds: float
    seconds: float


class Sample(Value, array_like=True):
    """How it stood at one moment."""

    at_s: float
    reports: int
    """Unacknowledged."""
    requests: int
    """Of the partner's, not answered."""


class Outcome(Value):
    """What came of a run."""

    seconds: float
    offered: dict[str, int]
    """Operations that were due, by kind."""
    done: dict[str, int]
    """Of those, acknowledged before the run was over."""
    starved: dict[str, int]
    """Due, but there was no parcel to do it with: the centre had told too late of one."""
    refused: dict[str, int]
    latency_ms: dict[str, list[float]]
    """Sorted; of all that were acknowledged at last."""
    beats: int
    beats_late: int
    """Beats the generator itself could not send in time."""
    problem: str
    samples: list[Sample]
    unacknowledged: int
    """Reports and operations of the partner's never acknowledged."""


class Account(Value):
    """What the generator believes safe: counted against the journal."""

    acknowledged: dict[str, tuple[int, int]]
    """By locker: number of its last fact before the bench, and of the last acknowledged one."""
    announced: list[str]
    booked: list[str]
    sent_facts: int
    counts: dict[str, int]


class _Noted(NamedTuple):
    kind: Kind
    due_at: float
    at: float


class _Course:
    """How far a run has come."""

    def __init__(self, run: Run, begun: float) -> None:
        operations, whole = run.rates.operations, run.warm_seconds + run.seconds
        tables = (make_timetable(operations[kind], whole, kind) for kind in Kind)
        self.run = run
        self.begun = begun
        self.due = list(heapq.merge(*tables, key=lambda one: one.at_s))
        self.offered: Counter[str] = Counter(
            one.kind.value for one in self.due if one.at_s >= run.warm_seconds
        )
        self.starved: Counter[str] = Counter()
        self.samples: list[Sample] = []
        self.sites: list[str] = []
        """Of the announcements of the next request."""
        self.place = 0
        self.beats = 0
        self.beats_late = 0
        self.looked_at_s = 0.0
        self.announced_at_s = 0.0


class Generator:
    """Runs what it is told to.

    Parameters
    ----------
    reach
        How to reach the centre.
    """

    def __init__(self, reach: Reach) -> None:
        network = read_network(Path(reach.network))
        self._noted: list[_Noted] = []
        self._partner = Partner(reach.ports, network.keys, reach.run)
        self._requests = 0
        self._problem = ""
        self._refused: Counter[str] = Counter()
        self._reach = reach
        self._way: Way | None = None
        self.crowd = Crowd(network, self._carry, self._note)

    async def open(self) -> None:
        """Reach the centre."""
        self._way = await open_way(
            self.crowd.hear, sockets=self._reach.sockets, broker=self._reach.broker
        )

    async def greet(self) -> float:
        """Switch all lockers on; how many seconds it took."""
        begun = time.monotonic()
        lockers = self.crowd.lockers
        for first in range(0, len(lockers), GREETINGS_MAX):
            some = lockers[first : first + GREETINGS_MAX]
            self.crowd.connect(some)
            said_at = time.monotonic()
            while not all(one.is_greeted for one in some):
                await asyncio.sleep(TURN_SECONDS)
                if time.monotonic() - begun > GREETING_SECONDS_MAX:
                    raise TimeoutError(f"{self.crowd.greeted_count} of {len(lockers)} greeted")
                if time.monotonic() - said_at > LATE_SECONDS:
                    said_at = time.monotonic()
                    self.crowd.greet_again(some)
        return time.monotonic() - begun

    async def run(self, run: Run) -> Outcome:
        """Keep the timetable."""
        self._noted.clear()
        self._refused.clear()
        whole = run.warm_seconds + run.seconds
        course = _Course(run, time.monotonic())
        while (at_s := time.monotonic() - course.begun) < whole:
            self._work_off(course, at_s)
            self._beat(course, at_s)
            self._take_answers()
            if at_s - course.looked_at_s >= 1.0:
                course.looked_at_s = at_s
                course.samples.append(
                    Sample(at_s=at_s, reports=self.crowd.unacknowledged, requests=self._requests)
                )
                self.crowd.say_again(time.monotonic() - LATE_SECONDS)
            await asyncio.sleep(TURN_SECONDS)
        over = time.monotonic()
        if course.sites:
            self._announce(course, over)
        await self._drain()
        return self._outcome(course, over)

    def account(self) -> Account:
        """Say what was acknowledged."""
        return Account(
            acknowledged={
                one.locker: (one.first_seq, one.acknowledged_seq) for one in self.crowd.lockers
            },
            announced=self._partner.announced,
            booked=self._partner.booked,
            sent_facts=self.crowd.sent_facts,
            counts=dict(self.crowd.counts),
        )

    async def close(self) -> None:
        """Hang up."""
        await asyncio.to_thread(self._partner.close)
        if self._way is not None:
            await self._way.close()

    def _work_off(self, course: "_Course", at_s: float) -> None:
        while course.place < len(course.due) and course.due[course.place].at_s <= at_s:
            one = course.due[course.place]
            course.place += 1
            due_at = course.begun + one.at_s
            if one.kind is Kind.ANNOUNCE:
                course.sites.append(self.crowd.choose_site())
                if len(course.sites) == BATCH:
                    self._announce(course, due_at)
            elif not self._do(one.kind, due_at) and one.at_s >= course.run.warm_seconds:
                course.starved[one.kind.value] += 1
        if not course.sites:
            course.announced_at_s = at_s
        elif at_s - course.announced_at_s >= BATCH_SECONDS_MAX:
            self._announce(course, time.monotonic())

    def _beat(self, course: "_Course", at_s: float) -> None:
        wanted = int(at_s * course.run.rates.beats)
        # A generator that is late makes up for it, but not all at once.
        for _ in range(min(wanted - course.beats, BEATS_MAX)):
            self.crowd.beat()
            course.beats += 1
        course.beats_late = max(course.beats_late, wanted - course.beats)

    def _do(self, kind: Kind, due_at: float) -> bool:
        if kind is Kind.DEPOSIT:
            return self.crowd.deposit(due_at)
        if kind is Kind.COLLECTION:
            return self.crowd.collect(due_at)
        if not self._partner.bookable:
            return False
        self._partner.book(self._partner.bookable.popleft(), due_at)
        self._requests += 1
        return True

    def _announce(self, course: "_Course", due_at: float) -> None:
        # A partner's list is ready as a whole: none of it waits for the others.
        self._partner.announce(course.sites, due_at)
        self._requests += 1
        course.sites = []

    def _take_answers(self) -> None:
        while self._partner.done:
            done = self._partner.done.popleft()
            self._requests -= 1
            kind = done.asked.kind
            # Which of a batch were refused does not matter to how long the others took.
            self._noted += [
                _Noted(kind, due_at, done.at) for due_at in done.asked.due_at[: done.succeeded]
            ]
            self._refused[kind] += len(done.asked.due_at) - done.succeeded
            self._problem = done.problem or self._problem

    async def _drain(self) -> None:
        until = time.monotonic() + DRAIN_SECONDS_MAX
        again = time.monotonic()
        while time.monotonic() < until and (self.crowd.unacknowledged or self._requests):
            await asyncio.sleep(10 * TURN_SECONDS)
            self._take_answers()
            if time.monotonic() - again >= 1.0:
                again = time.monotonic()
                self.crowd.say_again(again - LATE_SECONDS)

    def _outcome(self, course: "_Course", over: float) -> Outcome:
        run = course.run
        begun = course.begun + run.warm_seconds
        latencies: dict[str, array[float]] = {kind.value: array("d") for kind in Kind}
        done: Counter[str] = Counter()
        for one in self._noted:
            if one.due_at < begun:
                continue
            latencies[one.kind].append(round(1000 * (one.at - one.due_at), 2))
            done[one.kind] += one.at <= over
        return Outcome(
            seconds=over - begun,
            offered=dict(course.offered),
            done=dict(done),
            starved=dict(course.starved),
            refused=dict(self._refused),
            latency_ms={kind: sorted(some) for kind, some in latencies.items()},
            beats=round(course.beats * run.seconds / (run.seconds + run.warm_seconds)),
            beats_late=course.beats_late,
            problem=self._problem,
            samples=course.samples,
            unacknowledged=self.crowd.unacknowledged + self._requests,
        )

    def _carry(self, locker: str, body: bytes) -> None:
        assert self._way is not None
        self._way.send(locker, body)

    def _note(self, kind: Kind, due_at: float) -> None:
        self._noted.append(_Noted(kind, due_at, time.monotonic()))


async def serve(read: Callable[[], bytes], write: Callable[[Any], None]) -> None:
    """Do what is asked, line by line, until there are no more lines."""
    generator = Generator(msgspec.json.decode(await asyncio.to_thread(read), type=Reach))
    await generator.open()
    write(await generator.greet())
    while line := (await asyncio.to_thread(read)).strip():
        write(await generator.run(msgspec.json.decode(line, type=Run)))
    await generator.close()
    write(generator.account())


def main() -> None:
    """Serve standard input and output."""

    def write(value: Any) -> None:
        sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
        sys.stdout.buffer.flush()

    asyncio.run(serve(sys.stdin.buffer.readline, write))


if __name__ == "__main__":
    main()
