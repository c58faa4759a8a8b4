"""``restante board test`` against emulated boards, and what both commands say when wrong."""

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from restante.cli import main
from restante.edge.boards.emulator import Emulator, Fault, LockBank
from restante.edge.boards.kinds import KINDS
from tests.edge.boards.test_configuration import BOARD, EXAMPLE, SIMULATED_LINE


class Said(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.out)
        return report


def run(*arguments: object) -> Said:
    out, err = io.StringIO(), io.StringIO()
    status = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(each) for each in arguments])
        except SystemExit as end:
            status = int(end.code or 0)
    return Said(status, out.getvalue(), err.getvalue())


class Site(NamedTuple):
    file: Path
    bank: LockBank


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    bank = LockBank([1, 2], 24)
    emulator = Emulator(bank, KINDS["8a-24"].talk)
    emulator.start()
    quick = 'kind = "8a-24"\npause_ms = 0\nlook_ms = 0\nanswer_ms = 40'
    board = BOARD.replace('kind = "8a-24"', quick).replace(", inverted = true", "")
    file = tmp_path / "locker.toml"
    board = board.replace("socket://127.0.0.1:4001", emulator.address.url)
    file.write_text(EXAMPLE.replace(SIMULATED_LINE, "") + board, encoding="utf-8")
    yield Site(file, bank)
    emulator.stop()


def test_all_doors_are_read_and_none_is_opened(site: Site) -> None:
    said = run("board", "test", site.file, "--json")
    assert said.status == 0
    assert [row["door"] for row in said.report["doors"]] == ["shut", "shut"]
    assert said.report["line"]["silent"] == 0
    assert site.bank.pulses == []


def test_one_named_door_is_opened_once(site: Site) -> None:
    said = run("board", "test", site.file, "--open", "A1", "--yes")
    assert said.status == 0
    assert "A1: opened" in said.out
    assert site.bank.pulses == [(1, 24)]


def test_nothing_opens_without_a_yes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    said = run("board", "test", site.file, "--open", "A1")
    assert said.status == 1
    assert site.bank.pulses == []


def test_a_compartment_that_is_not_there_is_named(site: Site) -> None:
    said = run("board", "test", site.file, "--open", "Z9", "--yes")
    assert said.status == 1
    assert "there are A1, A2" in said.err


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        (Fault.SILENCE, "silent boards: 1, 2; check power"),
        (Fault.SWAPPED, "whether A and B are swapped"),
        (Fault.BAD_CHECKSUM, "garbled answers"),
    ],
)
def test_what_is_wrong_with_the_line_is_said(site: Site, fault: Fault, advice: str) -> None:
    site.bank.break_line(fault)
    said = run("board", "test", site.file)
    assert said.status == 1
    assert "unknown" in said.out
    assert advice in said.err


def test_a_jammed_door_is_said(site: Site) -> None:
    site.bank.break_line(Fault.JAM)
    said = run("board", "test", site.file, "--open", "A2", "--yes")
    assert said.status == 1
    assert "no sensor saw it open" in said.err


def test_a_port_that_is_not_there_is_said(tmp_path: Path) -> None:
    file = tmp_path / "locker.toml"
    board = BOARD.replace("socket://127.0.0.1:4001", str(tmp_path / "ttyUSB9"))
    file.write_text(EXAMPLE.replace(SIMULATED_LINE, "") + board, encoding="utf-8")
    said = run("board", "test", file)
    assert said.status == 1
    assert "cannot be opened" in said.err


def test_a_simulated_board_has_nothing_to_test(tmp_path: Path) -> None:
    file = tmp_path / "locker.toml"
    file.write_text(EXAMPLE, encoding="utf-8")
    said = run("board", "test", file)
    assert said.status == 1
    assert "board is simulated" in said.err


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["nothing"], "is none of kerong-kr-cu16"),
        (["wkly", "--locks", "99"], "--locks: 1 to 48"),
        (["kerong-kr-cu16", "--boards", "17"], "at most 16"),
        (["wkly", "--fault", "sadness"], "is none of silence"),
        (["wkly", "--fault", "silence:0/1"], "only jam, stuck and slow take a lock"),
    ],
)
def test_an_emulator_that_cannot_be_is_refused(arguments: list[str], advice: str) -> None:
    said = run("board-emulator", *arguments)
    assert said.status == 2
    assert advice in said.err
