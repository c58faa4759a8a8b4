"""Programs that tests run beside themselves: each has so long and is named when it takes longer.

Only a test's own children are waited for, and what they say goes to files: it does not matter who
collects what a killed program leaves behind, nor who still holds a pipe.
"""

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any, Final, NamedTuple

PROGRAM_SECONDS_MAX: Final = 120.0
"""How long a program may run; on an idle machine the longest takes a twentieth of it."""

KILLED_SECONDS_MAX: Final = 20.0
"""How long a killed program may take to be gone."""


class Overdue(Exception):
    """What was awaited did not come in time."""


class Ran(NamedTuple):
    """How a program ended."""

    code: int
    out: bytes
    said: str
    """On its standard error."""


def run_program(
    command: Sequence[object],
    *,
    seconds: float = PROGRAM_SECONDS_MAX,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Ran:
    """Run a program to its end.

    Raises
    ------
    Overdue
        When it took longer; it is killed then, with everything it has started.
    """
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=said,
            start_new_session=True,
        )
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Overdue(
                f"{' '.join(words)}: not at its end after {seconds:.0f} s; it said: {_tail(said)}"
            ) from None
        finally:
            kill_group(process)
        out.seek(0)
        said.seek(0)
        return Ran(process.returncode, out.read(), said.read().decode(errors="replace"))


def kill_group(process: "subprocess.Popen[Any]") -> None:
    """Kill a program that leads its own session, and everything it has started.

    Raises
    ------
    Overdue
        When the program itself is not gone for all that.
    """
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    wait_for_end(process, KILLED_SECONDS_MAX, "killed, it is not gone")


def wait_for_end(process: "subprocess.Popen[Any]", seconds: float, why: str) -> int:
    """Wait until a program has ended; gives its exit code.

    Raises
    ------
    Overdue
        When it has not; says ``why``.
    """
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise Overdue(f"{why} after {seconds:.0f} s: {process.args}") from None


def wait_until(
    claim: Callable[[], object],
    *,
    what: str,
    seconds: float,
    pause: Callable[[float], object] = threading.Event().wait,
) -> float:
    """Wait until a claim holds; tell how many seconds it took.

    Parameters
    ----------
    what
        What is awaited, as an error will name it.
    pause
        Passes a short time between two looks, or less when there is something to look at.

    Raises
    ------
    Overdue
        When it does not hold in time.
    """
    began = monotonic()
    while not claim():
        if monotonic() - began > seconds:
            raise Overdue(f"{what}: not so after {seconds:.0f} s")
        pause(0.02)
    return monotonic() - began


@contextmanager
def killed_after(process: "subprocess.Popen[Any]", seconds: float, *, what: str) -> Iterator[None]:
    """Kill a program that is still used after so many seconds: who reads from it reads the end.

    Raises
    ------
    Overdue
        When that was so, whatever came of it; says ``what``.
    """
    is_killed = threading.Event()

    def kill() -> None:
        is_killed.set()
        process.kill()

    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    except BaseException as error:
        if is_killed.is_set():
            raise Overdue(f"{what}: not so after {seconds:.0f} s, killed") from error
        raise
    finally:
        timer.cancel()
    if is_killed.is_set():
        raise Overdue(f"{what}: not so after {seconds:.0f} s, killed")


def _tail(said: Any) -> str:
    said.seek(0)
    return str(said.read().decode(errors="replace")[-4000:])
