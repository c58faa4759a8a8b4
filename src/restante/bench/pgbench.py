"""The writes of one deposit as a program without a committer would do them, run by ``pgbench``.

One transaction for each deposit, one prepared statement for each table with all its rows, on
tables made by the journal itself. Nothing is read, decided, encoded or hashed: all of the time
goes into writing rows that are as long as the real ones.
"""

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import Table, make_url

from ..journal.sql import SqlJournal
from ..journal.tables import FACTS, OUTBOX, STATES
from ..views.tables import VIEWS
from .network import FIRST_NUMBER, Stencil

CLIENTS: Final = 64
_TABLES: Final = {table.name: table for table in (FACTS, STATES, OUTBOX, *VIEWS.sorted_tables)}
_TPS: Final = re.compile(r"tps = ([0-9.]+)")
_FAILED: Final = re.compile(r"number of failed transactions: (\d+)")


class PgbenchRun(NamedTuple):
    """What pgbench told."""

    per_s: float
    transactions: int
    latency_ms: tuple[float, ...]
    """Of every transaction, sorted."""


def prepare(journal: SqlJournal) -> None:
    """Make what the script needs in a database laid out by the journal."""
    with journal.writing() as connection:
        connection.exec_driver_sql("CREATE SEQUENCE IF NOT EXISTS bench_position START 1000000")


def make_script(stencil: Stencil, sites: int) -> str:
    """Write the transaction down."""
    last = FIRST_NUMBER + sites - 1
    # One number for whose deposit it is, one so that no fact is written twice.
    lines = [f"\\set n random({FIRST_NUMBER}, {last})", "\\set r random(1000, 1000000000000)"]
    lines += ["BEGIN;", *_statements(stencil), "END;"]
    return "\n".join(lines) + "\n"


def run_pgbench(programs: Path, address: str, script: str, seconds: int) -> PgbenchRun:
    """Run the script with :data:`CLIENTS` clients for a while.

    Raises
    ------
    RuntimeError
        When it fails; with what it said.
    """
    url = make_url(address)
    with tempfile.TemporaryDirectory(prefix="restante-bench-") as folder:
        file = Path(folder) / "deposit.sql"
        file.write_text(script, encoding="utf-8")
        command = [
            str(programs / "pgbench"), "--no-vacuum", "--protocol=prepared",
            f"--client={CLIENTS}", "--jobs=2", f"--time={seconds}", f"--file={file}",
            "--log", f"--log-prefix={folder}/log",
            f"--host={url.host or url.query.get('host', '')}",
            f"--port={url.port or url.query.get('port', 5432)}",
            f"--username={url.username}", str(url.database),
        ]  # fmt: skip
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
        found = _TPS.search(done.stdout)
        failed = _FAILED.search(done.stdout)
        if done.returncode or found is None or (failed and failed.group(1) != "0"):
            raise RuntimeError(f"pgbench failed: {(done.stdout + done.stderr)[:1000]}")
        latencies = sorted(
            int(line.split()[2]) / 1000
            for log in Path(folder).glob("log.*")
            for line in log.read_text(encoding="ascii").splitlines()
        )
    return PgbenchRun(float(found.group(1)), len(latencies), tuple(latencies))


def _statements(stencil: Stencil) -> Iterator[str]:
    for name, rows in stencil.written.put.items():
        table = _TABLES[name]
        keys = [column.name for column in table.primary_key.columns]
        values = [column.name for column in table.columns if column.name not in keys]
        into = ", ".join(f'"{column.name}"' for column in table.columns)
        lists = ", ".join(f"({', '.join(_literals(stencil, table, row))})" for row in rows)
        statement = f'INSERT INTO "{name}" ({into}) VALUES {lists}'  # noqa: S608 - names are ours
        if table is OUTBOX:
            statement += " ON CONFLICT (key) DO NOTHING"
        elif table is not FACTS:
            sets = ", ".join(f'"{column}" = excluded."{column}"' for column in values)
            statement += f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sets}"
        yield f"{statement};"
    for name, rows in stencil.written.gone.items():
        table = _TABLES[name]
        keys = [column.name for column in table.primary_key.columns]
        for row in rows:
            literals = _literals(stencil, table, row[: len(keys)])
            where = " AND ".join(
                f'"{key}" = {literal}' for key, literal in zip(keys, literals, strict=True)
            )
            yield f'DELETE FROM "{name}" WHERE {where};'  # noqa: S608 - names are ours


def _literals(stencil: Stencil, table: Table, row: Sequence[Any]) -> list[str]:
    return [
        _literal(stencil, table, column.name, value)
        for column, value in zip(table.columns, row, strict=False)
    ]


def _literal(stencil: Stencil, table: Table, column: str, value: Any) -> str:
    if column == "position":
        return "nextval('bench_position')"
    if column == "version":
        return f"CAST(:r AS bigint) + {value}"
    if isinstance(value, str):
        # Apart, for pgbench takes a colon before a letter for one of its variables.
        text = value.replace("'", "''").replace(":", ":' || '")
        quoted = "'" + text.replace(stencil.letters, "' || CAST(:n AS text) || '") + "'"
        return f"{quoted} || CAST(:r AS text)" if (table, column) == (OUTBOX, "key") else quoted
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'::bytea"
    return "NULL" if value is None else str(value)
