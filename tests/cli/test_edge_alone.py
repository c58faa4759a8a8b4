"""A locker on a machine of its own: nothing but ``restante[edge]``, and no more than it may take.

Speed itself is what ``restante bench edge`` measures; here are the bounds nobody may break.
"""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.house.repository import ROOT
from tests.house.test_requirements import locked, names_of, normalized
from tests.programs import run_program

START_SECONDS_MAX = 3.0
"""Of a core: the whole start on a machine that has nothing else to do."""
RESIDENT_MB_MAX = 120.0
IDLE_CPU_PERCENT_MAX = 15.0
"""Five times the goal: other tests run beside this one."""
SERVER_ONLY = {"biip", "phonenumbers", "babel", "email-validator"}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install a locker's program into an environment of its own; gives the folder of programs."""
    folder = tmp_path_factory.mktemp("alone") / "venv"
    # Without a pip of its own: ours installs into it, in half the time.
    run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    programs = folder / "bin"
    quiet = ("install", "--quiet", "--no-compile")
    edge = ROOT / "requirements" / "edge.txt"
    pip(programs, *quiet, "--require-hashes", "-r", str(edge))
    pip(programs, *quiet, "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    return programs


def pip(programs: Path, *words: str) -> str:
    """Let our own pip do something in another environment."""
    python = str(programs / "python")
    ours = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    return run(*ours, *words)


def run(*command: str, seconds: float = 100) -> str:
    """Run a program as somebody does whose shell knows nothing of this checkout."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RESTANTE_", "PYTHON"))
    }
    done = run_program(command, seconds=seconds, env=environment)
    assert done.code == 0, done.out.decode() + done.said
    return done.out.decode()


def test_nothing_that_only_the_centre_needs_is_installed(alone: Path) -> None:
    listed = json.loads(pip(alone, "list", "--format", "json"))
    present = {normalized(one["name"]) for one in listed}
    assert present - {"restante"} <= set(locked("edge"))
    assert names_of("server") >= SERVER_ONLY, "this test looks for the wrong distributions"
    assert not SERVER_ONLY & present
    pip(alone, "check")


def test_the_help_needs_none_of_what_a_locker_runs_on(alone: Path) -> None:
    program = (
        "import sys, contextlib\n"
        "from restante.cli import main\n"
        "with contextlib.suppress(SystemExit): main(['--help'])\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    told = run(str(alone / "python"), "-c", program)
    assert re.search(r"\blocker\b", told)
    loaded = set(told.splitlines()[-1].split())
    assert "typer" in loaded
    assert not loaded & {"sqlalchemy", "litestar", "uvicorn", "cryptography", "pymodbus", "aiomqtt"}


def test_a_locker_loads_no_room_of_the_centre(alone: Path) -> None:
    program = (
        "import sys, restante.wiring.locker, restante.wiring.server\n"
        "print(*{name for name in sys.modules if name.startswith('restante.')})"
    )
    rooms = {name.split(".")[1] for name in run(str(alone / "python"), "-c", program).split()}
    assert {"core", "edge", "link"} <= rooms
    assert not rooms & {"views", "operations", "notices", "partners", "api", "web", "sim"}


def test_a_full_locker_starts_serves_and_stays_small(alone: Path, tmp_path: Path) -> None:
    told = run(
        *(str(alone / "restante"), "bench", "edge", "--samples", "20"),
        *("--dir", str(tmp_path), "--json"),
    )
    found = json.loads(told)
    assert found["compartments"] == 400
    assert found["n"] == 20
    assert 0 < found["start_cpu_s"] < START_SECONDS_MAX
    assert found["start_cpu_s"] <= found["start_s"] + 0.5
    assert 0 < found["rss_start_mb"] < RESIDENT_MB_MAX
    assert 0 < found["rss_mb"] < RESIDENT_MB_MAX
    assert found["idle_cpu_percent"] < IDLE_CPU_PERCENT_MAX
    for way in ("qr", "pin"):
        spread = [found[f"{way}_ms_{share}"] for share in ("p50", "p90", "p99", "max")]
        assert spread[0] > 0
        assert spread == sorted(spread)
    assert found["pin_ms_p50"] > found["qr_ms_p50"], "a code costs a slow hash, a scan does not"
