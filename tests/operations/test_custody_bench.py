"""The bench of deposits takes real deposits in, and pgbench writes the same rows."""

from pathlib import Path

from restante.bench.custody import measure_custody
from restante.bench.network import make_stencil
from restante.bench.pgbench import make_script
from restante.clock import SystemClock
from restante.journal.inline import derived_tables
from restante.views.inline import derive


def test_deposits_are_measured_with_waiting_callers(tmp_path: Path) -> None:
    report = measure_custody(sqlite_dir=tmp_path, sites=300, callers=(1, 4), seconds=0.05)
    assert [turn.callers for turn in report.turns] == [1, 4]
    assert all(turn.per_s > 0 and turn.latency_ms for turn in report.turns)
    assert report.written > 20
    assert list(tmp_path.iterdir()) == []


def test_the_script_writes_every_row_of_a_deposit_once() -> None:
    stencil = make_stencil(2, SystemClock().now())
    script = make_script(stencil, 10)
    assert script.count("INSERT INTO") == len(stencil.written.put)
    assert script.count("DELETE FROM") == sum(map(len, stencil.written.gone.values()))
    assert len(stencil.written.put["facts"]) == 8
    assert stencil.letters not in script.replace("\\x", "")


def test_only_declared_tables_get_rows_by_derivation() -> None:
    written = set(make_stencil(2, SystemClock().now()).written.put)
    declared = derived_tables(derive)
    assert declared is not None
    assert written - {"facts", "states", "outbox", "watermarks"} <= declared
