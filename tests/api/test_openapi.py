"""The document tells exactly what there is, and the committed copy is the same."""

import json
import re
from pathlib import Path

import msgspec

from restante.api.openapi import make_openapi, problem_codes, write_openapi
from restante.api.table import ENDPOINTS
from tests.api.conftest import Door

SNAPSHOT = Path(__file__).resolve().parents[2] / "docs" / "reference" / "openapi.json"


def test_the_committed_document_is_up_to_date():
    assert SNAPSHOT.read_text(encoding="utf-8") == write_openapi(), (
        "write it again with `restante openapi > docs/reference/openapi.json`"
    )


def test_the_served_document_is_the_same(door: Door):
    answer = door.client.get("/api/v1/openapi.json")
    assert answer.json() == json.loads(write_openapi())


def test_every_endpoint_is_told_whole():
    document = make_openapi()
    names = set()
    for endpoint in ENDPOINTS:
        told = document["paths"][endpoint.path][endpoint.method.lower()]
        names.add(told["operationId"])
        assert told["summary"] and told["description"].endswith(".")
        assert str(endpoint.status) in told["responses"]
        if endpoint.body is not None:
            assert next(iter(told["requestBody"]["content"].values()))["example"]
        for code in problem_codes(endpoint):
            assert f'"{code.value}"' in json.dumps(told["responses"])
    assert len(names) == len(ENDPOINTS)


def test_examples_are_as_described():
    for endpoint in ENDPOINTS:
        if endpoint.example is not None and endpoint.body is not bytes:
            msgspec.json.decode(msgspec.json.encode(endpoint.example), type=endpoint.body)


def test_every_reference_in_the_document_leads_somewhere():
    document = make_openapi()
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        place = document
        for part in reference.split("/"):
            place = place[part]


def test_the_reference_needs_no_script_and_nothing_from_afar(door: Door):
    page = door.client.get("/api/v1/reference")
    assert page.status_code == 200
    for endpoint in ENDPOINTS:
        assert f'id="{endpoint.name}"' in page.text
    assert "<script" not in page.text and "style=" not in page.text
    links = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    anchors = {link[1:] for link in links if link.startswith("#")}
    ids = set(re.findall(r'id="([^"]+)"', page.text))
    assert anchors <= ids
    assert all(link.startswith(("#", "/api/v1/")) for link in links)
    assert door.client.get("/api/v1/reference.css").status_code == 200
