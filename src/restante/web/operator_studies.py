"""Studies of the network's future: list, ask, watch, look at, compare."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import Body, FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from restante.core.ids import StudyId
from restante.operations.searches import PROBLEM_BYTES_MAX, BadSearch
from restante.operations.studies import AskedStudy, ask_study, cancel_study
from restante.views.principal import Principal
from restante.views.study_tables import STUDIES, ShownStudy

from .account import Form
from .operator_frame import Console, Message
from .operator_routes import LOOKS
from .parts import Parts
from .session import WebRequest
from .site_map import legend
from .study_forms import Given, ask
from .study_sheet import chart_of, compare, first_figures, make_sheet, metrics
from .study_words import KINDS, tell

HOME: Final = "/operator/studies"
STUDIES_SHOWN: Final = 100
SOURCES: Final = {
    "network": "this network",
    "file": "a file",
    "city": "the demo city",
    "tables": "tables",
    "problem": "a problem",
}

Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of studies."""
    pages = _StudyPages(Console(parts))

    @get(HOME, sync_to_thread=True)
    def show_list(request: WebRequest) -> Response[Any]:
        return pages.list(request)

    @get(f"{HOME}/new/{{kind:str}}", sync_to_thread=True)
    def show_form(request: WebRequest, kind: FromPath[str]) -> Response[Any]:
        return pages.form(request, kind, Given({}, {}), "")

    @post(f"{HOME}/new/{{kind:str}}", status_code=200,
          request_max_body_size=PROBLEM_BYTES_MAX + 100_000)  # fmt: skip
    async def make(request: WebRequest, kind: FromPath[str], data: Upload) -> Response[Any]:
        # Reading uploads is the only thing to wait for; the rest is ordinary code.
        files = {
            name: await value.read()
            for name, value in data.items()
            if isinstance(value, UploadFile)
        }
        fields = {name: value for name, value in data.items() if isinstance(value, str)}
        return await asyncio.to_thread(pages.make, request, kind, Given(fields, files))

    @get(f"{HOME}/compare", sync_to_thread=True)
    def show_both(request: WebRequest) -> Response[Any]:
        return pages.compare(request)

    @get(f"{HOME}/{{study:str}}", sync_to_thread=True)
    def show_study(request: WebRequest, study: FromPath[str]) -> Response[Any]:
        return pages.show(request, StudyId(study))

    @get(f"{HOME}/{{study:str}}/{{file:str}}", sync_to_thread=True)
    def send_paper(
        request: WebRequest, study: FromPath[str], file: FromPath[str]
    ) -> Response[bytes]:
        return pages.send(request, StudyId(study), file)

    @post(f"{HOME}/{{study:str}}/act", sync_to_thread=True)
    def act(request: WebRequest, study: FromPath[str], data: Form) -> Response[Any]:
        return pages.act(request, StudyId(study), data.get("act", ""))

    return [show_list, show_form, make, show_both, show_study, send_paper, act]


