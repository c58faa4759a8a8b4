"""A centre in a process of its own, with a line for lockers: what ``restante serve`` runs.

``python -m tests.crash.centre DATA DATABASE PORT LINE [FAULT]``: ``LINE`` is a socket at which
a locker first says its name, and then one message in each line.
"""

import contextlib
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from restante.access import SIMULATION
from restante.core.ids import LockerId
from restante.journal.port import Busy
from restante.settings import Settings
from restante.wiring import service
from restante.wiring.centre import Centre
from tests.crash.plants import planted


def main(data: str, database: str, port: str, line: str, fault: str = "") -> None:
    """Serve until killed."""
    opened: list[Centre] = []
    real_open = service.open_centre

    def open_centre(*args: Any, **named: Any) -> Centre:
        # Codes cost what they cost in a simulation: this is about writing, not about guessing.
        opened.append(real_open(*args, **named, cost=SIMULATION))
        threading.Thread(target=_listen, args=(opened[0], line), daemon=True).start()
        return opened[0]

    service.open_centre = open_centre
    settings = Settings(
        data_dir=Path(data), database_url=database, listen_port=int(port), log_level="error"
    )
    with planted(fault):
        service.run_service(settings, locker_files=[], tell=lambda text: print(text, flush=True))


def _listen(centre: Centre, path: str) -> None:
    Path(path).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    while True:
        line, _ = listener.accept()
        threading.Thread(target=_talk, args=(centre, line), daemon=True).start()


def _talk(centre: Centre, line: socket.socket) -> None:
    with line, line.makefile("rb") as heard, contextlib.suppress(OSError, Busy):
        end = centre.hub.end_for(LockerId(heard.readline().decode().strip()))
        end.connected(centre.clock.now())
        for text in heard:
            end.receive(bytes.fromhex(text.decode()), centre.clock.now())
            said = end.outgoing(centre.clock.now())
            line.sendall(b" ".join(body.hex().encode() for body in said) + b"\n")
        end.disconnected()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main(*sys.argv[1:])
