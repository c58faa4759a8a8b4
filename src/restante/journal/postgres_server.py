"""Reaching a PostgreSQL server so that what was acknowledged stays.

R1. ``synchronous_commit`` is never off in a writing session: a commit returns after the disk (and,
    where the operator names synchronous standbys, theirs) has it.
R2. A password is never part of an address: it is in a file, or where libpq looks for it.
R3. A writer that waits for the turn of another gives up after :data:`BUSY_SECONDS`.
R4. Of several servers in an address, the one that takes writes is spoken to; after a failover that
    is found out anew with the next connection.
R5. A server that says nothing more is given up after :data:`SILENT_SECONDS`.

It knows PostgreSQL and nothing of what is stored.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from .port import Busy, Damaged, Full, RowRejected
from .postgres_standby import read_failover_mode

Durability: TypeAlias = Literal["full", "relaxed"]
"""``relaxed`` never waits for the disk: for simulation only, a power cut may lose the last."""

BUSY_SECONDS: Final = 10
"""Seconds to wait for another process's turn before giving up with Busy. Chosen."""

CONNECT_SECONDS: Final = 5
"""Seconds a server has for answering a new connection."""

SILENT_SECONDS: Final = 10
"""Seconds after which a machine that does not even confirm packets counts as gone."""

APPLICATION: Final = "restante"
"""What a server's administrator sees of us."""

LINE: Final[dict[str, Any]] = {
    "connect_timeout": CONNECT_SECONDS,
    "application_name": APPLICATION,
    "keepalives_idle": SILENT_SECONDS // 2,
    "keepalives_interval": 1,
    "keepalives_count": SILENT_SECONDS // 2,
    "tcp_user_timeout": SILENT_SECONDS * 1000,
}
"""How every connection is made (R5)."""

READERS_MAX: Final = 16
"""Reading connections of one process at once. Chosen: a default server has a hundred for all."""

WRITERS_MAX: Final = 6
"""Writing connections: three of the committer's (:mod:`.postgres_relay` keeps two), the outbox's,
and room for a follower or two."""

_FULL: Final = frozenset({"53100", "53200"})
_PLACE: Final = frozenset({"28000", "28P01", "3D000", "42501"})
_READ_ONLY: Final = "25006"
_PASSING: Final = ("08", "25", "40", "53", "55", "57")
"""Classes of errors that another try may not meet: connections, turns, resources."""


class Unreachable(Busy):
    """No server answers at the address; the message says what to look at."""


def parse_address(address: str, password: str = "") -> URL:
    """Read the address of a database, ``postgresql://user@host:5432/restante``.

    Several servers are written with a comma, ``postgresql://user@one:5432,two:5432/restante``.

    Raises
    ------
    ValueError
        When it is not one, or holds a password (R2).
    """
    try:
        alone, hosts, ports = _part_servers(address)
        url = make_url(alone)
    except (ArgumentError, ValueError) as error:
        raise ValueError("write it as postgresql://user@host:5432/database") from error
    if hosts:
        url = url.update_query_dict({"host": hosts, "port": ports})
    if "," in str(url.query.get("host", "")) and "target_session_attrs" not in url.query:
        # R4.
        url = url.update_query_dict({"target_session_attrs": "read-write"})
    if url.drivername not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise ValueError(f"begins with {url.drivername!r}; only postgresql:// is known")
    if url.password is not None:
        raise ValueError("holds a password; put it into the file database_password_file names")
    url = url.set(drivername="postgresql+psycopg")
    return url.set(password=password) if password else url


def _part_servers(address: str) -> tuple[str, str, str]:
    """Take several servers out of an address, which is as libpq takes them: hosts and ports."""
    begin, mark, rest = address.partition("://")
    place = rest[: min((rest.find(end) for end in "/?" if end in rest), default=len(rest))]
    user, at, servers = place.rpartition("@")
    if "," not in servers:
        return address, "", ""
    hosts, ports = [], []
    for server in servers.split(","):
        host, _, port = server.rpartition(":") if ":" in server else (server, "", "5432")
        if not host or not port.isdecimal():
            raise ValueError(server)
        hosts.append(host.strip("[]"))
        ports.append(port)
    return begin + mark + user + at + rest[len(place) :], ",".join(hosts), ",".join(ports)


