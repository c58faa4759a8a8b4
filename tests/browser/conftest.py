"""A browser on this machine: Debian's Chromium, no request to anywhere else, axe for every page."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn

HERE = Path(__file__).parent
AXE = HERE / "vendor" / "axe.min.js"
PHONE = {"width": 360, "height": 780}
DESK = {"width": 1280, "height": 860}
WCAG_22_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
START_SECONDS_MAX = 20


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is here as needing a browser."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def base_url() -> None:
    """Replace the fixture of pytest-base-url, which warns under pytest 9."""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Use the browser of the distribution; nothing is downloaded."""
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    found = {"executable_path": chromium} if Path(chromium).exists() else {}
    return {
        **browser_type_launch_args,
        **found,
        "args": ["--enable-unsafe-swiftshader", "--hide-scrollbars"],
    }


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Any], str]]:
    """Serve an ASGI app on a free port of this machine; returns its address."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: Any) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        deadline = time.monotonic() + START_SECONDS_MAX
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                pytest.fail("The server under test did not start; its log says why.")
            thread.join(0.02)
        running.append((server, thread))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def strayed(context: Any) -> Iterator[list[str]]:
    """Abort every request that would leave the machine, and fail the test that made one."""
    addresses: list[str] = []

    def route(route: Any) -> None:
        address = route.request.url
        parts = urlsplit(address)
        if parts.scheme in ("http", "https") and parts.hostname not in ("127.0.0.1", "localhost"):
            addresses.append(address)
            route.abort()
        else:
            route.fallback()

    context.route("**/*", route)
    yield addresses
    assert not addresses, f"These requests would have left the machine: {addresses}"


@pytest.fixture
def complaints(page: Any) -> Iterator[list[str]]:
    """Fail when a script breaks or the content security policy refuses something."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on(
        "console",
        lambda message: said.append(message.text) if message.type == "error" else None,
    )
    yield said
    assert not said, f"The page complained: {said}"


@pytest.fixture
def check_accessibility() -> Callable[[Any], None]:
    """Fail with element and rule when axe finds something against WCAG 2.2 AA."""

    def check(page: Any) -> None:
        page.evaluate(AXE.read_text())
        # Without preload: axe would copy style sheets into the page, which the policy refuses.
        options = {"runOnly": WCAG_22_AA, "preload": False}
        found = page.evaluate("options => axe.run(document, options)", options)
        violations = [
            f"{violation['id']} ({violation['impact']}): {node['target']} {node['failureSummary']}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]
        assert not violations, "\n".join(violations)

    return check


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest, page: Any) -> str:
    """Run the test in both color schemes."""
    page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    return str(request.param)


@pytest.fixture(params=["desk", "phone"])
def screen(request: pytest.FixtureRequest, page: Any) -> str:
    """Run the test on a desk's screen and on a phone 360 px wide."""
    page.set_viewport_size(DESK if request.param == "desk" else PHONE)
    return str(request.param)


@pytest.fixture
def fits_the_screen() -> Callable[[Any], None]:
    """Fail when a page must be scrolled sideways."""

    def check(page: Any) -> None:
        wide = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide[0] <= wide[1], f"The page is {wide[0]} px wide on a screen of {wide[1]} px."

    return check
