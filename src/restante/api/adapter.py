"""From HTTP to an endpoint and back: the same steps in the same order for every endpoint.

A1  request id, key, rate, scope, query, body, idempotency key, then the endpoint.
A2  Every way out is a document with the same headers; every error is a problem.
A3  Nothing about an object is read before the key has been checked.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
import structlog
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler

from ..views import Role
from .endpoint import CSV, Answer, Call, Endpoint
from .house import House
from .intake import read_json, read_query
from .key import STRANGER, Asker, authenticate, need_scope
from .problem import MEDIA_TYPE, ProblemRaised, Trouble, make_problem
from .rate import Allowance, RateLimit, RateLimiter
from .remember import (
    Asking,
    Kept,
    Remembered,
    check_key,
    find_answer,
    hash_request,
    remember,
)
from .translate import translate

MOUNT: Final = "/api/v1"
"""Where the API is mounted."""

SECURITY_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

_LOG = structlog.get_logger(__name__)
_ENCODER: Final = msgspec.json.Encoder()


def make_handler(endpoint: Endpoint, house: House) -> HTTPRouteHandler:
    """Make the route handler of an endpoint."""

    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        # Given by whoever serves us, so that its log and ours tell of the same request.
        known = structlog.contextvars.get_contextvars().get("request_id")
        request_id = str(known) if known else house.means.minter.make("q")
        request.scope["state"]["request_id"] = request_id
        headers = {"request-id": request_id}
        try:
            response = await _serve(endpoint, house, request, headers)
        except Exception as error:  # noqa: BLE001 - the last place where it can become a problem
            raised = translate(error, request_id=request_id)
            response = problem_response(request, raised, request_id, headers)
        _log(endpoint, request_id, response.status_code or endpoint.status)
        return response

    return HTTPRouteHandler(
        _route(endpoint),
        http_method=endpoint.method,  # type: ignore[arg-type]
        status_code=endpoint.status,
        name=endpoint.name,
        request_max_body_size=endpoint.body_bytes_max,
    )(handle)


def make_options_handlers(endpoints: Iterable[Endpoint]) -> list[HTTPRouteHandler]:
    """Make the handlers that tell which methods an address takes."""
    methods: dict[str, list[str]] = {}
    for endpoint in endpoints:
        methods.setdefault(_route(endpoint), ["OPTIONS"]).append(endpoint.method)
    return [_options_handler(path, allowed) for path, allowed in methods.items()]


def _options_handler(path: str, allowed: list[str]) -> HTTPRouteHandler:
    headers = {**SECURITY_HEADERS, "allow": ", ".join(sorted(allowed))}

    async def tell() -> Response[None]:
        return Response(None, status_code=204, headers=headers)

    return HTTPRouteHandler(path, http_method="OPTIONS", status_code=204)(tell)


def _route(endpoint: Endpoint) -> str:
    path = endpoint.path
    for name in endpoint.parameters:
        path = path.replace(f"{{{name}}}", f"{{{name}:str}}")
    return path


async def _serve(
    endpoint: Endpoint, house: House, request: Request[Any, Any, Any], headers: dict[str, str]
) -> Response[bytes]:
    asker = await _admit(endpoint, house, request, headers)
    call = await _understand(endpoint, house, request, asker, headers["request-id"])
    if not endpoint.is_creating:
        answer = await endpoint.run(call)
        return _respond(endpoint, request, answer, headers)
    asking = asking_of(call)
    place = (asking.owner, asking.key)
    if place in house.in_flight:
        raise ProblemRaised(
            Trouble.IDEMPOTENCY_KEY_BUSY,
            "the first request with this key is not answered yet",
            headers={"retry-after": "1"},
        )
    house.in_flight.add(place)
    try:
        answer = await _answer_once(endpoint, call, asking)
    except Remembered as known:
        headers["idempotency-replayed"] = "true"
        return _document(known.kept.document, known.kept.status, headers)
    finally:
        house.in_flight.discard(place)
    return _respond(endpoint, request, answer, headers)


async def _answer_once(endpoint: Endpoint, call: Call, asking: Asking) -> Answer:
    # Looked up before the work begins; the transaction looks again.
    key = (asking.owner, asking.key)
    row = await call.house.read(lambda: call.house.read_row("answers", key))
    find_answer(row, asking)
    return await endpoint.run(call)


async def _admit(
    endpoint: Endpoint, house: House, request: Request[Any, Any, Any], headers: dict[str, str]
) -> Asker:
    if endpoint.is_open:
        _charge(house.strangers, f"address:{_address(request)}", headers)
        return STRANGER
    authorization = request.headers.get("authorization", "")
    try:
        asker = await house.read(
            lambda: authenticate(
                authorization,
                house.now,
                find_key=house.queries.api_key,
                read_kind=house.read_kind,
            )
        )
    except ProblemRaised:
        # Strangers have no key to be counted by: they share one bucket for each address.
        _charge(house.limiter, f"address:{_address(request)}", headers)
        raise
    _charge(house.limiter, f"key:{asker.key.key_id}", headers)
    await house.note_use(asker.key.key_id)
    if endpoint.scope is not None:
        need_scope(asker.key, endpoint.scope)
    if endpoint.is_operators and asker.principal.role is not Role.OPERATOR:
        raise ProblemRaised(Trouble.FORBIDDEN, "only keys of the network's operator may do this")
    return asker


def _address(request: Request[Any, Any, Any]) -> str:
    return request.client.host if request.client else ""


def _charge(limiter: RateLimiter, asker: str, headers: dict[str, str]) -> None:
    allowance = limiter.ask(asker)
    headers.update(rate_headers(limiter.limit, allowance))
    if not allowance.is_granted:
        raise ProblemRaised(
            Trouble.TOO_MANY_REQUESTS,
            f"the next request is taken in {allowance.retry_seconds} s",
            headers={"retry-after": str(allowance.retry_seconds)},
        )


def rate_headers(limit: RateLimit, allowance: Allowance) -> dict[str, str]:
    """Write the rate limit down (IETF draft on RateLimit header fields)."""
    window = max(1, round(limit.burst / limit.per_second))
    wait = allowance.retry_seconds or 1
    return {
        "ratelimit-policy": f'"key";q={limit.burst};w={window}',
        "ratelimit": f'"key";r={allowance.remaining};t={wait}',
    }


async def _understand(
    endpoint: Endpoint,
    house: House,
    request: Request[Any, Any, Any],
    asker: Asker,
    request_id: str,
) -> Call:
    query = read_query(request.query_params.multi_items(), endpoint.query)
    raw = b"" if endpoint.body is None else await request.body()
    body: Any = None
    if endpoint.body is not None:
        _check_media_type(endpoint, request)
        body = raw if endpoint.body_media == CSV else read_json(raw, endpoint.body)
    key = ""
    if endpoint.is_creating:
        key = check_key(request.headers.get("idempotency-key"))
    query_bytes = request.scope["query_string"]
    return Call(
        request_id=request_id,
        principal=asker.principal,
        key_id=asker.key.key_id,
        path=dict(request.path_params),
        query=query,
        body=body,
        idempotency_key=key,
        request_hash=hash_request(request.method, request.scope["path"], query_bytes, raw),
        house=house,
        place=_place(endpoint, asker, query),
        address=_address(request),
    )


def _check_media_type(endpoint: Endpoint, request: Request[Any, Any, Any]) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != endpoint.body_media:
        raise ProblemRaised(
            Trouble.MEDIA_TYPE_UNKNOWN,
            f"send the body as {endpoint.body_media}",
            headers={"accept": endpoint.body_media},
        )


def _place(endpoint: Endpoint, asker: Asker, query: Any) -> str:
    # What a cursor is bound to: the list, its filters and who asks, but not the page itself.
    filters: dict[str, Any] = {} if query is None else msgspec.structs.asdict(query)
    told = {
        name: str(filters[name])
        for name in sorted(filters)
        if name not in ("cursor", "limit") and filters[name] is not msgspec.UNSET
    }
    return f"{endpoint.name} {asker.key.partner} {told}"


def asking_of(call: Call) -> Asking:
    """Name a request for the memory of answers."""
    return Asking(str(call.principal.actor), call.idempotency_key, call.request_hash)


async def commit_once(call: Call, make_operation: Any, answer: Any, *, status: int) -> Answer:
    """Commit an operation and keep its answer in the same transaction.

    Parameters
    ----------
    make_operation
        Prepares the operation.
    answer
        Result to document.
    """
    asking = asking_of(call)
    result = await call.house.commit(
        lambda: remember(make_operation(), asking, lambda told: (status, answer(told)))
    )
    return Answer(answer(result), status)


def _respond(
    endpoint: Endpoint, request: Request[Any, Any, Any], answer: Answer, headers: dict[str, str]
) -> Response[bytes]:
    if answer.next_cursor:
        url = request.url.with_replacements(
            query=_with_cursor(request.query_params.multi_items(), answer.next_cursor)
        )
        headers["link"] = f'<{MOUNT}{endpoint.path}?{url.query}>; rel="next"'
    response = _document(answer.document, answer.status, headers, media=endpoint.answer_media)
    if not endpoint.has_etag:
        return response
    etag = f'"{sha256(response.content).hexdigest()[:20]}"'
    headers = {**headers, "etag": etag, "cache-control": "private, no-cache"}
    if _matches(request.headers.get("if-none-match", ""), etag):
        return _response(b"", 304, headers, endpoint.answer_media)
    return _response(response.content, answer.status, headers, endpoint.answer_media)


def _with_cursor(pairs: Any, cursor: str) -> str:
    kept = [(name, text) for name, text in pairs if name != "cursor"]
    return urlencode([*kept, ("cursor", cursor)])


def _matches(if_none_match: str, etag: str) -> bool:
    offered = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return etag in offered or "*" in offered


def _document(
    document: Any, status: int, headers: dict[str, str], media: str = "application/json"
) -> Response[bytes]:
    return _response(_ENCODER.encode(document), status, headers, media)


def _response(content: bytes, status: int, headers: dict[str, str], media: str) -> Response[bytes]:
    return Response(
        content, status_code=status, headers={**SECURITY_HEADERS, **headers}, media_type=media
    )


def problem_response(
    request: Request[Any, Any, Any],
    raised: ProblemRaised,
    request_id: str,
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """Write a problem as the answer to a request."""
    problem = make_problem(
        raised.code,
        raised.detail,
        instance=MOUNT + _own_path(request),
        request_id=request_id,
        errors=raised.errors,
    )
    every = {"request-id": request_id, **(headers or {}), **raised.headers}
    return _response(_ENCODER.encode(problem), problem.status, every, MEDIA_TYPE)


def _own_path(request: Request[Any, Any, Any]) -> str:
    path = request.scope["path"].rstrip("/")
    return "".join(letter if "!" <= letter <= "~" else "?" for letter in path[:200])


def _log(endpoint: Endpoint, request_id: str, status: int) -> None:
    # The template of the path, never the path or the query: people put things there.
    _LOG.info("api_request", operation=endpoint.name, status=status, request_id=request_id)


__all__ = ["Kept", "commit_once", "make_handler", "problem_response"]
