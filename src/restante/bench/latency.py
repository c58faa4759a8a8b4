"""How long a person waits at the largest locker: from scan or typed code to the pulse of the lock.

One locker with every compartment full runs as in the street, in a process of its own: its journal
on a disk with every write synced, its kiosk over HTTP with a screen that follows, its boards on a
line (emulated, without the rests real ones need). A reader's text goes in where the kiosk's page
sends it; the clock stops when the board is told to pulse.
"""

import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from math import ceil
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlencode

from ..clock import SystemClock
from ..core.risk import OfflineBudget
from ..edge.boards.emulator import Emulator, Lock, LockBank
from ..edge.boards.kinds import find_kind
from .full_locker import KIND, LOCKER, LOCKS, Credential, furnish

COMPARTMENTS: Final = 400
SAMPLES: Final = OfflineBudget().pickups_max // 2
"""Scans, and as many typed codes: together what a locker gives out without its centre."""
IDLE_SECONDS: Final = 3.0
"""How long the process is watched while nobody is there."""
WAIT_SECONDS_MAX: Final = 10.0
_BARS_MAX: Final = 20
_BAR_CHARS: Final = 40

Tell = Callable[[float, str], None]


class Spread(NamedTuple):
    """Durations of one kind, in milliseconds, sorted."""

    what: str
    ms: tuple[float, ...]

    def percentile(self, share: float) -> float:
        """Find what this share of all durations does not exceed; no interpolation."""
        return self.ms[max(0, ceil(round(share * len(self.ms), 6)) - 1)]

    def text(self) -> str:
        """Write the figures and a histogram."""
        head = (
            f"{self.what}: n {len(self.ms)}, p50 {self.percentile(0.5):.1f} ms, "
            f"p90 {self.percentile(0.9):.1f} ms, p99 {self.percentile(0.99):.1f} ms, "
            f"max {self.ms[-1]:.1f} ms"
        )
        return "\n".join([head, *self._bars()])

    def _bars(self) -> Iterator[str]:
        width = _round_up((self.ms[-1] - self.ms[0]) / _BARS_MAX)
        first = int(self.ms[0] / width)
        counts = [0] * (int(self.ms[-1] / width) - first + 1)
        for one in self.ms:
            counts[int(one / width) - first] += 1
        for index, count in enumerate(counts):
            low = (first + index) * width
            bar = "█" * -(-count * _BAR_CHARS // max(counts))
            yield f"  {low:7.1f}–{low + width:<7.1f} {count:>5} {bar}"


class LockerReport(NamedTuple):
    """What one run has measured."""

    compartments: int
    start_s: float
    """From starting the process to the first page."""
    start_cpu_s: float
    """Of that, what the process itself had of the processors."""
    rss_start_mb: float
    rss_mb: float
    """After all scans and codes."""
    idle_cpu_percent: float
    """Of one core, with a screen that follows."""
    scans: Spread
    codes: Spread

    def as_object(self) -> dict[str, float]:
        """Give every figure a name."""
        spreads = {"qr": self.scans, "pin": self.codes}
        shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
        return {
            "compartments": self.compartments,
            "n": len(self.scans.ms),
            **{
                f"{name}_ms_{word}": round(spread.percentile(share), 2)
                for name, spread in spreads.items()
                for word, share in shares.items()
            },
            "start_s": round(self.start_s, 3),
            "start_cpu_s": round(self.start_cpu_s, 3),
            "rss_start_mb": round(self.rss_start_mb, 1),
            "rss_mb": round(self.rss_mb, 1),
            "idle_cpu_percent": round(self.idle_cpu_percent, 2),
        }

    def text(self) -> str:
        """Lay the report out for people."""
        return "\n".join(
            [
                f"One locker, {self.compartments} compartments, all full; process of its own, "
                "journal synced, kiosk over HTTP, emulated boards",
                f"start to first page {self.start_s:.2f} s ({self.start_cpu_s:.2f} s of a core); "
                f"resident {self.rss_start_mb:.0f} MB after start, {self.rss_mb:.0f} MB after all; "
                f"idle {self.idle_cpu_percent:.1f} % of a core",
                self.scans.text(),
                self.codes.text(),
            ]
        )


def measure_locker(
    directory: Path | None = None,
    *,
    compartments: int = COMPARTMENTS,
    samples: int = SAMPLES,
    idle_seconds: float = IDLE_SECONDS,
    tell: Tell = lambda _done, _word: None,
) -> LockerReport:
    """Furnish a locker, start it, and collect from it by scan and by code, taking turns.

    Parameters
    ----------
    directory
        On the disk to be measured; a temporary one when not given.
    samples
        Scans, and as many codes; :data:`SAMPLES` and half the compartments at most.
    idle_seconds
        How long to watch it while nobody is there.
    tell
        Told how many collections are done, and a word about it.
    """
    samples = min(samples, SAMPLES, compartments // 2)
    with tempfile.TemporaryDirectory(dir=directory, prefix="restante-bench-") as name:
        tell(0, "furnishing")
        bank = _StampedBank()
        emulator = Emulator(bank, find_kind(KIND).talk)
        emulator.start()
        full = furnish(
            Path(name),
            SystemClock(),
            compartments=compartments,
            codes=2 * samples,
            port=emulator.address.url,
        )
        bank.boards = frozenset(full.boards)
        tell(0, "starting")
        try:
            with _Process(full.file) as process:
                rss_start = process.resident_mb()
                with process.followed():
                    idle = process.cpu_percent(idle_seconds)
                    scans, codes = _collect(process, bank, full.credentials, samples, tell)
                return LockerReport(
                    compartments, process.start_s, process.start_cpu_s,
                    rss_start, process.resident_mb(), idle,
                    Spread("QR scan to pulse", tuple(sorted(scans))),
                    Spread("typed PIN to pulse", tuple(sorted(codes))),
                )  # fmt: skip
        finally:
            emulator.stop()


def _collect(
    process: "_Process",
    bank: "_StampedBank",
    credentials: Sequence[Credential],
    samples: int,
    tell: Tell,
) -> tuple[list[float], list[float]]:
    scans: list[float] = []
    codes: list[float] = []
    for index in range(2 * samples):
        one, is_scan = credentials[index], index % 2 == 0
        started = time.perf_counter()
        screen = process.post("scan", text=one.token if is_scan else one.pin)
        lock, pulsed = bank.next_stamp()
        if lock != one.lock:
            raise RuntimeError(f"{lock} was pulsed, not {one.lock}; the kiosk shows: {screen}")
        (scans if is_scan else codes).append(1000 * (pulsed - started))
        bank.close(lock)
        process.page_until("taken")
        process.post("touch", button="finish")
        process.post("touch", button="done")
        tell(index + 1, "collecting")
    return scans, codes


class _StampedBank(LockBank):
    """Doors that note when they were told to open."""

    def __init__(self) -> None:
        super().__init__((), LOCKS)
        self._stamps: queue.SimpleQueue[tuple[Lock, float]] = queue.SimpleQueue()

    def pulse(self, lock: Lock) -> None:
        stamp = time.perf_counter()
        super().pulse(lock)
        self._stamps.put((lock, stamp))

    def next_stamp(self) -> tuple[Lock | None, float]:
        """Wait for a pulse; which lock, and when."""
        try:
            return self._stamps.get(timeout=WAIT_SECONDS_MAX)
        except queue.Empty:
            return None, 0.0


class _Process:
    """``restante locker`` as a shell starts it, and its pages."""

    def __init__(self, file: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]
        program = "from restante.cli import main; main()"
        command = [sys.executable, "-c", program, "locker", str(file), "--port", str(self._port)]
        self._log = (file.parent / "log").open("w+b")
        started = time.perf_counter()
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)  # noqa: S603
        self._connection = HTTPConnection("127.0.0.1", self._port, timeout=WAIT_SECONDS_MAX)
        try:
            self._wait_for_door(started)
            self.page()
        except BaseException:
            self._end()
            raise
        self.start_s = time.perf_counter() - started
        self.start_cpu_s = self._cpu_seconds()

    def __enter__(self) -> "_Process":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def page(self) -> str:
        """Get the page as it stands."""
        return self._ask("GET", "", None)

    def page_until(self, screen: str) -> None:
        """Get the page until it shows a screen."""
        until = time.perf_counter() + WAIT_SECONDS_MAX
        while f'data-name="{screen}"' not in (page := self.page()):
            if time.perf_counter() > until:
                raise TimeoutError(f"the kiosk does not come to {screen!r}: {page[:2000]}")

    def post(self, what: str, **fields: str) -> str:
        """Send an input as the page does."""
        return self._ask("POST", f"/{what}", urlencode(fields))

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Let a screen follow what changes, as it always does."""
        stream = socket.create_connection(("127.0.0.1", self._port))
        host = f"127.0.0.1:{self._port}"
        stream.sendall(f"GET /kiosk/{LOCKER}/stream HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())

        def drain() -> None:
            while stream.recv(65_536):
                pass

        with closing(stream):
            reader = threading.Thread(target=drain, daemon=True)
            reader.start()
            yield
            stream.shutdown(socket.SHUT_RDWR)
            reader.join()

    def resident_mb(self) -> float:
        """Tell how much memory it holds; 0 where the machine does not say."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return 0.0
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024 / 1e6

    def cpu_percent(self, seconds: float) -> float:
        """Tell which share of a core it takes over a while."""
        before = self._cpu_seconds()
        time.sleep(seconds)
        return 100 * (self._cpu_seconds() - before) / seconds if seconds else 0.0

    def _cpu_seconds(self) -> float:
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        except OSError:
            return 0.0
        user, system = fields.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def _wait_for_door(self, started: float) -> None:
        while True:
            try:
                self._connection.connect()
            except ConnectionRefusedError:
                if self._process.poll() is not None or time.perf_counter() > started + 60:
                    self._log.seek(0)
                    told = self._log.read().decode(errors="replace")
                    raise RuntimeError(f"the locker did not start: {told}") from None
                time.sleep(0.005)
            else:
                return

    def _ask(self, method: str, path: str, body: str | None) -> str:
        headers = {"accept": "text/x-fragment" if body is not None else "text/html"}
        if body is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, f"/kiosk/{LOCKER}{path}", body, headers)
        answer = self._connection.getresponse()
        content = answer.read().decode()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status}: {content[:500]}")
        return content

    def _end(self) -> None:
        self._connection.close()
        self._process.terminate()
        self._process.wait(WAIT_SECONDS_MAX)
        self._log.close()


def _round_up(width: float) -> float:
    """Widen a bar to 1, 2 or 5 times a power of ten, at least a tenth of a millisecond."""
    step = 0.1
    while True:
        for factor in (1, 2, 5):
            if step * factor >= width:
                return step * factor
        step *= 10
