"""Announce the rows of a manifest: each row for itself, so that a bad one holds up no good one.

M1  A row that was announced before with the same details is known, not wrong: the same file may
    be sent again.
M2  A dry run decides every row by the same rules and writes nothing. It looks at each row alone,
    so that a site may look free that the whole file would fill.
"""

from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, time
from typing import Final, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from ..core.ids import PartnerId
from ..core.refusal import Refused
from ..core.risk import RiskClass
from ..core.size import ParcelSize
from ..core.value import HOUR, Seconds, UtcSeconds, Value
from ..journal.ledger import Ledger, Operation
from ..partners.csv_manifest import ManifestReading
from ..partners.manifest_row import ManifestParcel, ManifestRow, ProblemCode, RowProblem
from ..views.principal import Principal
from .announce import Announced, BadParcel, announce
from .contacts import BadContact, Contact
from .means import Means

Result = TypeVar("Result")

Submit: TypeAlias = Callable[[Operation[Announced]], "Future[Announced]"]
"""Takes an operation in, such as :meth:`restante.journal.committer.Committer.submit`."""

ROWS_AT_ONCE: Final = 200
"""Rows waiting for the committer together: they share a transaction, and leave room for others."""


class ImportOutcome(Value):
    """What became of a manifest."""

    row_count: int
    announced: int
    """New parcels; in a dry run those that would be."""
    known: int
    """Announced before with the same details."""
    problems: tuple[RowProblem, ...]
    """Rows that were not taken, in the order of the file."""


class _Tried(Exception):
    """Carries a dry run's answer out of an operation, which then leaves no trace."""

    def __init__(self, answer: Announced) -> None:
        super().__init__("dry run")
        self.answer = answer


def announce_row(
    means: Means,
    principal: Principal,
    row: ManifestRow,
    *,
    zone: str,
    partner: PartnerId | None = None,
    cause: str = "",
) -> Operation[Announced]:
    """Announce one row; raises as :func:`.announce.announce` does.

    Parameters
    ----------
    zone
        IANA name of the zone in which expected days and times without offset are meant.
    """
    known, who = row.parcel, row.contact
    hours = known.hold_hours
    return announce(
        means,
        principal,
        label=known.label.value,
        size=ParcelSize(
            length_mm=known.length_mm,
            width_mm=known.width_mm,
            height_mm=known.height_mm,
            weight_g=known.weight_g,
            keep_upright=known.keep_upright,
        ),
        site=known.site,
        contact=Contact(
            name=who.name, email=who.email or "", phone=who.phone or "", language=who.language
        ),
        arrives_from=_arrival(known, ZoneInfo(zone)),
        needs_low_door=known.needs_low_door,
        risk=RiskClass.HIGH if known.is_high_value else RiskClass.LOW,
        hold=None if hours is None else replace(means.hold, hold_seconds=Seconds(hours * HOUR)),
        reference=known.reference or "",
        partner=partner,
        cause=cause,
    )


def import_manifest(
    means: Means,
    principal: Principal,
    reading: ManifestReading,
    *,
    submit: Submit,
    zone: str,
    dry_run: bool = False,
    partner: PartnerId | None = None,
    cause: str = "",
    show: Callable[[float, str], None] = lambda _done, _word: None,
) -> ImportOutcome:
    """Announce every good row of a manifest.

    Parameters
    ----------
    show
        Told now and then how many rows are done, and a word about it.
    """
    problems = list(reading.problems)
    answers: list[Announced] = []
    for start in range(0, len(reading.rows), ROWS_AT_ONCE):
        part = reading.rows[start : start + ROWS_AT_ONCE]
        waiting: list[tuple[ManifestRow, Future[Announced] | Exception]] = []
        for row in part:
            try:
                operation = announce_row(
                    means, principal, row, zone=zone, partner=partner, cause=cause
                )
            except (BadParcel, BadContact) as error:
                waiting.append((row, error))
                continue
            waiting.append((row, submit(_trial(operation) if dry_run else operation)))
        for row, answer in waiting:
            outcome = _outcome(row, answer)
            if isinstance(outcome, RowProblem):
                problems.append(outcome)
            else:
                answers.append(outcome)
        show(start + len(part), f"{start + len(part)} of {len(reading.rows)}")
    return ImportOutcome(
        row_count=reading.row_count,
        announced=sum(answer.is_new for answer in answers),
        known=sum(not answer.is_new for answer in answers),
        problems=tuple(sorted(problems, key=lambda problem: problem.row_number)),
    )


def _trial(operation: Operation[Announced]) -> Operation[Announced]:
    def run(ledger: Ledger) -> Announced:
        raise _Tried(operation.run(ledger))

    return Operation(operation.streams, run, operation.rows)


def _outcome(row: ManifestRow, answer: Future[Announced] | Exception) -> Announced | RowProblem:
    try:
        if isinstance(answer, Exception):
            raise answer
        return answer.result()
    except _Tried as tried:
        return tried.answer
    except Refused as refusal:
        return RowProblem(
            row_number=row.row_number,
            column="",
            code=ProblemCode.REFUSED,
            reason=str(refusal.reason).replace("_", " "),
            hint=refusal.detail or "see the reference of reasons",
            value_excerpt="",
        )
    except (BadParcel, BadContact) as error:
        return RowProblem(
            row_number=row.row_number,
            column="",
            code=ProblemCode.REFUSED,
            reason="not accepted",
            hint=str(error),
            value_excerpt="",
        )


def _arrival(known: ManifestParcel, zone: ZoneInfo) -> UtcSeconds | None:
    moment = known.expected_from
    if moment is None and known.expected_on is not None:
        moment = datetime.combine(known.expected_on, time(), zone)
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return UtcSeconds(int(moment.timestamp()))
