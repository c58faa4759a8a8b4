"""The journal of a centre: a file beside its keys, or a PostgreSQL database of several processes.

What the house asks of it is :class:`restante.journal.sql.SqlJournal`: the journal's port, its
outbox, its cursors, inspection, and reading transactions for the views. Nobody above this room
knows which database it is.
"""

import os

from ..core.streams import KINDS
from ..journal.sql import SqlJournal
from ..journal.sqlite import SqliteJournal
from ..journal.sqlite_file import Durability
from ..settings import BadSetting, Settings, read_secret
from ..views import (
    account_tables,
    alone_tables,
    device_tables,
    key_tables,
    remote_tables,
    route_tables,
    study_tables,
    webhook_tables,
)
from ..views.inline import derive
from ..views.tables import VIEWS

_TABLE_MODULES = (
    account_tables,
    alone_tables,
    device_tables,
    key_tables,
    remote_tables,
    route_tables,
    study_tables,
    webhook_tables,
)
"""Modules that add tables to :data:`VIEWS` when imported, which must be before a journal opens."""


def open_journal(settings: Settings, *, durability: Durability = "full") -> SqlJournal:
    """Open the centre's journal, making it where absent.

    Parameters
    ----------
    durability
        ``relaxed`` only for simulation.

    Raises
    ------
    BadSetting
        When the database's address is wrong, or its driver is not installed.
    restante.journal.port.Damaged
        When it is not sound.
    restante.journal.port.Busy
        When no server answers.
    """
    if not settings.database_url:
        path = os.fspath(settings.journal_path)
        return SqliteJournal(
            path,
            KINDS,
            derive=derive,
            inline=VIEWS,
            durability=durability,
            archive_dir=settings.archive_dir,
        )
    try:
        from ..journal.postgres import PostgresJournal
    except ImportError as error:
        raise BadSetting("database_url: install the driver with restante[postgres]") from error
    try:
        return PostgresJournal(
            settings.database_url,
            KINDS,
            password=read_secret(settings.database_password_file),
            derive=derive,
            inline=VIEWS,
            durability=durability,
            hash_parts=settings.database_parts,
            archive_dir=settings.archive_dir,
        )
    except ValueError as error:
        raise BadSetting(f"database_url: {error}") from error
