"""Take in what a locker reports: its facts are kept as they are, and the centre draws from them.

R1  Facts are mirrored raw into ``locker/<id>``, with their origin, in one transaction with the
    watermark and everything drawn from them. The acknowledgement comes after the commit.
R2  What was seen before (watermark) is skipped; a gap is not bridged: the locker sends again from
    the watermark.
R3  A fact that is not understood, or that the centre cannot draw from, is kept raw, put into
    quarantine and shown; the facts after it still flow.
R4  What happened is never refused: what contradicts belief is recorded beside an anomaly.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec

from ..core.handoff import HandoffCollected, HandoffDeposited, HandoffRetrieved
from ..core.ids import (
    ActorId,
    ParcelId,
    SiteId,
    StreamName,
    locker_stream,
    parcel_stream,
    site_stream,
)
from ..core.refusal import Refused
from ..core.streams import KINDS
from ..core.value import Fact
from ..journal.codec import codec_of
from ..journal.inline import RowKey
from ..journal.ledger import Ledger, Operation
from ..journal.port import Entry, Origin, RowChange, Scalar, UnknownFact
from ..link.message import UNREADABLE, Report, ReportedFact
from ..views.alone_tables import FOUND
from ..views.device_tables import MACHINES
from ..views.principal import Principal
from ..views.tables import LOCKERS, QUARANTINE, SITES, WATERMARKS
from .lookup import find_locker_row
from .matters import open_matter
from .means import Means
from .reactions import Reporter, may_draw, react

_CODEC: Final = codec_of({"locker": KINDS["locker"]})
_HANDED_OVER: Final = (HandoffDeposited, HandoffCollected, HandoffRetrieved)
_ENVELOPE: Final = msgspec.json.Decoder(ReportedFact)
_RAW: Final = msgspec.json.Encoder()


class ShutOut(Exception):
    """The locker was revoked and not enrolled since: nothing it says is taken in."""


class Ingested(NamedTuple):
    """What became of a report."""

    epoch: str
    seq: int
    """The watermark now: facts up to it are safe."""
    new_count: int
    quarantined_count: int


def ingest(means: Means, *, report: Report, site: SiteId | None = None) -> Operation[Ingested]:
    """Apply a report of an authenticated locker.

    Parameters
    ----------
    site
        Where the locker is believed to stand; only saves look-ups.
    """
    entries = [_entry(report, place) for place in range(len(report.facts))]
    return Operation(
        tuple(_streams(report, entries, site)),
        lambda ledger: _ingest(ledger, means, report, entries),
        tuple(_rows(report, entries, site)),
    )


def _streams(report: Report, entries: Sequence[Entry], site: SiteId | None) -> Iterator[StreamName]:
    yield locker_stream(report.locker)
    if site is not None:
        yield site_stream(site)
    for parcel in _handed_over(entries):
        yield parcel_stream(parcel)


def _rows(report: Report, entries: Sequence[Entry], site: SiteId | None) -> Iterator[RowKey]:
    yield WATERMARKS.name, (report.locker, report.epoch)
    yield LOCKERS.name, (report.locker,)
    yield MACHINES.name, (report.locker,)
    if site is not None:
        yield SITES.name, (site,)
    for parcel in _handed_over(entries):
        yield FOUND.name, (report.locker, parcel)


def _handed_over(entries: Sequence[Entry]) -> Iterator[ParcelId]:
    for entry in entries:
        if isinstance(entry.fact, _HANDED_OVER):
            yield entry.fact.parcel


def _ingest(ledger: Ledger, means: Means, report: Report, entries: Sequence[Entry]) -> Ingested:
    locker, epoch = report.locker, report.epoch
    site = SiteId(str(find_locker_row(ledger, locker)["site"]))
    machine = ledger.row(MACHINES.name, (locker,))
    if machine is not None and machine["revoked_at"] is not None:
        raise ShutOut(locker)
    row = ledger.row(WATERMARKS.name, (locker, epoch))
    seen = 0 if row is None else int(row["seq"] or 0)
    # A gap: what lies between was never received; the acknowledgement asks for it (R2).
    fresh = entries[seen + 1 - report.first_seq :] if report.first_seq <= seen + 1 else []
    if not fresh:
        return Ingested(epoch, seen, 0, 0)
    if row is None and ledger.version(locker_stream(locker)):
        _note_new_life(ledger, site, report)
    reporter = Reporter(ledger, means, locker, site, Principal.of_locker(locker).actor)
    quarantined, drawn = 0, 0
    for place, entry in enumerate(fresh):
        if may_draw(entry.fact):
            quarantined += _keep(reporter, fresh[drawn:place]) + _take_in(reporter, entry)
            drawn = place + 1
    quarantined += _keep(reporter, fresh[drawn:])
    reporter.finish()
    last = report.first_seq + len(entries) - 1
    ledger.put(RowChange(WATERMARKS.name, (locker, epoch), {"seq": last}))
    return Ingested(epoch, last, len(fresh), quarantined)


def _keep(reporter: Reporter, entries: Sequence[Entry]) -> int:
    """Keep facts that nothing is drawn from, together; count those that went into quarantine."""
    if not any(isinstance(entry.fact, UnknownFact) for entry in entries):
        with suppress(LookupError, ValueError, TypeError, ArithmeticError):
            reporter.ledger.append(locker_stream(reporter.locker), entries)
            return 0
    return sum(_take_in(reporter, entry) for entry in entries)


def _take_in(reporter: Reporter, entry: Entry) -> int:
    """Keep one fact and draw from it; count it when it went into quarantine."""
    ledger, stream = reporter.ledger, locker_stream(reporter.locker)
    if isinstance(entry.fact, UnknownFact):
        ledger.append(stream, [entry])
        _quarantine(reporter, entry, "not understood by this release; update the centre")
        return 1
    try:
        ledger.append(stream, [entry])
        react(reporter, entry.fact)
    except (Refused, LookupError, ValueError, TypeError, ArithmeticError) as error:
        _quarantine(reporter, entry, f"{type(error).__name__}: {error}")
        return 1
    return 0


def _entry(report: Report, place: int) -> Entry:
    """Read one reported fact; what is not understood becomes an unknown fact (R3)."""
    raw = bytes(report.facts[place])
    origin = Origin(epoch=report.epoch, seq=report.first_seq + place)
    by, cause = ActorId(f"locker:{report.locker}"), ""
    try:
        envelope = _ENVELOPE.decode(raw)
    except UNREADABLE:
        fact: Fact = _unknown(raw)
        body = raw
    else:
        body = bytes(envelope.fact)
        by, cause = ActorId(envelope.by), envelope.cause
        fact = _CODEC.decode_body(body)
    if isinstance(fact, UnknownFact) and not _is_json(body):
        # Bytes that are no JSON at all are kept as a JSON text, so that exports can be read.
        body = _RAW.encode(body.decode("utf-8", "replace"))
        fact = msgspec.structs.replace(fact, body=body)
    return Entry(fact=fact, by=by, cause=cause, origin=origin, body=body)


def _unknown(raw: bytes) -> UnknownFact:
    found = _CODEC.decode_body(raw)
    at = found.at
    return UnknownFact(at=at, tag_name="", body=raw)


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _quarantine(reporter: Reporter, entry: Entry, why: str) -> None:
    origin = entry.origin or Origin(epoch="", seq=0)
    tag, body = _CODEC.encode(entry.fact)
    kept: dict[str, Scalar] = {
        "tag": tag,
        "why": why,
        "body": body if entry.body is None else entry.body,
        "received_at": reporter.ledger.now,
    }
    key = (reporter.locker, origin.epoch, origin.seq)
    reporter.ledger.put(RowChange(QUARANTINE.name, key, kept))
    open_matter(
        reporter.ledger,
        owner=reporter.locker,
        key=f"quarantine/{origin.epoch}/{origin.seq}",
        kind="quarantined_fact",
        detail=f"{tag or 'no tag'}: {why}",
        site=reporter.site,
        locker=reporter.locker,
    )


def _note_new_life(ledger: Ledger, site: SiteId, report: Report) -> None:
    open_matter(
        ledger,
        owner=report.locker,
        key=f"new_epoch/{report.epoch}",
        kind="new_epoch",
        detail="the locker's journal began anew; compare its compartments with what lies inside",
        site=site,
        locker=report.locker,
    )
