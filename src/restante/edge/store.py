"""What a locker keeps on its disk: one file, one writer.

The journal of ``locker/<id>``, and beside it, in the same file and the same transactions, the
list of what it may do and a few notes about itself (the epoch of this journal, the watermark).
Nothing in memory moves on before the disk has it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, Protocol, cast

import msgspec
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text, select

from ..clock import Minter
from ..core import locker as rules
from ..core.content import Content
from ..core.ids import ActorId, GrantId, StreamName, locker_stream
from ..core.streams import KINDS
from ..core.value import Fact, UtcSeconds
from ..journal.port import (
    Batch,
    Entry,
    Inspected,
    Journal,
    RowChange,
    Scalar,
    Stored,
    Unit,
)
from ..journal.sqlite import SqliteJournal
from ..link.message import ListChange, ReportedFact
from .allowed import AllowedList, Listed, keys_kept_while_reopening
from .config import LockerConfig
from .steady import Correction

TABLES: Final = MetaData()
"""Rows a locker keeps beside its facts; pass them to the journal as ``inline``."""

LIST_TABLE: Final = Table(
    "edge_list",
    TABLES,
    Column("owner", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("is_ended", Integer, nullable=False),
)
MEMO_TABLE: Final = Table(
    "edge_memo",
    TABLES,
    Column("owner", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

_CODES_WAIT: Final = "wait"

_ENCODE = msgspec.json.Encoder()
_LISTED = msgspec.json.Decoder(Listed)
_CORRECTION = msgspec.json.Decoder(Correction)


class LockerJournal(Journal, Inspected, Protocol):
    """A journal that also gives facts as they lie on the disk, for the link, and can be checked."""

    def stored(self, stream: StreamName, *, after_version: int, limit: int) -> tuple[Stored, ...]:
        """Read a stream's facts undecoded."""
        ...


def open_locker_journal(
    path: str, *, durability: Literal["full", "relaxed"] = "full"
) -> SqliteJournal:
    """Open a locker's file, made when absent.

    Raises
    ------
    restante.journal.port.Damaged
        When the file is broken: the doors stay shut and somebody must look.
    """
    return SqliteJournal(path, KINDS, inline=TABLES, durability=durability)


