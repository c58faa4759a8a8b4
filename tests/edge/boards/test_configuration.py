"""What a locker's file says about its boards, and what it is told when it is wrong."""

from pathlib import Path

import pytest

from restante.core.ids import CompartmentId
from restante.edge.boards.wired import WiredBoard
from restante.settings import BadSetting
from restante.wiring.locker import EXAMPLE, make_locker_board, read_locker_file

SIMULATED_LINE = next(line for line in EXAMPLE.splitlines() if line.startswith("board ="))
BOARD = """
[board]
kind = "8a-24"
port = "socket://127.0.0.1:4001"

[board.locks]
A1 = { board = 1, lock = 24 }
A2 = { board = 2, lock = 1, inverted = true }
"""


def write(folder: Path, board: str) -> Path:
    path = folder / "locker.toml"
    path.write_text(EXAMPLE.replace(SIMULATED_LINE, "") + board, encoding="utf-8")
    return path


def test_a_file_names_boards_and_locks(tmp_path: Path) -> None:
    board = make_locker_board(read_locker_file(write(tmp_path, BOARD)))
    assert isinstance(board, WiredBoard)
    assert board.bus.health.connects == 0


def test_what_the_example_shows_in_comments_is_right(tmp_path: Path) -> None:
    lines = EXAMPLE.replace(SIMULATED_LINE, "").splitlines()
    start = lines.index("# [board]")
    text = "\n".join([*lines[:start], *(line.removeprefix("# ") for line in lines[start:])])
    path = tmp_path / "locker.toml"
    path.write_text(text.replace("\n#\n", "\n"), encoding="utf-8")
    assert isinstance(make_locker_board(read_locker_file(path)), WiredBoard)


def test_without_a_board_the_locker_is_simulated(tmp_path: Path) -> None:
    board = make_locker_board(read_locker_file(write(tmp_path, "")))
    assert board.read_doors() == {CompartmentId("A1"): False, CompartmentId("A2"): False}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("8a-24", "8b", "'8b' is none of kerong-kr-cu16, 8a-24"),
        ("lock = 24", "lock = 25", "locks.A1: lock 25: this kind has 1 to 24"),
        ("lock = 24", "lock = 0", "locks.A1: lock 0: this kind has 1 to 24"),
        ("board = 1,", "board = 0,", "locks.A1: board 0: this kind has 1 to 31"),
        ("board = 2, lock = 1", "board = 1, lock = 24", "A1 and A2 have the same lock 1/24"),
        ("A1 =", "Z9 =", "no lock for A1"),
        ("[board.locks]", "[board.locks]\nZ9 = { board = 3, lock = 3 }", "Z9: there is no such"),
        ("inverted = true", "upside = true", "unknown field `upside`"),
        ("lock = 24", 'lock = "x"', "Expected `int`"),
        ("socket://127.0.0.1:4001", "", "port: name a device"),
        ('kind = "8a-24"', 'kind = "8a-24"\nhas_item_sensors = true', "kind 8a-24 have none"),
        ('kind = "8a-24"', 'kind = "8a-24"\npause_ms = -1', "pause_ms: 0 to 10000"),
    ],
)
def test_a_wrong_file_is_told_which_field_and_what_would_be_right(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    path = write(tmp_path, BOARD.replace(before, after))
    with pytest.raises(BadSetting, match=str(path)) as told:
        read_locker_file(path)
    assert said in str(told.value)


def test_a_board_of_another_name_is_told_what_there_is(tmp_path: Path) -> None:
    path = tmp_path / "locker.toml"
    path.write_text(EXAMPLE.replace('"simulated"', '"kerong"'), encoding="utf-8")
    with pytest.raises(BadSetting, match=r"'simulated', or a table of its own"):
        read_locker_file(path)
