"""The centre's end of every link: takes reports in, acknowledges, tells lists.

R1. A report is acknowledged after its commit and not before.
R2. Whatever fails here, the locker sends again: a failure loses nothing and stops no other link.
R3. Which transport carries the bytes, and who the locker is, was settled before they come here.
R4. A revoked locker is not listened to and told nothing.

An end is used by one thread at a time; different ends by different threads at will.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import TypeVar

import structlog
from sqlalchemy import Connection, select

from ..access import Keyring
from ..core.ids import LockerId, SiteId
from ..core.value import UtcSeconds
from ..journal.committer import Closed, Committer, Overloaded
from ..journal.ledger import Ledger, Operation
from ..journal.port import Busy, Conflict, Damaged, Full, RowChange, RowRejected, Scalar
from ..link.centre_session import CentreSession
from ..link.configuration import ConfigurationState
from ..link.lines import Wait
from ..link.message import ConfigurationUpdate, Heartbeat, Hello, Order, Report
from ..link.session import (
    Beat,
    CentreEvent,
    Diverged,
    Dropped,
    FactsArrived,
    Gap,
    Greeted,
    ListDelta,
)
from ..link.signing import make_signer
from ..link.telling import ConfigurationTeller, KeysTeller
from ..views.alone_tables import LOCKER_CLOCKS
from ..views.device_tables import MACHINES, is_shut_out, read_shut_out
from ..views.principal import NotFound
from ..views.remote_tables import CHALLENGES
from ..views.tables import LOCKER_LINKS, LOCKERS, WATERMARKS
from .beats import Beats
from .configuration import find_configuration, note_configuration, read_desired
from .ingest import Ingested, ShutOut, ingest
from .lists import Lists
from .matters import open_matter
from .means import Means

Result = TypeVar("Result")

_log = structlog.get_logger(__name__)

_NOT_WRITTEN = (Conflict, Full, Busy, Damaged, RowRejected, Overloaded, Closed)
"""The journal could not write now; the locker keeps its facts and tries again."""


class CentreEnd:
    """The centre's end of one locker's link; a :class:`restante.link.memory.LinkEnd`.

    Made by :meth:`Hub.end_for`.
    """

    def __init__(
        self,
        *,
        locker: LockerId,
        site: SiteId,
        session: CentreSession,
        committer: Committer,
        means: Means,
        beats: Beats,
        is_shut_out: Callable[[], bool],
    ) -> None:
        self.locker = locker
        self.site = site
        self.is_connected = False
        self.dropped_count = 0
        """Messages that were not understood."""
        self._session = session
        self._committer = committer
        self._means = means
        self._beats = beats
        self._is_shut_out = is_shut_out
        self._noted: ConfigurationState | None = None
        self._changed: Callable[[], None] = _ignore
        self.is_muted = False
        """Whether nothing is said to it; told by :meth:`Hub.watch_machines`."""

    def connected(self, now: UtcSeconds) -> None:
        """Note that there is a way to the locker."""
        self.is_connected = True
        self._session.connected(now)

    def disconnected(self) -> None:
        """Note that the way is gone."""
        self.is_connected = False
        self._session.disconnected()

    def receive(self, body: bytes, now: UtcSeconds) -> None:
        """Take a message; facts are durable when this returns, or were not taken."""
        for wait in self.begin(body, now):
            wait()

    def begin(self, body: bytes, now: UtcSeconds) -> list[Wait]:
        """Take a message; facts are durable when what this gives back was called, or not taken."""
        if self.is_muted and self._is_revoked():
            return []
        waits: list[Wait] = []
        for event in self._session.receive(body, now):
            waits.extend(self._handle(event, now))
        return waits

    def tell_changes(self, changed: Callable[[], None]) -> None:
        """Call this when there is something to say that nobody asked for."""
        self._changed = changed

    def _is_revoked(self) -> bool:
        """Look whether the locker is revoked: then nothing is said to it, and its word dropped."""
        self.is_muted = self._is_shut_out()
        if self.is_muted:
            self._drop_revoked()
        return self.is_muted

    def _drop_revoked(self) -> None:
        self.dropped_count += 1
        _log.warning("message of a revoked locker dropped", locker=self.locker)

    def outgoing(self, now: UtcSeconds) -> list[bytes]:
        """Give what is to be sent now."""
        return [] if self.is_muted else self._session.outgoing(now)

    def configuration_changed(self, version: int) -> None:
        """Note that the locker shall be otherwise."""
        self._session.configuration.desired(version)
        self._changed()

    def order(self, order: Order) -> None:
        """Say an order with the next outgoing, once."""
        self._session.order(order)
        self._changed()

    @property
    def held_version(self) -> int | None:
        """Version of the list the locker holds; ``None`` while it has not greeted."""
        return self._session.held_version if self.is_connected else None

    def list_changed(self, version: int, delta: ListDelta | None = None) -> None:
        """Note a newer list of the locker's site, with what changed where that is known."""
        self._session.list_changed(version, delta)
        self._changed()

    def _handle(self, event: CentreEvent, now: UtcSeconds) -> Iterator[Wait]:
        match event:
            case FactsArrived():
                yield self._take_in(event)
            case Gap(epoch=epoch):
                self._close_gap(epoch)
            case Greeted(hello=hello):
                self._beats.forget(self.locker)
                self._noted = hello.configuration
                yield self._run(greet(hello))
            case Beat(heartbeat=beat):
                self._note_beat(beat, now)
                yield from self._note_configuration(beat.configuration)
            case Diverged(what=what):
                _log.warning("locker and centre disagree", locker=self.locker, what=what)
                yield self._run(_note_divergence(self.locker, self.site, what))
            case Dropped(why=why):
                self.dropped_count += 1
                _log.warning("message dropped", locker=self.locker, why=why)

    def _take_in(self, event: FactsArrived) -> Wait:
        """Hand a report in; what is given back waits for it and acknowledges."""
        report = Report(
            locker=self.locker,
            epoch=event.epoch,
            first_seq=event.first_seq,
            facts=event.facts,
        )
        answer = self._submit(ingest(self._means, report=report, site=self.site))
        return lambda: self._acknowledge(event, answer)

    def _acknowledge(self, event: FactsArrived, answer: "Future[Ingested]") -> None:
        try:
            done = answer.result()
        except _NOT_WRITTEN as error:
            self._session.failed(event.epoch)
            _log.warning("report not written", locker=self.locker, error=type(error).__name__)
        except ShutOut:
            self._session.failed(event.epoch)
            self.is_muted = True
            self._drop_revoked()
        except NotFound:
            self._session.failed(event.epoch)
            _log.warning("report of a locker nobody registered", locker=self.locker)
        else:
            if done.seq < event.first_seq + len(event.facts) - 1:
                # The journal knows less than this end believed, as after a failover that lost
                # facts, or a restored backup: the locker is asked for them.
                self._session.stands_at(done.epoch, done.seq)
            else:
                self._session.committed(done.epoch, done.seq)

    def _close_gap(self, epoch: str) -> None:
        # Another process of the centre may have taken in what is missing here.
        try:
            seq = self._committer.run(_read_watermark(self.locker, epoch))
        except _NOT_WRITTEN as error:
            _log.warning("watermark not read", locker=self.locker, error=type(error).__name__)
        else:
            self._session.stands_at(epoch, seq)

    def _note_beat(self, beat: Heartbeat, now: UtcSeconds) -> None:
        try:
            self._beats.note(beat, now)
        except _NOT_WRITTEN as error:
            _log.warning("beat not noted", locker=self.locker, error=type(error).__name__)

    def _note_configuration(self, state: ConfigurationState) -> Iterator[Wait]:
        # Every beat says it; only what is new costs a transaction.
        if state != self._noted:
            self._noted = state
            yield self._run(note_configuration(self.locker, state))

    def _run(self, operation: Operation[None]) -> Wait:
        answer = self._submit(operation)

        def wait() -> None:
            try:
                answer.result()
            except _NOT_WRITTEN as error:
                _log.warning("link not noted", locker=self.locker, error=type(error).__name__)
            except ShutOut:
                self.is_muted = True
                self._drop_revoked()

        return wait

    def _submit(self, operation: Operation[Result]) -> "Future[Result]":
        try:
            return self._committer.submit(operation)
        except _NOT_WRITTEN as error:
            # Not taken in at all: told where its outcome is waited for.
            refused: Future[Result] = Future()
            refused.set_exception(error)
            return refused


