"""Archives a journal and dies at a step: ``archive_killed PLACE FOLDER STEP``."""

import os
import sys
from pathlib import Path

from restante.journal.archive import archive_before
from restante.journal.postgres import PostgresJournal
from restante.journal.sql import SqlJournal
from restante.journal.sqlite import SqliteJournal
from tests.journal.archive_story import BEFORE, END, sign
from tests.journal.story import KINDS, VIEWS, derive


def main(place: str, folder: str, step: int) -> None:
    """Open the journal at a place, archive, and die before a step."""
    steps = 0

    def tell(_what: str) -> None:
        nonlocal steps
        steps += 1
        if steps == step:
            os._exit(9)

    options = {"derive": derive, "inline": VIEWS}
    is_server = place.startswith("postgresql")
    journal: SqlJournal = (PostgresJournal if is_server else SqliteJournal)(
        place,
        KINDS,
        **options,  # type: ignore[arg-type]
    )
    archive_before(journal, KINDS, Path(folder), before=BEFORE, now=END, sign=sign, tell=tell)
    journal.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
