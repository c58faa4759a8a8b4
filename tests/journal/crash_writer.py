"""A process to be killed: adds marbles for ever and says each one that was acknowledged.

``python -m tests.journal.crash_writer FILE CALLERS``
"""

import sys
import threading

from restante.clock import SystemClock
from restante.journal.committer import Committer
from restante.journal.ledger import Ledger, Operation
from restante.journal.sqlite import SqliteJournal
from tests.journal.story import BY, KINDS, VIEWS, Box, added, box, derive


def add_for_ever(committer: Committer, name: str, lock: threading.Lock) -> None:
    """Add one marble after the other and print how many are acknowledged."""

    def run(ledger: Ledger) -> int:
        state: Box = ledger.record(box(name), added(), by=BY)
        return state.marbles

    while True:
        marbles = committer.run(Operation((box(name),), run))
        with lock:
            print(name, marbles, flush=True)


def main(path: str, callers: int) -> None:
    """Start the callers and never end."""
    journal = SqliteJournal(path, KINDS, derive=derive, inline=VIEWS)
    committer = Committer(journal, SystemClock(), KINDS).start()
    lock = threading.Lock()
    threads = [
        threading.Thread(target=add_for_ever, args=(committer, f"c{n}", lock))
        for n in range(callers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
