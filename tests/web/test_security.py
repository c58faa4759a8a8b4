"""Headers of every page, and whose changes are taken (rules R1 to R3 of web/security.py)."""

from collections.abc import Iterator

import pytest
from litestar import Litestar, MediaType, Response, get, post
from litestar.middleware import DefineMiddleware
from litestar.testing import TestClient

from restante.web.security import (
    DEFAULT_POLICY,
    SCANNER_POLICY,
    CrossOriginGuard,
    PagePolicy,
    SecurityHeaders,
)

OURS = "http://testserver.local"


@get("/", media_type=MediaType.HTML, sync_to_thread=False)
def show_page() -> str:
    return "<p>hello</p>"


@get("/scan", sync_to_thread=False)
def show_scanner() -> Response[str]:
    return Response("<p>scan</p>", headers=SCANNER_POLICY.headers(), media_type=MediaType.HTML)


@post("/change", sync_to_thread=False)
def change() -> str:
    return "changed"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    guard = DefineMiddleware(CrossOriginGuard, trusted_origins=["https://shop.example"])
    app = Litestar(
        [show_page, show_scanner, change],
        middleware=[DefineMiddleware(SecurityHeaders), guard],
        openapi_config=None,
    )
    with TestClient(app) as client:
        yield client


def test_a_page_may_run_only_our_own_files(client: TestClient[Litestar]) -> None:
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_only_a_scanner_page_may_compile_and_see(client: TestClient[Litestar]) -> None:
    page, scanner = client.get("/").headers, client.get("/scan").headers
    assert "'wasm-unsafe-eval'" in scanner["content-security-policy"]
    assert "camera=(self)" in scanner["permissions-policy"]
    assert "camera=()" in page["permissions-policy"]


def test_a_page_is_private_and_differs_for_htmx(client: TestClient[Litestar]) -> None:
    headers = client.get("/").headers
    assert headers["cache-control"] == "private, no-cache"
    assert "HX-Request" in headers["vary"]


def test_tiles_and_frames_are_allowed_only_as_configured() -> None:
    policy = PagePolicy(tile_origins=("https://t.example",), framed_by=("https://shop.example",))
    assert "connect-src 'self' https://t.example" in policy.content_security_policy()
    assert "frame-ancestors https://shop.example" in policy.content_security_policy()
    assert "x-frame-options" not in policy.headers()
    assert DEFAULT_POLICY.headers()["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": OURS},
        {"origin": "https://shop.example", "sec-fetch-site": "cross-site"},
        {},
    ],
    ids=["own page", "typed by the user", "own origin", "trusted shop", "a program"],
)
def test_a_change_is_taken_from(headers: dict[str, str], client: TestClient[Litestar]) -> None:
    assert client.post("/change", headers=headers).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": OURS},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.local.evil.example"},
    ],
    ids=["another site", "a sibling host", "another origin", "a sandbox", "a look-alike"],
)
def test_a_change_is_refused_from(headers: dict[str, str], client: TestClient[Litestar]) -> None:
    answer = client.post("/change", headers=headers)
    assert answer.status_code == 403
    assert "try again" in answer.text
    assert "content-security-policy" in answer.headers
