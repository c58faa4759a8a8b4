"""``python -m restante.wiring.notice_worker``: send notices for a centre, and nothing else.

A process of its own, so that writing e-mails does not take the processor from whoever waits for an
acknowledgement: Python computes in one thread at a time. It is started by the centre
(:mod:`.notice_process`) and hears from it what became of what it wants written down.

N1. It writes no facts: positions are taken in turns, and a second committer beside the centre's
    would cost both more than the notices do. Claims and their ends are rows, which it writes.
N2. It ends when it is told to, or when the centre is gone, however that ended. What it had claimed
    and not finished is claimed again when the claim has run out.
"""

import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final

import structlog

from ..access import Keyring, open_keystore
from ..clock import Minter, SystemClock
from ..operations.means import Means
from ..operations.notice_book import Entry
from ..operations.perform import TOGETHER_MAX, Left, OutboxWorker
from ..settings import Settings
from .logs import set_up_logs
from .notice_lines import WRITTEN, Said, Turned, Wanted, Written, settings_of, write_line
from .notices import make_channels, make_mailbox, make_worker
from .record import open_journal
from .running import told_to_run

LANES: Final = 3
"""Batches under way at once (chosen: while two wait for the database, one is written)."""

GATHER_SECONDS: Final = 0.5
"""From one look's beginning to the next one's: what comes within it is one batch."""

LOOK_SECONDS: Final = 0.5
"""Between two looks when there was nothing to do."""

CLOSE_SECONDS: Final = 0.8
"""For what is under way when the process ends."""

NICENESS: Final = 5
"""Who waits for an acknowledgement goes first."""

_log = structlog.get_logger(__name__)


class NotWritten(Exception):
    """The centre could not write an entry down; the message says why."""


class Gone(Left):
    """The centre is gone: what is under way is nobody's fault, and is claimed again."""


class PipeBook:
    """Has entries written down by the centre; see :class:`restante.operations.notice_book.Book`.

    Parameters
    ----------
    say
        Says a line to the centre.
    """

    def __init__(self, say: Callable[[Said], None]) -> None:
        self._say = say
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[tuple[str, ...]]] = {}
        self._lock = threading.Lock()
        self._is_over = False

    def write(self, entries: Sequence[Entry]) -> list[Exception | None]:
        """Hand entries over, and wait for what became of them."""
        answer: Future[tuple[str, ...]] = Future()
        with self._lock:
            if self._is_over:
                raise Gone
            number = next(self._numbers)
            self._waiting[number] = answer
        self._say(Wanted(number=number, entries=tuple(entries)))
        return [NotWritten(error) if error else None for error in answer.result()]

    def hear(self, written: Written) -> None:
        """Take an answer."""
        with self._lock:
            answer = self._waiting.pop(written.number, None)
        if answer is not None:
            answer.set_result(written.errors)

    def close(self) -> None:
        """Take it that no more answers come."""
        with self._lock:
            self._is_over = True
            waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            answer.set_exception(Gone())


class Lanes:
    """Threads that take turns at the outbox; all but the first work only when there is much.

    Parameters
    ----------
    say
        Says a line to the centre.
    """

    def __init__(self, worker: OutboxWorker, keyring: Keyring, say: Callable[[Said], None]) -> None:
        self._worker = worker
        self._keyring = keyring
        self._say = say
        self._stop = threading.Event()
        self._more = threading.Event()
        self._threads = [
            threading.Thread(target=lane, name=f"lane-{number}", daemon=True)
            for number, lane in enumerate([self._look, *([self._help] * (LANES - 1))])
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def close(self, seconds: float) -> bool:
        """Begin nothing new; whether all ended within so many seconds."""
        until = time.monotonic() + seconds
        self._stop.set()
        self._more.set()
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _look(self) -> None:
        while not self._stop.is_set():
            begun = time.monotonic()
            tried = self._turn()
            if tried < TOGETHER_MAX:
                pause = GATHER_SECONDS if tried else LOOK_SECONDS
                self._stop.wait(max(0.0, begun + pause - time.monotonic()))

    def _help(self) -> None:
        while not self._stop.is_set():
            self._more.wait()
            if not self._stop.is_set():
                self._more.clear()
            while not self._stop.is_set() and self._turn() >= TOGETHER_MAX:
                pass

    def _turn(self) -> int:
        try:
            # Keys that a process of the centre has drawn or changed.
            self._keyring.refresh()
            tried = self._worker.turn(TOGETHER_MAX, full=self._more.set)
        except Exception:  # noqa: BLE001 - a process boundary: the next turn tries again
            if not self._stop.is_set():
                _log.exception("notices could not be sent")
            return 0
        self._say(Turned(tried=tried))
        return tried


def main() -> None:
    """Send notices until told to end, or until the centre is gone."""
    stop = threading.Event()
    # An interrupt of a terminal goes to the centre too, which tells us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    os.nice(NICENESS)
    settings = settings_of(sys.stdin.buffer.readline())
    set_up_logs(settings.log_level)
    status = 0
    try:
        # A copy must not be put back while we still write.
        with told_to_run(settings.data_dir):
            _send(settings, stop)
    except Exception:  # noqa: BLE001 - a process boundary: the centre starts another one
        _log.exception("notices cannot be sent")
        status = 1
    # Threads that wait for somebody keep nobody: what they were about is claimed again.
    os._exit(status)


def _send(settings: Settings, stop: threading.Event) -> None:
    saying = threading.Lock()

    def say(message: Said) -> None:
        with saying:
            _write_all(write_line(message))

    book = PipeBook(say)

    def hear() -> None:
        for line in sys.stdin.buffer:
            book.hear(WRITTEN.decode(line))
        book.close()
        stop.set()

    # First of all: it tells, too, that the centre is gone.
    threading.Thread(target=hear, name="hear", daemon=True).start()
    clock = SystemClock()
    minter = Minter(clock)
    keyring = open_keystore(settings.keystore_path, entropy=minter.secret_bytes)
    journal = open_journal(settings)
    worker = make_worker(
        settings,
        journal,
        book,
        clock=clock,
        means=Means(minter=minter, keyring=keyring, network=settings.network_id),
        channels=make_channels(settings, make_mailbox(settings)),
    )
    lanes = Lanes(worker, keyring, say)
    lanes.start()
    stop.wait()
    if lanes.close(CLOSE_SECONDS):
        journal.close()
    else:
        _log.warning("left behind: it did not end in time", what="a batch of notices")


def _write_all(line: bytes) -> None:
    try:
        while line:
            line = line[os.write(sys.stdout.fileno(), line) :]
    except BrokenPipeError:
        raise Gone from None


if __name__ == "__main__":
    main()
