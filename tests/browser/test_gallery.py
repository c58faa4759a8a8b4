"""Every macro and element, in light and dark, on a desk and on a phone."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.browser.gallery import make_gallery

pytestmark = pytest.mark.usefixtures("strayed", "complaints")

PAGES = {
    "start": "/",
    "console": "/console",
    "map": "/map",
    "parcel": "/parcel",
    "courier": "/courier",
}
SCREENSHOTS = os.environ.get("SCREENSHOTS")


@pytest.fixture(scope="session")
def gallery(serve: Any) -> str:
    return serve(make_gallery())


def open_page(page: Any, address: str) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle" if not address.endswith("/map") else "load")
    for element in ("city-map", "cabinet-drawing", "series-chart"):
        if page.locator(element).count():
            page.locator(f"{element}[data-ready]").first.wait_for(timeout=20_000)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits_in_both_schemes_on_both_screens(
    name: str,
    gallery: str,
    page: Any,
    scheme: str,
    screen: str,
    check_accessibility: Any,
    fits_the_screen: Any,
) -> None:
    open_page(page, gallery + PAGES[name])
    if SCREENSHOTS:
        path = Path(SCREENSHOTS) / f"{name}-{scheme}-{screen}.png"
        page.screenshot(path=path, full_page=True, animations="disabled")
    fits_the_screen(page)
    check_accessibility(page)
