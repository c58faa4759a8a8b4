"""A private PostgreSQL, to measure and to test with: started from installed programs, then gone.

Nothing of a server that may run on this machine is touched: own folder, own socket, free port.
Nothing of it stays: a keeper outlives this process, however that ends, and then ends the server and
takes its folder away.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

USER = "restante"
START_SECONDS_MAX = 60
"""A server answers within this, also on a busy machine (chosen)."""

STOP_SECONDS_MAX = 30

PROGRAM_SECONDS_MAX = 120
"""For ``initdb`` and its like."""

_MISSING = "no PostgreSQL server is installed here: install the package postgresql"

# Its input ends when we do. Numbers of processes are given away again: only one whose command names
# the folder is ended. Nobody may collect those that have ended, so none is waited for.
_KEEPER = """
read -r _
for signal in QUIT KILL; do
  found=
  for file in "$1"/data/postmaster.pid "$1"/*/data/postmaster.pid; do
    read -r pid 2>/dev/null <"$file" || continue
    grep -qsF "$1" "/proc/$pid/cmdline" || continue
    found=$pid
    # One that is stopped hears of nothing else.
    test $signal = KILL && found="$found $(grep -ls "^PPid:[[:space:]]*$pid$" \
      /proc/[0-9]*/status | cut -d / -f 3)"
    kill -s $signal $found 2>/dev/null
  done
  test "$found" || break
  sleep 1
done
rm -rf -- "$1"
"""


class Server(NamedTuple):
    """A running server."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"

    def address(self, database: str = "postgres", schema: str = "") -> str:
        """Give the address of a database in it; all names of the address in one schema."""
        options = f"&options=-csearch_path%3D{schema}" if schema else ""
        return f"postgresql://{USER}@/{database}?host={self.folder}&port={self.port}{options}"

    def make_schema(self, name: str) -> str:
        """Make an empty schema, as good as a database and ten times as fast; give its address."""
        self.do(f'CREATE SCHEMA "{name}"')
        return self.address(schema=name)

    def make_database(self, name: str, *, like: str = "template1") -> str:
        """Make a database, empty or a copy of one that nobody uses, and give its address."""
        self.do(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
        return self.address(name)

    def do(self, *statements: str) -> None:
        """Run statements as the server's owner."""
        with psycopg.connect(
            self.address(), autocommit=True, connect_timeout=START_SECONDS_MAX
        ) as connection:
            for statement in statements:
                connection.execute(statement)


@cache
def find_programs() -> Path:
    """Find the folder of ``initdb`` and ``postgres``; the newest release when there are several."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: float(path.parent.parent.name),
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise FileNotFoundError(_MISSING)
    return Path(on_path).resolve().parent


@contextlib.contextmanager
def run_server(
    *, is_durable: bool = False, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Start a server and stop it at the end.

    Parameters
    ----------
    is_durable
        Whether a commit waits for the disk, as in life.
    settings
        What else the server is started with.
    """
    with own_folder() as folder:
        data = folder / "data"
        make_data(data)
        chosen = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(folder),
            "port": str(find_port()),
            "fsync": "on" if is_durable else "off",
            "full_page_writes": "on" if is_durable else "off",
            "max_connections": "200",
            "log_min_messages": "fatal",
            **(settings or {}),
        }
        process = start_process(data, chosen)
        server = Server(folder, int(chosen["port"]), process)
        try:
            wait_for_answer(process, data, server.address())
            yield server
        finally:
            stop_process(process)


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """Make a folder for servers; when this process ends, they end and it is gone."""
    # A socket's path may hold 107 characters; the folders of tests are longer.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    keeper = subprocess.Popen(  # noqa: S603
        ["/bin/sh", "-c", _KEEPER, "sh", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        # What ends us, such as a signal to our group, must not end it.
        start_new_session=True,
    )
    account = _account()
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    try:
        yield folder
    finally:
        # However large it has become: the keeper finds nothing to do.
        shutil.rmtree(folder, ignore_errors=True)
        assert keeper.stdin is not None
        keeper.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            keeper.wait(STOP_SECONDS_MAX)


def find_port() -> int:
    """Find a port nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def make_data(data: Path) -> None:
    """Make an empty database on disk."""
    command = [str(find_programs() / "initdb"), "-D", str(data), "-U", USER, "-A", "trust"]
    run_program([*command, "-E", "UTF8", "--no-sync", "--locale=C"])


def start_process(data: Path, settings: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a server; what it says is kept beside its data."""
    flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with _log_of(data).open("ab") as log:
        return subprocess.Popen(  # noqa: S603
            [str(find_programs() / "postgres"), "-D", str(data), *flags],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=data.parent,
            **_as(_account()),
        )


def wait_for_answer(process: "subprocess.Popen[bytes]", data: Path, address: str) -> None:
    """Return when a server answers.

    Raises
    ------
    RuntimeError
        When it has ended, or does not answer in time; with what it said.
    """
    until = time.monotonic() + START_SECONDS_MAX
    why: object = ""
    while process.poll() is None and time.monotonic() < until:
        try:
            with psycopg.connect(address, autocommit=True, connect_timeout=5) as connection:
                connection.execute("SELECT 1")
                return
        except psycopg.OperationalError as error:
            why = error
        time.sleep(0.02)
    code = process.poll()
    what = f"ended with {code}" if code is not None else f"did not answer in {START_SECONDS_MAX} s"
    said = _log_of(data).read_text(errors="replace")[-2000:]
    raise RuntimeError(f"the PostgreSQL server {what} ({why}); it said:\n{said}")


def stop_process(process: "subprocess.Popen[bytes]") -> None:
    """End a server: politely, then at once."""
    for one in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        process.send_signal(one)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS_MAX)
            return
    raise RuntimeError(f"the PostgreSQL server {process.pid} cannot be killed")


def run_program(command: Sequence[str]) -> None:
    """Run a program of PostgreSQL's as who may run its server.

    Raises
    ------
    RuntimeError
        When it fails, or takes too long; with what it said.
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd="/",
            **_as(_account()),
        )
        try:
            code: object = process.wait(PROGRAM_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS_MAX)
            code = f"no end in {PROGRAM_SECONDS_MAX} s"
        if code != 0:
            said.seek(0)
            told = said.read().decode(errors="replace")
            raise RuntimeError(f"{' '.join(command)} failed ({code}):\n{told}")


def _account() -> pwd.struct_passwd | None:
    # The server refuses to run as root.
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise FileNotFoundError("no user to run PostgreSQL as: make one called postgres")


def _as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _log_of(data: Path) -> Path:
    return data.with_name(f"{data.name}.log")
