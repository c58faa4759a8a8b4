"""Search for plans of routes: one process at a time, beside the centre.

W1. One search at a time in each process of a centre (:data:`RUNS_MAX`); the others wait, the oldest
    first. A centre on two cores keeps one for itself.
W2. What is cancelled, or searched by another meanwhile, is ended at once. When the centre ends, the
    search ends too and begins anew after the next start.
"""

import contextlib
import importlib.util
import subprocess
import sys
import threading
import time
from typing import Any, Final

import msgspec
import structlog

from ..operations.route_plans import (
    CLAIM_SECONDS,
    BadRoutes,
    Claimed,
    Found,
    Progress,
    RouteDesk,
)
from ..views.route_tables import Figures
from .ending import join

RUNS_MAX: Final = 1
LOOK_SECONDS: Final = 2.0
"""Between two looks for plans that other processes took on (chosen)."""

WATCH_SECONDS: Final = 1.0
"""Between two looks whether a search was cancelled."""

PAUSE_SECONDS: Final = 0.1
"""Between two looks whether this process ends."""

SLACK_SECONDS: Final = 900.0
"""For compiling, once after an update, and for writing the answer down."""

SWEEP_SECONDS: Final = 3_600.0
CHECK_SECONDS_MAX: Final = 60.0
_NEEDED: Final = ("numpy", "numba", "highspy", "scipy", "pyvrp")
_COMMAND: Final = (sys.executable, "-m", "restante.wiring.route_worker")
_log = structlog.get_logger(__name__)


class _Done(msgspec.Struct):
    figures: Figures
    result: msgspec.Raw
    geojson: msgspec.Raw
    problem: msgspec.Raw = msgspec.Raw()


class _Read(msgspec.Struct):
    name: str
    parcels: int


class _Line(msgspec.Struct):
    """What the process says; one of these."""

    progress: Progress | None = None
    done: _Done | None = None
    failed: str | None = None
    read: _Read | None = None


_LINES: Final = msgspec.json.Decoder(_Line)


def missing_for_planning() -> str:
    """Say what to install before routes can be planned here; nothing when all is there."""
    absent = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    return f"planning needs {', '.join(absent)}: install restante[planning]" if absent else ""


def check_problem(problem: bytes) -> str:
    """Read a problem in a process of its own; its name.

    Raises
    ------
    BadRoutes
        When it cannot be meant.
    """
    missing = missing_for_planning()
    if missing:
        raise BadRoutes(missing)
    order = msgspec.json.encode({"seconds": 0})
    try:
        ended = subprocess.run(  # noqa: S603 - our own module
            _COMMAND, input=order + b"\n" + problem, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, timeout=CHECK_SECONDS_MAX, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise BadRoutes(f"reading it took more than {CHECK_SECONDS_MAX:.0f} s") from error
    line = _LINES.decode(ended.stdout.splitlines()[-1]) if ended.stdout else _Line()
    if line.read is None:
        raise BadRoutes(line.failed or f"reading it ended with status {ended.returncode}")
    if not line.read.parcels:
        raise BadRoutes("parcels: there is none to plan for")
    return line.read.name


class RouteRunner:
    """Searches for what the desk hands out, until it is closed.

    Parameters
    ----------
    name
        Of this process, among those that search.
    travel
        Where travel times come from that a problem does not have: see :mod:`.travel`.
    """

    def __init__(self, desk: RouteDesk, *, name: str, travel: str = "straight") -> None:
        self._desk = desk
        self._name = name
        self._travel = travel
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="routes", daemon=True)

    def start(self) -> None:
        """Begin, where this machine can plan at all."""
        if not self._desk.missing:
            self._thread.start()

    def stop(self) -> None:
        """Begin nothing new, and end the search that runs."""
        self._stop.set()
        self._desk.came.set()

    def close(self, seconds: float | None = None) -> bool:
        """End; what was searched for begins anew elsewhere or later."""
        self.stop()
        return join(self._thread, seconds)

    def _run(self) -> None:
        swept_at = -SWEEP_SECONDS
        while not self._stop.is_set():
            try:
                if time.monotonic() - swept_at > SWEEP_SECONDS:
                    swept_at = time.monotonic()
                    self._desk.sweep()
                claimed = self._desk.claim(self._name)
                if claimed is not None:
                    self._search(claimed)
                    continue
            except Exception:  # noqa: BLE001 - a process boundary: the next turn tries again
                _log.exception("a plan of routes could not be searched for")
            self._desk.came.wait(LOOK_SECONDS)
            self._desk.came.clear()

    def _search(self, claimed: Claimed) -> None:
        process = subprocess.Popen(  # noqa: S603 - our own module
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        ended: list[_Line] = []
        listener = threading.Thread(
            target=self._listen, args=(process, claimed, ended), name="routes-listener", daemon=True
        )
        listener.start()
        try:
            is_wanted = self._watch(claimed, listener)
        finally:
            process.kill()
            process.wait()
            listener.join()
            _let_go(process)
        if self._stop.is_set() and not ended:
            self._desk.release(claimed.plan, self._name)
        elif is_wanted:
            self._settle(claimed, ended, process.returncode)

    def _watch(self, claimed: Claimed, listener: threading.Thread) -> bool:
        """Wait until the process has ended or must; whether its answer is still wanted."""
        until = time.monotonic() + claimed.seconds + SLACK_SECONDS
        looked_at = time.monotonic()
        while listener.is_alive() and time.monotonic() < until:
            listener.join(PAUSE_SECONDS)
            if self._stop.is_set():
                return True
            if time.monotonic() - looked_at < WATCH_SECONDS:
                continue
            looked_at = time.monotonic()
            if not self._desk.keep_claim(claimed.plan, self._name):
                return False
        return True

    def _listen(
        self, process: "subprocess.Popen[bytes]", claimed: Claimed, ended: list[_Line]
    ) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        order = msgspec.json.encode(
            {"seconds": claimed.seconds, "seed": claimed.seed, "travel": self._travel}
        )
        # It may end before it has read all; what it said is read below.
        with contextlib.suppress(OSError):
            process.stdin.write(order + b"\n" + claimed.problem)
            process.stdin.close()
        for text in process.stdout:
            line = _read_line(text)
            if line.progress is None:
                ended.append(line)
            else:
                self._desk.note(claimed.plan, line.progress)

    def _settle(self, claimed: Claimed, ended: list[_Line], status: Any) -> None:
        line = ended[-1] if ended else _Line()
        if line.done is not None:
            done = line.done
            found = Found(
                bytes(done.result), bytes(done.geojson), done.figures, bytes(done.problem)
            )
            self._desk.finish(claimed.plan, self._name, found)
            return
        says = line.failed or (
            f"the search ended without an answer (status {status}): too little memory or time? "
            "Plan fewer parcels at once"
        )
        self._desk.fail(claimed.plan, self._name, says)


def _read_line(text: bytes) -> _Line:
    try:
        return _LINES.decode(text)
    except msgspec.DecodeError as error:
        return _Line(failed=f"the search said what nobody understands: {error}; please report it")


def _let_go(process: "subprocess.Popen[bytes]") -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


assert CLAIM_SECONDS > 5 * WATCH_SECONDS
