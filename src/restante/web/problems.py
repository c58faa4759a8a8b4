"""What a page says when something did not work: what happened, and what to do now.

Pages of people only; programs get problem details from the api room. htmx gets a toast and keeps
the page as it is.
"""

import json
import logging
from typing import Any, Final, NamedTuple

from litestar import MediaType, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from restante.core.refusal import Refused
from restante.journal.committer import Closed, Overloaded
from restante.journal.port import Busy, Conflict, Damaged, Full, Unsure
from restante.notices.texts import refusal_text
from restante.views.principal import Forbidden, NotFound

from .page import Pages
from .session import SignInNeeded, WebRequest

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 2


class Problem(NamedTuple):
    """What went wrong, in words for the reader."""

    status_code: int
    title: str
    text: str


def name_problem(error: Exception, language: str = "en") -> Problem:
    """Say what an error means to the person before the page."""
    match error:
        case Refused(reason=reason):
            return Problem(409, "That is not possible", refusal_text(reason, language))
        case NotFound(what=what):
            text = f"There is no such {what}, or it is not yours to see. Check the address."
            return Problem(404, "Not found", text)
        case Forbidden():
            return Problem(403, "Not allowed", _sentence(str(error)))
        case Unsure():
            text = "The database went away meanwhile. Look whether it was done before trying again."
            return Problem(503, "Not certain", text)
        case Conflict() | Busy() | Overloaded() | Closed():
            text = "Others are writing just now. Nothing was changed; please try again."
            return Problem(503, "One moment", text)
        case Full():
            text = "The server's disk is full. Nothing was changed; an operator must make room."
            return Problem(503, "No room left", text)
        case Damaged():
            text = "The journal is damaged. Nothing is written until an operator has looked."
            return Problem(500, "Stopped for safety", text)
        case HTTPException(status_code=404):
            return Problem(404, "Not found", "There is no such page. Check the address.")
        case HTTPException(status_code=405):
            return Problem(405, "Not possible", "This address cannot be used this way.")
        case HTTPException(status_code=status) if status < 500:
            return Problem(status, "Not understood", _sentence(error.detail))
        case _:
            text = "This is our mistake, and it was written down. Nothing was changed."
            return Problem(500, "Something broke", text)


def make_problem_handlers(pages: Pages) -> dict[int | type[Exception], Any]:
    """Make the handlers that turn errors into pages.

    For a router of pages, or for a whole app whose other routers have their own.
    """

    def lead_to_sign_in(request: WebRequest, error: SignInNeeded) -> Response[Any]:
        if request.headers.get("hx-request"):
            return Response("", status_code=401, headers={"hx-redirect": error.url})
        return Redirect(error.url, status_code=303)

    def show(request: WebRequest, error: Exception) -> Response[Any]:
        problem = name_problem(error, pages.pick_language(request))
        if problem.status_code == 500:
            log.error("a page failed", exc_info=error)
        headers = {"retry-after": str(RETRY_SECONDS)} if problem.status_code == 503 else {}
        if request.headers.get("hx-request"):
            toast = {"text": f"{problem.title}. {problem.text}", "tone": "bad"}
            trigger = {"hx-trigger": json.dumps({"toast": toast}), "hx-reswap": "none"}
            return Response("", media_type=MediaType.HTML, headers={**headers, **trigger})
        return pages.render(
            request,
            "errors/problem.html",
            status_code=problem.status_code,
            headers=headers,
            problem=problem,
            back=request.headers.get("referer", ""),
        )

    return {SignInNeeded: lead_to_sign_in, HTTPException: show, Exception: show}


def _sentence(text: str) -> str:
    start = text[:1].upper() + text[1:]
    return start if start.endswith((".", "!", "?")) else f"{start}."
