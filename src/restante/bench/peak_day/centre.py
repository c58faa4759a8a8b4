"""The centre under load, in a process of its own: what ``restante serve`` runs, and a socket.

``python -m restante.bench.peak_day.centre`` reads one JSON object from standard input. Each
line after it asks what the threads have used so far, and is answered with one.
"""

import sys
import threading
from pathlib import Path

import msgspec

from ...core.ids import LockerId
from ...core.value import Value
from ...link.memory import LinkEnd
from ...settings import Settings, read_settings
from ...views.principal import NotFound
from ...wiring.centre import Centre
from ...wiring.line import LinkThread
from ...wiring.logs import set_up_logs
from ...wiring.service import run_service
from .line import SocketCentre
from .processes import measure_threads

READY: str = "ready"
"""Said on standard output when requests are answered."""


class CentrePlan(Value):
    """How the centre runs."""

    settings: dict[str, str | int]
    """As in a settings file."""
    socket: str = ""
    """Where lockers are spoken to; empty when the settings name a broker."""


def main() -> None:
    """Run until told to end."""
    plan = msgspec.json.decode(sys.stdin.buffer.readline(), type=CentrePlan)
    settings: Settings = read_settings(environ={}, arguments=plan.settings)
    set_up_logs("error")

    def make_line(centre: Centre) -> LinkThread:
        def find_end(locker: LockerId) -> LinkEnd | None:
            try:
                return centre.hub.end_for(locker)
            except NotFound:
                return None

        path = Path(plan.socket)
        ends = centre.hub.ends_for
        return LinkThread(SocketCentre(find_end, path=path, clock=centre.clock, find_ends=ends))

    def tell(word: str) -> None:
        if word.startswith("Serving"):
            sys.stdout.write(READY + "\n")
            sys.stdout.flush()

    threading.Thread(target=_answer, name="bench", daemon=True).start()
    run_service(
        settings,
        locker_files=(),
        tell=tell,
        make_line=make_line if plan.socket else None,
    )


def _answer() -> None:
    while sys.stdin.buffer.readline():
        sys.stdout.write(msgspec.json.encode(measure_threads()).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
