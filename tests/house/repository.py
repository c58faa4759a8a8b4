"""How house tests look at the repository: its files, its modules, their definitions."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "restante"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def committed_files() -> list[Path]:
    """List what is committed or about to be; in an unpacked archive, everything that is ours."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return [path for path in _walk(ROOT) if path.is_file()]
    paths = (ROOT / name for name in listed.split("\0") if name)
    return [path for path in paths if path.is_file()]


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            if not path.name.startswith(".") and path.name not in {"node_modules", "__pycache__"}:
                yield from _walk(path)
        else:
            yield path


def python_files(*folders: str) -> list[Path]:
    """List the Python files below some folders of the repository, in order."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(path for path in found if "node_modules" not in path.parts)


def name_of(path: Path) -> str:
    """Name a file from the root of the repository."""
    return path.relative_to(ROOT).as_posix()


@cache
def parse(path: Path) -> ast.Module:
    """Parse a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions_of(path: Path) -> list[Function]:
    """List all functions and methods of a file."""
    return [node for node in ast.walk(parse(path)) if isinstance(node, Function)]


def line_count(function: Function) -> int:
    """Count the lines of a function without decorators and docstring."""
    end = function.end_lineno or function.lineno
    count = end - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        count -= (first.end_lineno or first.lineno) - first.lineno + 1
    return count
