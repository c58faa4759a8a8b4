"""The hash chain, and how a unit becomes facts with an envelope.

Each fact's hash covers the hash before it in its stream, its own envelope and its body, so one
changed byte breaks every hash after it. The position is left out: it belongs to one journal and
not to the story, and a journal moved to another database keeps its chain.

It knows no storage; both adapters use it.
"""

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from ..core.ids import ActorId, StreamName, split_stream
from ..core.value import UtcSeconds
from .codec import Codec
from .port import Origin, Recorded, Scalar, Stored, Unit

FIRST_HASH: Final = bytes(32)
"""Stands before the first fact of every stream."""

_envelope = msgspec.json.Encoder()


class Sealed(NamedTuple):
    """One unit, ready to be written."""

    stored: Sequence[Stored]
    recorded: Sequence[Recorded]
    head_hash: bytes
    """Hash of the last fact."""


def hash_fact(fact: Stored, previous: bytes) -> bytes:
    """Chain a fact to the hash before it; the fact's own ``hash`` field is not read."""
    origin = fact.origin
    envelope = (
        fact.stream,
        fact.version,
        fact.tag,
        fact.by,
        fact.cause,
        None if origin is None else (origin.epoch, origin.seq),
        fact.recorded_at,
    )
    # JSON has no bare newline, so the three parts cannot run into each other.
    return hashlib.sha256(previous + _envelope.encode(envelope) + b"\n" + fact.body).digest()


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
    stored: list[Stored] = []
    recorded: list[Recorded] = []
    for offset, entry in enumerate(unit.entries):
        tag, body = codec.encode(entry.fact)
        if entry.body is not None:
            body = entry.body
        bare = Stored(
            position=position + offset,
            stream=unit.stream,
            version=unit.expected_version + offset + 1,
            tag=tag,
            body=body,
            by=entry.by,
            cause=entry.cause,
            origin=entry.origin,
            recorded_at=recorded_at,
            hash=b"",
        )
        head_hash = hash_fact(bare, head_hash)
        stored.append(bare._replace(hash=head_hash))
        recorded.append(
            Recorded(
                position=bare.position,
                stream=unit.stream,
                version=bare.version,
                fact=entry.fact,
                by=entry.by,
                cause=entry.cause,
                origin=entry.origin,
                recorded_at=recorded_at,
                hash=head_hash,
            )
        )
    return Sealed(stored, recorded, head_hash)


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
