"""What the simulator needs of the centre; :mod:`restante.wiring` gives it the real one."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from ..clock import VirtualClock
from ..core.value import UtcSeconds
from ..journal.ledger import Operation
from ..journal.port import Inspected, Journal
from ..operations.means import Means
from .stand import Stand

Result = TypeVar("Result")


class Record(Journal, Inspected, Protocol):
    """A journal that can be checked."""


class Office(Protocol):
    """The centre, seen from the street."""

    @property
    def means(self) -> Means:
        """What operations work with."""
        ...

    @property
    def journal(self) -> Record:
        """The centre's record of facts."""
        ...

    def run(self, operation: Operation[Result]) -> Result:
        """Run an operation and wait until it is durable."""
        ...

    def pass_time(self, now: UtcSeconds) -> None:
        """Do what is due: timers, notices and whatever else waits for its time."""
        ...


class Town(Protocol):
    """A centre with its lockers, ready to be lived in."""

    @property
    def office(self) -> Office:
        """The centre."""
        ...

    @property
    def clock(self) -> VirtualClock:
        """What time it is in the town; the agenda moves it."""
        ...

    @property
    def stands(self) -> Sequence[Stand]:
        """One for each locker of the city, in the order of sites."""
        ...
