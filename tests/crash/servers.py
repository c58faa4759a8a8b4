"""PostgreSQL servers that can be killed, started again, and taken over from."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from time import monotonic

import psycopg

from tests.postgres_server import USER, _account, _as, _run, find_programs

START_SECONDS_MAX = 30
STANDBY = "standby"
"""Name a standby gives itself, as ``synchronous_standby_names`` asks for it."""

_pause = Event()


class Node:
    """One server on a port of its own: its disk is real, and it may die.

    Parameters
    ----------
    folder
        Where it lies; its data is made by :meth:`make` or :meth:`follow`.
    """

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self._settings: dict[str, str] = {}

    @property
    def address(self) -> str:
        """Address of its database."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        """Make an empty database on disk."""
        command = [find_programs() / "initdb", "-D", self.data, "-U", USER, "-A", "trust"]
        _run([*map(str, command), "-E", "UTF8", "--no-sync", "--locale=C"], _account())

    def follow(self, primary: "Node") -> None:
        """Copy a running server, to be its standby."""
        line = f"host=127.0.0.1 port={primary.port} user={USER}"
        command = [
            *(find_programs() / "pg_basebackup", "-D", self.data, "-R", "-C", "-S", STANDBY),
            *("--checkpoint=fast", "--no-sync", "-d", f"{line} application_name={STANDBY}"),
        ]
        _run([*map(str, command)], _account())

    def start(self, **settings: str) -> None:
        """Start it and return when it answers; settings are kept for later starts."""
        self._settings = {**self._settings, **settings}
        every = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self._folder),
            "port": str(self.port),
            "max_connections": "200",
            "log_min_messages": "fatal",
            "wal_level": "replica",
            "wal_receiver_timeout": "5s",
            "wal_retrieve_retry_interval": "200ms",
            **self._settings,
        }
        flags = [part for name, value in every.items() for part in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(  # type: ignore[call-overload]
            [str(find_programs() / "postgres"), "-D", str(self.data), *flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            **_as(_account()),
        )
        wait_until(self._answers, "the server does not answer")

    def kill(self) -> None:
        """Kill every process of it at once, as if the machine had gone."""
        process = self._process
        assert process is not None
        # Stopped first, so that it makes no new ones.
        os.kill(process.pid, signal.SIGSTOP)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for pid in (process.pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(START_SECONDS_MAX)
        wait_until(lambda: not any(map(_is_alive, children)), "a server process lives on")

    def promote(self) -> None:
        """Make a standby the primary."""
        self.do("SELECT pg_promote(true, 30)")

    def do(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as the server's owner, and give the rows of the last one."""
        rows: list[tuple[object, ...]] = []
        with psycopg.connect(self.address, autocommit=True, connect_timeout=5) as connection:
            for statement in statements:
                cursor = connection.execute(statement)  # type: ignore[arg-type]
                rows = cursor.fetchall() if cursor.description else []
        return rows

    def stop(self) -> None:
        """End it at once, if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError("the server ended by itself")
        try:
            return bool(self.do("SELECT 1"))
        except psycopg.OperationalError:
            return False


@contextmanager
def nodes(count: int) -> Iterator[Sequence[Node]]:
    """Give room for servers; whatever runs at the end is killed."""
    account = _account()
    # A socket's path may hold 107 characters; the folders of tests are longer.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    made = []
    for n in range(count):
        own = folder / str(n)
        own.mkdir()
        made.append(Node(own))
    if account is not None:
        for path in (folder, *folder.iterdir()):
            os.chown(path, account.pw_uid, account.pw_gid)
    try:
        yield made
    finally:
        for node in made:
            node.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def primary_and_standby(*, is_synchronous: bool) -> Iterator[tuple[Node, Node, str]]:
    """Run a primary and a standby that follows it; the third is an address of both."""
    with nodes(2) as (primary, standby):
        primary.make()
        primary.start()
        standby.follow(primary)
        standby.start()
        wait_until(
            lambda: primary.do("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'") != [],
            "the standby does not follow",
        )
        if is_synchronous:
            name_synchronous(primary)
        yield primary, standby, address_of(primary, standby)


def name_synchronous(primary: Node) -> None:
    """Let commits wait for the standby from now on."""
    primary.do(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'")
    primary.do("SELECT pg_reload_conf()")
    wait_until(
        lambda: primary.do("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'") != [],
        "the standby is not synchronous",
    )


def address_of(*servers: Node) -> str:
    """Write an address that names several servers."""
    places = ",".join(f"127.0.0.1:{node.port}" for node in servers)
    return f"postgresql://{USER}@{places}/postgres"


def wait_until(is_so: "object", what: str, seconds: float = START_SECONDS_MAX) -> float:
    """Return when something is so, and how long it took.

    Raises
    ------
    TimeoutError
        When it was not so in time; says ``what``.
    """
    began = monotonic()
    while not is_so():  # type: ignore[operator]
        if monotonic() - began > seconds:
            raise TimeoutError(f"{what} after {seconds:.0f} s")
        _pause.wait(0.02)
    return monotonic() - began


def _is_alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
