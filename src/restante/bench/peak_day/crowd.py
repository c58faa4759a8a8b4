"""All lockers of the bench at their line: who puts in, who takes out, and what came of it."""

import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Final

from ...clock import Minter, SystemClock
from ...core.ids import LockerId, ParcelId
from ...core.value import Fact, UtcSeconds
from ...link.signing import make_verifier
from ..visits import deposit_facts, visit_facts
from .lockers import BenchLocker
from .network import Network
from .plan import Kind

LATE_SECONDS: Final = 2.0
"""After which a locker looks whether it has to say something again."""

Carry = Callable[[str, bytes], None]
"""Brings a locker's message to the centre."""

Tell = Callable[[Kind, float], None]
"""Told what was acknowledged, and when it was due."""


class Crowd:
    """All lockers.

    Parameters
    ----------
    tell
        Called for every report that was acknowledged.
    """

    def __init__(self, network: Network, carry: Carry, tell: Tell) -> None:
        verify = make_verifier(network.public)
        self._clock = SystemClock()
        self._minter = Minter(self._clock)
        self._carry = carry
        self._tell = tell
        self.lockers = [BenchLocker(one, verify) for one in network.lockers]
        self._by_name = {one.locker: one for one in self.lockers}
        chance = random.Random(len(self.lockers))
        stock = [(one, parcel) for one in self.lockers for parcel in one.grants]
        chance.shuffle(stock)
        self._stock = deque(stock)
        self._fresh: deque[tuple[BenchLocker, ParcelId]] = deque()
        self._held: deque[tuple[BenchLocker, ParcelId]] = deque()
        self._late: dict[LockerId, BenchLocker] = {}
        self._chance = chance
        self._next_beat = 0
        self.unacknowledged = 0
        """Reports under way."""
        self.sent_facts = 0
        self.counts: Counter[str] = Counter()
        """Messages by kind: beats, reports, acks and lists heard, dropped."""

    @property
    def now(self) -> UtcSeconds:
        """What lockers' clocks show."""
        return self._clock.now()

    @property
    def greeted_count(self) -> int:
        """Lockers the centre has answered."""
        return sum(one.is_greeted for one in self.lockers)

    def connect(self, some: Sequence[BenchLocker]) -> None:
        """Let lockers greet."""
        for locker in some:
            locker.connect(self.now)
            self._say(locker)

    def greet_again(self, some: Sequence[BenchLocker]) -> None:
        """Let those say what is due that were not answered."""
        for locker in some:
            if not locker.is_greeted:
                self._say(locker)

    def beat(self) -> None:
        """Let the next locker say that it is alive."""
        locker = self.lockers[self._next_beat % len(self.lockers)]
        self._next_beat += 1
        self.counts["beats"] += 1
        for body in locker.beat(self.now):
            self._carry(locker.locker, body)

    def choose_site(self) -> str:
        """Choose where a parcel goes."""
        return self._chance.choice(self.lockers).site

    def deposit(self, due_at: float) -> bool:
        """Put a parcel in, rather one that was announced a moment ago; false when there is none."""
        if not self._fresh and not self._stock:
            return False
        locker, parcel = (self._fresh or self._stock).popleft()
        place = locker.take_place()
        locker.places[parcel] = place
        facts = deposit_facts(parcel, self._minter, int(place[1:]), self.now)
        self._report(locker, facts, Kind.DEPOSIT, due_at)
        self._held.append((locker, parcel))
        return True

    def collect(self, due_at: float) -> bool:
        """Take a parcel out that lies somewhere; false when none does."""
        if not self._held:
            return False
        locker, parcel = self._held.popleft()
        grant = locker.grants.pop(parcel, None)
        if grant is None:
            # Its list is late: nobody has a code yet.
            self._held.append((locker, parcel))
            return False
        place = locker.places.pop(parcel)
        facts = visit_facts(grant, parcel, place, minter=self._minter, at=self.now)
        self._report(locker, facts, Kind.COLLECTION, due_at)
        return True

    def hear(self, name: str, body: bytes) -> None:
        """Take what the centre says."""
        locker = self._by_name.get(LockerId(name))
        if locker is None:
            self.counts["strays"] += 1
            return
        heard = locker.receive(body, self.now)
        self.counts["heard"] += 1
        self.counts["dropped"] += heard.dropped
        for one in heard.acknowledged:
            self.unacknowledged -= 1
            self._tell(one.kind, one.due_at)
        if not locker.waiting:
            self._late.pop(locker.locker, None)
        self._fresh.extend((locker, parcel) for parcel in heard.expected)
        self._say(locker)

    def say_again(self, before: float) -> None:
        """Let lockers whose reports were due before then look whether to repeat them."""
        for locker in list(self._late.values()):
            if locker.waiting and locker.waiting[0].due_at < before:
                self._say(locker)

    def _report(self, locker: BenchLocker, facts: Sequence[Fact], kind: Kind, due: float) -> None:
        locker.record(facts, kind, due)
        self._late[locker.locker] = locker
        self.unacknowledged += 1
        self.sent_facts += len(facts)
        self._say(locker)

    def _say(self, locker: BenchLocker) -> None:
        for body in locker.outgoing(self.now):
            self.counts["said"] += 1
            self._carry(locker.locker, body)
