"""See to it that the programs outside Python are there, or say exactly what is missing.

Runs with the system's own Python before anything is installed, so it uses the standard library
only. As root on Debian (and its relatives) it installs what is missing through apt; otherwise it
names the packages and the command, and exits with status 1.

    python3 tools/system_packages.py venv     what is needed to make .venv
    python3 tools/system_packages.py test     what the tests need on top

Set ``RESTANTE_NO_APT=1`` to be told instead of helped.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

PYTHON_OLDEST = (3, 11)
"""Oldest Python that restante runs on: that of Debian 12."""

APT_LOCK_SECONDS_MAX = 300
"""How long apt may wait for another apt; chosen: longer than an unattended upgrade's step."""


class Package(NamedTuple):
    """A Debian package, why it is needed, and how to see that it is there."""

    name: str
    why: str
    is_there: Callable[[], bool]


def find_program(*names: str) -> str | None:
    """Find the first of some programs, also where an ordinary user's PATH does not look."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def has_browser() -> bool:
    """Tell whether a Chromium is installed."""
    return find_program("chromium", "chromium-browser", "google-chrome") is not None


def has_broker() -> bool:
    """Tell whether the MQTT broker is installed."""
    return find_program("mosquitto") is not None


def has_postgres() -> bool:
    """Tell whether a PostgreSQL server is installed; Debian keeps ``initdb`` off the PATH."""
    installed = any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed or find_program("initdb") is not None


def has_fuse() -> bool:
    """Tell whether file systems in user space can be mounted by programs."""
    return find_program("fusermount3") is not None


def has_strace() -> bool:
    """Tell whether a program's system calls can be recorded."""
    return find_program("strace") is not None


def has_speech() -> bool:
    """Tell whether a kiosk can speak."""
    return find_program("espeak-ng") is not None


def has_java() -> bool:
    """Tell whether Spark can be started."""
    return find_program("java") is not None


def has_venv() -> bool:
    """Tell whether Python can make a virtual environment; Debian ships that part separately."""
    return importlib.util.find_spec("ensurepip") is not None


GROUPS: dict[str, tuple[Package, ...]] = {
    "venv": (Package("python3-venv", "to create .venv", has_venv),),
    "test": (
        Package("chromium", "to walk the pages in a real browser", has_browser),
        Package("mosquitto", "to test the link over a real broker", has_broker),
        Package("postgresql", "to test the journal on a real server", has_postgres),
        Package("fuse3", "to cut the power under a file system of our own", has_fuse),
        Package("espeak-ng", "to let a kiosk speak", has_speech),
        Package("default-jre-headless", "to measure with Spark", has_java),
        Package("strace", "to record what is written where that cannot be mounted", has_strace),
    ),
}


def may_use_apt() -> bool:
    """Tell whether packages can be installed here without asking anybody."""
    forbidden = os.environ.get("RESTANTE_NO_APT", "") not in {"", "0"}
    return not forbidden and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(names: list[str]) -> bool:
    """Install Debian packages, refreshing the package lists first; tell whether it worked."""
    apt = ["apt-get", "-q", "-o", f"DPkg::Lock::Timeout={APT_LOCK_SECONDS_MAX}"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "-y", "--no-install-recommends", *names]):
        print("+", *apt, *step, flush=True)
        done = subprocess.run([*apt, *step], env=environment, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0 and step[0] == "install":
            return False
    return True


def main(arguments: list[str]) -> int:
    """Check one group of packages, install what is missing where possible."""
    if len(arguments) != 1 or arguments[0] not in GROUPS:
        print(f"usage: system_packages.py {'|'.join(GROUPS)}", file=sys.stderr)
        return 2
    if sys.version_info < PYTHON_OLDEST:
        wanted = ".".join(str(part) for part in PYTHON_OLDEST)
        print(
            f"restante needs Python {wanted} or newer; this is {sys.version.split()[0]}. "
            f"Name another one: make setup PYTHON=python{wanted}",
            file=sys.stderr,
        )
        return 1
    missing = [package for package in GROUPS[arguments[0]] if not package.is_there()]
    if missing and may_use_apt() and install([package.name for package in missing]):
        missing = [package for package in missing if not package.is_there()]
    if not missing:
        return 0
    for package in missing:
        print(f"missing: {package.name}, {package.why}", file=sys.stderr)
    names = " ".join(package.name for package in missing)
    print(
        f"Install them and run make again. On Debian:\n"
        f"    sudo apt-get update && sudo apt-get install --no-install-recommends {names}",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
