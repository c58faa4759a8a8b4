"""How much a database reads to answer: counted, because small tables answer fast either way."""

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import event

from restante.journal.sql import SqlJournal

Statement = tuple[str, Any]


def statements_of(journal: SqlJournal, ask: Callable[[], object]) -> list[Statement]:
    """Ask, and keep what was asked of the database."""
    asked: list[Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.append((statement, parameters))

    readers = journal._readers  # type: ignore[attr-defined]
    event.listen(readers, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(readers, "before_cursor_execute", note)
    assert asked, "nothing was asked"
    return asked


def work_of(journal: SqlJournal, ask: Callable[[], object]) -> int:
    """Count rows that PostgreSQL touches, or steps that SQLite takes, to answer."""
    is_file = not journal.is_split_by_month
    return sum(
        _steps(journal, *one) if is_file else _rows(journal, *one)
        for one in statements_of(journal, ask)
    )


def _steps(journal: SqlJournal, statement: str, parameters: Any) -> int:
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    with journal.reading() as connection:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(tick, 10)
        try:
            connection.exec_driver_sql(statement, parameters).all()
        finally:
            driver.set_progress_handler(None, 10)
    return count * 10


def _rows(journal: SqlJournal, statement: str, parameters: Any) -> int:
    with journal.reading() as connection:
        explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}"
        found = connection.exec_driver_sql(explain, parameters).scalar_one()
    document = msgspec.json.decode(found) if isinstance(found, str) else found
    return _touched(document[0]["Plan"])


def _touched(node: dict[str, Any]) -> int:
    below = sum(map(_touched, node.get("Plans", ())))
    if "Relation Name" not in node:
        return below
    rows = node["Actual Rows"]
    rows += sum(count for name, count in node.items() if name.startswith("Rows Removed by"))
    return below + int(rows * node["Actual Loops"])
