"""Does the record still say what was written, and does it agree with itself?

Every stream is folded from its first fact: versions without gaps, each hash recomputed from the
bytes on the disk, the fold equal to the state row, the last hash equal to the row's. Then the
whole: positions, facts without a state, the storage's own check. Memory does not grow with the
number of facts.

Of a journal whose first facts were moved into archives, streams are folded from their checkpoints,
or, given the archives, from their first fact again; then the checkpoints are checked too.

A report names the first damage found in each of these ways and never repairs anything.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from ..core.ids import StreamName, split_stream
from .chain import FIRST_HASH, hash_fact
from .codec import codec_of
from .port import (
    ArchivedFacts,
    Checkpoint,
    Damaged,
    Inspected,
    Kinds,
    StateRow,
    Stored,
    StreamKind,
    UnknownFact,
)

STREAMS_PER_PAGE = 200
"""Streams whose state rows are read at once."""

FACTS_PER_PAGE = 500
"""Facts of one stream read at once."""

FACTS_AHEAD = 10_000
"""Facts of short streams read together: most streams have a dozen, and asking for each alone takes
longer than checking it."""

DAMAGES_MAX = 20
"""Damages listed; more would help nobody."""


class Damage(NamedTuple):
    """One place where the record is wrong."""

    position: int | None
    """Of the first wrong fact; ``None`` when it cannot be told."""
    stream: StreamName | None
    version: int | None
    what: str
    """A sentence for an operator."""


class VerifyReport(NamedTuple):
    """What verification has found."""

    facts: int
    """Facts read and found in order."""
    streams: int
    damages: Sequence[Damage]
    """Empty when sound; at most :data:`DAMAGES_MAX`."""
    unknown_tags: Mapping[str, int]
    """Facts this release does not know, by tag: kept, skipped by folds, no damage."""
    floor: int = 0
    """Facts up to this position were taken from checkpoints and not looked at."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing wrong was found."""
        return not self.damages

    def text(self) -> str:
        """Say it in one line for each finding."""
        lines = [f"{self.facts} facts in {self.streams} streams"]
        unknown = self.unknown_tags.items()
        if self.floor:
            lines.append(f"facts up to position {self.floor} are archived: not checked here")
        lines.extend(f"{count} facts with unknown tag {tag}" for tag, count in unknown)
        for damage in self.damages:
            place = "somewhere" if damage.position is None else f"position {damage.position}"
            where = "" if damage.stream is None else f" ({damage.stream}, version {damage.version})"
            lines.append(f"damage at {place}{where}: {damage.what}")
        lines.append("ok" if self.is_sound else "stop writing and restore the last good copy")
        return "\n".join(lines)


class _Story(NamedTuple):
    """One stream, read to the version of its state row."""

    facts: int
    state: Any
    last_hash: bytes
    last_position: int
    damage: Damage | None
    skipped: int = 0
    """Of the facts, those that were not looked at."""


def verify(journal: Inspected, kinds: Kinds, archive: ArchivedFacts | None = None) -> VerifyReport:
    """Check a journal from its first fact to its last; it may be written meanwhile.

    Parameters
    ----------
    journal
        Any adapter.
    kinds
        How streams are folded.
    archive
        What was moved into files, to check that too; checkpoints are believed without it.
    """
    damages: list[Damage] = []
    checker = _Checker(journal, kinds, archive)
    facts = streams = 0
    try:
        problem = journal.check_storage()
        if problem:
            damages.append(Damage(None, None, None, f"the storage reports: {problem}"))
        damages.extend(_check_whole(journal))
        after: StreamName | None = None
        while len(damages) < DAMAGES_MAX:
            page = journal.streams(after=after, limit=STREAMS_PER_PAGE)
            if not page:
                break
            after = page[-1]
            rows = _states_of(journal, page, damages)
            streams += len(page)
            checkpoints = journal.checkpoints(page)
            checker.read_ahead(
                {name: row.version for name, row in rows.items() if name not in checkpoints}
            )
            for stream in page:
                row = rows.get(stream)
                if row is None:
                    continue
                count, damage = checker.check(stream, row, checkpoints.get(stream))
                facts += count
                if damage is not None:
                    damages.append(damage)
    except Damaged as error:
        damages.append(Damage(None, None, None, f"reading stopped: {error}"))
    damages.sort(key=lambda damage: (damage.position is None, damage.position or 0))
    return VerifyReport(
        facts,
        streams,
        damages[:DAMAGES_MAX],
        dict(sorted(checker.unknown.items())),
        journal.floor() if archive is None else 0,
    )


def _check_whole(journal: Inspected) -> list[Damage]:
    found: list[Damage] = []
    missing = journal.missing_position()
    if missing is not None:
        found.append(Damage(missing, None, None, "a fact is missing from the journal"))
    orphan = journal.orphan()
    if orphan is not None:
        what = "the stream has facts but no state row"
        found.append(Damage(orphan.position, orphan.stream, orphan.version, what))
    return found


