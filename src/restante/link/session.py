"""How what is said on the link arrives, although messages get lost, doubled and out of order.

Two machines without I/O, one at each end: bytes and the time go in, events and bytes come out.
A transport (in memory, MQTT) only carries bytes, tells of connecting and disconnecting, and calls
``outgoing`` whenever it can send.

Rules
-----
R1  A locker's facts carry (epoch, seq), seq without gaps. They are resent from the watermark until
    acknowledged, with growing pauses.
R2  The centre acknowledges only what it has committed; its host says so (``committed``).
R3  What arrives twice is dropped; what leaves a gap is dropped and the watermark is said again,
    which asks for the rest.
R4  A list is never applied backwards. Changes apply when their base is not newer than what the
    locker has, because they hold every entry changed since the base as it stands now.
R5  What the centre says is signed; what does not verify is dropped and told to the host.
R6  A clock that jumps delays a resend by one pause at most.
R7  An order is said once and never again: what is lost is asked for anew, by whoever wanted it.
    An order for another life of the locker's journal is dropped.
R8  Orders and the time repeat a challenge the locker has just given; one that was held back on the
    way does not count.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import msgspec

from ..core.alarm import Reading
from ..core.fit import Condition
from ..core.ids import LockerId, SiteId
from ..core.value import HOUR, Seconds, UtcSeconds
from .configuration import ConfigurationState
from .message import (
    REPORT_FACTS_MAX,
    Ack,
    ConfigurationUpdate,
    FromLocker,
    Heartbeat,
    Hello,
    ListChange,
    ListUpdate,
    Malformed,
    Order,
    Report,
    Signed,
    TimeSignal,
    decode_from_centre,
    decode_from_locker,
    encode_message,
)
from .telling import ConfigurationTeller

RESEND_SECONDS_MIN: Final = Seconds(2)
"""First pause before something unanswered is said again: a slow mobile link answers in one."""

RESEND_SECONDS_MAX: Final = Seconds(60)

WINDOW_REPORTS: Final = 4
"""Reports under way before the first is acknowledged."""

HEARTBEAT_SECONDS: Final = Seconds(60)
TIME_SECONDS: Final = Seconds(HOUR)
"""How often the centre tells the time."""


# ── What the host is told ─────────────────────────────────────────────────────────────────────


class Acknowledged(NamedTuple):
    """Locker: facts up to ``seq`` are safe at the centre."""

    seq: int


class ListArrived(NamedTuple):
    """Locker: the list changed. Store it, then call :meth:`LockerSession.applied`."""

    is_whole: bool
    """Whether everything not in ``changes`` is gone."""
    version: int
    changes: tuple[ListChange, ...]


class TimeTold(NamedTuple):
    """Locker: what time it is at the centre."""

    at_ms: int


class ConfigurationArrived(NamedTuple):
    """Locker: what it shall be. Take it whole or refuse it, then call ``beat_soon``."""

    update: ConfigurationUpdate


class OrderArrived(NamedTuple):
    """Locker: the centre wants a door open. Signed for this locker; everything else is to check."""

    order: Order


class Greeted(NamedTuple):
    """Centre: the locker is here again."""

    hello: Hello


class FactsArrived(NamedTuple):
    """Centre: facts that follow what is known. Commit them, then call ``committed``."""

    epoch: str
    first_seq: int
    facts: tuple[msgspec.Raw, ...]


class Beat(NamedTuple):
    """Centre: the locker is alive."""

    heartbeat: Heartbeat


class Diverged(NamedTuple):
    """One end remembers what the other has lost: somebody must look."""

    what: str


class Dropped(NamedTuple):
    """A message was not understood, not for this end or not signed well; it was dropped."""

    why: str


LockerEvent: TypeAlias = (
    Acknowledged | ListArrived | TimeTold | OrderArrived | ConfigurationArrived | Diverged | Dropped
)
CentreEvent: TypeAlias = Greeted | FactsArrived | Beat | Diverged | Dropped


class ListDelta(NamedTuple):
    """What the centre's host gives for a locker's list."""

    base_version: int
    """0 when ``changes`` is the whole list."""
    version: int
    changes: tuple[ListChange, ...]


ReadFacts: TypeAlias = Callable[[int, int], Sequence[msgspec.Raw]]
"""``(first_seq, limit) -> facts``, each a ``ReportedFact``; from the locker's journal."""

