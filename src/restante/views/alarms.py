"""What the sensors of lockers say: alarms that are active, and the newest readings.

One row for a locker: both are read whole, and a heartbeat writes one row, not forty.
"""

from typing import Final

import msgspec
from sqlalchemy import BigInteger, Column, LargeBinary, RowMapping, Table, Text

from ..core import locker
from ..core.alarm import Alarm, Reading
from ..core.ids import LockerId
from ..core.value import UtcSeconds
from ..journal.port import RowChange, Scalar
from .tables import VIEWS

LOCKER_ALARMS: Final = Table(
    "locker_alarms",
    VIEWS,
    Column("locker", Text, primary_key=True),
    Column("alarms", LargeBinary, nullable=False),
)
"""Active alarms as the locker's facts tell them. ``alarms``: JSON list of
:class:`restante.core.alarm.Alarm`. Follows facts."""

LOCKER_READINGS: Final = Table(
    "locker_readings",
    VIEWS,
    Column("locker", Text, primary_key=True),
    Column("readings", LargeBinary, nullable=False),
    Column("read_at", BigInteger, nullable=False),
)
"""What the sensors said last. ``readings``: JSON list of :class:`restante.core.alarm.Reading`.
Written with heartbeats."""

_ENCODE: Final = msgspec.json.Encoder()
_ALARMS: Final = msgspec.json.Decoder(tuple[Alarm, ...])
_READINGS: Final = msgspec.json.Decoder(tuple[Reading, ...])


def alarms_row(owner: str, state: locker.Locker) -> RowChange:
    """Write the active alarms of a locker."""
    alarms = tuple(state.alarms.values())
    return RowChange(LOCKER_ALARMS.name, (owner,), {"alarms": _ENCODE.encode(alarms)})


def readings_row(owner: LockerId, readings: tuple[Reading, ...], at: UtcSeconds) -> RowChange:
    """Write the newest readings of a locker."""
    values: dict[str, Scalar] = {"readings": _ENCODE.encode(readings), "read_at": at}
    return RowChange(LOCKER_READINGS.name, (owner,), values)


def read_alarms(row: RowMapping) -> tuple[Alarm, ...]:
    """Read the active alarms out of a row, the oldest first."""
    alarms = () if row["alarms"] is None else _ALARMS.decode(row["alarms"])
    return tuple(sorted(alarms, key=lambda alarm: alarm.raised_at))


def read_readings(row: RowMapping) -> tuple[Reading, ...]:
    """Read the newest readings out of a row."""
    return () if row["readings"] is None else _READINGS.decode(row["readings"])
