"""A private PostgreSQL, to measure and to test with: started from installed programs, then gone.

Nothing of a server that may run on this machine is touched: own folder, own socket, free port.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

USER = "restante"
_MISSING = "no PostgreSQL server is installed here: install the package postgresql"


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

    def make_database(self, name: str) -> str:
        """Make an empty database and give its address."""
        self.do(f'CREATE DATABASE "{name}"')
        return self.address(name)

    def do(self, *statements: str) -> None:
        """Run statements as the server's owner."""
        with psycopg.connect(self.address(), autocommit=True) as connection:
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
def run_server(*, is_durable: bool = False) -> Iterator[Server]:
    """Start a server and stop it at the end.

    Parameters
    ----------
    is_durable
        Whether a commit waits for the disk, as in life.
    """
    programs = find_programs()
    # A socket's path may hold 107 characters; the folders of tests are longer.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    account = _account()
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    data = folder / "data"
    make = [str(programs / "initdb"), "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8"]
    try:
        _run([*make, "--no-sync", "--locale=C"], account)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(folder),
            "port": str(port),
            "fsync": "on" if is_durable else "off",
            "full_page_writes": "on" if is_durable else "off",
            "max_connections": "200",
            "log_min_messages": "fatal",
        }
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        process = subprocess.Popen(  # noqa: S603
            [str(programs / "postgres"), "-D", str(data), *flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            **_as(account),
        )
        try:
            server = Server(folder, port, process)
            _run([str(programs / "pg_isready"), "-q", "-h", str(folder), "-p", str(port)], None, 30)
            yield server
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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


def _run(command: Sequence[str], account: pwd.struct_passwd | None, patience: int = 1) -> None:
    """Run a program until it succeeds, with that many seconds of patience."""
    said = b""
    waiting = ["timeout", str(patience), "sh", "-c", 'until "$@"; do sleep 0.05; done', "sh"]
    wanted = [*waiting, *command] if patience > 1 else list(command)
    done = subprocess.run(  # noqa: S603
        wanted, check=False, capture_output=True, cwd="/", stdin=subprocess.DEVNULL, **_as(account)
    )
    if done.returncode != 0:
        said = done.stderr or done.stdout
        raise RuntimeError(f"{' '.join(command)} failed:\n{said.decode(errors='replace')}")
