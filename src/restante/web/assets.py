"""Style sheets, scripts, fonts and icons, and the addresses under which a browser may keep them.

Vendored files carry their version in their path. Our own files live under one hash of them all,
because ES modules import each other by relative paths: a change to one gives all of them new
addresses, and none is ever served stale. Everything can therefore be cached for a year.
It must not know which pages exist.
"""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

STATIC_ROOT = Path(__file__).parent / "static"
"""Where the files are in the package."""

URL_PREFIX = "/static"
"""The first part of every address; ``js/lit.js`` and ``js/vendor.js`` name it too."""

CACHE_FOR_EVER = "public, max-age=31536000, immutable"
"""One year, the longest that HTTP caches are asked to honor (RFC 9111 §5.2.2.1)."""

COMPRESSED_BYTES_MIN = 1_000
"""Below this, a gzip header costs more than it saves (chosen)."""

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}
"""Named here because the machine's own table may lack some, and browsers are told not to guess."""

COMPRESSIBLE = (".css", ".js", ".mjs", ".json", ".svg", ".wasm", ".webmanifest")
"""Endings worth a gzip; fonts and photos are compressed already."""


class VendoredFile(msgspec.Struct, frozen=True):
    """A file that tools/vendor.py copied, with the checksum it had then."""

    path: str
    source: str
    sha256: str


class VendoredPackage(msgspec.Struct, frozen=True):
    """A front-end package that restante ships."""

    name: str
    version: str
    license: str
    files: tuple[VendoredFile, ...]


class Asset(msgspec.Struct, frozen=True):
    """A file as it goes over the wire."""

    content: bytes
    compressed: bytes | None
    media_type: str
    etag: str


def read_vendored(root: Path = STATIC_ROOT) -> tuple[VendoredPackage, ...]:
    """Read which front-end packages are shipped, for the licence page and the checksum test."""
    manifest = (root / "vendor" / "VENDOR.json").read_bytes()
    return msgspec.json.decode(manifest, type=tuple[VendoredPackage, ...])


class Assets:
    """Every static file of the web room, found once at start.

    Parameters
    ----------
    root
        Folder of the files; only what is in it when this is made can ever be served.
    """

    def __init__(self, root: Path = STATIC_ROOT) -> None:
        self._paths = {
            path.relative_to(root).as_posix(): path
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.suffix in MEDIA_TYPES
        }
        self._loaded: dict[str, Asset] = {}
        digest = hashlib.sha256()
        for name, path in self._paths.items():
            if not name.startswith("vendor/"):
                digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
        self.version = digest.hexdigest()[:12]
        self._vendored = {
            f"{package.name}/{file.path.split('/', 1)[1]}": f"vendor/{file.path}"
            for package in read_vendored(root)
            for file in package.files
        }

    def url(self, name: str) -> str:
        """Return the address of one of our own files, such as ``css/app.css``.

        Raises
        ------
        LookupError
            When there is no such file, so that a wrong name fails in the first test that renders.
        """
        if name not in self._paths:
            raise LookupError(f"No static file {name!r}; look in src/restante/web/static.")
        return f"{URL_PREFIX}/{self.version}/{name}"

    def vendor_url(self, name: str) -> str:
        """Return the address of a vendored file, such as ``htmx.org/htmx.js``.

        Raises
        ------
        LookupError
            When the file is not vendored; VENDOR.json lists those that are.
        """
        if name not in self._vendored:
            raise LookupError(f"{name!r} is not vendored; static/vendor/VENDOR.json lists all.")
        return f"{URL_PREFIX}/{self._vendored[name]}"

    def find(self, path: str) -> Asset | None:
        """Find the file behind an address, given without its prefix."""
        name = path.removeprefix("/").removeprefix(f"{self.version}/")
        if name not in self._paths:
            return None
        if name not in self._loaded:
            self._loaded[name] = _load(self._paths[name])
        return self._loaded[name]


def _load(path: Path) -> Asset:
    content = path.read_bytes()
    worth_it = path.suffix in COMPRESSIBLE and len(content) >= COMPRESSED_BYTES_MIN
    return Asset(
        content=content,
        compressed=gzip.compress(content, 6, mtime=0) if worth_it else None,
        media_type=MEDIA_TYPES[path.suffix],
        etag=f'"{hashlib.sha256(content).hexdigest()[:20]}"',
    )


def asset_handler(assets: Assets) -> HTTPRouteHandler:
    """Make the route handler that serves the assets under ``/static``.

    Parameters
    ----------
    assets
        What may be served. An address with an old hash is not found, rather than answered with
        new content that a cache would then keep under the old name.
    """

    @get(f"{URL_PREFIX}/{{path:path}}", include_in_schema=False, sync_to_thread=False)
    def serve_asset(path: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        asset = assets.find(path)
        if asset is None:
            raise NotFoundException(f"There is no file {URL_PREFIX}{path}.")
        headers = {
            "cache-control": CACHE_FOR_EVER,
            "etag": asset.etag,
            "vary": "Accept-Encoding",
        }
        if request.headers.get("if-none-match") == asset.etag:
            return Response(b"", status_code=304, headers=headers, media_type=asset.media_type)
        if asset.compressed and "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            return Response(asset.compressed, headers=headers, media_type=asset.media_type)
        return Response(asset.content, headers=headers, media_type=asset.media_type)

    return serve_asset
