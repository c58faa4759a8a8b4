"""What endpoints work with, and what the API needs of the centre.

Reads run in a few threads beside the event loop; operations are prepared there too (some read the
database) and then wait at the committer together, so that many requests share one transaction.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, Protocol, TypeVar

from ..access import Secret
from ..clock import Clock
from ..core.ids import PartnerId
from ..core.value import UtcSeconds
from ..journal.committer import Committer
from ..journal.ledger import Operation
from ..journal.port import Journal, Scalar
from ..operations.deliveries import DeliveryDesk
from ..operations.enrolment import EnrolmentDesk
from ..operations.means import Means
from ..operations.route_plans import RouteDesk
from ..views import Queries
from ..views.tables import PARTNERS
from .cursor import CursorSeal
from .key import USE_SECONDS, note_use
from .rate import RateLimit, RateLimiter

READERS: Final = 4
"""Threads that read; SQLite reads take tens of microseconds, and two cores feed no more."""

PREPARERS: Final = 2
"""Threads that prepare operations: apart, so that a batch's codes hold up nobody who reads."""

KEYS_NOTED_MAX: Final = 10_000
"""Keys whose last use is remembered here; forgetting one costs a row written too early."""

STRANGERS_LIMIT: Final = RateLimit(per_second=0.2, burst=20)
"""For each address that shows no key. A locker asks six times a year (chosen)."""

Result = TypeVar("Result")


class Centre(Protocol):
    """What the API needs of the centre; :mod:`restante.wiring` has one."""

    @property
    def committer(self) -> Committer:
        """Runs operations."""
        ...

    @property
    def journal(self) -> Journal:
        """Read for keys, answers and events."""
        ...

    @property
    def queries(self) -> Queries:
        """Read for everything else."""
        ...

    @property
    def means(self) -> Means:
        """Given to operations."""
        ...

    @property
    def enrolment(self) -> EnrolmentDesk:
        """Claims, certificates and what ends them."""
        ...

    @property
    def deliveries(self) -> DeliveryDesk:
        """Receivers of webhooks, and what is told to them."""
        ...

    @property
    def routes(self) -> RouteDesk:
        """Plans of couriers' routes."""
        ...

    @property
    def clock(self) -> Clock:
        """Domain time."""
        ...


class House:
    """What endpoints work with; one for each API.

    Parameters
    ----------
    centre
        What is asked.
    rate_limit
        For each key.
    rate_clock
        Real time, also where domain time stands still or runs fast.
    cursor_key
        32 bytes, the same in all processes of a centre.
    """

    def __init__(
        self, centre: Centre, *, rate_limit: RateLimit, rate_clock: Clock, cursor_key: Secret[bytes]
    ) -> None:
        self.centre = centre
        self.means = centre.means
        self.queries = centre.queries
        self.journal = centre.journal
        self.cursors = CursorSeal(cursor_key)
        self.limiter = RateLimiter(rate_clock, rate_limit)
        self.strangers = RateLimiter(rate_clock, STRANGERS_LIMIT)
        self.in_flight: set[tuple[str, str]] = set()
        self._noted: dict[str, UtcSeconds] = {}
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="api-reader")
        self._preparers = ThreadPoolExecutor(PREPARERS, thread_name_prefix="api-preparer")
        self._uploads = ThreadPoolExecutor(1, thread_name_prefix="api-upload")

    @property
    def now(self) -> UtcSeconds:
        """Domain time."""
        return self.centre.clock.now()

    async def read(self, ask: Callable[[], Result]) -> Result:
        """Run something that reads or reckons, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, ask)

    async def upload(self, work: Callable[[], Result]) -> Result:
        """Run something that takes many seconds, one after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._uploads, work)

    async def commit(self, make_operation: Callable[[], Operation[Result]]) -> Result:
        """Prepare an operation, hand it in, and wait until it is durable."""
        loop = asyncio.get_running_loop()
        operation = await loop.run_in_executor(self._preparers, make_operation)
        return await asyncio.wrap_future(self.centre.committer.submit(operation))

    async def commit_each(
        self, make_operations: Callable[[], Sequence[Operation[Result] | Exception]]
    ) -> list[Result | BaseException]:
        """Prepare some operations together, hand them in together, and wait for all of them.

        Each by itself would wake the event loop twice.

        Returns
        -------
        list
            For each its result, or what was in its way.
        """
        loop = asyncio.get_running_loop()
        made = await loop.run_in_executor(self._preparers, make_operations)
        waiting = [one if isinstance(one, Exception) else self._submit(one) for one in made]
        futures = [one for one in waiting if isinstance(one, Future)]
        if futures:
            await _wait_for_all(futures, loop)
        return [
            one if isinstance(one, BaseException) else one.exception() or one.result()
            for one in waiting
        ]

    def _submit(self, operation: Operation[Result]) -> "Future[Result] | Exception":
        try:
            return self.centre.committer.submit(operation)
        except Exception as error:  # noqa: BLE001 - told to the caller, beside what others come to
            return error

    def read_row(self, table: str, key: tuple[Scalar, ...]) -> Mapping[str, Scalar] | None:
        """Read one row by its primary key."""
        return self.journal.rows(table, [key]).get(key)

    def read_kind(self, partner: PartnerId) -> str:
        """Tell what kind of partner somebody is; empty when unknown."""
        row = self.read_row(PARTNERS.name, (partner,))
        return "" if row is None else str(row["kind"])

    async def note_use(self, key_id: str) -> None:
        """Write down that a key was used, if that is not known anyway."""
        now = self.now
        noted = self._noted.get(key_id)
        if noted is not None and abs(now - noted) < USE_SECONDS:
            return
        if len(self._noted) >= KEYS_NOTED_MAX:
            self._noted.clear()
        self._noted[key_id] = now
        # Not waited for: an answer need not stand still for a statistic.
        future: Any = self.centre.committer.submit(note_use(key_id))
        future.add_done_callback(_ignore_failure)

    def close(self) -> None:
        """Let the threads go."""
        for pool in (self._readers, self._preparers, self._uploads):
            pool.shutdown(wait=True)


async def _wait_for_all(futures: "Sequence[Future[Any]]", loop: asyncio.AbstractEventLoop) -> None:
    is_over = loop.create_future()
    left = itertools.count(len(futures) - 1, -1)

    def finish() -> None:
        if not is_over.done():
            is_over.set_result(None)

    def note(_future: "Future[Any]") -> None:
        # Counting is one step of the interpreter, whichever thread it is done in.
        if next(left) == 0:
            loop.call_soon_threadsafe(finish)

    for future in futures:
        future.add_done_callback(note)
    await is_over


def _ignore_failure(future: Any) -> None:
    # A full disk is told to the callers whose work it concerns.
    future.exception()
