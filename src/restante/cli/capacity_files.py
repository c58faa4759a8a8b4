"""What commands about capacity read: a network from a file, or the demo city."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .output import fail

if TYPE_CHECKING:
    from ..planning.capacity import Network

_LENGTH: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(h|d)")


def read_sites(file: Path | None) -> "Network":
    """Read a network: JSON, or sites as CSV; the demo city without a file.

    What a CSV, or a JSON file that names no kinds, leaves out is as in the demo city.
    """
    try:
        from ..planning.capacity import BadProblem
        from ..planning.capacity.reading import read_network
        from ..wiring.capacity import describe_city
    except ModuleNotFoundError as error:
        fail(f"planning needs {error.name}: install restante[planning]")
    usual = describe_city()
    if file is None:
        return usual
    try:
        text = file.read_text(encoding="utf-8-sig")
        return read_network(text, is_csv=file.suffix.lower() == ".csv", usual=usual)
    except UnicodeDecodeError:
        fail(f"{file}: this is no UTF-8 text; save it as UTF-8")
    except OSError as error:
        fail(f"{file}: {error.strerror or error}")
    except BadProblem as error:
        fail(f"{file}: {error}")


def read_hours(said: str, option: str) -> float:
    """Read a length of time as hours: ``12h``, ``7d``."""
    match = _LENGTH.fullmatch(said.strip())
    if match is None:
        fail(f"{option} is {said!r}; write hours or days, as 12h or 7d")
    number = float(match.group(1))
    return number * 24 if match.group(2) == "d" else number
