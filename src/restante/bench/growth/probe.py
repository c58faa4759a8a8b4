"""A centre in a process of its own, as large as its network: its memory, and its start.

``python -m restante.bench.growth.probe DATA DATABASE ENDS`` opens a centre over a journal, makes
its ends of the links to so many lockers, and prints a JSON object of what that took.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import select

from ...clock import Minter, SystemClock
from ...core.ids import LockerId
from ...settings import ENV_PREFIX, Settings
from ...views.tables import LOCKERS
from ...wiring.centre import open_centre
from .network import read_rss_bytes

TURNS: Final = 5
"""Turns of chores that are measured; the first one is not."""

ENDS_TOGETHER: Final = 100
"""Ends made at once, as when many lockers greet a centre that has just started (chosen)."""

READY_SECONDS_MAX: Final = 120.0
_ASK_PAUSE_SECONDS: Final = 0.02


class Memory(NamedTuple):
    """What a centre needs in memory, and what its links cost."""

    opened_bytes: int
    """Of the process, once the centre is open."""
    linked_bytes: int
    """With the ends of links."""
    ends: int
    end_ms: float
    """Processor time of this process for making one end."""
    turn_ms: float
    """Processor time of this process for a turn of chores in which nothing has happened."""

    @property
    def end_bytes(self) -> float:
        """Memory for each end."""
        return (self.linked_bytes - self.opened_bytes) / max(1, self.ends)


class Start(NamedTuple):
    """How ``restante serve`` came up."""

    ready_s: float
    """From its start to ``/readyz`` saying that it is."""
    cpu_s: float
    """Processor time of it until then."""
    rss_bytes: int


def measure_memory(settings: Settings, ends: int) -> Memory:
    """Open a centre in another process, with so many ends of links."""
    arguments = [str(settings.data_dir), settings.database_url, str(ends)]
    told = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "restante.bench.growth.probe", *arguments],
        check=True,
        stdout=subprocess.PIPE,
        env=_environment(),
    )
    return Memory(**json.loads(told.stdout))


def measure_start(settings: Settings) -> Start:
    """Start ``restante serve`` and wait until it says that it is ready; then end it.

    Raises
    ------
    TimeoutError
        When it is not ready after :data:`READY_SECONDS_MAX`.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    place = ["--data", str(settings.data_dir), "--port", str(port)]
    if settings.database_url:
        place += ["--database", settings.database_url]
    started = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", "from restante.cli import main; main()", "serve", *place],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    )
    try:
        while not _is_ready(port):
            if process.poll() is not None:
                raise ChildProcessError("restante serve has ended; start it by hand to see why")
            if time.perf_counter() - started > READY_SECONDS_MAX:
                raise TimeoutError(f"not ready after {READY_SECONDS_MAX:g} s")
            time.sleep(_ASK_PAUSE_SECONDS)
        took = time.perf_counter() - started
        return Start(took, _read_cpu_seconds(process.pid), read_rss_bytes(process.pid))
    finally:
        process.terminate()
        process.wait(30)


def _environment() -> dict[str, str]:
    return {name: said for name, said in os.environ.items() if not name.startswith(ENV_PREFIX)}


def _is_ready(port: int) -> bool:
    line = HTTPConnection("127.0.0.1", port, timeout=READY_SECONDS_MAX)
    try:
        line.request("GET", "/readyz")
        return line.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        line.close()


def _read_cpu_seconds(pid: int) -> float:
    # Of all threads; user and system time are the 14th and 15th field.
    told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _probe(settings: Settings, ends: int) -> Memory:
    clock = SystemClock()
    centre = open_centre(settings, clock, Minter(clock))
    try:
        centre.committer.start()
        opened = read_rss_bytes(os.getpid())
        query = select(LOCKERS.c.locker).order_by(LOCKERS.c.locker).limit(ends)
        with centre.journal.reading() as connection:
            names = [LockerId(name) for name in connection.scalars(query)]
        begun = time.process_time()
        for start in range(0, len(names), ENDS_TOGETHER):
            centre.hub.ends_for(names[start : start + ENDS_TOGETHER])
        made = time.process_time() - begun
        linked = read_rss_bytes(os.getpid())
        turns = []
        for _ in range(TURNS + 1):
            begun = time.process_time()
            centre.hub.beats.write()
            centre.timekeeper.tick()
            centre.hub.push_lists()
            centre.hub.watch_machines()
            centre.orders.turn()
            centre.worker.turn()
            turns.append(time.process_time() - begun)
    finally:
        centre.close()
    each = 1000 * made / max(1, len(names))
    return Memory(opened, linked, len(names), each, 1000 * min(turns[1:]))


def main(arguments: Sequence[str]) -> None:
    """Run the probe."""
    data, database, ends = arguments
    memory = _probe(Settings(data_dir=Path(data), database_url=database), int(ends))
    sys.stdout.write(json.dumps(memory._asdict()))


if __name__ == "__main__":
    main(sys.argv[1:])
