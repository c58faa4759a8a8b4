"""The end of the link in the centre, one for each locker; the rules are in :mod:`.session`."""

from collections.abc import Callable, Mapping
from typing import Final

from ..core.ids import LockerId
from ..core.value import HOUR, Seconds, UtcSeconds
from .message import (
    Ack,
    Heartbeat,
    Hello,
    ListUpdate,
    Malformed,
    Order,
    Report,
    Signed,
    TimeSignal,
    decode_from_locker,
    encode_message,
)
from .session import (
    Beat,
    CentreEvent,
    Diverged,
    Dropped,
    FactsArrived,
    Gap,
    Greeted,
    ListDelta,
    Pause,
    ReadList,
)
from .telling import ConfigurationTeller, KeysTeller

TIME_SECONDS: Final = Seconds(HOUR)
"""How often the centre tells the time."""


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
    keys
        Tells the locker which keys the centre speaks with.
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
        keys: KeysTeller | None = None,
    ) -> None:
        self._locker = locker
        self._committed = dict(watermarks)
        self._taken = dict(watermarks)
        self._list_version = list_version
        self._sign = sign
        self._read_list = read_list
        self.configuration = configuration or ConfigurationTeller()
        self._keys = keys or KeysTeller(locker)
        self._held_version: int | None = None
        self._delta: ListDelta | None = None
        self._acks: dict[str, str] = {}
        """Epochs to acknowledge, with the challenge to repeat, or without one."""
        self._orders: list[Order] = []
        self._challenge = ""
        self._list = Pause()
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
        self._delta = None
        self._acks.clear()
        self._orders.clear()
        self.configuration.disconnected()
        self._keys.disconnected()
        self._taken = dict(self._committed)

    def committed(self, epoch: str, seq: int) -> None:
        """Note that facts up to ``seq`` are durable; only now they are acknowledged (R2)."""
        self._committed[epoch] = max(seq, self._committed.get(epoch, 0))
        self._taken[epoch] = max(self._taken.get(epoch, 0), self._committed[epoch])
        self._acks.setdefault(epoch, "")

    def stands_at(self, epoch: str, seq: int) -> None:
        """Note what was found out after a gap, and ask the locker for what follows it (R3, R9)."""
        self._committed[epoch] = self._taken[epoch] = seq
        self._acks[epoch] = self._challenge

    def failed(self, epoch: str) -> None:
        """Note that facts could not be committed; the locker will send them again."""
        self._taken[epoch] = self.watermark(epoch)

    def list_changed(self, version: int, delta: ListDelta | None = None) -> None:
        """Note a newer list; the next outgoing sends what changed.

        Parameters
        ----------
        delta
            What changed since the version the locker holds, where it was read already.
        """
        self._delta = delta
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
                self._keys.reported(message.keys)
                self._acks[message.epoch] = message.challenge
                self._time_at = None
                # A greeting counts also when it holds less: its disk may have been put back.
                self._held_version = None
                return [*self._hold(message.list_version, now), Greeted(message)]
            case Report():
                return self._receive_report(message)
            case Heartbeat():
                self._challenge = message.challenge
                self.configuration.reported(message.configuration)
                self._keys.reported(message.keys)
                held = self._hold(message.list_version, now)
                is_ahead = message.acknowledged_seq > self.watermark(message.epoch)
                return [*held, *([Gap(message.epoch)] if is_ahead else []), Beat(message)]

    def outgoing(self, now: UtcSeconds) -> list[bytes]:
        """Give what is to be sent now."""
        if not self._is_connected:
            return []
        said: list[Signed] = [
            Ack(locker=self._locker, epoch=epoch, seq=self.watermark(epoch), challenge=challenge)
            for epoch, challenge in self._acks.items()
        ]
        self._acks.clear()
        said.extend(one for one in self._orders if now < one.expires_at)
        self._orders.clear()
        held = self._held_version
        if held is not None and held < self._list_version and self._list.is_over(now):
            self._list.said(now)
            said.append(self._make_list(held))
        said.extend(self.configuration.outgoing(now))
        said.extend(self._keys.outgoing(now))
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
                self._delta = None
        if version <= self._list_version or self._is_ahead_told:
            return []
        self._is_ahead_told = True
        return [Diverged(f"the locker holds list {version}, the centre only {self._list_version}")]

    def _receive_report(self, report: Report) -> list[CentreEvent]:
        epoch = report.epoch
        taken = self._taken.get(epoch, 0)
        known = taken + 1 - report.first_seq
        if known < 0:
            return [Gap(epoch)]
        if known >= len(report.facts):
            # Nothing new: say where we stand. While facts wait for their commit the
            # acknowledgement after it says so.
            if taken == self.watermark(epoch):
                self._acks.setdefault(epoch, "")
            return []
        facts = report.facts[known:]
        self._taken[epoch] = taken + len(facts)
        return [FactsArrived(epoch, taken + 1, facts)]

    def _make_time(self, now: UtcSeconds) -> TimeSignal:
        return TimeSignal(locker=self._locker, at_ms=now * 1000, challenge=self._challenge)

    def _make_list(self, base: int) -> ListUpdate:
        delta = self._delta
        # Changes since an older version hold those since the one held (R4); they stay here until
        # they are confirmed, for they may have to be said again.
        if delta is None or not delta.base_version <= base < self._list_version <= delta.version:
            delta = self._read_list(base)
        # It may be newer than what was told of: a commit came between.
        self._list_version = max(self._list_version, delta.version)
        return ListUpdate(
            locker=self._locker,
            base_version=delta.base_version,
            version=delta.version,
            changes=delta.changes,
            challenge=self._challenge,
        )
