"""Who lacks a program is helped as root, and told exactly what to do otherwise."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.repository import ROOT
from tools import system_packages
from tools.system_packages import GROUPS, Package, main

SCRIPT = ROOT / "tools" / "system_packages.py"


@pytest.fixture
def one_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = Package("restante-absent", "to see what is said", lambda: False)
    monkeypatch.setitem(GROUPS, "venv", (absent,))
    monkeypatch.setenv("RESTANTE_NO_APT", "1")


@pytest.mark.usefixtures("one_is_missing")
def test_what_is_missing_is_named_with_the_command_that_installs_it(
    capsys: pytest.CaptureFixture[str],
):
    assert main(["venv"]) == 1
    said = capsys.readouterr().err
    assert "missing: restante-absent, to see what is said" in said
    assert "apt-get install --no-install-recommends restante-absent" in said


def test_nothing_is_said_when_nothing_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(GROUPS, "venv", (Package("sh", "to be there", lambda: True),))
    assert main(["venv"]) == 0
    assert capsys.readouterr() == ("", "")


def test_an_old_python_is_told_which_one_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(system_packages, "PYTHON_OLDEST", (99, 0))
    assert main(["venv"]) == 1
    assert "restante needs Python 99.0 or newer" in capsys.readouterr().err


def test_it_runs_before_anything_is_installed():
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), "nonsense"],
        cwd=Path("/"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "usage: system_packages.py venv|test" in done.stderr
