"""``python -m tests.crash.sender``: what sends a centre's notices, and dies where it is told to.

A line on its socket is a :class:`tests.crash.mortal.Doom`; it is answered with the number of the
process.
"""

import os
import socket
import sys
import threading
from pathlib import Path

from restante.wiring import notice_worker
from tests.crash.mortal import Mortal


def main() -> None:
    """Listen, and send notices until told to end."""
    mortal = Mortal()
    mortal.plant()
    path = Path(sys.argv[1])
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    threading.Thread(target=_listen, args=(listener, mortal), daemon=True).start()
    notice_worker.main()


def _listen(listener: socket.socket, mortal: Mortal) -> None:
    while True:
        line, _ = listener.accept()
        with line, line.makefile("rb") as heard:
            mortal.tell(heard.readline().decode().strip())
            line.sendall(f"{os.getpid()}\n".encode())


if __name__ == "__main__":
    main()
