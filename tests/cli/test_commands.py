"""What a person or a script types: results, messages that name the fix, and no tracebacks."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from restante.cli import main

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "examples"
COMMANDS = (
    ("demo",),
    ("serve",),
    ("locker",),
    ("broker",),
    ("init",),
    ("import",),
    ("openapi",),
    ("doctor",),
    ("backup",),
    ("restore",),
    ("bench",),
    ("bench", "edge"),
    ("journal", "verify"),
    ("journal", "seal"),
    ("journal", "heads"),
    ("journal", "archive"),
    ("journal", "export"),
)
TALLY = [
    "announced",
    "booked",
    "deposited",
    "collected",
    "overdue",
    "retrieved",
    "turned_away",
    "notices_sent",
    "facts",
    "wrong_codes_refused",
    "lost",
    "verify",
    "seconds",
]


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: object) -> Done:
    """Run a command in this process, without a terminal."""
    out, err = io.StringIO(), io.StringIO()
    status = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(one) for one in arguments])
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
    return Done(status, out.getvalue(), err.getvalue())


def run_alone(*arguments: object) -> Done:
    """Run a command as a shell does."""
    command = [Path(sys.executable).parent / "restante", *arguments]
    done = subprocess.run(
        [str(one) for one in command], capture_output=True, text=True, check=False, timeout=240
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(autouse=True, scope="module")
def plain_terminal() -> Iterator[None]:
    """Let no setting of this machine leak in, and lines be long."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("RESTANTE_"):
                patch.delenv(name)
        patch.setenv("COLUMNS", "200")
        patch.setenv("NO_COLOR", "1")
        yield


