"""The OpenAPI 3.1 document, made from the table of endpoints and the structs they name.

JSON schemas come from the same structs that requests are read with, so what the document allows
is what the API takes. :func:`write_openapi` is what ``restante openapi`` prints and what the
committed snapshot is compared with.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ..core.refusal import Reason
from ..partners.webhook import MEDIA_TYPE as WEBHOOK_MEDIA_TYPE
from ..partners.webhook import Message
from .endpoint import BODY_BYTES_MAX, CSV, ID_PATTERN, Endpoint
from .problem import MEDIA_TYPE, Problem, Trouble, explain, make_problem
from .remember import KEY_PATTERN
from .table import ENDPOINTS

VERSION: Final = "1.0.0"
"""Of the API, not of the program: grows with every addition."""

_COMPONENTS: Final = "#/components/schemas/{name}"

_DESCRIPTION: Final = """\
Announce parcels, book room at sites, follow what happens.

* **Keys**: `Authorization: Bearer rk_...`. A key belongs to a partner, has scopes, and sees that
  partner's objects only; those of others are *not found*.
* **Repeating**: requests that create something need an `Idempotency-Key`. The same key with the
  same request gives the same answer for at least seven days and has one effect; with another
  request it is refused. Refused requests are decided anew.
* **Problems**: every error is `application/problem+json` (RFC 9457) with a stable `code` and
  `what_to_do`.
