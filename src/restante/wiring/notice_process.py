"""The process that sends a centre's notices: started, watched, and written down for.

P1. When it ends it is started again, sooner after a long life than after a short one; what it was
    about is claimed again when the claim has run out.
P2. What it wants written down goes through this process's committer, and is answered when it is
    durable. Nobody here waits for it, and a process that stands still holds up nobody.
"""

import contextlib
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Final

import structlog

from ..journal.committer import Committer
from ..operations.notice_book import outcome_of, submit
from ..settings import Settings
from .ending import join
from .notice_lines import SAID, Turned, Wanted, Written, order_of, write_line

PAUSE_SECONDS_MIN: Final = 0.5
PAUSE_SECONDS_MAX: Final = 30.0
"""Before it is started again; twice as long each time it did not live for so long."""

_COMMAND: Final[tuple[str, ...]] = (sys.executable, "-m", "restante.wiring.notice_worker")
_log = structlog.get_logger(__name__)


class NoticeProcess:
    """Keeps a process that sends notices, until it is closed."""

    def __init__(self, settings: Settings, committer: Committer) -> None:
        self._settings = settings
        self._committer = committer
        self._stop = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._turned_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)
        self.starts = 0
        """How often it was started."""
        self.tried = 0
        """Pieces of work it has tried."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end."""
        self._stop.set()
        process = self._process
        if process is not None:
            # It may have ended by itself meanwhile.
            with contextlib.suppress(OSError):
                process.terminate()

    def close(self, seconds: float | None = None) -> bool:
        """Wait until it has ended; when it does not in time, it is killed."""
        self.stop()
        is_over = join(self._thread, seconds)
        if not is_over and self._process is not None:
            self._process.kill()
        return is_over

    def seconds_since_turn(self) -> float:
        """Tell how long ago it last looked for work, and did it."""
        return time.monotonic() - self._turned_at

    def _run(self) -> None:
        pause = PAUSE_SECONDS_MIN
        while not self._stop.is_set():
            begun = time.monotonic()
            try:
                status = self._live()
            except Exception:  # noqa: BLE001 - a process boundary: it is started again
                _log.exception("notices: the process could not be kept")
                status = -1
            if self._stop.is_set():
                return
            has_lived = time.monotonic() - begun > PAUSE_SECONDS_MAX
            pause = PAUSE_SECONDS_MIN if has_lived else min(2 * pause, PAUSE_SECONDS_MAX)
            _log.warning("notices: the process ended", status=status, again_in_seconds=pause)
            self._stop.wait(pause)

    def _live(self) -> int:
        """Start it, do what it says until it has ended, and tell with which status."""
        process = subprocess.Popen(  # noqa: S603 - our own module
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._process = process
        self.starts += 1
        answers: SimpleQueue[Written | None] = SimpleQueue()
        teller = threading.Thread(
            target=self._tell, args=(process, answers), name="notices-teller", daemon=True
        )
        teller.start()
        try:
            if self._stop.is_set():
                process.terminate()
            assert process.stdout is not None
            for line in process.stdout:
                self._hear(line, answers)
        finally:
            answers.put(None)
            process.kill()
            process.wait()
            teller.join()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        return process.returncode

    def _hear(self, line: bytes, answers: "SimpleQueue[Written | None]") -> None:
        match SAID.decode(line):
            case Turned(tried=tried):
                self._turned_at = time.monotonic()
                self.tried += tried
            case Wanted() as wanted:
                self._write(wanted, answers)

    def _write(self, wanted: Wanted, answers: "SimpleQueue[Written | None]") -> None:
        written = submit(self._committer, wanted.entries)
        open_ones, lock = len(written), threading.Lock()

        def note(_done: Future[None]) -> None:
            nonlocal open_ones
            with lock:
                open_ones -= 1
                if open_ones:
                    return
            answers.put(Written(number=wanted.number, errors=tuple(map(_say, written))))

        if not written:
            answers.put(Written(number=wanted.number, errors=()))
        for one in written:
            one.add_done_callback(note)

    def _tell(
        self, process: "subprocess.Popen[bytes]", answers: "SimpleQueue[Written | None]"
    ) -> None:
        assert process.stdin is not None
        # It may end before it has heard all.
        with contextlib.suppress(OSError):
            process.stdin.write(write_line(order_of(self._settings)))
            process.stdin.flush()
            while (answer := answers.get()) is not None:
                process.stdin.write(write_line(answer))
                process.stdin.flush()


def _say(answer: "Future[None]") -> str:
    error = outcome_of(answer)
    return "" if error is None else f"{type(error).__name__}: {error}"
