"""The page of commands: of the repository, and of restante itself, from what it parses."""

from collections.abc import Iterator
from typing import Any

import typer

from restante.cli.app import app
from tools.reference.structs import plain

HEAD = """# Commands

## Of the repository

| command | what it does |
|---|---|
| `make setup` | creates `.venv`, installs the locked requirements and missing system packages |
| `make demo` | a living network; arguments go into `ARGS`: `make demo ARGS="--port 8081"` |
| `make test` | runs every test; `make test ARGS=tests/core` some of them |
| `make test-slow` | the campaigns: power cuts, kills, planted faults, lies; takes hours |
| `make check` | lint, format, types and the plan of the house |
| `make format` | lets the formatter have its way |
| `make bench` | operations per second in one run, and how long a recipient waits at a full locker |
| `make docs` | builds this documentation |
| `make docs-generate` | writes the generated pages of this reference again |
| `make lock` | resolves `requirements/*.in` again; needs uv |

## Of restante

Standard output carries results, standard error everything else. With `--json` a command writes one
JSON object. An error says what to do and ends with status 1, wrong arguments with status 2.
Options of `restante` itself stand before the command: `restante --config FILE serve`.

"""


def write_page() -> str:
    """Write every command with its arguments and options.

    Raises
    ------
    LookupError
        When a command or an option has no help.
    """
    root: Any = typer.main.get_command(app)
    parts = [section(name, command) for name, command in every_command("restante", root)]
    return HEAD + "\n".join(parts)


def every_command(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """List a command and all below it, with the words that are typed."""
    yield name, command
    for word, below in getattr(command, "commands", {}).items():
        yield from every_command(f"{name} {word}", below)


def section(name: str, command: Any) -> str:
    """Write one command."""
    if not command.help:
        raise LookupError(f"{name} needs a docstring: it is its help")
    parts = [f"### `{name}`", *(plain(text) for text in command.help.split("\n\n"))]
    rows = [row(name, parameter) for parameter in command.params if is_ours(parameter)]
    if rows:
        parts.append("\n".join(["| argument | when absent | meaning |", "|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def is_ours(parameter: Any) -> bool:
    """Whether a parameter says something about restante, not about the shell."""
    return parameter.name not in {"help", "install_completion", "show_completion"}


def row(command: str, parameter: Any) -> str:
    """Write one argument or option."""
    if not parameter.help:
        raise LookupError(f"{command}: {parameter.name} needs a help")
    is_flag = getattr(parameter, "is_flag", False)
    typed = parameter.name.upper()
    if parameter.param_type_name == "option":
        names = ", ".join([*parameter.opts, *parameter.secondary_opts])
        typed = names if is_flag else f"{names} {parameter.opts[0].strip('-').upper()}"
    if parameter.required:
        absent = "an error"
    elif is_flag:
        absent = "no"
    else:
        absent = "–" if parameter.default in (None, "") else f"`{parameter.default}`"
    variable = f" Variable: `{parameter.envvar}`." if parameter.envvar else ""
    return f"| `{typed}` | {absent} | {plain(parameter.help)}{variable} |"
