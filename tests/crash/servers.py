"""PostgreSQL servers that can be killed, started again, and taken over from."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from tests.postgres_server import (
    USER,
    find_port,
    find_programs,
    make_data,
    own_folder,
    run_program,
    start_process,
    wait_for_answer,
)
from tests.programs import wait_until

NODE_SECONDS_MAX = 60.0
"""For anything a server is asked to become."""

STANDBY = "standby"
"""Name a standby gives itself, as ``synchronous_standby_names`` asks for it."""


class Node:
    """One server on a port of its own: its disk is real, and it may die.

    Parameters
    ----------
    folder
        Where it lies; its data is made by :meth:`make`, :meth:`twin` or :meth:`follow`.
    """

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self._folder = folder
        self.port = find_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._settings: dict[str, str] = {}

    @property
    def address(self) -> str:
        """Address of its database."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int:
        """Number of its process."""
        assert self._process is not None
        return self._process.pid

    def make(self) -> None:
        """Make an empty database on disk."""
        make_data(self.data)

    def twin(self, primary: "Node") -> None:
        """Copy a server that was not started yet, to be its standby."""
        run_program(["cp", "-a", str(primary.data), str(self.data)])
        self._follow(primary)

    def follow(self, primary: "Node") -> None:
        """Copy a running server over whatever lies here, to be its standby."""
        shutil.rmtree(self.data, ignore_errors=True)
        command = [
            *(find_programs() / "pg_basebackup", "-D", self.data, "--checkpoint=fast"),
            *("--no-sync", "-d", _line_to(primary)),
        ]
        run_program([*map(str, command)])
        self._follow(primary)

    def start(self, **settings: str) -> None:
        """Start it and return when it answers; settings are kept for later starts."""
        self._settings = {**self._settings, **settings}
        every = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self._folder),
            "port": str(self.port),
            "max_connections": "100",
            "log_min_messages": "fatal",
            "wal_level": "replica",
            "wal_keep_size": "256MB",
            "wal_receiver_timeout": "5s",
            "wal_retrieve_retry_interval": "100ms",
            # A commit that does not wait is on no disk for long, so that its loss is seen; one
            # that waits writes for itself.
            "wal_writer_delay": "10s",
            **self._settings,
        }
        self._process = start_process(self.data, every)
        wait_for_answer(self._process, self.data, self.address)

    def kill(self) -> None:
        """Kill every process of it at once, as if the machine had gone."""
        process = self._process
        assert process is not None
        # Stopped first, so that it makes no new ones.
        os.kill(process.pid, signal.SIGSTOP)
        children = _children_of(process.pid)
        for pid in (process.pid, *children):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(NODE_SECONDS_MAX)
        wait_until(
            lambda: not any(map(is_alive, children)),
            what=f"a killed server process of {children} is gone",
            seconds=NODE_SECONDS_MAX,
        )

    def promote(self) -> None:
        """Make a standby the primary."""
        self.do("SELECT pg_promote(true, 60)")

    def do(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as the server's owner, and give the rows of the last one."""
        rows: list[tuple[object, ...]] = []
        with psycopg.connect(self.address, autocommit=True, connect_timeout=10) as connection:
            for statement in statements:
                cursor = connection.execute(statement)  # type: ignore[arg-type]
                rows = cursor.fetchall() if cursor.description else []
        return rows

    def stop(self) -> None:
        """End it at once, if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _follow(self, primary: "Node") -> None:
        mark, owner = self.data / "standby.signal", self.data.stat()
        mark.touch()
        os.chown(mark, owner.st_uid, owner.st_gid)
        with (self.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = '{_line_to(primary)}'\n")
            # What the copied server waits for is not what this one does.
            settings.write("synchronous_standby_names = ''\n")


@contextmanager
def nodes(count: int) -> Iterator[Sequence[Node]]:
    """Give room for servers; whatever runs at the end is killed."""
    with own_folder() as folder:
        owner = folder.stat()
        made = []
        for n in range(count):
            own = folder / str(n)
            own.mkdir()
            os.chown(own, owner.st_uid, owner.st_gid)
            made.append(Node(own))
        try:
            yield made
        finally:
            for node in made:
                node.stop()


@contextmanager
def primary_and_standby(*, is_synchronous: bool) -> Iterator[tuple[Node, Node, str]]:
    """Run a primary and a standby that follows it; the third is an address of both."""
    with nodes(2) as (primary, standby):
        primary.make()
        standby.twin(primary)
        primary.start()
        standby.start()
        wait_for_standby(primary)
        if is_synchronous:
            name_synchronous(primary)
        yield primary, standby, address_of(primary, standby)


def wait_for_standby(primary: Node) -> None:
    """Return when a standby follows."""
    wait_until(
        lambda: primary.do("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'") != [],
        what="a standby follows",
        seconds=NODE_SECONDS_MAX,
    )


def name_synchronous(primary: Node) -> None:
    """Let commits wait for the standby from now on."""
    primary.do(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'")
    primary.do("SELECT pg_reload_conf()")
    wait_until(
        lambda: primary.do("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'") != [],
        what="the standby is synchronous",
        seconds=NODE_SECONDS_MAX,
    )


def address_of(*servers: Node) -> str:
    """Write an address that names several servers."""
    places = ",".join(f"127.0.0.1:{node.port}" for node in servers)
    return f"postgresql://{USER}@{places}/postgres"


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and nobody collects does not."""
    return _read_stat(pid)[:1] not in ([], ["Z"], ["X"])


def _children_of(parent: int) -> list[int]:
    numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return [pid for pid in numbers if _read_stat(pid)[1:2] == [str(parent)]]


def _read_stat(pid: int) -> list[str]:
    # State, parent and more; nothing of a process that is gone.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _line_to(primary: Node) -> str:
    return f"host=127.0.0.1 port={primary.port} user={USER} application_name={STANDBY}"
