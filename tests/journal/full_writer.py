"""A process on a disk that becomes full; run inside a mount of its own.

``python -m tests.journal.full_writer DIRECTORY`` prints how many facts were acknowledged before
and after room was made, or raises.
"""

import sys
from pathlib import Path

from restante.core.value import UtcSeconds
from restante.journal.port import Full
from restante.journal.sqlite import SqliteJournal
from restante.journal.verify import verify
from tests.journal.story import KINDS, NOW, VIEWS, Added, Box, batch, box, derive, unit


def fill(journal: SqliteJournal, start: int, until: int) -> int:
    """Add marbles until the disk is full or enough were added."""
    for version in range(start, until):
        fact = Added(at=UtcSeconds(NOW), count=1, note="x" * 2_000)
        state = Box(marbles=version + 1, facts=version + 1)
        try:
            journal.append(batch(unit("a", version, fact, state=state)), recorded_at=NOW)
        except Full:
            return version
    return until


def main(directory: Path) -> None:
    """Fill the disk, make room, and go on."""
    ballast = directory / "ballast"
    ballast.write_bytes(bytes(500_000))
    journal = SqliteJournal(str(directory / "journal.db"), KINDS, derive=derive, inline=VIEWS)
    before = fill(journal, 0, 10_000)
    assert 0 < before < 10_000, before
    assert fill(journal, before, before + 1) == before
    assert len(journal.read(box("a"))) == before
    assert verify(journal, KINDS).is_sound
    ballast.unlink()
    after = fill(journal, before, before + 10)
    journal.close()
    again = SqliteJournal(str(directory / "journal.db"), KINDS, derive=derive, inline=VIEWS)
    assert len(again.read(box("a"))) == after
    assert verify(again, KINDS).is_sound
    print(before, after)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