def make_writers(url: URL, *, durability: Durability) -> Engine:
    """Make the engine for writing."""
    engine = _make_engine(url, size=WRITERS_MAX, isolation="READ COMMITTED")
    is_relaxed = durability == "relaxed"

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
            if is_relaxed:
                cursor.execute("SET synchronous_commit = off")
            else:
                # R1: an operator's stronger wish (remote_apply) is left alone; ``local`` would not
                # wait for a synchronous standby.
                cursor.execute(
                    "SELECT set_config('synchronous_commit', 'on', false) "
                    "WHERE current_setting('synchronous_commit') IN ('off', 'local')"
                )
        connection.commit()

    return engine


def make_readers(url: URL) -> Engine:
    """Make the engine for reading; each transaction sees one moment."""
    engine = _make_engine(url, size=READERS_MAX, isolation="REPEATABLE READ")
    return engine.execution_options(postgresql_readonly=True)


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turn the driver's errors into the journal's, with what to do about them."""
    try:
        yield
    except DBAPIError as error:
        raise translate(error, url) from error
    except UnicodeEncodeError as error:
        raise RowRejected(f"a row holds text that cannot be written: {error}") from error
    except PoolTimeout as error:
        raise Busy(f"all connections to {_name(url)} are in use; try again") from error
    except SQLAlchemyError as error:
        # "Can't reconnect until invalid transaction is rolled back" and its kin.
        raise Busy(f"the connection to {_name(url)} was lost ({error}); try again") from error


def look_at(address: str, password: str = "") -> Iterator[tuple[str, str]]:
    """Tell an operator how safe commits are on a server: what is, and how to mend it if need be."""
    url = parse_address(address, password)
    engine = make_readers(url)
    try:
        with translated(url), engine.connect() as connection:
            names = ("server_version", "fsync", "full_page_writes")
            version, fsync, pages = (
                str(connection.exec_driver_sql(f"SHOW {name}").scalar_one()) for name in names
            )
            mode = read_failover_mode(connection)
    finally:
        engine.dispose()
    yield f"PostgreSQL {version} at {_name(url)}", ""
    for name, value in (("fsync", fsync), ("full_page_writes", pages)):
        if value == "off":
            yield f"{name} is off: a power cut loses facts", f"set {name} = on and reload"
    yield mode.text, mode.fix


def translate(error: DBAPIError, url: URL) -> Exception:
    """Say one of the driver's errors in the journal's words."""
    code: str = getattr(error.orig, "sqlstate", None) or ""
    name = _name(url)
    if isinstance(error, IntegrityError | DataError):
        return RowRejected(f"a row breaks a constraint: {error.orig}")
    if code in _FULL:
        return Full(
            f"{name} cannot be written ({error.orig}): make room on the server, nothing "
            "acknowledged is lost and writing then goes on by itself"
        )
    if code in _PLACE:
        return PermissionError(f"{name} lets this user not in or not write: {error.orig}")
    if code == _READ_ONLY:
        return Unreachable(
            f"{name} takes no writes ({error.orig}): it is a standby, or has just become one; name "
            "all servers in the address, and the one that takes writes is found"
        )
    if not code and not error.connection_invalidated:
        return Unreachable(f"no server answers at {name} ({error.orig}): is it started?")
    if not code or code.startswith(_PASSING):
        why = code or "connection lost"
        return Busy(f"{name} could not serve this ({error.orig}, {why}); try again")
    return Damaged(
        f"{name} is damaged or is not what this release expects ({error.orig}, {code}): stop, "
        "run 'restante journal verify', and restore the last good copy"
    )


def _make_engine(url: URL, *, size: int, isolation: str) -> Engine:
    return create_engine(
        url,
        isolation_level=isolation,
        pool_size=size,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=LINE,
    )


def _name(url: URL) -> str:
    return url.render_as_string(hide_password=True).replace("+psycopg", "")
