"""How commands speak: results to standard output, talk to standard error."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

TALK = Console(stderr=True, highlight=False, soft_wrap=True)
"""For people; honors ``NO_COLOR``."""

RESULT = Console(highlight=False, soft_wrap=True)
"""For results that people read."""


def print_json(value: Any) -> None:
    """Print one JSON object on one line."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def leave() -> NoReturn:
    """End the process at once, when everything it has opened is closed.

    The interpreter's own ending takes half a second of looking at objects one by one, and waits for
    every thread that somebody else's program keeps: one that looks a name up, say.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)


def fail(message: str, *, status: int = 1) -> NoReturn:
    """End with a message that names the fix."""
    TALK.print(f"[red]error:[/] {escape(message)}")
    raise typer.Exit(status)


@contextmanager
def progress(title: str, *, total: float | None = None) -> Iterator[Callable[[float, str], None]]:
    """Show progress of long work on a terminal, and nothing elsewhere.

    Yields
    ------
    Callable
        Takes how much is done and a word about it.
    """
    if not sys.stderr.isatty():
        yield lambda _done, _word: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[word]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=TALK, transient=True) as bar:
        task = bar.add_task(title, total=total, word="")
        yield lambda done, word: bar.update(task, completed=done, word=word)