class Hub:
    """All links of this process.

    Parameters
    ----------
    reading
        Opens a reading transaction on the views.
    glancing
        Opens a connection for single queries; ``reading`` when ``None``.
    """

    def __init__(
        self,
        *,
        reading: Callable[[], AbstractContextManager[Connection]],
        glancing: Callable[[], AbstractContextManager[Connection]] | None = None,
        committer: Committer,
        keyring: Keyring,
        means: Means,
    ) -> None:
        self._reading = reading
        self._committer = committer
        self._means = means
        self._sign = make_signer(keyring.current)
        self._read_keys = keyring.public
        self._ends: dict[LockerId, CentreEnd] = {}
        self._lock = threading.Lock()
        self._at_site: dict[SiteId, list[CentreEnd]] = {}
        self._watched: tuple[frozenset[LockerId], dict[LockerId, int]] = (frozenset(), {})
        self.lists = Lists(reading, glancing=glancing)
        # Ends read their list when they are made: older changes are news to none of them.
        self._pushed = self.lists.newest()
        self.beats = Beats(committer)

    def end_for(self, locker: LockerId) -> CentreEnd:
        """Find or make the centre's end for a registered locker.

        Raises
        ------
        restante.views.NotFound
            When the locker was never registered.
        """
        found = self.ends_for([locker]).get(locker)
        if found is None:
            raise NotFound("locker", locker)
        return found

    def ends_for(self, lockers: Sequence[LockerId]) -> dict[LockerId, CentreEnd]:
        """Find or make the ends of many lockers; those nobody registered are left out."""
        with self._lock:
            new = [one for one in lockers if one not in self._ends]
            for end in self._make_ends(new) if new else ():
                self._ends[end.locker] = end
                self._at_site.setdefault(end.site, []).append(end)
            return {one: self._ends[one] for one in lockers if one in self._ends}

    def ends(self) -> tuple[CentreEnd, ...]:
        """List the ends made so far."""
        with self._lock:
            return tuple(self._ends.values())

    def push_lists(self) -> int:
        """Tell ends whose site's list has changed since the last call; how many there were.

        Their next ``outgoing`` sends the changes. Call it after commits, or now and then.
        """
        changed = self.lists.changed_sites(self._pushed)
        if not changed:
            return 0
        with self._lock:
            ends = [end for site in changed for end in self._at_site.get(site, ())]
        bases: dict[SiteId, int] = {}
        for end in ends:
            if end.held_version is not None:
                bases[end.site] = min(end.held_version, bases.get(end.site, end.held_version))
        deltas = self.lists.deltas(bases)
        for end in ends:
            end.list_changed(changed[end.site], deltas.get(end.site))
        self._pushed = max(self._pushed, *changed.values())
        return len(ends)

    def watch_machines(self) -> None:
        """Look which lockers were revoked and which shall be otherwise.

        Call it after commits, or now and then; greetings and facts of a revoked locker are refused
        at once without it.
        """
        with self._reading() as connection:
            shut_out = read_shut_out(connection)
            desired = read_desired(connection)
        # Ends made since have read both themselves.
        was_out, was_desired = self._watched
        differing = {one for one, _ in was_desired.items() ^ desired.items()}
        differing |= shut_out | was_out
        with self._lock:
            ends = [end for one in differing if (end := self._ends.get(one)) is not None]
        for end in ends:
            end.is_muted = end.locker in shut_out
            end.configuration_changed(desired.get(end.locker, 0))
        self._watched = (shut_out, desired)

    def _is_shut_out(self, locker: LockerId) -> bool:
        with self._reading() as connection:
            return is_shut_out(connection, locker)

    def _find_configuration(self, locker: LockerId) -> ConfigurationUpdate | None:
        with self._reading() as connection:
            return find_configuration(connection, locker)

    def _make_ends(self, lockers: Sequence[LockerId]) -> Iterator[CentreEnd]:
        with self._reading() as connection:
            standing = select(LOCKERS.c.locker, LOCKERS.c.site).where(LOCKERS.c.locker.in_(lockers))
            sites = {
                LockerId(locker): SiteId(site) for locker, site in connection.execute(standing)
            }
            watermarks: dict[str, dict[str, int]] = {}
            marks = select(WATERMARKS).where(WATERMARKS.c.locker.in_(lockers))
            for mark in connection.execute(marks):
                watermarks.setdefault(mark.locker, {})[mark.epoch] = int(mark.seq)
            named = MACHINES.c.locker.in_(lockers)
            machines = {
                row.locker: row for row in connection.execute(select(MACHINES).where(named))
            }
        versions = self.lists.versions(tuple(sites.values()))
        for locker, site in sites.items():
            machine = machines.get(locker)
            end = self._make_end(locker, site, watermarks.get(locker, {}), versions[site])
            end.is_muted = machine is not None and machine.revoked_at is not None
            end.configuration_changed(0 if machine is None else machine.desired_version or 0)
            yield end

    def _make_end(
        self, locker: LockerId, site: SiteId, watermarks: Mapping[str, int], version: int
    ) -> CentreEnd:
        session = CentreSession(
            locker=locker,
            watermarks=watermarks,
            list_version=version,
            sign=self._sign,
            read_list=lambda base: self.lists.delta(site, base),
            configuration=ConfigurationTeller(lambda: self._find_configuration(locker)),
            keys=KeysTeller(locker, self._read_keys),
        )
        return CentreEnd(
            locker=locker,
            site=site,
            session=session,
            committer=self._committer,
            means=self._means,
            beats=self.beats,
            is_shut_out=lambda: self._is_shut_out(locker),
        )