def one_object(done: Done) -> dict[str, Any]:
    """Read the one JSON object on standard output."""
    assert done.stdout.count("\n") == 1, done.stdout
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def fails(done: Done, *words: str) -> None:
    """Check that a command failed with a message that names the fix."""
    assert done.returncode not in (0, None), done.stdout
    assert "Traceback" not in done.stderr, done.stderr
    assert not done.stdout.strip(), done.stdout
    told = " ".join(done.stderr.split())
    for word in words:
        assert word in told, told


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Begin a network once."""
    folder = tmp_path_factory.mktemp("network")
    done = run("init", folder, "--network-name", "Mill Street", "--zone", "Europe/Berlin", "--json")
    assert done.returncode == 0, done.stderr
    assert one_object(done)["config"] == str(folder / "restante.toml")
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_says_what_it_does_and_what_each_option_means(
    command: tuple[str, ...],
) -> None:
    done = run(*command, "--help")
    assert done.returncode == 0
    assert done.stderr == ""
    assert f"restante {' '.join(command)}" in done.stdout
    text = done.stdout.partition("Usage:")[2].splitlines()
    assert any(line.strip().endswith(".") for line in text[1:5]), done.stdout
    for line in text:
        if "--" in line and "│" in line:
            described = line.strip(" │").split("  ")
            assert len([part for part in described if part.strip()]) >= 2, line


def test_the_tree_lists_every_command() -> None:
    done = run("--help")
    for command in COMMANDS:
        assert f" {command[0]} " in done.stdout


def test_every_command_is_described_in_the_reference() -> None:
    pages = [path.read_text() for path in (REPOSITORY / "docs").rglob("*.md")]
    text = "\n".join([*pages, (REPOSITORY / "README.md").read_text()])
    for command in COMMANDS:
        assert f"restante {' '.join(command)}" in text, command


def test_the_version_is_told() -> None:
    done = run_alone("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("restante 0.")


@pytest.mark.slow
def test_a_headless_life_prints_one_object_with_every_count() -> None:
    manifest = EXAMPLES / "manifest.csv"
    done = run_alone("demo", "--headless", "--manifest", manifest, "--days", 1, "--json")
    assert done.returncode == 0, done.stderr
    tally = one_object(done)
    assert list(tally) == TALLY
    assert tally["announced"] == 300
    assert (tally["lost"], tally["verify"]) == (0, "ok")
    assert tally["deposited"] > 200
    assert tally["seconds"] > 0


def test_a_headless_life_needs_parcels() -> None:
    fails(run_alone("demo", "--headless"), "--manifest", "examples/manifest.csv")


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.csv"
    fails(run_alone("demo", "--headless", "--manifest", missing), "none.csv", "No such file")
    fails(run("import", missing, "--partner", "acme"), "none.csv", "No such file")


def test_a_manifest_without_a_good_row_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("one,two\n1,2\n")
    fails(run_alone("demo", "--headless", "--manifest", bad), "bad.csv", "no row that can be used")


def test_a_network_begins_once(network: Path) -> None:
    assert "Mill Street" in (network / "restante.toml").read_text()
    assert (network / "data" / "centre.sqlite").exists()
    fails(run("init", network), "restante.toml exists")


def test_a_dry_run_names_every_bad_row_and_announces_nothing(network: Path) -> None:
    before = facts(network)
    manifest = EXAMPLES / "manifest_with_mistakes.csv"
    arguments = ("--config", network / "restante.toml", "import", manifest, "--partner", "acme")
    done = run(*arguments, "--dry-run", "--json")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    outcome = one_object(done)
    assert outcome["dry_run"]
    assert outcome["rows"] > 5
    assert outcome["problems"]
    for problem in outcome["problems"]:
        assert problem["row"] >= 2
        assert problem["reason"]
        assert problem["hint"]
    talk = run(*arguments, "--dry-run")
    assert "row 4" in talk.stderr
    assert facts(network) == before


def test_rows_that_were_not_taken_can_be_written_to_a_file(network: Path, tmp_path: Path) -> None:
    manifest = EXAMPLES / "manifest_with_mistakes.csv"
    out = tmp_path / "problems.csv"
    config = network / "restante.toml"
    done = run(
        *("--config", config, "import", manifest),
        *("--partner", "acme", "--dry-run", "--problems", out),
    )
    assert done.returncode == 2
    assert len(out.read_text(encoding="utf-8-sig").splitlines()) > 5


def facts(network: Path) -> int:
    """Count the facts of a network."""
    done = run("journal", "verify", "--data", network / "data", "--json")
    assert done.returncode == 0, done.stderr
    found = one_object(done)
    assert found["verify"] == "ok"
    assert found["damages"] == []
    return int(found["facts"])


def test_a_journal_is_exported_line_by_line_and_nothing_is_overwritten(
    network: Path, tmp_path: Path
) -> None:
    out = tmp_path / "facts.jsonl"
    count = facts(network)
    done = run("journal", "export", out, "--data", network / "data")
    assert done.returncode == 0, done.stderr
    assert f"{count} facts" in done.stderr
    for line in out.read_text().splitlines():
        json.loads(line)
    fails(run("journal", "export", out, "--data", network / "data"), "nothing is overwritten")


def test_a_missing_journal_is_named_with_the_option_that_helps(tmp_path: Path) -> None:
    fails(run("journal", "verify", "--data", tmp_path), "there is no journal", "--data")
    out = tmp_path / "out.jsonl"
    fails(run("journal", "export", out, "--data", tmp_path), "--data")
    assert not out.exists()


def test_a_damaged_journal_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "centre.sqlite"
    path.write_bytes(b"this is a shopping list " * 400)
    fails(run("journal", "verify", "--data", tmp_path), "centre.sqlite", "restore")
    doctor = run("doctor", "--data", tmp_path, "--json")
    assert doctor.returncode == 1
    found = {check["check"]: check for check in one_object(doctor)["checks"]}
    assert not found["journal"]["is_well"]
    assert "restore" in found["journal"]["fix"]
    assert path.read_bytes().startswith(b"this is a shopping list")


def test_a_doctor_finds_a_new_network_well(network: Path) -> None:
    done = run("--config", network / "restante.toml", "doctor", "--json")
    found = one_object(done)
    assert {"python", "sqlite", "disk", "keys", "journal"} <= {
        check["check"] for check in found["checks"]
    }
    wrong = [
        check for check in found["checks"] if not check["is_well"] and check["check"] != "disk"
    ]
    assert not wrong
    for check in found["checks"]:
        assert check["is_well"] or check["fix"]


def test_settings_that_are_wrong_are_named(tmp_path: Path) -> None:
    config = tmp_path / "restante.toml"
    config.write_text('listen_port = "many"\n')
    fails(run("--config", config, "doctor"), "listen_port")
    config.write_text("lissen_port = 8080\n")
    fails(run("--config", config, "doctor"), "lissen_port")
    config.write_text("this is no TOML")
    fails(run("--config", config, "doctor"), "restante.toml")
    fails(run("--config", tmp_path / "none.toml", "doctor"), "none.toml")


def test_the_api_document_is_printed_or_written(tmp_path: Path) -> None:
    done = run("openapi")
    assert json.loads(done.stdout)["openapi"].startswith("3.1")
    out = tmp_path / "openapi.json"
    assert run("openapi", "--out", out).returncode == 0
    assert out.read_text() == done.stdout


@pytest.mark.slow
def test_the_bench_prints_both_sides_and_their_ratio(tmp_path: Path) -> None:
    done = run("bench", "--dir", tmp_path, "--seconds", 0.1, "--json")
    assert done.returncode == 0, done.stderr
    found = one_object(done)
    for callers in (1, 64, 1000):
        assert found[f"ops_{callers}"] > 0
        assert found[f"single_{callers}"] > 0
        assert found[f"ratio_{callers}"] > 0


def test_a_locker_file_is_written_once_and_names_the_next_step(tmp_path: Path) -> None:
    file = tmp_path / "locker.toml"
    done = run("locker", file, "--new")
    assert done.returncode == 0, done.stderr
    assert "restante locker" in done.stdout
    fails(run("locker", file, "--new"), "nothing is overwritten")
    fails(run_alone("locker", tmp_path / "none.toml"), "none.toml")


def test_a_word_nobody_knows_is_answered_with_help() -> None:
    fails(run("colect"), "colect")
