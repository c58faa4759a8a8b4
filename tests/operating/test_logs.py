"""Of an error the log tells kind and place; what it says may name people."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr

import pytest
import sqlalchemy
import structlog

from restante.wiring.health import Check, Health
from restante.wiring.logs import _Formatter, set_up_logs

NAME = "Anna Kowalska"


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What is logged as the program does."""
    before = structlog.get_config()
    text = io.StringIO()
    root = logging.getLogger()
    handlers = root.handlers[:]
    root.handlers.clear()
    try:
        with redirect_stderr(text):
            set_up_logs("info")
            # Loggers of modules remember how they were set up.
            structlog.configure(cache_logger_on_first_use=False)
            yield text
    finally:
        structlog.configure(**before)
        root.handlers[:] = handlers


def insert_twice() -> None:
    """Let a database complain of a row, which it repeats."""
    with sqlalchemy.create_engine("sqlite://").begin() as connection:
        connection.exec_driver_sql("CREATE TABLE contacts (name TEXT PRIMARY KEY)")
        for _ in range(2):
            connection.execute(
                sqlalchemy.text("INSERT INTO contacts VALUES (:name)"), {"name": NAME}
            )


def test_a_database_that_repeats_a_row_is_not_repeated(said: io.StringIO) -> None:
    with pytest.raises(sqlalchemy.exc.IntegrityError, match=NAME):
        insert_twice()
    try:
        insert_twice()
    except sqlalchemy.exc.IntegrityError:
        structlog.get_logger().exception("a chore failed", chore="list")
    event = json.loads(said.getvalue())
    assert event["chore"] == "list"
    assert event["exception"].startswith("sqlalchemy.exc.IntegrityError\n")
    assert "test_logs.py" in event["exception"]
    assert "in insert_twice" in event["exception"]
    assert "because of sqlite3.IntegrityError" in event["exception"]
    assert NAME not in said.getvalue()


def test_a_check_that_fails_is_logged_without_what_it_says(said: io.StringIO) -> None:
    def look() -> str:
        raise ValueError(f"no such recipient: {NAME}")

    health = Health([Check("database", look)])
    assert not health.look().is_ready
    event = json.loads(said.getvalue())
    assert (event["event"], event["check"]) == ("a check failed", "database")
    assert event["exception"].startswith("builtins.ValueError\n")
    assert "in look" in event["exception"]
    assert NAME not in said.getvalue()


def test_libraries_tell_no_more(said: io.StringIO) -> None:
    try:
        raise ValueError(NAME)
    except ValueError:
        logging.getLogger("uvicorn.error").exception("in an application")
    assert "builtins.ValueError" in said.getvalue()
    assert "uvicorn.error: in an application" in said.getvalue()
    assert NAME not in said.getvalue()


def test_an_error_that_caused_itself_is_told_once() -> None:
    error = ValueError("x")
    error.__cause__ = error
    record = _Formatter().formatException((ValueError, error, None))
    assert record == "builtins.ValueError"
