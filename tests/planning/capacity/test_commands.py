"""Capacity is asked about from the command line; what cannot be meant is said with its place."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from restante.cli.app import main
from restante.cli.whatif import _changes
from restante.planning.capacity import BadProblem, Changes, Network, Shut, Span, compare
from restante.planning.capacity.reading import read_network
from restante.wiring.capacity import describe_city
from tests.planning.capacity.test_sizing import with_modules
from tests.planning.capacity.towns import make_town

QUICK = ("--days", 7, "--runs", 2, "--seed", 3)
HEAD = "site,parcels_per_day,latitude,longitude,72x372x640,182x372x640,402x372x640\n"


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    try:
        main([*map(str, words)])
        status = 0
    except SystemExit as ended:
        status = int(ended.code or 0)
    said = capsys.readouterr()
    return status, said.out, " ".join(said.err.split())


@pytest.fixture(scope="module")
def usual() -> Network:
    return describe_city()


@pytest.fixture
def town(tmp_path: Path) -> Path:
    file = tmp_path / "town.json"
    file.write_bytes(with_modules(make_town(load=1.3, redirect_share=0.0)).to_json())
    return file


def test_what_if_tells_differences_with_their_confidence(town: Path, capsys):
    chart, out = town.with_name("chart.png"), town.with_name("out.json")
    status, said, _ = run(
        capsys, "whatif", town, "--peak", 1.5, "--outage", "site-2:3d@1", "--reminders-earlier",
        "12h", "--reward", "24h:1.5", "--storm", "2026-11-11", *QUICK, "--chart", chart, "--out",
        out, "--json",
    )  # fmt: skip
    assert status == 0
    told = json.loads(said)
    assert told["says"] == [
        "1.5 times as many parcels",
        "site-2 out for 3 days from day 8",
        "reminders 12 h earlier",
        "early collection rewarded: urge times 1.5 for 24 h",
        "storm on 2026-11-11",
    ]
    gone = told["measures"]["turned_away"]
    assert gone["difference"]["mean"] > 0
    assert gone["difference"]["mean"] == pytest.approx(
        gone["changed"]["mean"] - gone["base"]["mean"]
    )
    assert chart.read_bytes().startswith(b"\x89PNG")
    assert json.loads(out.read_text()) == told
    status, text, _ = run(capsys, "whatif", town, "--redirect", 0.5, *QUICK)
    assert status == 0 and "neighbouring site" in text


def test_demo_city_is_asked_about_without_a_file(capsys):
    status, said, _ = run(capsys, "whatif", "--peak", 2, *QUICK, "--json")
    told = json.loads(said)
    assert status == 0 and told["name"] == "demo city"
    more = told["measures"]["parcels_per_day"]
    assert more["changed"]["mean"] == pytest.approx(2 * more["base"]["mean"], rel=0.05)


def test_sizes_are_found_and_drawn(town: Path, capsys):
    chart = town.with_name("sizes.png")
    words = ("plan", "sizes", town, "--site", "site-1", "--target", 0.05, *QUICK)
    status, said, _ = run(capsys, *words, "--chart", chart, "--json")
    (found,) = json.loads(said)["sites"]
    assert status == 0
    assert found["turned_away"]["mean"] + found["turned_away"]["within"] <= 0.05
    assert chart.read_bytes().startswith(b"\x89PNG")
    status, text, _ = run(capsys, *words)
    assert status == 0 and "screen" in text and "cost of all" in text


def test_a_table_of_prices_is_made_and_written(town: Path, capsys):
    out = town.with_name("policy.json")
    status, said, _ = run(
        capsys, "plan", "admission", town, "--site", "site-4", "--peak", 2, "--weeks", 12,
        "--out", out, "--json",
    )  # fmt: skip
    told = json.loads(said)
    assert status == 0
    assert told["best_fit"] <= told["accepted"] <= told["hindsight"]
    assert json.loads(out.read_text())["version"] == 1
    assert any("per hour at" in says for says in told["dearest"])


def test_sites_come_from_a_table_and_the_rest_from_the_demo_city(tmp_path: Path, capsys):
    file = tmp_path / "sites.csv"
    file.write_text(HEAD + "north,20,52.5,13.4,10,20,8\n\nsouth,12.5,52.501,13.4,10,,8\n")
    status, said, _ = run(capsys, "whatif", file, "--close", "north@2", *QUICK, "--json")
    assert status == 0
    assert json.loads(said)["measures"]["parcels_per_day"]["base"]["mean"] > 20


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("site,72x372x640\na,1\n", "row 1: there is no column 'parcels_per_day'"),
        (
            HEAD.replace(",72x372", ",9x372") + "a,1,,,1,1,1\n",
            "'9x372x640' is no kind of compartment",
        ),
        (HEAD + "a,many,,,1,1,1\n", "row 2: parcels_per_day is 'many'; write a number"),
        (HEAD + "a,nan,,,1,1,1\n", "row 2: parcels_per_day is nan; write a number from 0"),
        (HEAD + "a,-3,,,1,1,1\n", "row 2: parcels_per_day is -3; write a number from 0"),
        (HEAD + "a,,,,1,1,1\n", "row 2: parcels_per_day is empty"),
        (HEAD + "a,1,,,1.5,1,1\n", "72x372x640 is 1.5; write a whole number from 0"),
        (HEAD + "a,1,,,1,1,1\na,1,,,1,1,1\n", "row 3: the site 'a' is in row 2 already"),
        (HEAD + ",1,,,1,1,1\n", "row 2: the site has no id"),
        (HEAD + "a,1,,,,,\n", "(a): it has no compartment"),
        (HEAD + "a,1,13.4,,1,1,1\n", "give both latitude and longitude"),
        (HEAD + "a,1,152.5,13.4,1,1,1\n", "were they exchanged?"),
        (HEAD, "there is no site; give one at least"),
    ],
)
def test_bad_rows_are_named_with_what_to_do(rows: str, says: str, usual: Network):
    with pytest.raises(BadProblem) as refused:
        read_network(rows, is_csv=True, usual=usual)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "this is no JSON"),
        ("[]", "write one object"),
        ('{"sites": [{"id": "a"}]}', "compartments"),
        ('{"kinds": ["A"]}', "say also which classes of parcels come"),
        ('{"starts_on": "soon"}', "write it as 2026-11-23"),
        ('{"wishes": 3}', "wishes"),
        ('{"visits_at": [15, 9]}', "each later than the one before"),
        ('{"arrivals": {"hour_weights": [1, 2]}}', "give 24 or 168 weights, not 2"),
        ('{"habits": {"no_show_share": 3}}', "no_show_share"),
    ],
)
def test_bad_files_are_named_with_what_to_do(text: str, says: str, usual: Network):
    with pytest.raises(BadProblem) as refused:
        read_network(text, is_csv=False, usual=usual)
    assert says in str(refused.value)


def test_a_bad_row_ends_a_command_with_its_file_and_number(tmp_path: Path, capsys):
    file = tmp_path / "sites.csv"
    file.write_text(HEAD + "a,many,,,1,1,1\n")
    status, said, error = run(capsys, "whatif", file, "--peak", 2)
    assert status == 1 and not said
    assert "sites.csv: row 2: parcels_per_day is 'many'; write a number" in error


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({}, "nothing is changed; say what"),
        ({"outage": ["site-2"]}, "write a site and how long"),
        ({"outage": ["site-2:week"]}, "write hours or days"),
        ({"outage": ["site-2:7d@soon"]}, "comes a day from 0"),
        ({"outage": ["site-2:12h"]}, "out for whole days"),
        ({"outage": ["site-2:7d@30"]}, "counted are days 0 to 6"),
        ({"storm": ["2026-11-30"]}, "which is 2026-11-09 to 2026-11-15"),
        ({"reward": "24h"}, "how long and how much stronger"),
        ({"earlier": "early"}, "write hours or days"),
    ],
)
def test_bad_questions_are_answered_with_what_to_do(said: dict[str, Any], says: str, capsys):
    usual = {"peak": 1.0, "outage": [], "close": [], "earlier": "", "reward": "", "storm": [],
             "redirect": None, "days": 7}  # fmt: skip
    with pytest.raises(typer.Exit):
        _changes(make_town(), **{**usual, **said})
    assert says in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (Changes(shut=(Shut(site="nowhere", from_day=3),)), "there is no site 'nowhere'"),
        (Changes(storms=("soon",)), "is no day for a storm"),
        (Changes(storms=("2020-01-01",)), "is before the first day"),
    ],
)
def test_changes_that_cannot_be_meant_are_named(changes: Changes, says: str):
    with pytest.raises(BadProblem, match=says):
        compare(make_town(), changes, Span(7, 2))


def test_a_missing_file_is_named(tmp_path: Path, capsys):
    status, _, error = run(capsys, "plan", "sizes", tmp_path / "none.json")
    assert status == 1 and "No such file" in error
