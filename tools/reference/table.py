"""A table of states × commands, and the check that none is missing."""

from collections.abc import Callable, Mapping
from typing import TypeVar, get_args

State = TypeVar("State")
Asked = TypeVar("Asked")


def write_table(
    states: Mapping[str, State],
    commands: Mapping[str, Asked],
    write_cell: Callable[[State, Asked], str],
) -> str:
    """Write one row for a command, one column for a state."""
    lines = ["| | " + " | ".join(states) + " |", "|---" * (len(states) + 1) + "|"]
    for name, command in commands.items():
        cells = (write_cell(state, command) for state in states.values())
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def refuse_gaps(module: str, union: object, examples: Mapping[str, object]) -> None:
    """Every member of a union must have an example.

    Raises
    ------
    LookupError
        When the core has grown and the page has not.
    """
    shown = {type(example) for example in examples.values()}
    absent = sorted(kind.__name__ for kind in get_args(union) if kind not in shown)
    if absent:
        raise LookupError(f"add an example to tools/reference/{module} for: {', '.join(absent)}")