ReadList: TypeAlias = Callable[[int], ListDelta]
"""``(base_version) -> delta``; 0 asks for everything."""


class _At(msgspec.Struct):
    at: UtcSeconds | None = None


class _ReportedAt(msgspec.Struct):
    fact: _At


_REPORTED_AT: Final = msgspec.json.Decoder(_ReportedAt)


class _Pause:
    """When to say something again (R1, R6)."""

    def __init__(self) -> None:
        self._said_at: UtcSeconds | None = None
        self._seconds: int = RESEND_SECONDS_MIN

    def is_over(self, now: UtcSeconds) -> bool:
        if self._said_at is None:
            return True
        self._said_at = min(self._said_at, now)
        return now >= self._said_at + self._seconds

    def said(self, now: UtcSeconds) -> None:
        if self._said_at is not None:
            self._seconds = min(2 * self._seconds, RESEND_SECONDS_MAX)
        self._said_at = now

    def reset(self) -> None:
        """Forget: say it at once."""
        self._said_at = None
        self._seconds = RESEND_SECONDS_MIN

    def answered(self, now: UtcSeconds) -> None:
        """There was progress: wait the shortest pause from now."""
        self._said_at = now
        self._seconds = RESEND_SECONDS_MIN


# ── The locker's end ──────────────────────────────────────────────────────────────────────────


