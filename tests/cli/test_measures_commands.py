"""``restante measures`` and ``restante plan data`` as an operator runs them."""

import json
from pathlib import Path

import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from restante.cli.app import app
from tests.insight.measures.story import Story
from tests.operations.house import House, copy_house

run = CliRunner().invoke


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("events")
    Story(12, seed=3).write(folder)
    return folder


def test_a_journal_becomes_tables_and_a_measured_period(tmp_path: Path) -> None:
    house: House = copy_house(tmp_path)
    done = house.announce()
    house.deposit(done.parcel)
    house.clock.set(house.clock.now() + 3600)
    house.collect(done.parcel)
    house.centre.close()
    zones = tmp_path / "zones.csv"
    zones.write_text("site,zone\nsite-01,north\n")
    events = str(tmp_path / "events")
    given = ["measures", "export", "--data", str(tmp_path), "--events", events]
    first = run(app, [*given, "--zones", str(zones), "--json"])
    assert first.exit_code == 0, first.output
    assert json.loads(first.stdout)["rows"] > 0
    again = run(app, [*given, "--zones", str(zones), "--json"])
    assert json.loads(again.stdout)["facts"] == 0
    shown = run(app, ["measures", "show", "--events", events, "--by", "zone", "--json"])
    assert shown.exit_code == 0, shown.output
    rows = {row["of"]: row for row in json.loads(shown.stdout)["rows"]}
    assert rows["north"]["deposits"] == 1
    assert rows["north"]["dwell_mean"] == pytest.approx(1)


def test_sites_stand_among_their_like_and_files_have_every_column(
    events: Path, tmp_path: Path
) -> None:
    told = tmp_path / "told.toml"
    told.write_text("[prices]\nparcel = 40\n")
    out = tmp_path / "measures.parquet"
    given = ["measures", "show", "--events", str(events), "--by", "site", "--out", str(out)]
    shown = run(app, [*given, "--assumptions", str(told), "--site", "site-03", "--json"])
    assert shown.exit_code == 0, shown.output
    (row,) = json.loads(shown.stdout)["rows"]
    assert row["of"] == "site-03"
    assert {"percentile", "cause", "co2e_chain", "co2e_trip", "cost"} <= set(row)
    assert parquet.ParquetFile(out).read().to_pylist() == [row]
    table = run(app, [*given[:-2]])
    assert "site-11" in table.stdout


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--by", "street"], "site, zone or network"),
        (["--from", "yesterday"], "write it as 2026-11-01"),
        (["--from", "2026-11-24", "--until", "2026-11-24"], "no time in it"),
        (["--site", "nowhere"], "no such site"),
        (["--out", "x.xlsx"], ".csv or a .parquet"),
        (["--events", "nowhere"], "restante measures export"),
    ],
)
def test_what_cannot_be_measured_says_what_to_do(events: Path, given: list[str], told: str) -> None:
    shown = run(app, ["measures", "show", "--events", str(events), *given])
    assert shown.exit_code == 1
    assert told in " ".join(shown.stderr.split())


def test_measures_are_listed_with_unit_and_formula() -> None:
    listed = run(app, ["measures", "list", "--json"])
    names = [one["name"] for one in json.loads(listed.stdout)]
    assert {"occupancy", "unmet_demand", "co2e_chain", "cost"} <= set(names)
    assert "capacity_s" in run(app, ["measures", "list"]).stdout


def test_data_for_planners_is_looked_at_before_it_is_written(tmp_path: Path) -> None:
    sent = tmp_path / "sent.csv"
    sent.write_text("id;Latitude;Longitude;people\na;52,1;21,0;3\n-b;52,2;21,0;4\nc;252;21;1\n")
    out = tmp_path / "cells.csv"
    given = ["plan", "data", str(sent), "--kind", "cells", "--out", str(out)]
    dry = run(app, [*given, "--dry-run", "--json"])
    assert dry.exit_code == 1
    assert not out.exists()
    told = json.loads(dry.stdout)
    assert (told["rows"], told["rows_good"], told["demand"]) == (3, 2, 7.0)
    assert [(one["row"], one["column"]) for one in told["problems"]] == [(4, "lat")]
    assert run(app, given).exit_code == 1
    # What was written is read again without a word.
    clean = run(app, ["plan", "data", str(out), "--kind", "cells", "--json"])
    assert clean.exit_code == 0, clean.output
    assert json.loads(clean.stdout)["demand"] == 7.0
    taken = run(app, given)
    assert "nothing is overwritten" in " ".join(taken.stderr.split())


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("candidates", "id,lat,lon,capacity\na,52,21,\nb,52,21,80\n"),
        ("history", "site,date,hour,parcels,requests\na,2026-11-01,9,3,\na,2026-11-01,10,3,4\n"),
        ("cells", "id,lat,lon,demand,area\na,52,21,1.5,North\n"),
    ],
)
def test_every_kind_is_written_as_it_is_read(tmp_path: Path, kind: str, text: str) -> None:
    sent, once, twice = (tmp_path / name for name in ("sent.csv", "once.csv", "twice.csv"))
    sent.write_text(text)
    for source, target in ((sent, once), (once, twice)):
        done = run(app, ["plan", "data", str(source), "--kind", kind, "--out", str(target)])
        assert done.exit_code == 0, done.output
    assert once.read_bytes() == twice.read_bytes()
