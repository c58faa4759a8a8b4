"""Static files: what is shipped is what was vendored, and caches never hold anything stale."""

import hashlib
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from restante.web.assets import STATIC_ROOT, Assets, asset_handler, read_vendored

KIOSK_TOKENS = Path("src/restante/edge/kiosk/static/tokens.css")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets()


def test_every_vendored_file_has_the_checksum_of_its_manifest() -> None:
    for package in read_vendored():
        for file in package.files:
            content = (STATIC_ROOT / "vendor" / file.path).read_bytes()
            assert hashlib.sha256(content).hexdigest() == file.sha256, file.path


def test_every_vendored_package_ships_its_licence() -> None:
    for package in read_vendored():
        assert any(file.path.endswith("LICENSE") for file in package.files), package.name


def test_nothing_is_vendored_that_the_manifest_does_not_name() -> None:
    named = {file.path for package in read_vendored() for file in package.files} | {"VENDOR.json"}
    vendor = STATIC_ROOT / "vendor"
    found = {path.relative_to(vendor).as_posix() for path in vendor.rglob("*") if path.is_file()}
    assert found == named


def test_the_lock_of_front_end_packages_names_no_host() -> None:
    assert '"resolved"' not in (ROOT / "tools" / "web" / "package-lock.json").read_text()


def test_the_kiosk_is_served_the_same_tokens() -> None:
    assert (ROOT / KIOSK_TOKENS).read_bytes() == (STATIC_ROOT / "css" / "tokens.css").read_bytes()


def test_an_own_file_is_served_compressed_under_an_address_to_keep_for_ever(
    assets: Assets,
) -> None:
    with TestClient(Litestar([asset_handler(assets)], openapi_config=None)) as client:
        answer = client.get(assets.url("css/app.css"), headers={"accept-encoding": "gzip"})
        again = client.get(
            assets.url("css/app.css"), headers={"if-none-match": answer.headers["etag"]}
        )
    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.content == (STATIC_ROOT / "css" / "app.css").read_bytes()
    assert again.status_code == 304


def test_an_address_of_an_older_version_is_not_found(assets: Assets) -> None:
    with TestClient(Litestar([asset_handler(assets)], openapi_config=None)) as client:
        assert client.get("/static/000000000000/css/app.css").status_code == 404


@pytest.mark.parametrize("path", ["../assets.py", "%2e%2e/assets.py", "../../../pyproject.toml"])
def test_no_file_outside_the_folder_is_served(assets: Assets, path: str) -> None:
    with TestClient(Litestar([asset_handler(assets)], openapi_config=None)) as client:
        assert client.get(f"/static/{path}").status_code == 404


def test_modules_and_wasm_get_the_types_that_browsers_insist_on(assets: Assets) -> None:
    with TestClient(Litestar([asset_handler(assets)], openapi_config=None)) as client:
        module = client.get(assets.vendor_url("maplibre-gl/maplibre-gl.mjs"))
        wasm = client.get(assets.vendor_url("zxing-wasm/zxing_reader.wasm"))
    assert module.headers["content-type"].startswith("text/javascript")
    assert wasm.headers["content-type"] == "application/wasm"


def test_a_wrong_name_fails_when_the_page_is_rendered(assets: Assets) -> None:
    with pytest.raises(LookupError, match=r"no-such\.css"):
        assets.url("css/no-such.css")
    with pytest.raises(LookupError, match="not vendored"):
        assets.vendor_url("jquery/jquery.js")
