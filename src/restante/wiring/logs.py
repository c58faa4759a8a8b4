"""How the program logs: a line an event, for people on a terminal, else JSON; no secrets.

L1. Of an error its kind is told and where it arose, never what it says: a database repeats the row
    it rejects, with everybody's name in it.
"""

import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import structlog

from ..access import redact

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

_PLACES_MAX: Final = 30
"""Places told of one error; an endless descent is not told whole."""


class _Formatter(logging.Formatter):
    """Lines of libraries, with errors told as ours (L1)."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is logging's
        """Tell kind and place."""
        return say_where(ei[1])


def set_up_logs(level: str) -> None:
    """Send events of a level and above to standard error; codes and keys are masked last.

    Parameters
    ----------
    level
        One of :data:`LEVELS`.
    """
    is_terminal = sys.stderr.isatty()
    render: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if is_terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            tell_where,
            redact,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=LEVELS[level])
    # It says at every start what the command says better.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def tell_where(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Put an error's kind and place into an event instead of what it says; for structlog."""
    told = event.pop("exc_info", None)
    if not told:
        return event
    if isinstance(told, BaseException):
        error: BaseException | None = told
    else:
        error = told[1] if isinstance(told, tuple) else sys.exc_info()[1]
    if error is not None:
        event["exception"] = say_where(error)
    return event


def say_where(error: BaseException | None) -> str:
    """Name an error's kind and the places it came through, and those of what caused it."""
    return "\n".join(_lines_of(error))


def _lines_of(error: BaseException | None) -> Iterator[str]:
    seen: set[int] = set()
    because = ""
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield f"{because}{type(error).__module__}.{type(error).__qualname__}"
        yield from _places_of(error.__traceback__)
        because = "because of "
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _places_of(trace: TracebackType | None) -> Iterator[str]:
    for place in traceback.extract_tb(trace)[-_PLACES_MAX:]:
        # The last folders tell enough; the first ones are the machine's own.
        yield f"  {'/'.join(Path(place.filename).parts[-3:])}:{place.lineno} in {place.name}"
