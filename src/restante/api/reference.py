"""The OpenAPI document and the pages people read: no script, one style sheet, nothing from afar.

Made once at start from the document itself, so the pages cannot say anything else.
"""

import json
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Any, Final, NamedTuple

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ..core.refusal import Reason
from .adapter import MOUNT, SECURITY_HEADERS, problem_response
from .problem import ProblemRaised, Trouble, explain

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS: Final = {
    **SECURITY_HEADERS,
    "content-security-policy": _POLICY,
    "cache-control": "public, max-age=300",
}
_REASONS: Final = {code.value: code for code in (*Trouble, *Reason)}


class Written(NamedTuple):
    """The document as it is served, and the page made from it."""

    document: bytes
    page: bytes


def write_down(document: dict[str, Any]) -> Written:
    """Write the document and the reference."""
    return Written(
        json.dumps(document, ensure_ascii=False).encode(), write_reference(document).encode()
    )


def reference_handlers(written: Written) -> list[HTTPRouteHandler]:
    """Make the handlers of the document, the reference and the pages of problems."""
    style = files(__package__).joinpath("reference.css").read_bytes()

    @get("/openapi.json", sync_to_thread=False)
    def serve_document() -> Response[bytes]:
        return Response(written.document, media_type="application/json", headers=_HEADERS)

    @get("/reference", sync_to_thread=False)
    def serve_reference() -> Response[bytes]:
        return _page(written.page)

    @get("/reference.css", sync_to_thread=False)
    def serve_style() -> Response[bytes]:
        return Response(style, media_type="text/css", headers=_HEADERS)

    @get("/problems/{code:str}", sync_to_thread=False)
    def serve_problem(code: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        known = _REASONS.get(code)
        if known is None:
            raised = ProblemRaised(Trouble.NOT_FOUND, "there is no problem with this code")
            return problem_response(request, raised, "")
        return _page(write_problem_page(known).encode())

    return [serve_document, serve_reference, serve_style, serve_problem]


def write_problem_page(code: Trouble | Reason) -> str:
    """Write the page that a problem's ``type`` leads to."""
    told = explain(code)
    body = (
        f"<h1><code>{escape(code.value)}</code></h1>"
        f"<p>{escape(told.title)}. HTTP status {told.status}.</p>"
        f"<h2>What to do</h2><p>{escape(told.what_to_do)}</p>"
        f'<p><a href="{MOUNT}/reference">All of the API</a></p>'
    )
    return _html(code.value, f"<main>{body}</main>")


def write_reference(document: dict[str, Any]) -> str:
    """Write the whole reference as one page."""
    description = _paragraphs(document["info"]["description"])
    parts = [
        "<header><h1>restante API</h1>"
        f"<p>Version {escape(document['info']['version'])}. "
        f'<a href="{MOUNT}/openapi.json">OpenAPI 3.1 document</a></p></header>',
        _contents(document),
        f"<main>{description}",
    ]
    for tag in document["tags"]:
        parts.append(f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>")
        parts += [
            _operation(method, path, operation)
            for method, path, operation in _operations(document)
            if tag["name"] in operation["tags"]
        ]
    parts.append("<h2>Documents</h2>")
    parts += [_schema(name, one) for name, one in document["components"]["schemas"].items()]
    parts.append("</main>")
    return _html("Reference", "".join(parts))


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _contents(document: dict[str, Any]) -> str:
    entries = "".join(
        f'<li><a href="#{escape(one["operationId"])}">{escape(one["summary"])}</a></li>'
        for _method, _path, one in _operations(document)
    )
    return f'<nav aria-label="Contents"><ul>{entries}</ul></nav>'


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    parts = [
        f'<section id="{escape(operation["operationId"])}">',
        f"<h3>{escape(operation['summary'])}</h3>",
        f"<p><code>{method} {MOUNT}{escape(path)}</code></p>",
        _paragraphs(operation["description"]),
    ]
    parameters = operation.get("parameters", ())
    if parameters:
        rows = "".join(
            f"<tr><td><code>{escape(one['name'])}</code></td><td>{escape(one['in'])}</td>"
            f"<td>{'yes' if one.get('required') else 'no'}</td><td>{_type(one['schema'])}</td>"
            f"<td>{_inline(one.get('description', ''))}</td></tr>"
            for one in parameters
        )
        parts.append(_table("Parameter", "In", "Required", "Type", "Meaning", rows=rows))
    body = operation.get("requestBody")
    if body is not None:
        parts.append(_body(body))
    rows = "".join(
        f"<tr><td>{escape(status)}</td><td>{_answer_type(one)}</td>"
        f"<td>{_inline(one['description'])}</td></tr>"
        for status, one in operation["responses"].items()
    )
    parts += [_table("Status", "Body", "Meaning", rows=rows), "</section>"]
    return "".join(parts)


def _body(body: dict[str, Any]) -> str:
    parts = []
    for media, one in body["content"].items():
        parts.append(f"<p>Body: <code>{escape(media)}</code>, {_type(one['schema'])}</p>")
        example = one.get("example")
        if example is not None:
            text = example if isinstance(example, str) else json.dumps(example, indent=2)
            parts.append(f'<pre tabindex="0"><code>{escape(text)}</code></pre>')
    return "".join(parts)


def _answer_type(response: dict[str, Any]) -> str:
    return ", ".join(_type(one["schema"]) for one in response.get("content", {}).values())


def _schema(name: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code></td><td>{_type(one)}</td>"
        f"<td>{'yes' if field in required else 'no'}</td>"
        f"<td>{_inline(one.get('description', ''))}</td></tr>"
        for field, one in schema.get("properties", {}).items()
    )
    values = ", ".join(f"<code>{escape(str(one))}</code>" for one in schema.get("enum", ()))
    table = _table("Field", "Type", "Always there", "Meaning", rows=rows) if rows else ""
    return (
        f'<section id="schema-{escape(name)}"><h3>{escape(name)}</h3>'
        f"{_paragraphs(schema.get('description', ''))}<p>{values}</p>{table}</section>"
    )


def _type(schema: dict[str, Any]) -> str:
    reference = schema.get("$ref")
    if reference is not None:
        name = escape(reference.rsplit("/", 1)[1])
        return f'<a href="#schema-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"<code>{escape(json.dumps(one))}</code>" for one in schema["enum"])
    if schema.get("type") == "array":
        items = schema.get("items")
        return f"list of {_type(items)}" if items else "list"
    told = [escape(str(schema.get("format", schema.get("type", "anything"))))]
    limits = (("minimum", "≥"), ("maximum", "≤"), ("maxLength", "length ≤"))
    told += [f"{sign} {schema[name]}" for name, sign in limits if name in schema]
    return " ".join(told)


def _table(*heads: str, rows: str) -> str:
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _paragraphs(text: str) -> str:
    # The few marks our own descriptions use: blank lines, list items, code, strong.
    parts = []
    for block in text.replace("\n  ", " ").split("\n\n"):
        lines = block.strip().split("\n")
        if lines[0].startswith("* "):
            items = "".join(f"<li>{_inline(line.removeprefix('* '))}</li>" for line in lines)
            parts.append(f"<ul>{items}</ul>")
        elif block.strip():
            parts.append(f"<p>{_inline(block.strip())}</p>")
    return "".join(parts)


def _inline(text: str) -> str:
    told = escape(text)
    for mark, tag in (("**", "strong"), ("`", "code"), ("*", "em")):
        pieces = told.split(mark)
        told = "".join(
            f"<{tag}>{piece}</{tag}>" if place % 2 and place < len(pieces) - 1 else piece
            for place, piece in enumerate(pieces)
        )
    return told


def _html(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} – restante API</title>"
        f'<link rel="stylesheet" href="{MOUNT}/reference.css"></head><body>{body}</body></html>'
    )


def _page(content: bytes) -> Response[bytes]:
    return Response(content, media_type="text/html", headers=_HEADERS)