* **Lists** go on with `next_cursor`, which also stands in the header `Link`.
* **Times** are ISO 8601 in UTC with a Z; lengths are millimeters, masses grams.
* **Codes** of recipients are never shown here; they go to the recipient by their own channel.
* Within version 1, fields and values of `status` and `type` may be added; `group` never grows.
"""

_TAGS: Final = {
    "Parcels": "Announce them, look them up, change them, follow them.",
    "Bookings": "Room at sites, by size and time; never a door.",
    "Manifests": "Many parcels in one CSV file.",
    "Sites": "Places where parcels wait.",
    "Lockers": "Machines at sites, with their compartments.",
    "Events": "Everything that happens, in order.",
    "Webhooks": "Be told what happens, signed and in order of each parcel.",
    "Routes": "Plan where couriers go, in which order, with the compartments that are free.",
    "Partner": "Who you are.",
}

_ALWAYS: Final = (
    Trouble.INVALID,
    Trouble.UNAUTHENTICATED,
    Trouble.FORBIDDEN,
    Trouble.TOO_MANY_REQUESTS,
    Trouble.INTERNAL,
)
_OF_WRITING: Final = (
    Trouble.CONFLICT,
    Trouble.OVERLOADED,
    Trouble.OUTCOME_UNKNOWN,
    Trouble.STORAGE_FULL,
    Trouble.STORAGE_DAMAGED,
)
_OF_BODIES: Final = (Trouble.MALFORMED, Trouble.BODY_TOO_LARGE, Trouble.MEDIA_TYPE_UNKNOWN)
_OF_KEYS: Final = (
    Trouble.IDEMPOTENCY_KEY_MISSING,
    Trouble.IDEMPOTENCY_KEY_REUSED,
    Trouble.IDEMPOTENCY_KEY_BUSY,
)

_EXAMPLE_REQUEST: Final = "q01jd3zv6n8k2m4p6r8t0w2y4a6"


def make_openapi(endpoints: Sequence[Endpoint] = ENDPOINTS) -> dict[str, Any]:
    """Make the document as plain dictionaries and lists."""
    structs: list[Any] = [Problem, Message]
    for endpoint in endpoints:
        structs += [endpoint.answer]
        if endpoint.body not in (None, bytes):
            structs.append(endpoint.body)
    _, schemas = msgspec.json.schema_components(structs, ref_template=_COMPONENTS)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "restante API",
            "version": VERSION,
            "summary": "Networks of parcel lockers and pickup points",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "security": [{"apiKey": []}],
        "paths": paths,
        "webhooks": {"parcelEvent": {"post": _webhook()}},
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "headers": _headers(),
            "securitySchemes": {
                "apiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "rk_<id>_<secret>",
                    "description": "An API key, as the operator gave it.",
                }
            },
        },
    }


def write_openapi() -> str:
    """Write the document as JSON text that ends with a line feed."""
    return json.dumps(make_openapi(), indent=2, ensure_ascii=False) + "\n"


def problem_codes(endpoint: Endpoint) -> tuple[Trouble | Reason, ...]:
    """List every code an endpoint can answer with."""
    codes: list[Trouble | Reason] = [*_ALWAYS, *endpoint.problems]
    if endpoint.parameters or endpoint.name in ("bookRoom", "askRoom"):
        codes.append(Trouble.NOT_FOUND)
    if endpoint.body is not None:
        codes += _OF_BODIES
    if endpoint.method != "GET":
        codes += _OF_WRITING
    if endpoint.is_creating:
        codes += _OF_KEYS
    if endpoint.is_paged:
        codes.append(Trouble.UNUSABLE)
    return tuple(dict.fromkeys(codes))


def _webhook() -> dict[str, Any]:
    headers = {
        "webhook-id": "The same at every try and in every replay: take each id once.",
        "webhook-timestamp": "When this try was made, in Unix seconds; refuse what is older than "
        "five minutes.",
        "webhook-signature": "`v1,` and base 64 of HMAC-SHA256 over id, timestamp and body, joined "
        "by dots; several, separated by spaces, while a secret is being changed.",
    }
    answers = {
        "2XX": "Taken. Answer within 15 seconds and work afterwards.",
        "410": "Nobody is here any more: the receiver is disabled at once.",
        "429": "Too busy, as 502, 503 and 504: `Retry-After` is honored.",
        "default": "A failure, redirects too: tried again after 5 s, 5 min, 30 min, 2 h, 5 h, "
        "10 h, 14 h, 20 h and 24 h; later messages of the same parcel wait.",
    }
    return {
        "operationId": "parcelEvent",
        "tags": ["Webhooks"],
        "summary": "Something happened to a parcel",
        "description": "Standard Webhooks 1.0 around a CloudEvents 1.0 event. It names parcel and "
        "fact; read the rest with your key. `sequence` grows with each message of a parcel.",
        "security": [],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": text,
                "schema": {"type": "string"},
            }
            for name, text in headers.items()
        ],
        "requestBody": {
            "required": True,
            "content": {
                WEBHOOK_MEDIA_TYPE: {"schema": {"$ref": _COMPONENTS.format(name="Message")}}
            },
        },
        "responses": {code: {"description": text} for code, text in answers.items()},
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    needed = f" Needs the scope `{endpoint.scope.value}`." if endpoint.scope else ""
    who = " For keys of the network's operator only." if endpoint.is_operators else ""
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "description": endpoint.description + needed + who,
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint),
    }
    if endpoint.body is not None:
        operation["requestBody"] = _request_body(endpoint)
    if endpoint.is_open:
        operation["security"] = []
    if not operation["parameters"]:
        del operation["parameters"]
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"Id of the {name}.",
            "schema": {"type": "string", "pattern": ID_PATTERN},
        }
        for name in endpoint.parameters
    ]
    if endpoint.query is not None:
        found += _query_parameters(endpoint.query)
    if endpoint.is_creating:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "New for every new request, the same when one is repeated.",
                "schema": {"type": "string", "pattern": KEY_PATTERN},
                "example": "order-1234-announce",
            }
        )
    if endpoint.has_etag:
        found.append(
            {
                "name": "If-None-Match",
                "in": "header",
                "description": "An `ETag` you have: 304 when nothing changed.",
                "schema": {"type": "string"},
            }
        )
    return found


def _query_parameters(query: Any) -> list[dict[str, Any]]:
    schema = msgspec.json.schema(query, ref_template="#/$defs/{name}")
    defined = schema["$defs"]
    struct = defined[query.__name__]
    required = set(struct.get("required", ()))
    found = []
    for name, property_schema in struct["properties"].items():
        inlined = dict(_inlined(property_schema, defined))
        description = inlined.pop("description", "")
        entry = {"name": name, "in": "query", "required": name in required, "schema": inlined}
        if description:
            entry["description"] = description
        found.append(entry)
    return found


def _inlined(schema: dict[str, Any], defined: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return schema if reference is None else defined[reference.rsplit("/", 1)[1]]


def _request_body(endpoint: Endpoint) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": {"type": "string"}}
    if endpoint.body_media != CSV:
        media["schema"] = {"$ref": _COMPONENTS.format(name=endpoint.body.__name__)}
    if endpoint.example is not None:
        media["example"] = endpoint.example
    size = endpoint.body_bytes_max
    description = "" if size == BODY_BYTES_MAX else f"At most {size // 1024} kB."
    body: dict[str, Any] = {"required": True, "content": {endpoint.body_media: media}}
    if description:
        body["description"] = description
    return body


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    reference = {"$ref": _COMPONENTS.format(name=endpoint.answer.__name__)}
    headers = {"Request-Id": _header("Request-Id"), "RateLimit": _header("RateLimit")}
    if endpoint.has_etag:
        headers["ETag"] = _header("ETag")
    if endpoint.is_paged:
        headers["Link"] = _header("Link")
    if endpoint.is_creating:
        headers["Idempotency-Replayed"] = _header("Idempotency-Replayed")
    responses: dict[str, Any] = {
        str(endpoint.status): {
            "description": (endpoint.answer.__doc__ or "Done").splitlines()[0],
            "headers": headers,
            "content": {endpoint.answer_media: {"schema": reference}},
        }
    }
    if endpoint.has_etag:
        responses["304"] = {
            "description": "Nothing changed since the `ETag` you named.",
            "headers": {"ETag": _header("ETag"), "Request-Id": _header("Request-Id")},
        }
    by_status: dict[int, list[Trouble | Reason]] = {}
    for code in problem_codes(endpoint):
        by_status.setdefault(explain(code).status, []).append(code)
    for status in sorted(by_status):
        responses[str(status)] = _problem_response(by_status[status], endpoint)
    return responses


def _problem_response(codes: Sequence[Trouble | Reason], endpoint: Endpoint) -> dict[str, Any]:
    lines = [f"`{code.value}`: {explain(code).title}." for code in codes]
    status = explain(codes[0]).status
    headers = {"Request-Id": _header("Request-Id")}
    if status in (429, 503):
        headers["Retry-After"] = _header("Retry-After")
    if status == 401:
        headers["WWW-Authenticate"] = _header("WWW-Authenticate")
    examples = {
        code.value: {
            "value": msgspec.to_builtins(
                make_problem(
                    code,
                    explain(code).title,
                    instance="/api/v1" + endpoint.path.replace("{", "").replace("}", ""),
                    request_id=_EXAMPLE_REQUEST,
                )
            )
        }
        for code in codes
    }
    schema = {"$ref": _COMPONENTS.format(name="Problem")}
    return {
        "description": " ".join(lines),
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": schema, "examples": examples}},
    }


def _header(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/headers/{name}"}


def _headers() -> dict[str, Any]:
    told = {
        "Request-Id": "Name it when you ask us about a request.",
        "RateLimit": 'Requests left right now: `"key";r=199;t=1`.',
        "ETag": "Names this very content, for `If-None-Match`.",
        "Link": 'The next page: `</api/v1/parcels?cursor=...>; rel="next"`; absent on the last.',
        "Idempotency-Replayed": "`true` when the answer is that of an earlier request.",
        "Retry-After": "Seconds to wait.",
        "WWW-Authenticate": "How to authenticate.",
    }
    return {
        name: {"description": text, "schema": {"type": "string"}} for name, text in told.items()
    }
