"""Programs run beside a test have so long: what hangs is killed, and named."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import Overdue, killed_after, run_program, wait_until

HANGS = (
    "import sys, threading; print('here', file=sys.stderr, flush=True); threading.Event().wait()"
)
ORPHAN = (
    "import subprocess, sys\n"
    "subprocess.Popen([sys.executable, '-c', 'import threading; threading.Event().wait()'])"
)


def test_a_program_s_end_its_words_and_its_code_are_told() -> None:
    told = "import sys; print('out'); print('said', file=sys.stderr); sys.exit(3)"
    assert run_program([sys.executable, "-c", told]) == (3, b"out\n", "said\n")


def test_a_program_that_hangs_is_killed_and_named_with_what_it_said() -> None:
    with pytest.raises(Overdue, match=r"not at its end after 2 s; it said: here"):
        run_program([sys.executable, "-c", HANGS], seconds=2)


def test_what_a_program_leaves_behind_holds_nobody_up(tmp_path: Path) -> None:
    assert run_program([sys.executable, "-c", ORPHAN], seconds=60, cwd=tmp_path).code == 0


def test_who_reads_from_a_program_that_hangs_reads_its_end() -> None:
    process = subprocess.Popen([sys.executable, "-c", HANGS], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with (
        process.stdout as said,
        pytest.raises(Overdue, match="a first line: not so after 1 s, killed"),
        killed_after(process, 1, what="a first line"),
    ):
        assert said.readline() == b""
    process.wait(20)


def test_what_does_not_come_is_named() -> None:
    assert wait_until(lambda: True, what="nothing", seconds=0) < 1
    with pytest.raises(Overdue, match="rain: not so after 0 s"):
        wait_until(lambda: False, what="rain", seconds=0)
