"""``restante forecast`` from a file to a table and a report, and what it says of bad files."""

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from restante.cli.app import app

FIRST = date(2025, 1, 6)
WEEK = np.array([9, 8, 8, 7, 9, 5, 1])


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    chance = np.random.default_rng(3)
    lines = ["site,date,size,parcels,district"]
    for site, size in (("a", "S"), ("a", "M"), ("b", "S"), ("b", "M")):
        lines += [
            f"{site},{FIRST + timedelta(i)},{size},{chance.poisson(WEEK[i % 7])},north"
            for i in range(84)
        ]
    file = tmp_path_factory.mktemp("history") / "history.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["forecast", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


def test_a_table_and_a_report_with_its_error_are_written(history: Path, tmp_path: Path):
    table, report = tmp_path / "out.parquet", tmp_path / "report.md"
    events = tmp_path / "events.csv"
    events.write_text("name,from,to,factor\nsale,2025-04-02,2025-04-03,1.5\n", encoding="utf-8")
    status, said, _ = run(
        history, "--days", 7, "--country", "DE", "--events", events, "--out", table,
        "--report", report, "--json",
    )  # fmt: skip
    assert status == 0
    told = json.loads(said)
    assert told["backtest"]["by_level"]["network"]["mase"] > 0
    from pyarrow import parquet

    rows = parquet.read_table(table).to_pylist()
    assert {row["level"] for row in rows} == {"series", "site", "district", "network"}
    assert len(rows) == 7 * (4 + 2 + 1 + 1)
    assert all(row["q50"] <= row["q95"] for row in rows)
    text = report.read_text(encoding="utf-8")
    for word in ("MASE", "pinball", "q0.95", "bias"):
        assert word in text
    for chart in ("report-calibration.png", "report-network.png"):
        assert f"({chart})" in text
        assert (tmp_path / chart).read_bytes().startswith(b"\x89PNG")


def test_bad_files_are_named_with_their_rows(history: Path, tmp_path: Path):
    bad = tmp_path / "bad.csv"
    bad.write_text("site,date,parcels\na,2025-01-06,-3\n", encoding="utf-8")
    status, _, said = run(bad)
    assert status == 1
    assert "row 2: parcels -3 is negative" in said
    status, _, said = run(history, "--country", "XX")
    assert status == 1
    assert "no holidays of country 'XX'" in said
    status, _, said = run(history, "--gaps", "maybe")
    assert "say error, zero or closed" in said
    events = tmp_path / "events.csv"
    events.write_text("name,from,to\nsale,2025-04-02,soon\n", encoding="utf-8")
    status, _, said = run(history, "--events", events)
    assert status == 1
    assert "row 2: from and to are days" in said
