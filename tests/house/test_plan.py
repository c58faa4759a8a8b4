"""The plan of the house is kept, and a locker can live on what a locker has."""

import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

from tests.house.repository import ROOT
from tests.house.test_requirements import locked, normalized

IMPORT_WITH_ONLY = """
import sys

class OnlyWhatALockerHas:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"{name} is not installed in a locker", name=name)
        return None

ABSENT = set(sys.argv[2].split())
sys.meta_path.insert(0, OnlyWhatALockerHas())
import importlib, pkgutil
room = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(getattr(room, "__path__", ()), room.__name__ + "."):
    if module.name not in sys.argv[3].split():
        importlib.import_module(module.name)
"""

ROOMS_OF_A_LOCKER = ("core", "journal", "access", "link", "edge")

ONLY_AT_THE_CENTRE = (
    "restante.journal.postgres restante.journal.postgres_arrays restante.journal.postgres_bulk"
    " restante.journal.postgres_lookup restante.journal.postgres_patience"
    " restante.journal.postgres_relay"
)
"""Need a driver of their own; a contract forbids a locker to reach them."""

COMMAND_OF_A_LOCKER = ("cli.app", "cli.serve", "wiring.locker", "wiring.server")
"""What `restante locker` loads to start one."""


def test_each_floor_uses_only_the_floors_below():
    program = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as m; m()"]
    done = subprocess.run(
        [*program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("room", ROOMS_OF_A_LOCKER + COMMAND_OF_A_LOCKER)
def test_a_locker_loads_with_only_what_a_locker_has_installed(room: str):
    present = set(locked("edge")) | {"restante"}
    absent = {
        module
        for module, distributions in packages_distributions().items()
        if not {normalized(name) for name in distributions} & present
    }
    done = subprocess.run(
        [
            *(sys.executable, "-c", IMPORT_WITH_ONLY, f"restante.{room}"),
            *(" ".join(sorted(absent)), ONLY_AT_THE_CENTRE),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
