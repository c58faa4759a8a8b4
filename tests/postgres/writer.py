"""A process of several that write one database, and that may be killed.

``python -m tests.postgres.writer ADDRESS NAME COUNT``: four callers add marbles to a box all share
and to one of their own, COUNT times each, and say each one that was acknowledged.
"""

import sys
import threading

from restante.clock import SystemClock
from restante.journal.committer import Committer
from restante.journal.ledger import Ledger, Operation
from restante.journal.postgres import PostgresJournal
from tests.journal.story import BY, KINDS, VIEWS, added, box, derive

SHARED = "shared"
CALLERS = 4


def add_to(*names: str) -> Operation[None]:
    """Add a marble to each box, all or nothing."""

    def run(ledger: Ledger) -> None:
        for name in names:
            ledger.record(box(name), added(), by=BY)

    return Operation(tuple(box(name) for name in names), run)


def main(address: str, name: str, count: int) -> None:
    """Add and say so."""
    journal = PostgresJournal(address, KINDS, derive=derive, inline=VIEWS)
    committer = Committer(journal, SystemClock(), KINDS).start()
    lock = threading.Lock()
    print("ready", flush=True)
    sys.stdin.readline()

    def call(own: str) -> None:
        for n in range(count):
            names = (SHARED, own) if n % 2 else (own,)
            committer.run(add_to(*names))
            with lock:
                print(*names, flush=True)

    threads = [threading.Thread(target=call, args=(f"{name}{n}",)) for n in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    committer.close()
    journal.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
