"""Search for what a desk hands out: one process at a time, beside the centre.

W1. One search at a time in each process of a centre; the others wait, the oldest first. A centre
    on two cores keeps one for itself.
W2. What is cancelled, or searched by another meanwhile, is ended at once. When the centre ends, the
    search ends too and begins anew after the next start.

A worker is a module of ours, run as a program (:mod:`.search_worker` says what it is told and
tells).
"""

import contextlib
import importlib.util
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import msgspec
import structlog

from ..operations.searches import CLAIM_SECONDS, BadSearch, Claimed, Found, Progress, Searches
from .ending import join

LOOK_SECONDS: Final = 2.0
"""Between two looks for searches that other processes took on (chosen)."""

WATCH_SECONDS: Final = 1.0
"""Between two looks whether a search was cancelled."""

PAUSE_SECONDS: Final = 0.1
"""Between two looks whether this process ends."""

SLACK_SECONDS: Final = 900.0
"""For compiling, once after an update, and for writing the answer down."""

SWEEP_SECONDS: Final = 3_600.0
CHECK_SECONDS_MAX: Final = 60.0
_log = structlog.get_logger(__name__)

Order: TypeAlias = Mapping[str, Any]
"""What a worker is told about the problem that follows; nothing but to read it when empty."""


class Done(msgspec.Struct):
    """What a search came to: its figures, and papers by name."""

    figures: msgspec.Raw
    papers: dict[str, msgspec.Raw]


class Read(msgspec.Struct):
    """A problem that can be searched for."""

    name: str


class Line(msgspec.Struct):
    """What a worker says; one of these."""

    progress: Progress | None = None
    done: Done | None = None
    failed: str | None = None
    read: Read | None = None


_LINES: Final = msgspec.json.Decoder(Line)


def missing_of(packages: tuple[str, ...], *, what: str, extra: str) -> str:
    """Say what to install before something can be searched for here; nothing when all is there."""
    absent = [name for name in packages if importlib.util.find_spec(name) is None]
    return f"{what} needs {', '.join(absent)}: install restante[{extra}]" if absent else ""


def check_problem(worker: str, problem: bytes, order: Order) -> str:
    """Read a problem in a process of its own; its name.

    Raises
    ------
    BadSearch
        When it cannot be meant.
    """
    told = msgspec.json.encode({**order, "seconds": 0})
    try:
        ended = subprocess.run(  # noqa: S603 - our own module
            _command(worker), input=told + b"\n" + problem, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, timeout=CHECK_SECONDS_MAX, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise BadSearch(f"reading it took more than {CHECK_SECONDS_MAX:.0f} s") from error
    line = _LINES.decode(ended.stdout.splitlines()[-1]) if ended.stdout else Line()
    if line.read is None:
        raise BadSearch(line.failed or f"reading it ended with status {ended.returncode}")
    return line.read.name


class SearchRunner:
    """Searches for what the desk hands out, until it is closed.

    Parameters
    ----------
    desk
        What is to be searched for.
    worker
        Name of the module that searches.
    name
        Of this process, among those that search.
    order
        What the worker is told beside seconds and seed.
    """

    def __init__(
        self,
        desk: Searches,
        *,
        worker: str,
        name: str,
        order: Callable[[Claimed], Order] = lambda _: {},
    ) -> None:
        self._desk = desk
        self._worker = worker
        self._name = name
        self._order = order
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=worker, daemon=True)

    def start(self) -> None:
        """Begin, where this machine can search at all."""
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
                _log.exception("a search could not be made", worker=self._worker)
            self._desk.came.wait(LOOK_SECONDS)
            self._desk.came.clear()

    def _search(self, claimed: Claimed) -> None:
        process = subprocess.Popen(  # noqa: S603 - our own module
            _command(self._worker),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        ended: list[Line] = []
        listener = threading.Thread(
            target=self._listen,
            args=(process, claimed, ended),
            name=f"{self._worker}-listener",
            daemon=True,
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
            self._desk.release(claimed.key, self._name)
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
            if not self._desk.keep_claim(claimed.key, self._name):
                return False
        return True

    def _listen(
        self, process: "subprocess.Popen[bytes]", claimed: Claimed, ended: list[Line]
    ) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        order = {**self._order(claimed), "seconds": claimed.seconds, "seed": claimed.seed}
        # It may end before it has read all; what it said is read below.
        with contextlib.suppress(OSError):
            process.stdin.write(msgspec.json.encode(order) + b"\n" + claimed.problem)
            process.stdin.close()
        for text in process.stdout:
            line = _read_line(text)
            if line.progress is None:
                ended.append(line)
            else:
                self._desk.note(claimed.key, line.progress)

    def _settle(self, claimed: Claimed, ended: list[Line], status: int) -> None:
        line = ended[-1] if ended else Line()
        if (done := line.done) is not None:
            papers = {name: bytes(paper) for name, paper in done.papers.items()}
            self._desk.finish(claimed.key, self._name, Found(bytes(done.figures), papers))
            return
        says = line.failed or (
            f"the search ended without an answer (status {status}): too little memory or time? "
            "Ask for less at once"
        )
        self._desk.fail(claimed.key, self._name, says)


def _command(worker: str) -> tuple[str, ...]:
    return (sys.executable, "-m", worker)


def _read_line(text: bytes) -> Line:
    try:
        return _LINES.decode(text)
    except msgspec.DecodeError as error:
        return Line(failed=f"the search said what nobody understands: {error}; please report it")


def _let_go(process: "subprocess.Popen[bytes]") -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


assert CLAIM_SECONDS > 5 * WATCH_SECONDS
