"""Check what is in deploy/ with the programs it is made for, as far as they run without an engine.

    make check-deploy

Helm renders the chart and must say what the small reader of the tests says; every object is held
against Kubernetes' own schemas; compose.yaml is read as the Compose specification says; hadolint
reads the Containerfile, and Caddy its file. Runs beside ``make check`` and not in it: the programs
are for Linux on x86-64 alone, and Caddy comes from the distribution.
"""

import json
import os
import shutil
import subprocess
import sys
import venv
from typing import Any, Final

import yaml

from tests.house.repository import ROOT
from tests.operating.test_deploy import CHART, DEPLOY, VARIANTS, documents, values_of

LOCKED: Final = ROOT / "requirements" / "deploy.txt"
PROGRAMS: Final = ROOT / "build" / "check-deploy"
KUBERNETES: Final = ("1.27", "1.30", "1.33", "1.37")
"""From the oldest that Chart.yaml admits to the newest whose schemas are there."""


def main() -> None:
    """Run every check; the first that fails ends it."""
    install()
    rendered = PROGRAMS / "rendered"
    rendered.mkdir(exist_ok=True)
    run("hadolint", "--no-color", DEPLOY / "Containerfile")
    run("helm", "lint", "--strict", "--quiet", CHART)
    for number, variant in enumerate(VARIANTS):
        values = rendered / f"values-{number}.yaml"
        values.write_text(yaml.safe_dump(values_of(variant)), encoding="utf-8")
        text = run("helm", "template", "net", CHART, "--values", values)
        (rendered / f"{number}.yaml").write_text(text, encoding="utf-8")
        by_helm = {one["kind"]: one for one in yaml.safe_load_all(text) if one}
        if by_helm != documents(variant):
            raise SystemExit(f"{variant}: Helm renders something else than the tests' reader")
        for release in KUBERNETES:
            run("kubernetes-validate", "--strict", "-k", release, rendered / f"{number}.yaml")
    check_compose()
    check_caddy()
    print(f"deploy/ is well formed: {len(VARIANTS)} renderings, Kubernetes {', '.join(KUBERNETES)}")


def install() -> None:
    """Install what is locked into a folder of its own, where it changed."""
    stamp = PROGRAMS / "stamp"
    if stamp.exists() and stamp.read_bytes() == LOCKED.read_bytes():
        return
    venv.create(PROGRAMS, with_pip=True, clear=True)
    run("pip", "install", "--quiet", "--require-hashes", "-r", LOCKED)
    stamp.write_bytes(LOCKED.read_bytes())


def check_compose() -> None:
    """Read compose.yaml strictly, with its anchors resolved as Compose resolves them."""
    content: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    resolved = PROGRAMS / "compose.json"
    resolved.write_text(json.dumps(content), encoding="utf-8")
    read = "import sys, compose_spec; compose_spec.PyCompose.from_json(sys.stdin.read()).validate()"
    with resolved.open(encoding="utf-8") as text:
        run("python", "-c", read, given=text)


def check_caddy() -> None:
    """Let Caddy read its file; it obtains no certificate for that."""
    if shutil.which("caddy") is None:
        raise SystemExit("caddy is not installed: apt-get install caddy (its service may be off)")
    settings = {**os.environ, "DOMAIN": "parcels.example.org"}
    file = DEPLOY / "Caddyfile"
    run("caddy", "validate", "--adapter", "caddyfile", "--config", file, environment=settings)
    if run("caddy", "fmt", file) != file.read_text(encoding="utf-8"):
        raise SystemExit("caddy fmt would write deploy/Caddyfile in another way")


def run(
    program: str, *arguments: object, given: Any = None, environment: dict[str, str] | None = None
) -> str:
    """Run a program and give what it printed; ends with its words when it fails."""
    own = PROGRAMS / "bin" / program
    command = [str(own if own.exists() else program), *map(str, arguments)]
    done = subprocess.run(
        command,
        stdin=given or subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=environment,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    print(f"well  {program} {' '.join(map(str, arguments[:2]))}", file=sys.stderr)
    return done.stdout


if __name__ == "__main__":
    main()