class LockerStore:
    """State, list and notes of one locker, and the only way to change them.

    Parameters
    ----------
    journal
        Opened with :data:`TABLES` as inline tables.
    minter
        Names the journal's epoch when it is new.
    """

    def __init__(self, journal: LockerJournal, config: LockerConfig, minter: Minter) -> None:
        self.journal = journal
        """The locker's own; read it, write only through this store."""
        self._config = config
        self._stream = locker_stream(config.locker)
        found = journal.states([self._stream]).get(self._stream)
        self.state: rules.Locker = rules.Locker()
        self.version = 0
        if found is not None:
            self.state = cast(rules.Locker, found.state)
            self.version = found.version
        self._memo = self._read_memo()
        self._oldest_unsent = (0, UtcSeconds(0))
        self.allowed = AllowedList(self._read_list(), config.site)
        if "epoch" not in self._memo:
            self.remember("epoch", minter.make("e"), at=UtcSeconds(0))

    @property
    def epoch(self) -> str:
        """Name of this life of the journal; a lost file begins a new one."""
        return self._memo["epoch"]

    @property
    def list_version(self) -> int:
        """Version of the list held, 0 for none."""
        return int(self._memo.get("list_version", "0"))

    @property
    def has_all_codes(self) -> bool:
        """Whether every code of the list is held, not only all else of it."""
        return self._memo.get("codes") != _CODES_WAIT

    @property
    def watermark(self) -> int:
        """Last fact known to be safe at the centre."""
        return int(self._memo.get("watermark", "0"))

    @property
    def heard_at(self) -> UtcSeconds | None:
        """When it was last noted that the centre said something; ``None`` for never."""
        noted = self._memo.get("heard_at")
        return None if noted is None else UtcSeconds(int(noted))

    @property
    def correction(self) -> Correction | None:
        """The centre's last word about the time; ``None`` before the first."""
        kept = self._memo.get("correction")
        return None if kept is None else _CORRECTION.decode(kept)

    def keep_correction(self, correction: Correction, *, at: UtcSeconds) -> None:
        """Keep the centre's word about the time over a restart."""
        self.remember("correction", _ENCODE.encode(correction).decode(), at=at)

    @property
    def unsent_since(self) -> UtcSeconds | None:
        """Time of the oldest fact the centre has not acknowledged; ``None`` when it has all."""
        first = self.watermark + 1
        if first > self.version:
            return None
        if self._oldest_unsent[0] != first:
            self._oldest_unsent = (first, self.read_facts(first, 1)[0].at)
        return self._oldest_unsent[1]

    @property
    def begun_at(self) -> UtcSeconds:
        """Time of the first fact; 0 for a new journal."""
        first = self.read_facts(1, 1)
        return first[0].at if first else UtcSeconds(0)

    def last_known_at(self) -> UtcSeconds:
        """Tell the time of the last fact; 0 for a new journal."""
        last = self.read_facts(self.version, 1) if self.version else ()
        return last[-1].at if last else UtcSeconds(0)

    def read_facts(self, first_seq: int, limit: int) -> tuple[Fact, ...]:
        """Read facts of this locker in order."""
        journal = self.journal
        found = journal.read(self._stream, after_version=first_seq - 1, limit=limit)
        return tuple(one.fact for one in found)

    def record(
        self,
        commands: Iterable[rules.LockerCommand],
        *,
        by: ActorId,
        at: UtcSeconds,
        cause: str = "",
        rows: Sequence[RowChange] = (),
    ) -> tuple[rules.LockerFact, ...]:
        """Decide commands one after another and write what follows, all or nothing, durably.

        Raises
        ------
        restante.core.refusal.Refused
            When a rule said no to one of them; nothing was written.
        restante.journal.port.Full, Busy, Damaged
            When the disk did; nothing was written and nothing in memory has changed.
        """
        state = self.state
        facts: list[rules.LockerFact] = []
        for command in commands:
            for fact in rules.decide(state, command):
                facts.append(fact)
                state = rules.evolve(state, fact)
        if not facts and not rows:
            return ()
        entries = [Entry(fact=fact, by=by, cause=cause) for fact in facts]
        units = [Unit(self._stream, self.version, entries, state)] if entries else []
        self.journal.append(Batch(units=units, rows=rows), recorded_at=at)
        self.state = state
        self.version += len(entries)
        return tuple(facts)

    def remember(self, key: str, value: str, *, at: UtcSeconds) -> None:
        """Keep a note about this locker."""
        self.journal.append(Batch(units=(), rows=[self._memo_row(key, value)]), recorded_at=at)
        self._memo[key] = value

    def merge_list(
        self, changes: Sequence[ListChange], *, is_whole: bool
    ) -> tuple[AllowedList, dict[str, Listed | None]]:
        """Say what the list is after changes, and which entries differ; writes nothing."""
        before = self.allowed.listed
        named = {change.key: change.entry for change in changes}
        if is_whole:
            named.update({key: None for key in before if key not in named})
        kept = keys_kept_while_reopening(self._reopening(), before)
        differing: dict[str, Listed | None] = {}
        for key, entry in named.items():
            after: Listed | None = None
            if entry is not None:
                after = Listed(entry=entry)
            elif key in kept:
                after = Listed(entry=before[key].entry, is_ended=True) if key in before else None
            if after != before.get(key):
                differing[key] = after
        merged = {**before, **{k: one for k, one in differing.items() if one is not None}}
        for key, one in differing.items():
            if one is None:
                merged.pop(key, None)
        return AllowedList(merged, self._config.site), differing

    def keep_list(
        self,
        after: AllowedList,
        differing: Mapping[str, Listed | None],
        *,
        version: int,
        commands: Iterable[rules.LockerCommand],
        by: ActorId,
        at: UtcSeconds,
        has_all_codes: bool = True,
    ) -> tuple[rules.LockerFact, ...]:
        """Write a list together with what follows from it."""
        noted = {"list_version": str(version)}
        if has_all_codes != self.has_all_codes:
            noted["codes"] = "" if has_all_codes else _CODES_WAIT
        rows = [self._list_row(key, one) for key, one in differing.items()]
        rows += [self._memo_row(key, value) for key, value in noted.items()]
        facts = self.record(commands, by=by, at=at, rows=rows)
        self._memo.update(noted)
        self.allowed = after
        return facts

    def drop_ended(self, *, at: UtcSeconds) -> None:
        """Let go of ended entries whose re-open window has passed."""
        listed = self.allowed.listed
        ended = {key for key, one in listed.items() if one.is_ended}
        if not ended:
            return
        gone = ended - keys_kept_while_reopening(self._reopening(), listed)
        if gone:
            rows = [self._list_row(key, None) for key in gone]
            self.journal.append(Batch(units=(), rows=rows), recorded_at=at)
            left = {key: one for key, one in listed.items() if key not in gone}
            self.allowed = AllowedList(left, self._config.site)

    def read_reported(self, first_seq: int, limit: int) -> tuple[msgspec.Raw, ...]:
        """Read facts for the link, as the bytes they were written in."""
        journal = self.journal
        stored = journal.stored(self._stream, after_version=first_seq - 1, limit=limit)
        return tuple(
            msgspec.Raw(
                _ENCODE.encode(ReportedFact(by=one.by, cause=one.cause, fact=msgspec.Raw(one.body)))
            )
            for one in stored
        )

    def close(self) -> None:
        """Let go of the file."""
        self.journal.close()

    def _reopening(self) -> list[GrantId]:
        return [
            state.grant
            for state in self.state.compartments.values()
            if state.grant is not None and state.content is Content.RELEASING
        ]

    def _list_row(self, key: str, one: Listed | None) -> RowChange:
        values: dict[str, Scalar] | None = None
        if one is not None:
            values = {"body": _ENCODE.encode(one), "is_ended": int(one.is_ended)}
        return RowChange(LIST_TABLE.name, (self._config.locker, key), values)

    def _memo_row(self, key: str, value: str) -> RowChange:
        return RowChange(MEMO_TABLE.name, (self._config.locker, key), {"value": value})

    def _read_list(self) -> dict[str, Listed]:
        rows = _read_all(self.journal, LIST_TABLE, self._config.locker)
        return {str(key[1]): _LISTED.decode(cast(bytes, row["body"])) for key, row in rows.items()}

    def _read_memo(self) -> dict[str, str]:
        rows = _read_all(self.journal, MEMO_TABLE, self._config.locker)
        return {str(key[1]): str(row["value"]) for key, row in rows.items()}


def _read_all(
    journal: Journal, table: Table, owner: str
) -> dict[tuple[Scalar, ...], Mapping[str, Scalar]]:
    if isinstance(journal, SqliteJournal):
        with journal.reading() as connection:
            query = select(table).where(table.c.owner == owner)
            found = [dict(row) for row in connection.execute(query).mappings()]
        return {(row["owner"], row["key"]): row for row in found}
    scanned: dict[tuple[Scalar, ...], Mapping[str, Scalar]] = journal.scan(table.name)  # type: ignore[attr-defined]
    return {key: row for key, row in scanned.items() if key[0] == owner}
