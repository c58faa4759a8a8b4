"""All facts as lines of JSON, in position order: for archives, audits and other programs.

One line for each fact, newline-delimited, with the body exactly as it was written (in base 64
where that is not one line of JSON) and the hash that proves it. Nothing is left out and nothing
is decoded, so an export of an old journal never depends on this release.
"""

from collections.abc import Iterator
from typing import IO, Any

import msgspec

from .port import Inspected, Stored

FACTS_PER_PAGE = 1_000
"""Facts read at once."""

_encoder = msgspec.json.Encoder()


def export_lines(journal: Inspected, *, after: int = 0, to: int | None = None) -> Iterator[bytes]:
    """Write facts as lines of JSON.

    Parameters
    ----------
    journal
        Any adapter; it may be written meanwhile, facts committed later are left out.
    after
        Position to start after; 0 for all.
    to
        Last position; the head at the start when not given.
    """
    end = journal.head() if to is None else to
    position = after
    while position < end:
        page = journal.stored_after(position, limit=FACTS_PER_PAGE)
        if not page:
            return
        for stored in page:
            if stored.position > end:
                return
            yield _line(stored)
        position = page[-1].position


def export_to(journal: Inspected, target: IO[bytes], *, after: int = 0) -> int:
    """Write all facts to an open file and count them."""
    count = 0
    for line in export_lines(journal, after=after):
        target.write(line)
        count += 1
    return count


def _line(stored: Stored) -> bytes:
    origin = stored.origin
    row: dict[str, Any] = {
        "position": stored.position,
        "stream": stored.stream,
        "version": stored.version,
        "recorded_at": stored.recorded_at,
        "by": stored.by,
        "cause": stored.cause,
        "origin": None if origin is None else {"epoch": origin.epoch, "seq": origin.seq},
        "hash": stored.hash.hex(),
        "tag": stored.tag,
    }
    if _is_one_line_of_json(stored.body):
        row["fact"] = msgspec.Raw(stored.body)
    else:
        row["body_base64"] = stored.body
    return _encoder.encode(row) + b"\n"


def _is_one_line_of_json(body: bytes) -> bool:
    # Mirrored bodies are kept as they came, which may be anything.
    if b"\n" in body:
        return False
    try:
        msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return True
