"""The endpoint that takes a CSV manifest: every good row is announced, every bad one explained."""

from typing import Annotated, Final
from zoneinfo import ZoneInfo

from msgspec import UNSET, Meta, UnsetType

from ..access import Scope
from ..core.ids import PartnerId
from ..operations.manifest import ImportOutcome, import_manifest
from ..partners.csv_manifest import ManifestReading, read_manifest
from ..partners.manifest_row import RowProblem
from .adapter import asking_of
from .endpoint import CSV, Answer, Call, Endpoint
from .house import House
from .parcels import keep_operation
from .problem import Fault, ProblemRaised, Trouble
from .words import Document, Request

MANIFEST_BYTES_MAX: Final = 4_194_304
MANIFEST_ROWS_MAX: Final = 2_000
"""Rows announced in one request: their codes take half a minute to draw."""

PROBLEMS_MAX: Final = 2_000


class ManifestQuery(Request):
    """How to treat a manifest."""

    dry_run: Annotated[
        bool, Meta(description="Decide every row and write nothing: see what would happen.")
    ] = False
    zone: Annotated[
        str,
        Meta(
            max_length=64,
            description="IANA time zone of days and times without an offset.",
            examples=["Europe/Berlin"],
        ),
    ] = "UTC"
    partner: (
        Annotated[
            str, Meta(max_length=64, description="For whom; only keys of the operator say it.")
        ]
        | UnsetType
    ) = UNSET


class ManifestProblem(Document):
    """One mistake in a file, and what to do about it."""

    row: Annotated[
        int, Meta(description="As a spreadsheet shows it; 1 is the header, 0 the whole file.")
    ]
    column: str
    code: Annotated[str, Meta(examples=["label_unknown"])]
    message: str
    what_to_do: str
    excerpt: Annotated[str, Meta(description="Of the content, where it is surely not personal.")]


class ManifestAnswer(Document):
    """What became of a manifest. The same file may be sent again: known rows stay as they are."""

    is_dry_run: bool
    row_count: Annotated[int, Meta(description="Rows with content below the header.")]
    announced_count: Annotated[
        int, Meta(description="New parcels; in a dry run those that would be.")
    ]
    known_count: Annotated[int, Meta(description="Rows announced before with the same details.")]
    refused_count: Annotated[int, Meta(description="Rows with at least one problem.")]
    problems: tuple[ManifestProblem, ...]
    ignored_columns: tuple[str, ...]
    delimiter: str


async def upload_manifest(call: Call) -> Answer:
    """Read a manifest and announce its good rows."""
    house: House = call.house
    query: ManifestQuery = call.query
    reading = await house.upload(lambda: read_manifest(call.body))
    if len(reading.rows) > MANIFEST_ROWS_MAX:
        raise ProblemRaised(
            Trouble.BODY_TOO_LARGE,
            f"the file has {len(reading.rows)} rows; at most {MANIFEST_ROWS_MAX} in one request",
        )
    _check_zone(query.zone)
    outcome = await house.upload(
        lambda: import_manifest(
            house.means,
            call.principal,
            reading,
            submit=house.centre.committer.submit,
            zone=query.zone,
            dry_run=query.dry_run,
            partner=None if query.partner is UNSET else PartnerId(query.partner),
            cause=call.request_id,
        )
    )
    answer = _show(reading, outcome, is_dry_run=query.dry_run)
    await house.commit(lambda: keep_operation(asking_of(call), answer))
    return Answer(answer)


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (LookupError, ValueError, OSError):
        fault = Fault(path="query.zone", message="Expected an IANA time zone: Europe/Berlin")
        raise ProblemRaised(
            Trouble.UNUSABLE, f"{fault.path}: {fault.message}", errors=(fault,)
        ) from None


def _show(reading: ManifestReading, outcome: ImportOutcome, *, is_dry_run: bool) -> ManifestAnswer:
    rows = {problem.row_number for problem in outcome.problems if problem.row_number > 1}
    return ManifestAnswer(
        is_dry_run=is_dry_run,
        row_count=outcome.row_count,
        announced_count=outcome.announced,
        known_count=outcome.known,
        refused_count=len(rows),
        problems=tuple(map(_show_problem, outcome.problems[:PROBLEMS_MAX])),
        ignored_columns=reading.ignored_columns,
        delimiter=reading.delimiter,
    )


def _show_problem(problem: RowProblem) -> ManifestProblem:
    return ManifestProblem(
        row=problem.row_number,
        column=problem.column,
        code=problem.code.value,
        message=problem.reason,
        what_to_do=problem.hint,
        excerpt=problem.value_excerpt,
    )


EXAMPLE: Final = (
    "label,site,length_mm,width_mm,height_mm,weight_g,recipient_name,email\n"
    "PX-4711-0815,site-07,300,200,100,1200,A. Example,a@example.org\n"
)

ENDPOINTS: Final = (
    Endpoint(
        name="uploadManifest",
        method="POST",
        path="/manifests",
        tag="Manifests",
        summary="Announce the parcels of a CSV file",
        description="UTF-8; `;`, `,` or tab. Each row is announced or refused by itself; "
        "`problems` tells row, column and what to do. Try it with `dry_run=true` first.",
        run=upload_manifest,
        answer=ManifestAnswer,
        scope=Scope.PARCELS_WRITE,
        query=ManifestQuery,
        problems=(Trouble.UNUSABLE,),
        body=bytes,
        body_media=CSV,
        body_bytes_max=MANIFEST_BYTES_MAX,
        is_creating=True,
        example=EXAMPLE,
    ),
)
