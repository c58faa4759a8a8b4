"""A file system of our own under a program: it keeps a recording, and fails when it is told to.

``python -m tests.power.fuse MOUNT RECORDING``

Everything is kept in memory. The recording is written when the file system is unmounted. What is
written to the file ``told`` is recorded as told, in the same order as everything else. What is
written to the file ``failing`` says which calls fail from now on: ``write:3:2:ENOSPC`` lets the
third and the fourth write fail, an empty line none.
"""

import errno
import os
import stat
import sys
from pathlib import Path
from typing import Any

import mfusepy
import msgspec

from tests.power.disk import Op

TOLD = "told"
FAILING = "failing"


class Failing:
    """Which calls fail, and how."""

    def __init__(self, text: str) -> None:
        kind, first, count, code = text.strip().split(":")
        self._kind = kind
        self._first = int(first)
        self._last = self._first + int(count)
        self._errno = getattr(errno, code)
        self._seen = 0

    def check(self, kind: str) -> None:
        """Fail when it is this call's turn."""
        if kind != self._kind:
            return
        self._seen += 1
        if self._first <= self._seen < self._last:
            raise OSError(self._errno, os.strerror(self._errno))


class Recorder(mfusepy.Operations):  # type: ignore[misc]
    """Files in memory, and everything that is done to them."""

    use_ns = True

    def __init__(self, recording: Path) -> None:
        self._recording = recording
        self._failing: Failing | None = None
        self._names: dict[str, bytearray] = {}
        self._directories = {"."}
        self._open: dict[int, bytearray] = {}
        self._paths: dict[int, str] = {}
        self._handle = 0
        self._ops: list[Op] = []

    def _fail(self, kind: str, path: str) -> None:
        if self._failing is not None and not path.endswith("-shm"):
            self._failing.check(kind)

    def _file(self, path: str) -> bytearray:
        found = self._names.get(_relative(path))
        if found is None:
            raise OSError(errno.ENOENT, "no such file")
        return found

    def _record(self, content: bytearray, op: Op) -> None:
        # What is done to a file that has no name any more survives nothing.
        if self._names.get(op.path) is content:
            self._ops.append(op)

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        name = _relative(path)
        if name in self._directories:
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2, "st_uid": os.getuid()}
        content = self._open[fh] if fh in self._open else self._file(path)
        return {
            "st_mode": stat.S_IFREG | 0o600,
            "st_nlink": 1,
            "st_size": len(content),
            "st_uid": os.getuid(),
        }

    def readdir(self, path: str, fh: int) -> list[str]:
        name = _relative(path)
        inside = [one for one in (*self._names, *self._directories) if one != "."]
        return [".", "..", *(Path(one).name for one in inside if str(Path(one).parent) == name)]

    def mkdir(self, path: str, mode: int) -> int:
        self._directories.add(_relative(path))
        return 0

    def chmod(self, path: str, mode: int) -> int:
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        return 0

    def utimens(self, path: str, times: Any = None) -> int:
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        return {"f_bsize": 4096, "f_blocks": 1 << 20, "f_bavail": 1 << 20, "f_bfree": 1 << 20}

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        name = _relative(path)
        self._names[name] = bytearray()
        if name not in (TOLD, FAILING):
            self._ops.append(Op("create", name))
        return self.open(path, 0)

    def open(self, path: str, flags: int) -> int:
        self._handle += 1
        self._open[self._handle] = self._file(path)
        self._paths[self._handle] = _relative(path)
        return self._handle

    def release(self, path: str, fh: int) -> int:
        self._open.pop(fh, None)
        self._paths.pop(fh, None)
        return 0

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return bytes(self._open[fh][offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        name, content = self._paths[fh], self._open[fh]
        if name == TOLD:
            self._ops.append(Op("told", name, 0, bytes(data)))
        elif name == FAILING:
            self._failing = Failing(data.decode()) if data.strip() else None
        else:
            self._fail("write", name)
            self._record(content, Op("write", name, offset, bytes(data)))
        if offset > len(content):
            content.extend(bytes(offset - len(content)))
        content[offset : offset + len(data)] = data
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        content = self._open[fh] if fh in self._open else self._file(path)
        self._record(content, Op("truncate", _relative(path), length))
        if length <= len(content):
            del content[length:]
        else:
            content.extend(bytes(length - len(content)))
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        name = self._paths[fh]
        self._fail("fsync", name)
        self._record(self._open[fh], Op("fsync", name))
        return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        self._ops.append(Op("syncdir", _relative(path)))
        return 0

    def unlink(self, path: str) -> int:
        del self._names[_relative(path)]
        self._ops.append(Op("unlink", _relative(path)))
        return 0

    def rename(self, old: str, new: str, flags: int = 0) -> int:
        before, after = _relative(old), _relative(new)
        self._names[after] = self._names.pop(before)
        self._ops.append(Op("rename", before, to=after))
        return 0

    def destroy(self, path: str) -> None:
        self._recording.write_bytes(msgspec.msgpack.encode(self._ops))


def _relative(path: str) -> str:
    return path.strip("/") or "."


def main(mount: str, recording: str) -> None:
    """Serve until unmounted."""
    mfusepy.FUSE(
        Recorder(Path(recording)), mount, foreground=True, nothreads=True, hard_remove=True
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
