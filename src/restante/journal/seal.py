"""Signed daily heads: proof for a court or an auditor that nothing was changed later.

A seal covers the digest before it and the last hash of every stream that changed since. Whoever
keeps one old seal outside can check everything up to it: a changed fact changes its stream's
hash, that changes the digest, and the signature no longer fits.

It must not know keys: whoever builds it passes ``sign`` in.
"""

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from ..core.ids import StreamName
from .port import Inspected, Seal

FACTS_PER_PAGE = 1_000
"""Facts read at once."""

FIRST_DIGEST: Final = bytes(32)
"""Stands before the first seal."""


class Head(NamedTuple):
    """The last fact of a stream within a seal."""

    stream: StreamName
    version: int
    hash: bytes


class DayHeads(NamedTuple):
    """What a seal is made over."""

    day: str
    after_position: int
    to_position: int
    heads: Sequence[Head]
    """One for each stream that changed, by stream name."""
    digest: bytes


def heads(
    journal: Inspected, day: dt.date, *, pause: Callable[[float], None] | None = None
) -> DayHeads:
    """Collect the heads of all streams that changed since the seal before.

    Parameters
    ----------
    journal
        Any adapter.
    day
        In UTC; names the seal. What counts is positions, so a clock going backwards seals
        nothing twice and leaves nothing out.
    pause
        Told after each page of facts for how many seconds it was read.

    Raises
    ------
    ValueError
        When the day, or a later one, is sealed already.
    """
    seals = journal.seals()
    name = day.isoformat()
    if seals and seals[-1].day >= name:
        raise ValueError(f"{seals[-1].day} is sealed already; seal a later day than that")
    # What was archived before any seal was made of it lies in files that are signed themselves.
    after = max(seals[-1].to_position if seals else 0, journal.floor())
    previous = seals[-1].digest if seals else FIRST_DIGEST
    return _collect(journal, name, after, journal.head(), previous, pause)


def seal_day(
    journal: Inspected,
    day: dt.date,
    sign: Callable[[bytes], bytes],
    *,
    pause: Callable[[float], None] | None = None,
) -> Seal:
    """Sign a day's heads and keep the seal.

    Parameters
    ----------
    journal
        Any adapter.
    day
        See :func:`heads`.
    sign
        Signs the digest.
    pause
        See :func:`heads`.

    Raises
    ------
    ValueError
        When the day, or a later one, is sealed already.
    """
    found = heads(journal, day, pause=pause)
    seal = Seal(
        found.day, found.after_position, found.to_position, found.digest, sign(found.digest)
    )
    if not journal.add_seal(seal):
        raise ValueError(f"{found.day} was sealed by another process meanwhile")
    return seal


def check_seals(
    journal: Inspected, is_signed: Callable[[bytes, bytes], bool]
) -> tuple[int, Seal | None]:
    """Recompute every seal from the facts and check its signature.

    Of a seal that covers archived facts only the signature and its place after the one before are
    checked: its facts lie in files that are signed themselves. Between two seals only archived
    facts may be left out.

    Parameters
    ----------
    journal
        Any adapter.
    is_signed
        Given digest and signature, whether one fits the other.

    Returns
    -------
    tuple
        How many seals are good, and the first that is not.
    """
    after, previous, good = 0, FIRST_DIGEST, 0
    floor = journal.floor()
    for seal in journal.seals():
        begin = seal.after_position
        is_good = begin == after or after < begin <= floor
        if is_good and begin >= floor:
            found = _collect(journal, seal.day, begin, seal.to_position, previous)
            is_good = seal.digest == found.digest
        if not (is_good and is_signed(seal.digest, seal.signature)):
            return good, seal
        after, previous, good = seal.to_position, seal.digest, good + 1
    return good, None


def _collect(
    journal: Inspected,
    day: str,
    after: int,
    to: int,
    previous: bytes,
    pause: Callable[[float], None] | None = None,
) -> DayHeads:
    last: dict[StreamName, Head] = {}
    position = after
    while position < to:
        began = time.monotonic()
        page = journal.stored_after(position, limit=FACTS_PER_PAGE)
        page = tuple(stored for stored in page if stored.position <= to)
        if not page:
            break
        position = page[-1].position
        last.update((one.stream, Head(one.stream, one.version, one.hash)) for one in page)
        if pause is not None:
            pause(time.monotonic() - began)
    found = [last[stream] for stream in sorted(last)]
    digest = hashlib.sha256(previous + f"{day} {after} {to}\n".encode())
    for head in found:
        digest.update(f"{head.stream} {head.version} {head.hash.hex()}\n".encode())
    return DayHeads(day, after, to, found, digest.digest())
