"""A centre in a process of its own, with a line for lockers: what ``restante serve`` runs.

A centre that is started again has everything loaded already: it is forked from a process that did
that once (``multiprocessing``'s fork server). What it does from then on is what any centre does.
It ends when whoever started it is gone, however that came.
"""

import contextlib
import multiprocessing
import os
import signal
import socket
import sys
import threading
from multiprocessing import forkserver
from pathlib import Path
from typing import Any, NamedTuple

from restante.access import SIMULATION
from restante.core.ids import LockerId
from restante.journal.port import Busy
from restante.settings import Settings
from restante.wiring import notice_process
from restante.wiring.centre import Centre
from restante.wiring.logs import set_up_logs
from restante.wiring.service import run_service
from tests.crash.mortal import Doom, Mortal, sender_line, tell_doom
from tests.crash.plants import planted
from tests.programs import Overdue, wait_until

SERVE_SECONDS_MAX = 90.0
"""From its start until it serves, also on a busy machine."""


class Given(NamedTuple):
    """What a centre's process is told when it starts."""

    data: Path
    database: str
    port: int
    line: Path
    log: Path
    fault: str = ""
    settings: tuple[tuple[str, str], ...] = ()


class CentreProcess:
    """A centre that may be killed and started again."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.url = f"http://127.0.0.1:{given.port}"
        self._process: Any = None

    @property
    def pid(self) -> int:
        """Number of its process."""
        pid: int = self._process.pid
        return pid

    def start(self) -> None:
        """Start it and return when it serves."""
        log = self.given.log
        before = log.stat().st_size if log.exists() else 0
        load_what_centres_share()
        context = multiprocessing.get_context("forkserver")
        process = context.Process(target=serve, args=(self.given,), daemon=True)
        process.start()
        self._process = process

        def serves() -> bool:
            said = log.read_bytes()[before:] if log.exists() else b""
            if not process.is_alive():
                raise RuntimeError(f"the centre ended: {said.decode()[-2000:]}")
            return b"Serving" in said

        wait_until(serves, what=f"the centre at {self.url} serves", seconds=SERVE_SECONDS_MAX)

    def kill(self) -> None:
        """Kill it, wherever it is."""
        if self._process is not None:
            self._process.kill()
            self._process.join(SERVE_SECONDS_MAX)
            if self._process.is_alive():
                raise Overdue(f"the centre at {self.url} was killed and is not gone")
            self._process = None

    @property
    def is_dead(self) -> bool:
        """Whether it has been killed."""
        return self._process is None or not self._process.is_alive()

    def doom(self, doom: Doom) -> None:
        """Let it kill itself at its next coming to a point, or never."""
        tell_doom(self.given.line, doom)

    def doom_sender(self, doom: Doom) -> int:
        """Let the process that sends its notices kill itself; the number of that process."""
        return int(tell_doom(sender_line(self.given.line), doom))


def load_what_centres_share() -> None:
    """Begin to load what every centre is forked with, once; returns before it is loaded."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["tests.crash.loaded"])
    forkserver.ensure_running()


def serve(given: Given) -> None:
    """Serve until killed, or until whoever started this is gone."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with given.log.open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    set_up_logs("error")
    mortal = Mortal()
    # The same program, which can be told where to die.
    sender = (sys.executable, "-m", "tests.crash.sender", str(sender_line(given.line)))
    notice_process._COMMAND = sender  # type: ignore[misc]

    def make_line(centre: Centre) -> None:
        threading.Thread(target=_listen, args=(centre, mortal, given.line), daemon=True).start()

    settings = Settings(
        data_dir=given.data,
        database_url=given.database,
        listen_port=given.port,
        log_level="error",
        **dict(given.settings),  # type: ignore[arg-type]
    )
    mortal.plant()
    with planted(given.fault):
        # Codes cost what they cost in a simulation: this is about writing, not about guessing.
        run_service(
            settings,
            locker_files=[],
            tell=lambda text: print(text, flush=True),
            cost=SIMULATION,
            make_line=make_line,
        )


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _listen(centre: Centre, mortal: Mortal, path: Path) -> None:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    while True:
        line, _ = listener.accept()
        threading.Thread(target=_talk, args=(centre, mortal, line), daemon=True).start()


def _talk(centre: Centre, mortal: Mortal, line: socket.socket) -> None:
    with line, line.makefile("rb") as heard, contextlib.suppress(OSError, Busy):
        name = heard.readline().decode().strip()
        if name.startswith("!"):
            mortal.tell(name)
            return
        end = centre.hub.end_for(LockerId(name))
        end.connected(centre.clock.now())
        for text in heard:
            end.receive(bytes.fromhex(text.decode()), centre.clock.now())
            said = end.outgoing(centre.clock.now())
            line.sendall(b" ".join(body.hex().encode() for body in said) + b"\n")
        end.disconnected()
