"""The end of the link in a locker; the rules are in :mod:`.session`."""

from collections.abc import Callable
from typing import Final

import msgspec

from ..core.alarm import Reading
from ..core.fit import Condition
from ..core.ids import LockerId, SiteId
from ..core.value import Seconds, UtcSeconds
from .configuration import ConfigurationState
from .message import (
    REPORT_FACTS_MAX,
    Ack,
    ConfigurationUpdate,
    FromCentre,
    FromLocker,
    Heartbeat,
    Hello,
    KeysUpdate,
    ListUpdate,
    Malformed,
    Order,
    Report,
    Signed,
    TimeSignal,
    decode_from_centre,
    encode_message,
)
from .session import (
    Acknowledged,
    ConfigurationArrived,
    Diverged,
    Dropped,
    KeysArrived,
    ListArrived,
    LockerEvent,
    OrderArrived,
    Pause,
    ReadFacts,
    TimeTold,
)

WINDOW_REPORTS: Final = 4
"""Reports under way before the first is acknowledged."""

HEARTBEAT_SECONDS: Final = Seconds(60)


class _At(msgspec.Struct):
    at: UtcSeconds | None = None


class _ReportedAt(msgspec.Struct):
    fact: _At


_REPORTED_AT: Final = msgspec.json.Decoder(_ReportedAt)


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
    read_keys
        Names the centre's keys held here.
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
        read_keys: Callable[[], str] = lambda: "",
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
        self._read_keys = read_keys
        self._told_ms = 0
        self._is_connected = False
        self._is_greeted = False
        self._hello = Pause()
        self._resend = Pause()
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
        self._is_greeted |= self._is_greeting_heard(message)
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
            case KeysUpdate():
                return [KeysArrived(message)]

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
        if ack.seq < self._acknowledged and self._is_answer(ack.challenge):
            self._acknowledged = self._sent = ack.seq
            self._resend.reset()
            return [Acknowledged(ack.seq)]
        if ack.seq == self._acknowledged < self._sent and self._resend.is_over(now):
            self._sent = ack.seq
        return []

    def _is_greeting_heard(self, message: FromCentre) -> bool:
        # Facts are answered too when the greeting before them was lost, and a broker may have kept
        # any word; only who heard the greeting knows which list is held here.
        match message:
            case Ack() | ListUpdate() | TimeSignal() | Order():
                return self._is_answer(message.challenge)
            case _:
                return False

    def _is_answer(self, challenge: str) -> bool:
        """Whether the centre answers what was said a moment ago, and nobody an old greeting."""
        return bool(challenge) and self._is_live_challenge(challenge)

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
        if is_whole and not self._is_live_challenge(update.challenge):
            return [Dropped("a whole list that was held back")]
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
            keys=self._read_keys(),
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
            epoch=self._epoch,
            acknowledged_seq=self._acknowledged,
            clock=self._read_clock(),
            challenge=self._make_challenge(),
            configuration=self._read_configuration(),
            readings=self._read_sensors(),
            keys=self._read_keys(),
        )
