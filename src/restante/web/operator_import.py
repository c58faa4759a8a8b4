"""Announcing from a CSV manifest: look first, then import; every bad row is told with its place."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Annotated, Any, Final

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import Body, FromPath
from litestar.types import ControllerRouterHandler

from restante.core.ids import PartnerId
from restante.operations.manifest import ImportOutcome, import_manifest
from restante.partners import ManifestReading, RowProblem, read_manifest, write_problems_csv
from restante.views.principal import Principal

from .operator_frame import Console
from .parts import Parts
from .session import WebRequest

FILE_BYTES_MAX: Final = 20_000_000
"""Largest file: 50,000 rows of 400 bytes, the reader's own limit of rows."""

KEPT_REPORTS: Final = 20
"""Lists of problems kept for download; older ones are made again by looking again."""

PROBLEMS_SHOWN: Final = 100

Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of imports."""
    console = Console(parts)
    reports: OrderedDict[str, tuple[RowProblem, ...]] = OrderedDict()

    def show(request: WebRequest, **context: Any) -> Response[Any]:
        partners = [(one.partner, one.name) for one in console.centre.queries.partners()]
        given = {"outcome": None, "is_dry": True, "partner": "", "report": "", **context}
        return console.render(
            request, "import.html", partners=partners, shown_max=PROBLEMS_SHOWN, **given
        )

    @get("/operator/import", sync_to_thread=True)
    def show_form(request: WebRequest) -> Response[Any]:
        console.seat(request)
        return show(request)

    @post("/operator/import", status_code=200, request_max_body_size=FILE_BYTES_MAX + 100_000)
    async def take_file(request: WebRequest, data: Upload) -> Response[Any]:
        # Reading the upload is the only thing to wait for; the rest is ordinary code.
        upload = data.get("manifest")
        content = await upload.read() if isinstance(upload, UploadFile) else b""
        return await asyncio.to_thread(_take, request, data, content)

    def _take(request: WebRequest, data: dict[str, Any], content: bytes) -> Response[Any]:
        seat = console.seat(request)
        if not content:
            raise ClientException("Choose a CSV file first.")
        partner = PartnerId(str(data.get("partner", "")))
        if partner not in {one.partner for one in console.centre.queries.partners()}:
            raise ClientException("Choose for which partner these parcels are.")
        is_dry = data.get("mode") != "import"
        reading, outcome = _import(console, seat.principal, content, partner, is_dry=is_dry)
        report = ""
        if outcome.problems:
            report = console.centre.means.minter.make("q")
            reports[report] = outcome.problems
            while len(reports) > KEPT_REPORTS:
                reports.popitem(last=False)
        return show(
            request,
            outcome=outcome,
            is_dry=is_dry,
            partner=partner,
            report=report,
            ignored=reading.ignored_columns,
        )

    @get("/operator/import/problems/{report:str}", sync_to_thread=True)
    def send_problems(request: WebRequest, report: FromPath[str]) -> Response[bytes]:
        console.seat(request)
        problems = reports.get(report.removesuffix(".csv"))
        if problems is None:
            raise NotFoundException("This list is gone; look at the file once more to get it.")
        headers = {"content-disposition": 'attachment; filename="problems.csv"'}
        return Response(
            write_problems_csv(problems), media_type="text/csv; charset=utf-8", headers=headers
        )

    return [show_form, take_file, send_problems]


def _import(
    console: Console, principal: Principal, content: bytes, partner: PartnerId, *, is_dry: bool
) -> tuple[ManifestReading, ImportOutcome]:
    now = console.centre.clock.now()
    sites = [one.site for one in console.centre.queries.sites(at=now, limit=1_000).items]
    reading = read_manifest(content, sites=sites)
    outcome = import_manifest(
        console.centre.means,
        principal,
        reading,
        submit=console.centre.committer.submit,
        zone=console.parts.pages.zone,
        dry_run=is_dry,
        partner=partner,
    )
    return reading, outcome
