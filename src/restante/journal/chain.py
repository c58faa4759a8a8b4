"""The hash chain, and how a unit becomes facts with an envelope.

Each fact's hash covers the hash before it in its stream, its own envelope and its body, so one
changed byte breaks every hash after it. The position is left out: it belongs to one journal and
not to the story, and a journal moved to another database keeps its chain.

It knows no storage; both adapters use it.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from ..core.ids import ActorId, StreamName, split_stream
from ..core.value import UtcSeconds
from .codec import Codec
from .port import Origin, Recorded, Scalar, Stored, Unit

FIRST_HASH: Final = bytes(32)
"""Stands before the first fact of every stream."""

_encode: Final = msgspec.json.Encoder().encode


class Sealed(NamedTuple):
    """One unit, ready to be written."""

    rows: Sequence[tuple[Scalar, ...]]
    """As :func:`column_values` lists them."""
    recorded: Sequence[Recorded]
    head_hash: bytes
    """Hash of the last fact."""

    def stored(self) -> Iterator[Stored]:
        """Give the facts as a journal that keeps no columns keeps them."""
        for one, row in zip(self.recorded, self.rows, strict=True):
            _, _, _, _, tag, body, *_ = row
            yield Stored(
                one.position,
                one.stream,
                one.version,
                str(tag),
                bytes(body),  # type: ignore[arg-type]
                one.by,
                one.cause,
                one.origin,
                one.recorded_at,
                one.hash,
            )


def hash_fact(fact: Stored, previous: bytes) -> bytes:
    """Chain a fact to the hash before it; the fact's own ``hash`` field is not read."""
    origin = fact.origin
    came_from = None if origin is None else (origin.epoch, origin.seq)
    envelope = (
        fact.stream, fact.version, fact.tag, fact.by, fact.cause, came_from, fact.recorded_at
    )  # fmt: skip
    return _chain(previous, envelope, fact.body)


def seal_unit(
    unit: Unit, *, head_hash: bytes, position: int, recorded_at: UtcSeconds, codec: Codec
) -> Sealed:
    """Give a unit's entries versions, positions and hashes.

    Parameters
    ----------
    unit
        Expected version already checked.
    head_hash
        Hash of the stream's last fact, :data:`FIRST_HASH` for a new stream.
    position
        Position of the unit's first fact.
    """
    rows: list[tuple[Scalar, ...]] = []
    recorded: list[Recorded] = []
    stream, version = unit.stream, unit.expected_version
    kind, owner = split_stream(stream)
    for place, entry in enumerate(unit.entries, start=position):
        version += 1
        fact, by, cause, origin = entry.fact, entry.by, entry.cause, entry.origin
        if entry.body is None:
            tag, body = codec.encode(fact)
        else:
            tag, body = codec.tag(fact), entry.body
        epoch, seq = came_from = (None, None) if origin is None else (origin.epoch, origin.seq)
        envelope = (
            stream, version, tag, by, cause, None if origin is None else came_from, recorded_at
        )  # fmt: skip
        head_hash = _chain(head_hash, envelope, body)
        rows.append(
            (owner, kind, version, place, tag, body, by, cause, epoch, seq, recorded_at, head_hash)
        )
        recorded.append(
            Recorded(
                position=place,
                stream=stream,
                version=version,
                fact=fact,
                by=by,
                cause=cause,
                origin=origin,
                recorded_at=recorded_at,
                hash=head_hash,
            )
        )
    return Sealed(rows, recorded, head_hash)


def _chain(previous: bytes, envelope: tuple[object, ...], body: bytes) -> bytes:
    # JSON has no bare newline, so the three parts cannot run into each other.
    return sha256(b"%b%b\n%b" % (previous, _encode(envelope), body)).digest()


def make_stored(
    *,
    position: int,
    stream: StreamName,
    version: int,
    tag: str,
    body: bytes,
    by: str,
    cause: str,
    origin_epoch: str | None,
    origin_seq: int | None,
    recorded_at: int,
    hash: bytes,
) -> Stored:
    """Build an undecoded fact from columns."""
    origin = None
    if origin_epoch is not None and origin_seq is not None:
        origin = Origin(epoch=origin_epoch, seq=origin_seq)
    return Stored(
        position,
        stream,
        version,
        tag,
        body,
        ActorId(by),
        cause,
        origin,
        UtcSeconds(recorded_at),
        hash,
    )


def column_values(stored: Stored) -> tuple[Scalar, ...]:
    """List what the columns of a fact hold, in the order of the table and of archives."""
    kind, owner = split_stream(stored.stream)
    origin = stored.origin
    return (
        owner,
        kind,
        stored.version,
        stored.position,
        stored.tag,
        stored.body,
        stored.by,
        stored.cause,
        None if origin is None else origin.epoch,
        None if origin is None else origin.seq,
        stored.recorded_at,
        stored.hash,
    )
