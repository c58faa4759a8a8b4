"""The same recording where no file system can be mounted: read off a program's system calls.

``strace`` writes down what the program asks of the kernel; this reads what concerns its files.
It sees what was asked and not what the kernel did, which for a recording is the same. It can also
let calls fail, which then never reach the file system.
"""

import ctypes
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tests.power.disk import Op
from tests.programs import KILLED_SECONDS_MAX, run_program, wait_for_end, wait_until

CALLS: Final = (
    "openat,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,"
    "fdatasync,sync_file_range,unlink,unlinkat,rename,renameat,renameat2,link,symlink"
)
"""Every call that changes a file or makes a change sure."""

ATTACH_SECONDS_MAX: Final = 20

_FAILING: Final = {"write": "pwrite64", "fsync": "fsync,fdatasync"}
_SET_PTRACER: Final = 0x59616D61

_LINE: Final = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
_HANDLE: Final = re.compile(r"^\d+<([^>]*)>(\(deleted\))?")
_TEXT: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


class NotUnderstood(Exception):
    """A call that this reader does not know how to play."""


class FailingCalls:
    """Lets calls of the calling thread fail, as :class:`tests.power.fuse.Failing` does.

    Whoever is looked into can be stopped by whoever looks: only a program that somebody else
    watches and may kill does this to itself (:mod:`tests.power.fullness`).

    Without a file system of our own it is every file's writes that count, and not only those of
    one folder; a journal alone writes at a place (``pwrite64``) or makes sure.
    """

    def __init__(self) -> None:
        self._tracer: subprocess.Popen[bytes] | None = None

    def arm(self, failing: str) -> None:
        """Say which calls fail from now on: ``write:3:2:ENOSPC``, or an empty text for none."""
        if self._tracer is not None:
            self._tracer.terminate()
            wait_for_end(self._tracer, KILLED_SECONDS_MAX, "strace does not let go")
            self._tracer = None
        if not failing:
            return
        kind, first, count, code = failing.split(":")
        calls = _FAILING[kind]
        last = int(first) + int(count) - 1
        with tempfile.TemporaryFile() as said:
            tracer = self._tracer = subprocess.Popen(
                [
                    *("strace", "-o", "/dev/null", "-e", f"trace={calls}", "-e", "signal=none"),
                    *("-e", f"inject={calls}:error={code}:when={first}..{last}"),
                    *("-p", str(threading.get_native_id())),
                ],
                stdin=subprocess.DEVNULL,
                stderr=said,
            )
            # Some kernels let nobody but a parent look in, except whom one names.
            ctypes.CDLL(None).prctl(_SET_PTRACER, tracer.pid, 0, 0, 0)
            wait_until(
                lambda: b"attached" in os.pread(said.fileno(), 4096, 0) or tracer.poll(),
                what="strace looks in here",
                seconds=ATTACH_SECONDS_MAX,
            )
            if tracer.poll():
                told = os.pread(said.fileno(), 4096, 0).decode(errors="replace")
                raise RuntimeError(f"strace cannot look in here: {told}")


def run_recorded(command: list[str], folder: Path, cwd: Path) -> list[Op]:
    """Run a program to its end and keep what it did to the files of a folder."""
    log = folder.parent / f"{folder.name}.strace"
    options = [
        "-f",
        "-qq",
        "-y",
        "-xx",
        "-s",
        "1048576",
        "-e",
        f"trace={CALLS}",
        "-e",
        "signal=none",
    ]
    done = run_program(["strace", *options, "-o", log, "--", *command], cwd=cwd)
    if done.code:
        raise RuntimeError(f"ended with {done.code}: {done.said[-4000:]}")
    with log.open(encoding="ascii") as lines:
        return list(read_calls(lines, str(folder)))


def read_calls(lines: Iterable[str], folder: str, told: str = "told") -> Iterator[Op]:
    """Turn lines of strace into a recording of one folder's files."""
    names: set[str] = set()
    for line in lines:
        found = _LINE.match(line)
        if found is None:
            if "unfinished" in line or "resumed" in line:
                raise NotUnderstood(f"two threads at once: {line[:200]}")
            continue
        call, arguments, answer = found[1], found[2], int(found[3])
        if answer >= 0:
            yield from _read_call(call, arguments, answer, folder, told, names)


def _read_call(
    call: str, arguments: str, answer: int, folder: str, told: str, names: set[str]
) -> Iterator[Op]:
    match call:
        case "openat" | "creat":
            path = _inside(_text(arguments).decode(), folder)
            if path is not None and path not in names and "O_CREAT" in arguments:
                names.add(path)
                if path != told:
                    yield Op("create", path)
        case "unlink" | "unlinkat":
            path = _inside(_text(arguments).decode(), folder)
            if path is not None:
                names.discard(path)
                yield Op("unlink", path)
        case _:
            yield from _read_handle(call, arguments, answer, folder, told, names)


def _read_handle(
    call: str, arguments: str, answer: int, folder: str, told: str, names: set[str]
) -> Iterator[Op]:
    path = _handle_path(arguments, folder)
    if path is None:
        return
    if call in ("fsync", "fdatasync"):
        yield Op("fsync", path) if path in names else Op("syncdir", path)
    elif path == told and call == "write":
        yield Op("told", path, 0, _text(arguments)[:answer])
    elif path not in names:
        return
    elif call == "pwrite64":
        yield Op("write", path, int(arguments.rpartition(", ")[2]), _text(arguments)[:answer])
    elif call == "ftruncate":
        yield Op("truncate", path, int(arguments.rpartition(", ")[2]))
    elif call == "fallocate" and path.endswith("-shm"):
        return
    else:
        raise NotUnderstood(f"{call} of {path}")


def _handle_path(arguments: str, folder: str) -> str | None:
    found = _HANDLE.match(arguments)
    if found is None or found[2]:
        return None
    return _inside(_plain(found[1]), folder)


def _inside(path: str, folder: str) -> str | None:
    if path == folder:
        return "."
    return path.removeprefix(f"{folder}/") if path.startswith(f"{folder}/") else None


def _text(arguments: str) -> bytes:
    found = _TEXT.search(arguments)
    if found is None:
        raise NotUnderstood(arguments[:200])
    return _bytes(found[1])


def _plain(text: str) -> str:
    return _bytes(text).decode() if text.startswith("\\x") else text


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
