"""Copy the front-end packages of tools/web into the tree, with licences and checksums.

Run ``npm ci --ignore-scripts`` in ``tools/web`` first, then ``python tools/vendor.py``; users of
restante need neither Node nor this script, because its results are committed. Running it twice
changes nothing; ``--check`` fails when the tree differs from what it would write.

Also written here, so that each has one source: the icon sprite, the addresses of the vendored
files for our own modules (``js/vendor.js``, ``js/lit.js``), and the kiosk's copy of the design
tokens, because the kiosk may not import the web room.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "tools" / "web"
MODULES = WEB / "node_modules"
STATIC = ROOT / "src" / "restante" / "web" / "static"
VENDOR = STATIC / "vendor"
TESTS_VENDOR = ROOT / "tests" / "browser" / "vendor"
TOKENS = STATIC / "css" / "tokens.css"
KIOSK_TOKENS = ROOT / "src" / "restante" / "edge" / "kiosk" / "static" / "tokens.css"
PUBLIC_PREFIX = "/static/vendor"

COPIED: dict[str, dict[str, str]] = {
    "htmx.org": {"dist/htmx.min.js": "htmx.js", "dist/ext/hx-sse.min.js": "hx-sse.js"},
    "maplibre-gl": {
        "dist/maplibre-gl.mjs": "maplibre-gl.mjs",
        "dist/maplibre-gl-worker.mjs": "maplibre-gl-worker.mjs",
        "dist/maplibre-gl.css": "maplibre-gl.css",
    },
    "uplot": {"dist/uPlot.esm.js": "uplot.js", "dist/uPlot.min.css": "uplot.css"},
    "barcode-detector": {"dist/iife/ponyfill.js": "ponyfill.js"},
    "zxing-wasm": {"dist/reader/zxing_reader.wasm": "zxing_reader.wasm"},
    "@fontsource-variable/inter": {
        "files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
        "files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
    },
}
"""Files taken as they are: package -> path inside the package -> name here."""

LICENSE_OVERRIDES = {"@fontsource-variable/inter": "OFL-1.1", "zxing-wasm": "MIT AND Apache-2.0"}
"""Where package.json says less than the licence texts do."""

LIT_ENTRY = """\
export * from "lit";
export { repeat } from "lit/directives/repeat.js";
export { classMap } from "lit/directives/class-map.js";
export { ifDefined } from "lit/directives/if-defined.js";
export { live } from "lit/directives/live.js";
export { ref, createRef } from "lit/directives/ref.js";
"""
"""What our elements use. ``styleMap`` is left out: it writes a style attribute, which the content
security policy refuses."""

ICONS = """
accessibility activity arrow-down arrow-left arrow-right arrow-up ban bell box building-2 calendar
camera chart-column chart-line check chevron-down chevron-left chevron-right chevron-up circle-alert
circle-check circle-dot circle-question-mark circle-x clock copy door-closed door-open download
ellipsis external-link eye eye-off fast-forward file-text filter gauge globe grid-3x3 history
hourglass inbox info key key-round languages layout-grid link list lock lock-open log-in log-out
mail map map-pin menu message-square minus monitor moon navigation package package-check
package-open package-plus package-search package-x pause pencil phone play plus printer qr-code
refresh-cw rotate-ccw scan-barcode scan-line search send server settings shield-check store sun
timer trash-2 triangle-alert truck undo-2 unlink upload user user-round users volume-2 warehouse
wifi wifi-off wrench x zap
""".split()


def read_package(name: str) -> dict[str, str]:
    """Read name, version and licence of an installed package."""
    package = json.loads((MODULES / name / "package.json").read_text())
    licence = LICENSE_OVERRIDES.get(name, package.get("license", "unknown"))
    return {"name": name, "version": package["version"], "license": licence}


def folder_of(package: dict[str, str]) -> str:
    """Name the folder of a package; the version in the path makes it cacheable for ever."""
    return f"{package['name'].removeprefix('@').replace('/', '-')}-{package['version']}"


def read_license(name: str) -> bytes:
    """Read the licence text that a package ships."""
    for candidate in ("LICENSE", "LICENSE.txt", "LICENSE.md"):
        path = MODULES / name / candidate
        if path.exists():
            return path.read_bytes()
    sys.exit(f"{name} ships no licence text; add one before vendoring it.")


def bundle_lit() -> bytes:
    """Join Lit into one module, so that a page needs one request for it."""
    with tempfile.TemporaryDirectory(dir=WEB) as folder:
        entry = Path(folder) / "entry.js"
        entry.write_text(LIT_ENTRY)
        command = [
            str(MODULES / ".bin" / "esbuild"),
            str(entry),
            "--bundle",
            "--format=esm",
            "--minify",
            "--target=es2021",
            "--legal-comments=inline",
        ]
        return subprocess.run(command, check=True, capture_output=True).stdout


def draw_sprite() -> bytes:
    """Join the icons we use into one SVG of symbols."""
    symbols = []
    for name in sorted(ICONS):
        text = (MODULES / "lucide-static" / "icons" / f"{name}.svg").read_text()
        inner = text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")]
        body = re.sub(r"\s*\n\s*", "", inner)
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
            f'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">{body}</symbol>'
        )
    joined = "\n".join(symbols)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{joined}\n</svg>\n'.encode()


def gather() -> dict[Path, bytes]:
    """Work out every file to be written: path -> content."""
    files: dict[Path, bytes] = {}
    manifest: list[dict[str, object]] = []
    contents: dict[str, dict[str, tuple[str, bytes]]] = {
        name: {
            target: (source, (MODULES / name / source).read_bytes())
            for source, target in chosen.items()
        }
        for name, chosen in COPIED.items()
    }
    contents["lit"] = {"lit.js": ("bundled by esbuild", bundle_lit())}
    contents["lucide-static"] = {"icons.svg": ("icons/*.svg", draw_sprite())}
    for name, chosen in sorted(contents.items()):
        package = read_package(name)
        folder = folder_of(package)
        entries = []
        for target, (source, content) in sorted(chosen.items()):
            files[VENDOR / folder / target] = content
            entries.append(describe(f"{folder}/{target}", source, content))
        license_text = read_license(name)
        files[VENDOR / folder / "LICENSE"] = license_text
        entries.append(describe(f"{folder}/LICENSE", "LICENSE", license_text))
        manifest.append({**package, "files": entries})
    files[VENDOR / "VENDOR.json"] = (json.dumps(manifest, indent=2) + "\n").encode()
    files[STATIC / "js" / "vendor.js"] = write_addresses(manifest)
    files[STATIC / "js" / "lit.js"] = write_lit_address(manifest)
    for name, target in (("maplibre-gl", "maplibre-gl.css"), ("uplot", "uplot.css")):
        address = f"{PUBLIC_PREFIX}/{folder_of(read_package(name))}/{target}"
        files[STATIC / "css" / target] = write_layered(address)
    files[TESTS_VENDOR / "axe.min.js"] = (MODULES / "axe-core" / "axe.min.js").read_bytes()
    files[TESTS_VENDOR / "axe.LICENSE"] = read_license("axe-core")
    if TOKENS.exists():
        files[KIOSK_TOKENS] = TOKENS.read_bytes()
    font = "@fontsource-variable/inter"
    for target, (_, content) in contents[font].items():
        files[KIOSK_TOKENS.parent / target] = content
    files[KIOSK_TOKENS.parent / "inter.LICENSE"] = read_license(font)
    return files


def describe(path: str, source: str, content: bytes) -> dict[str, str]:
    """Describe one vendored file."""
    return {"path": path, "source": source, "sha256": hashlib.sha256(content).hexdigest()}


def write_addresses(manifest: list[dict[str, object]]) -> bytes:
    """Write the module that tells our own modules where vendored files are."""
    lines = [
        "// Written by tools/vendor.py; do not edit.",
        "// Addresses of vendored files, so that a version is named in one place.",
    ]
    addresses = {}
    for package in manifest:
        for entry in package["files"]:  # type: ignore[attr-defined]
            if not entry["path"].endswith("LICENSE"):
                addresses[f"{package['name']}/{Path(entry['path']).name}"] = (
                    f"{PUBLIC_PREFIX}/{entry['path']}"
                )
    lines.append(f"export const vendored = {json.dumps(addresses, indent=2)};")
    return ("\n".join(lines) + "\n").encode()


def write_layered(address: str) -> bytes:
    """Write the sheet that puts a vendored one into a layer below our own rules."""
    return (
        f'/* Written by tools/vendor.py; do not edit. */\n@import url("{address}") layer(vendor);\n'
    ).encode()


def write_lit_address(manifest: list[dict[str, object]]) -> bytes:
    """Write the module through which our elements import Lit."""
    version = next(package["version"] for package in manifest if package["name"] == "lit")
    return (
        "// Written by tools/vendor.py; do not edit.\n"
        f'export * from "{PUBLIC_PREFIX}/lit-{version}/lit.js";\n'
    ).encode()


def clean_lock() -> None:
    """Remove download addresses from the lock: it names versions and checksums, not hosts."""
    path = WEB / "package-lock.json"
    lock = json.loads(path.read_text())
    for package in lock.get("packages", {}).values():
        package.pop("resolved", None)
    text = json.dumps(lock, indent=2) + "\n"
    if text != path.read_text():
        path.write_text(text)


def stale_files(expected: dict[Path, bytes]) -> list[Path]:
    """Find vendored files that no package asks for any more."""
    return [path for path in sorted(VENDOR.rglob("*")) if path.is_file() and path not in expected]


def main() -> None:
    """Write the vendored files, or check that they are up to date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    check = parser.parse_args().check
    if not MODULES.exists():
        sys.exit("Packages are not installed. Run: (cd tools/web && npm ci --ignore-scripts)")
    files = gather()
    stale = stale_files(files)
    changed = [
        path for path, content in files.items() if not path.exists() or path.read_bytes() != content
    ]
    for path in [*changed, *stale]:
        print(path.relative_to(ROOT))
    if check:
        sys.exit(1 if changed or stale else 0)
    clean_lock()
    for path in stale:
        path.unlink()
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[path])


if __name__ == "__main__":
    main()