class _StudyPages:
    """Answers about studies for an operator who is signed in."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._desk = console.centre.studies

    def list(self, request: WebRequest) -> Response[Any]:
        """Show all studies, and what can be asked."""
        self._console.seat(request)
        studies = self._desk.studies(limit=STUDIES_SHOWN)
        return self._console.render(
            request,
            "studies.html",
            studies=[(one, LOOKS[one.status], _told(one)) for one in studies],
            kinds=KINDS,
            sources=SOURCES,
            missing=self._desk.missing,
        )

    def form(
        self, request: WebRequest, kind: str, given: Given, error: str, status_code: int = 200
    ) -> Response[Any]:
        """Show what a study of a kind needs to know."""
        self._console.seat(request)
        if kind not in KINDS:
            raise NotFoundException(f"There are no studies of {kind}.")
        queries, now = self._console.centre.queries, self._console.centre.clock.now()
        sites = [(str(one.site), one.name) for one in queries.sites(at=now, limit=1_000).items
                 if one.lockers]  # fmt: skip
        return self._console.render(
            request,
            "study_new.html",
            status_code=status_code,
            message=Message("bad", "Nothing was asked", error) if error else None,
            kind=kind,
            words=KINDS[kind],
            given=given,
            sites=sites,
            missing=self._desk.missing,
        )

    def make(self, request: WebRequest, kind: str, given: Given) -> Response[Any]:
        """Keep a problem and have it searched."""
        principal = self._console.seat(request).principal
        if kind not in KINDS:
            raise NotFoundException(f"There are no studies of {kind}.")
        try:
            study = self._ask(principal, ask(self._desk, kind, given))
        except BadSearch as error:
            return self.form(request, kind, given, str(error), 422)
        return Redirect(f"{HOME}/{study}", status_code=303)

    def show(self, request: WebRequest, name: StudyId) -> Response[Any]:
        """Show a study: how its search goes, or what came of it."""
        self._console.seat(request)
        study = self._desk.study(name)
        figures = _figures(study)
        sheet = None
        if study.status == "done":
            sheet = make_sheet(study.kind, figures, self._drawn(name))
        return self._console.render(
            request,
            "study.html",
            study=study,
            look=LOOKS[study.status],
            words=KINDS[study.kind],
            source=SOURCES.get(study.source, study.source),
            sheet=sheet,
            metrics=metrics(study.kind, figures),
            legend=legend(),
            progress=self._desk.progress().get(name),
            others=[
                one
                for one in self._desk.studies(kind=study.kind, limit=STUDIES_SHOWN)
                if one.status == "done" and one.study != name
            ],
        )

    def compare(self, request: WebRequest) -> Response[Any]:
        """Show two studies of one kind beside each other."""
        self._console.seat(request)
        first, second = (
            self._desk.study(StudyId(request.query_params.get(name, ""))) for name in ("a", "b")
        )
        if first.status != "done" or second.status != "done":
            raise ClientException("Only studies that are done can be compared.")
        if first.kind != second.kind:
            raise ClientException("Only studies of one kind can be compared.")
        return self._console.render(
            request,
            "study_compare.html",
            first=first,
            second=second,
            words=KINDS[first.kind],
            rows=compare(first.kind, _figures(first), _figures(second)),
        )

    def send(self, request: WebRequest, name: StudyId, file: str) -> Response[bytes]:
        """Send a paper of a study, or the numbers of one of its charts."""
        self._console.seat(request)
        if file.startswith("chart-"):
            study = self._desk.study(name)
            chart = chart_of(
                study.kind, self._drawn(name), file.removeprefix("chart-").removesuffix(".json")
            )
            if chart is None:
                raise NotFoundException(f"This study has no {file}.")
            return Response(msgspec.json.encode(chart), media_type="application/json")
        paper = file.removesuffix(".json")
        if paper not in STUDIES.names:
            raise NotFoundException(f"A study has no {file}.")
        headers = {"content-disposition": f'attachment; filename="{paper}.json"'}
        return Response(
            self._desk.paper(name, paper), media_type="application/json", headers=headers
        )

    def act(self, request: WebRequest, name: StudyId, word: str) -> Response[Any]:
        """Cancel a study, or search again with other dice."""
        principal = self._console.seat(request).principal
        study = self._desk.study(name)
        if word == "cancel":
            self._console.centre.committer.run(cancel_study(principal, study=name))
            self._desk.came.set()
            return Redirect(f"{HOME}/{name}", status_code=303)
        if word != "again":
            raise ClientException("Choose on the page what to do with the study.")
        asked = AskedStudy(
            kind=study.kind, problem=self._desk.paper(name, "problem"), title=study.title,
            source=study.source, seconds=study.seconds, seed=study.seed + 1,
        )  # fmt: skip
        try:
            made = self._ask(principal, asked)
        except BadSearch as error:
            return self.form(request, study.kind, Given({}, {}), str(error), 422)
        return Redirect(f"{HOME}/{made}", status_code=303)

    def _ask(self, principal: Principal, asked: AskedStudy) -> StudyId:
        count = self._desk.count_open(principal)
        operation = ask_study(self._console.centre.means, principal, asked, open_count=count)
        study = self._console.centre.committer.run(operation)
        self._desk.came.set()
        return study

    def _drawn(self, name: StudyId) -> dict[str, Any]:
        drawn: dict[str, Any] = msgspec.json.decode(self._desk.paper(name, "drawn"))
        return drawn


def _figures(study: ShownStudy) -> dict[str, Any]:
    return msgspec.json.decode(study.figures) if study.figures else {}


def _told(study: ShownStudy) -> str:
    """Tell the first figures of a study in one line."""
    figures = _figures(study)
    return ", ".join(
        f"{one.label} {tell(one, figures[one.key])}"
        for one in first_figures(study.kind)
        if figures.get(one.key) is not None
    )