class LockerSession:
    """The end of the link in a locker.

    Parameters
    ----------
    epoch
        Name of this life of the locker's journal.
    last_seq
        Last fact in the journal.
    acknowledged_seq
        Last fact known to be safe at the centre; too low is harmless.
    list_version
        Version of the list the locker holds, 0 for none.
    verify
        Whether a message from the centre carries a good signature.
    read_facts
        Reads the journal.
    read_conditions
        Every compartment as it stands, for the greeting.
    make_challenge
        Gives what orders and the time must repeat; asked for every greeting and beat.
    is_live_challenge
        Whether it was given a moment ago.
    read_clock
        Tells how good the locker's clock is.
    read_sensors
        Gives the newest readings, for heartbeats.
    """

    def __init__(
        self,
        *,
        locker: LockerId,
        site: SiteId,
        release: str,
        epoch: str,
        last_seq: int,
        acknowledged_seq: int,
        list_version: int,
        verify: Callable[[Signed], bool],
        read_facts: ReadFacts,
        read_conditions: Callable[[], tuple[Condition, ...]] = tuple,
        make_challenge: Callable[[], str] = str,
        is_live_challenge: Callable[[str], bool] = lambda _text: True,
        read_configuration: Callable[[], ConfigurationState] = ConfigurationState,
        read_clock: Callable[[], str] = lambda: "",
        read_sensors: Callable[[], tuple[Reading, ...]] = lambda: (),
    ) -> None:
        self._locker = locker
        self._site = site
        self._release = release
        self._epoch = epoch
        self._last_seq = last_seq
        self._acknowledged = min(acknowledged_seq, last_seq)
        self._sent = self._acknowledged
        self._list_version = list_version
        self._verify = verify
        self._read_facts = read_facts
        self._read_conditions = read_conditions
        self._make_challenge = make_challenge
        self._is_live_challenge = is_live_challenge
        self._read_configuration = read_configuration
        self._read_clock = read_clock
        self._read_sensors = read_sensors
        self._told_ms = 0
        self._is_connected = False
        self._is_greeted = False
        self._hello = _Pause()
        self._resend = _Pause()
        self._beat_at: UtcSeconds | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the transport says there is a way to the centre."""
        return self._is_connected

    @property
    def is_online(self) -> bool:
        """Whether the centre has answered since the last connect."""
        return self._is_connected and self._is_greeted

    @property
    def unsent_count(self) -> int:
        """Facts the centre has not acknowledged."""
        return self._last_seq - self._acknowledged

    @property
    def list_version(self) -> int:
        """Version of the list the host has applied."""
        return self._list_version

    def connected(self, now: UtcSeconds) -> None:
        """Note that the transport has a way to the centre again."""
        self._is_connected = True
        self._is_greeted = False
        self._hello.reset()
        self._resend.reset()
        self._sent = self._acknowledged
        self._beat_at = now

    def disconnected(self) -> None:
        """Note that the way to the centre is gone."""
        self._is_connected = False
        self._is_greeted = False

    def noticed(self, last_seq: int) -> None:
        """Note that the journal has grown."""
        self._last_seq = max(self._last_seq, last_seq)

    def applied(self, version: int) -> None:
        """Note that a list was stored; the next outgoing tells the centre."""
        self._list_version = version
        self._beat_at = None

    def beat_soon(self) -> None:
        """Say at the next outgoing how things stand: something the centre waits for has changed."""
        self._beat_at = None

    def receive(self, body: bytes, now: UtcSeconds) -> list[LockerEvent]:
        """Take what the centre said."""
        try:
            message = decode_from_centre(body)
        except Malformed as error:
            return [Dropped(str(error))]
        if message.locker != self._locker:
            return [Dropped("meant for another locker")]
        if not self._verify(message):
            return [Dropped("signature")]
        self._is_greeted = True
        match message:
            case Ack():
                return self._receive_ack(message, now)
            case ListUpdate():
                return self._receive_list(message)
            case TimeSignal(at_ms=at_ms, challenge=challenge):
                if not self._is_live_challenge(challenge):
                    return [Dropped("a word about the time that was held back")]
                if at_ms <= self._told_ms:
                    return []
                self._told_ms = at_ms
                return [TimeTold(at_ms)]
            case Order(epoch=epoch):
                if epoch != self._epoch:
                    return [Dropped("an order for another life of this journal")]
                return [OrderArrived(message)]
            case ConfigurationUpdate():
                return [ConfigurationArrived(message)]

    def outgoing(self, now: UtcSeconds) -> list[bytes]:
        """Give what is to be sent now."""
        if not self._is_connected:
            return []
        said: list[FromLocker] = []
        if not self._is_greeted and self._hello.is_over(now):
            self._hello.said(now)
            said.append(self._make_hello())
        said.extend(self._make_reports(now))
        is_due = self._beat_at is None or not 0 <= now - self._beat_at < HEARTBEAT_SECONDS
        if self._is_greeted and is_due:
            self._beat_at = now
            said.append(self._make_heartbeat(now))
        return [encode_message(message) for message in said]

    def _receive_ack(self, ack: Ack, now: UtcSeconds) -> list[LockerEvent]:
        if ack.epoch != self._epoch:
            return []
        if ack.seq > self._last_seq:
            # The disk was put back to an older state under the same epoch; sending on would
            # give new facts the numbers of old ones.
            return [Diverged(f"the centre holds {ack.seq} facts, this journal {self._last_seq}")]
        if ack.seq > self._acknowledged:
            self._acknowledged = ack.seq
            self._sent = max(self._sent, ack.seq)
            self._resend.answered(now)
            return [Acknowledged(ack.seq)]
        if ack.seq == self._acknowledged < self._sent and self._resend.is_over(now):
            self._sent = ack.seq
        return []

    def _receive_list(self, update: ListUpdate) -> list[LockerEvent]:
        if update.version <= self._list_version:
            # Told again because our confirmation was lost: confirm again.
            self._beat_at = None
            return []
        if update.base_version > self._list_version:
            self._is_greeted = False
            self._hello.reset()
            return []
        is_whole = update.base_version == 0
        return [ListArrived(is_whole, update.version, update.changes)]

    def _make_hello(self) -> Hello:
        return Hello(
            locker=self._locker,
            site=self._site,
            epoch=self._epoch,
            last_seq=self._last_seq,
            list_version=self._list_version,
            release=self._release,
            conditions=self._read_conditions(),
            unsent_count=self.unsent_count,
            unsent_since=self._read_unsent_since(),
            clock=self._read_clock(),
            challenge=self._make_challenge(),
            configuration=self._read_configuration(),
        )

    def _make_reports(self, now: UtcSeconds) -> list[Report]:
        if self._acknowledged == self._last_seq:
            return []
        if self._sent > self._acknowledged and self._resend.is_over(now):
            self._sent = self._acknowledged
        reports: list[Report] = []
        limit = self._acknowledged + WINDOW_REPORTS * REPORT_FACTS_MAX
        while self._sent < min(self._last_seq, limit):
            first = self._sent + 1
            count = min(REPORT_FACTS_MAX, self._last_seq - self._sent)
            facts = tuple(self._read_facts(first, count))
            if not facts:
                break
            self._sent += len(facts)
            reports.append(
                Report(locker=self._locker, epoch=self._epoch, first_seq=first, facts=facts)
            )
        if reports:
            self._resend.said(now)
        return reports

    def _read_unsent_since(self) -> UtcSeconds | None:
        """Tell the time of the oldest fact that waits; the journal knows it, over a restart too."""
        if not self.unsent_count:
            return None
        oldest = self._read_facts(self._acknowledged + 1, 1)
        return _REPORTED_AT.decode(oldest[0]).fact.at if oldest else None

    def _make_heartbeat(self, now: UtcSeconds) -> Heartbeat:
        return Heartbeat(
            locker=self._locker,
            at=now,
            unsent_count=self.unsent_count,
            unsent_since=self._read_unsent_since(),
            list_version=self._list_version,
            clock=self._read_clock(),
            challenge=self._make_challenge(),
            configuration=self._read_configuration(),
            readings=self._read_sensors(),
        )


# ── The centre's end ──────────────────────────────────────────────────────────────────────────


class CentreSession:
    """The end of the link in the centre, one for each locker.

    Parameters
    ----------
    watermarks
        Last committed seq for each epoch of this locker's journal.
    list_version
        Newest version of the list of the locker's site.
    sign
        Puts key id and signature on a message.
    read_list
        Reads what changed on the list since a version.
    configuration
        Tells the locker what it shall be.
    """

    def __init__(
        self,
        *,
        locker: LockerId,
        watermarks: Mapping[str, int],
        list_version: int,
        sign: Callable[[Signed], Signed],
        read_list: ReadList,
        configuration: ConfigurationTeller | None = None,
    ) -> None:
        self._locker = locker
        self._committed = dict(watermarks)
        self._taken = dict(watermarks)
        self._list_version = list_version
        self._sign = sign
        self._read_list = read_list
        self.configuration = configuration or ConfigurationTeller()
        self._held_version: int | None = None
        self._acks: dict[str, None] = {}
        self._orders: list[Order] = []
        self._challenge = ""
        self._list = _Pause()
        self._time_at: UtcSeconds | None = None
        self._is_connected = False
        self._is_ahead_told = False

    @property
    def held_version(self) -> int | None:
        """Version of the list the locker has confirmed; ``None`` before its greeting."""
        return self._held_version

    @property
    def challenge(self) -> str:
        """What the locker gave last for orders to repeat."""
        return self._challenge

    @property
    def is_greeted(self) -> bool:
        """Whether there is a way to the locker and it has said something over it."""
        return self._is_connected and self._held_version is not None

    def order(self, order: Order) -> None:
        """Say an order with the next outgoing, once (R7)."""
        self._orders.append(order)

    def watermark(self, epoch: str) -> int:
        """Tell up to where an epoch's facts are committed."""
        return self._committed.get(epoch, 0)

    def connected(self, _now: UtcSeconds) -> None:
        """Note that the transport has a way to the locker again; the locker greets first."""
        self._is_connected = True

    def disconnected(self) -> None:
        """Note that the way to the locker is gone."""
        self._is_connected = False
        self._held_version = None
        self._acks.clear()
        self._orders.clear()
        self.configuration.disconnected()
        self._taken = dict(self._committed)

    def committed(self, epoch: str, seq: int) -> None:
        """Note that facts up to ``seq`` are durable; only now they are acknowledged (R2)."""
        self._committed[epoch] = max(seq, self._committed.get(epoch, 0))
        self._taken[epoch] = max(self._taken.get(epoch, 0), self._committed[epoch])
        self._acks[epoch] = None

    def failed(self, epoch: str) -> None:
        """Note that facts could not be committed; the locker will send them again."""
        self._taken[epoch] = self.watermark(epoch)

    def list_changed(self, version: int) -> None:
        """Note a newer list; the next outgoing sends what changed."""
        if version > self._list_version:
            self._list_version = version
            self._list.reset()

    def receive(self, body: bytes, now: UtcSeconds) -> list[CentreEvent]:
        """Take what the locker said."""
        try:
            message = decode_from_locker(body)
        except Malformed as error:
            return [Dropped(str(error))]
        if message.locker != self._locker:
            return [Dropped("from another locker")]
        match message:
            case Hello():
                self._challenge = message.challenge
                self.configuration.reported(message.configuration)
                self._acks[message.epoch] = None
                self._time_at = None
                # A greeting counts also when it holds less: its disk may have been put back.
                self._held_version = None
                return [*self._hold(message.list_version, now), Greeted(message)]
            case Report():
                return self._receive_report(message)
            case Heartbeat():
                self._challenge = message.challenge
                self.configuration.reported(message.configuration)
                return [*self._hold(message.list_version, now), Beat(message)]

    def outgoing(self, now: UtcSeconds) -> list[bytes]:
        """Give what is to be sent now."""
        if not self._is_connected:
            return []
        said: list[Signed] = [
            Ack(locker=self._locker, epoch=epoch, seq=self.watermark(epoch)) for epoch in self._acks
        ]
        self._acks.clear()
        said.extend(one for one in self._orders if now < one.expires_at)
        self._orders.clear()
        held = self._held_version
        if held is not None and held < self._list_version and self._list.is_over(now):
            self._list.said(now)
            said.append(self._make_list(held))
        said.extend(self.configuration.outgoing(now))
        is_due = self._time_at is None or not 0 <= now - self._time_at < TIME_SECONDS
        if held is not None and is_due:
            self._time_at = now
            said.append(self._make_time(now))
        return [encode_message(self._sign(message)) for message in said]

    def _hold(self, version: int, now: UtcSeconds) -> list[CentreEvent]:
        if self._held_version is None or version > self._held_version:
            self._held_version = version
            if version < self._list_version:
                self._list.reset()
            else:
                self._list.answered(now)
        if version <= self._list_version or self._is_ahead_told:
            return []
        self._is_ahead_told = True
        return [Diverged(f"the locker holds list {version}, the centre only {self._list_version}")]

    def _receive_report(self, report: Report) -> list[CentreEvent]:
        epoch = report.epoch
        taken = self._taken.get(epoch, 0)
        known = taken + 1 - report.first_seq
        if known < 0 or known >= len(report.facts):
            # A gap (R3), or nothing new: say where we stand. While facts wait for their commit
            # the acknowledgement after it says so.
            if known < 0 or taken == self.watermark(epoch):
                self._acks[epoch] = None
            return []
        facts = report.facts[known:]
        self._taken[epoch] = taken + len(facts)
        return [FactsArrived(epoch, taken + 1, facts)]

    def _make_time(self, now: UtcSeconds) -> TimeSignal:
        return TimeSignal(locker=self._locker, at_ms=now * 1000, challenge=self._challenge)

    def _make_list(self, base: int) -> ListUpdate:
        delta = self._read_list(base)
        # It may be newer than what was told of: a commit came between.
        self._list_version = max(self._list_version, delta.version)
        return ListUpdate(
            locker=self._locker,
            base_version=delta.base_version,
            version=delta.version,
            changes=delta.changes,
        )
