"""Processes killed at named points, and what is left of them."""

import re
import signal
import tempfile
from pathlib import Path
from typing import Final

from tests.power.checks import check_remains
from tests.power.cuts import ROOT, play_command
from tests.power.told import read_told
from tests.programs import run_program

OURS: Final = (
    "locker.before_commit",
    "locker.after_commit",
    "centre.before_commit",
    "centre.after_commit",
    "centre.before_answer",
)
"""Points that the stage names itself: around every commit of both journals, and between taking a
report in and answering it."""


def points_in_the_source() -> frozenset[str]:
    """Find every point that the product names."""
    named = re.compile(r"""fault\(\s*"([a-z_.]+)"\s*\)""")
    found: set[str] = set()
    for path in (ROOT / "src" / "restante").rglob("*.py"):
        found.update(named.findall(path.read_text(encoding="utf-8")))
    return frozenset(found)


def kill_at(point: str, nth: int, seed: int) -> list[str]:
    """Kill a program at a point, start again on its files, and name what is broken.

    Raises
    ------
    LookupError
        When the story never came so far.
    """
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        command = play_command(folder, seed, "-", "--kill", f"{point}:{nth}")
        done = run_program(command, cwd=ROOT)
        if done.code == 0:
            raise LookupError(f"story {seed} passes {point} less than {nth} times")
        if done.code != -signal.SIGKILL:
            raise RuntimeError(done.said[-4000:])
        return check_remains(folder, read_told([done.out]), seed)