def _ignore() -> None:
    pass


def note_hello(hello: Hello) -> Operation[None]:
    """Keep what a locker says about itself when it is here again."""
    values: dict[str, Scalar] = {
        "release": hello.release,
        "epoch": hello.epoch,
        "list_version": hello.list_version,
        "unsent_count": hello.unsent_count,
        "unsent_since": hello.unsent_since,
    }

    def run(ledger: Ledger) -> None:
        row = {**values, "seen_at": ledger.now}
        ledger.put(RowChange(LOCKER_LINKS.name, (hello.locker,), row))
        ledger.put(RowChange(CHALLENGES.name, (hello.locker,), {"challenge": hello.challenge}))
        ledger.put(RowChange(LOCKER_CLOCKS.name, (hello.locker,), {"clock": hello.clock}))

    return Operation((), run)


def greet(hello: Hello) -> Operation[None]:
    """Take a greeting in, unless the locker is revoked (R4)."""
    noted, configured = note_hello(hello), note_configuration(hello.locker, hello.configuration)

    def run(ledger: Ledger) -> None:
        machine = ledger.row(MACHINES.name, (hello.locker,))
        if machine is not None and machine["revoked_at"] is not None:
            raise ShutOut(hello.locker)
        noted.run(ledger)
        configured.run(ledger)

    return Operation(configured.streams, run, configured.rows)


def _read_watermark(locker: LockerId, epoch: str) -> Operation[int]:
    key = (WATERMARKS.name, (locker, epoch))

    def run(ledger: Ledger) -> int:
        row = ledger.row(*key)
        return 0 if row is None else int(row["seq"] or 0)

    return Operation((), run, (key,))


def _note_divergence(locker: LockerId, site: SiteId, what: str) -> Operation[None]:
    def run(ledger: Ledger) -> None:
        open_matter(
            ledger,
            owner=locker,
            key="diverged",
            kind="diverged",
            detail=what,
            site=site,
            locker=locker,
        )

    return Operation((), run)