def _states_of(
    journal: Inspected, page: Sequence[StreamName], damages: list[Damage]
) -> Mapping[StreamName, StateRow]:
    try:
        return journal.states(page)
    except Damaged:
        pass
    # One of them cannot be decoded: read them alone to name it.
    rows: dict[StreamName, StateRow] = {}
    for stream in page:
        try:
            rows.update(journal.states([stream]))
        except Damaged as error:
            damages.append(Damage(None, stream, None, str(error)))
    return rows


class _Checker:
    """Folds one stream after the other and counts facts it does not know."""

    def __init__(self, journal: Inspected, kinds: Kinds, archive: ArchivedFacts | None) -> None:
        self._journal = journal
        self._archive = archive
        self._kinds = kinds
        self._codec = codec_of(kinds)
        self._ahead: dict[StreamName, tuple[Stored, ...]] = {}
        self.unknown: Counter[str] = Counter()

    def read_ahead(self, versions: Mapping[StreamName, int]) -> None:
        """Read the facts of short streams that are checked next, and forget those read before."""
        self._ahead.clear()
        if self._archive is not None:
            return
        room = FACTS_AHEAD
        some: list[StreamName] = []
        for stream, version in versions.items():
            if version <= min(FACTS_PER_PAGE, room):
                some.append(stream)
                room -= version
        # What cannot be read is named where each is read alone.
        with suppress(Damaged):
            self._ahead.update(self._journal.stored_of(some))

    def check(
        self, stream: StreamName, row: StateRow, checkpoint: Checkpoint | None
    ) -> tuple[int, Damage | None]:
        """Count a stream's sound facts and name its first damage."""
        kind = self._kinds.get(split_stream(stream)[0])
        try:
            story = self._fold(stream, row.version, kind, checkpoint)
        except Damaged as error:
            return 0, Damage(error.position, stream, None, str(error))
        if story.damage is not None:
            return story.facts - story.skipped, story.damage
        what = ""
        counted = story.facts - story.skipped
        if story.facts != row.version:
            what = f"the state row counts {row.version} facts, the stream has {story.facts}"
        elif story.last_hash != row.head_hash:
            what = "the state row's hash is not that of the last fact"
        elif kind is None:
            what = "this release does not know this kind of stream"
        elif story.state != row.state:
            what = "folding the facts does not give the state row"
        if not what:
            return counted, None
        return counted, Damage(story.last_position or None, stream, story.facts, what)

    def _fold(
        self,
        stream: StreamName,
        until: int,
        kind: StreamKind | None,
        checkpoint: Checkpoint | None,
    ) -> _Story:
        state = None if kind is None else kind.initial
        last_hash, last_position, version, skipped = FIRST_HASH, 0, 0, 0
        if checkpoint is not None and self._archive is None:
            version, state, last_hash, last_position = checkpoint
            skipped = version
        for stored in self._facts(stream, version, until):
            what = _wrong_with(stored, version, last_hash, last_position)
            if what:
                damage = Damage(stored.position, stream, stored.version, what)
                return _Story(version, state, last_hash, last_position, damage, skipped)
            version, last_hash, last_position = stored.version, stored.hash, stored.position
            fact = self._codec.decode(stored.tag, stored.body)
            if isinstance(fact, UnknownFact):
                self.unknown[stored.tag] += 1
            elif kind is not None:
                state = kind.evolve(state, fact)
            if checkpoint is not None and version == checkpoint.version:
                stand = (checkpoint.state, checkpoint.head_hash)
                if kind is not None and stand != (state, last_hash):
                    what = "the checkpoint is not what the archived facts give"
                    damage = Damage(last_position, stream, version, what)
                    return _Story(version, state, last_hash, last_position, damage, skipped)
        return _Story(version, state, last_hash, last_position, None, skipped)

    def _facts(self, stream: StreamName, after: int, until: int) -> Iterator[Stored]:
        if self._archive is not None:
            for stored in self._archive.take(stream):
                yield stored
                after = stored.version
        if after == 0 and stream in self._ahead:
            # Somebody may have written since the state was read.
            yield from self._ahead[stream][:until]
            return
        while after < until:
            limit = min(FACTS_PER_PAGE, until - after)
            page = self._journal.stored(stream, after_version=after, limit=limit)
            if not page:
                return
            yield from page
            after = page[-1].version


def _wrong_with(stored: Stored, version: int, last_hash: bytes, last_position: int) -> str:
    if stored.version != version + 1:
        return f"version {version + 1} is missing"
    if stored.position <= last_position:
        return f"it stands before version {version} in the journal"
    if stored.hash != hash_fact(stored, last_hash):
        return "its content or envelope is not what was written: the hash does not match"
    return ""
