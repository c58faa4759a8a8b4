"""``restante board test`` and ``restante board-emulator``: lock boards, real and emulated."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import RESULT, TALK, fail, print_json

if TYPE_CHECKING:
    from ..edge.boards.emulator import LockBank
    from ..edge.boards.wired import WiredBoard
    from ..edge.config import BoardConfig

app = typer.Typer(help="Lock boards of a locker.", no_args_is_help=True)


@app.callback()
def _boards() -> None:
    """Lock boards of a locker."""


@app.command("test")
def test(
    file: Annotated[Path, typer.Argument(help="Locker file with a board table.")],
    open_: Annotated[
        str | None,
        typer.Option("--open", help="Compartment to open, after a question.", metavar="NAME"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Open without a question.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Read all doors of a locker's boards; open one of them when asked.

    Stop the locker first: two programs on one line talk over each other.
    """
    from ..core.ids import CompartmentId
    from ..edge.config import BoardConfig
    from ..wiring.locker import make_wired_board, read_locker_file

    locker = read_locker_file(file)
    if not isinstance(locker.board, BoardConfig):
        fail(f"{file}: board is simulated; add a board table with kind, port and locks")
    names = [spec.id for spec in locker.compartments]
    if open_ is not None and open_ not in names:
        fail(f"there is no compartment {open_!r}; there are {', '.join(names)}")
    board = make_wired_board(locker.board, names)
    try:
        result = None
        if open_ is not None:
            if not yes:
                typer.confirm(f"Open {open_}? Its door will spring open", abort=True, err=True)
            result = board.open(CompartmentId(open_)).value
        report = _read(board, locker.board, opened=open_, result=result)
    finally:
        board.close()
    if as_json:
        print_json(report)
    else:
        _print_table(report)
    if not report["ok"]:
        raise typer.Exit(1)


def _read(
    board: "WiredBoard", config: "BoardConfig", *, opened: str | None, result: str | None
) -> dict[str, Any]:
    doors, items = board.read_doors(), board.read_items()
    words = {True: "open", False: "shut", None: "unknown"}
    rows = [
        {
            "compartment": name,
            "board": address.board,
            "lock": address.lock,
            "door": words[doors.get(name)],
            "item": items.get(name),
        }
        for name, address in config.locks.items()
    ]
    health = board.bus.health
    is_well = len(doors) == len(rows) and result in (None, "opened")
    return {
        "ok": is_well,
        "kind": config.kind,
        "port": config.port,
        "opened": opened,
        "result": result,
        "doors": rows,
        "silent_boards": sorted(board.silent_boards),
        "line": health._asdict(),
    }


def _print_table(report: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("compartment", "board", "lock", "door", "item", box=None)
    items = {True: "yes", False: "no", None: ""}
    for row in report["doors"]:
        where = (row["compartment"], str(row["board"]), str(row["lock"]))
        table.add_row(*where, row["door"], items[row["item"]])
    RESULT.print(table)
    if report["result"] is not None:
        RESULT.print(f"{report['opened']}: {report['result']}")
    line = report["line"]
    RESULT.print(
        f"{line['requests']} requests, {line['silent']} not answered, {line['garbled']} garbled"
    )
    if not line["connects"]:
        TALK.print(f"{report['port']} cannot be opened: check its name and your right to use it")
    elif line["garbled"]:
        TALK.print(
            "garbled answers: check kind, speed, termination and whether A and B are swapped"
        )
    elif report["silent_boards"]:
        numbers = ", ".join(map(str, report["silent_boards"]))
        TALK.print(f"silent boards: {numbers}; check power, wires and address switches")
    elif report["result"] == "pending":
        TALK.print("pulsed, but no sensor saw it open: check lock number, latch and contact")


def board_emulator(
    kind: Annotated[str, typer.Argument(help="Kind of board, as in a locker's file.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="TCP port; 0 takes a free one.")] = 4001,
    boards: Annotated[
        int, typer.Option(help="Boards on the line, from the kind's first address.", min=1)
    ] = 1,
    locks: Annotated[
        int | None, typer.Option(help="Locks on each board; the usual model's when not given.")
    ] = None,
    close_after: Annotated[
        float, typer.Option(help="Seconds after which an open door is shut again.", min=0.1)
    ] = 8.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="silence, deaf-after-pulse, bad-checksum, swapped; or jam, stuck, slow, "
            "of one lock with jam:BOARD/LOCK. May be repeated."
        ),
    ] = None,
) -> None:
    """Emulate lock boards behind a TCP port; no hardware needed.

    A locker's file reaches them with port = "socket://127.0.0.1:4001".
    """
    from ..edge.boards.emulator import Emulator, LockBank
    from ..edge.boards.kinds import find_kind
    from ..edge.config import BadBoard

    try:
        found = find_kind(kind)
    except BadBoard as error:
        fail(str(error), status=2)
    numbers = found.dialect.boards
    count = found.locks if locks is None else locks
    if boards > len(numbers):
        fail(f"--boards: at most {len(numbers)} of this kind on one line", status=2)
    if count not in found.dialect.locks:
        fail(f"--locks: 1 to {found.dialect.locks.stop - 1} for this kind", status=2)
    bank = LockBank(numbers[:boards], count, close_after=close_after)
    for text in fault or []:
        _break(bank, text)
    emulator = Emulator(bank, found.talk, host=host, port=port)
    addresses = ", ".join(map(str, sorted(bank.boards)))
    RESULT.print(f"{kind}, boards {addresses}, {count} locks each: {emulator.address.url}")
    try:
        emulator.serve()
    except KeyboardInterrupt:
        TALK.print("stopped")


def _break(bank: "LockBank", text: str) -> None:
    from ..edge.boards.emulator import LOCK_FAULTS, Fault

    name, _, place = text.partition(":")
    if name not in set(Fault):
        fail(f"--fault: {name!r} is none of {', '.join(Fault)}", status=2)
    fault = Fault(name)
    if not place:
        bank.break_line(fault)
        return
    board, _, lock = place.partition("/")
    if fault not in LOCK_FAULTS or not (board.isdecimal() and lock.isdecimal()):
        fail(f"--fault: {text!r}: only jam, stuck and slow take a lock, as in jam:0/3", status=2)
    bank.break_lock((int(board), int(lock)), fault)
