"""Signing in and out, and the first account of a new network.

Nobody is told whether a name exists: unknown names, wrong passwords and pauses of unknown accounts
look the same, and take the same time.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from restante.operations.accounts import (
    BadAccount,
    NotSignedIn,
    Seat,
    count_try,
    finish_setup,
    forget_tries,
    judge_password,
)
from restante.views.principal import Role

from .parts import Parts
from .session import WebRequest, safe_return

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
"""What a form without files sends."""

HOME = "/operator"


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of accounts."""
    pages, sessions, committer = parts.pages, parts.sessions, parts.centre.committer

    @get("/sign-in", sync_to_thread=True)
    def show_sign_in(request: WebRequest) -> Response[Any]:
        return_to = safe_return(request.query_params.get("next", HOME), HOME)
        return pages.render(request, "account/sign_in.html", return_to=return_to)

    @post("/sign-in", sync_to_thread=True, status_code=200)
    def sign_in(request: WebRequest, data: Form) -> Response[Any]:
        operator = data.get("operator", "").strip().lower()
        return_to = safe_return(data.get("next", HOME), HOME)
        wait = 0
        seat: Seat | None = None
        try:
            account = committer.run(count_try(operator, at=parts.sessions.now()))
            seat = judge_password(operator, account, data.get("password", ""))
        except NotSignedIn as error:
            wait = error.wait_seconds
        if seat is None:
            return pages.render(
                request,
                "account/sign_in.html",
                status_code=401,
                return_to=return_to,
                operator=operator,
                is_wrong=True,
                wait_minutes=-(-wait // 60),
            )
        committer.run(forget_tries(operator))
        return Redirect(return_to, status_code=303, cookies=[sessions.start(request, seat)])

    @post("/sign-out", sync_to_thread=True)
    def sign_out(request: WebRequest) -> Response[Any]:
        return Redirect("/", status_code=303, cookies=[sessions.end(request, Role.OPERATOR)])

    return [show_sign_in, sign_in, sign_out, *_setup_routes(parts)]


def _setup_routes(parts: Parts) -> list[ControllerRouterHandler]:
    pages, sessions, committer = parts.pages, parts.sessions, parts.centre.committer

    # The token stands behind a # and is carried into the form by a script or by hand, so that it
    # is in no log and no referrer.
    @get("/setup", sync_to_thread=True)
    def show_setup(request: WebRequest) -> Response[Any]:
        return pages.render(request, "account/setup.html", given={}, errors=[])

    @post("/setup", sync_to_thread=True, status_code=200)
    def set_up(request: WebRequest, data: Form) -> Response[Any]:
        given = {name: data.get(name, "").strip() for name in ("token", "operator", "name")}
        try:
            seat = committer.run(
                finish_setup(
                    given["token"],
                    operator=given["operator"].lower(),
                    name=given["name"],
                    password=data.get("password", ""),
                )
            )
        except BadAccount as error:
            problems = [(error.field, str(error))]
            return pages.render(
                request, "account/setup.html", status_code=422, given=given, errors=problems
            )
        return Redirect(HOME, status_code=303, cookies=[sessions.start(request, seat)])

    return [show_setup, set_up]
