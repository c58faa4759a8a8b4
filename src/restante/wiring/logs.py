"""How the program logs: a line an event, for people on a terminal, else JSON; no secrets."""

import logging
import sys

import structlog

from ..access import redact

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


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
            structlog.processors.format_exc_info,
            redact,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, level=LEVELS[level], format="%(name)s: %(message)s")
    # It says at every start what the command says better.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
