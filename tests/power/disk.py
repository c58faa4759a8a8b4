"""A disk that forgets: what a power cut leaves of files, from a record of what was done to them.

A recording is the list of everything a program did to its files and everything it told somebody,
in one order. Played up to any place and *cut* there, it gives the files as a disk may hold them
when the power goes at that moment.

Rules
-----
P1  What was written to a file survives when an fsync (or fdatasync) of that file came after it.
P2  Names made, changed or taken away survive when an fsync of their directory came after it.
P3  Of everything later, the cut decides: nothing of it (``DROP``); for each file a beginning of
    its own, its last write torn at a sector (``TORN``); or any of its sectors (``SCATTER``).
P4  Names that were not yet made sure survive up to some moment, in their order, as with a
    journaling file system.
P5  Files differ: of two that wait, the later may survive and the earlier be lost.

Not modeled: a disk that lies about fsync, sectors that tear inside, and bits that rot.
"""

import random
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

SECTOR_BYTES: Final = 512
"""What a disk writes whole or not at all."""


class Op(msgspec.Struct, array_like=True, frozen=True):
    """One thing done to the files, or one thing told."""

    kind: str
    """``create``, ``write``, ``truncate``, ``fsync``, ``unlink``, ``rename``, ``syncdir``,
    ``told``."""
    path: str
    """Relative to the root of the disk; for ``syncdir`` a directory, ``.`` for the root."""
    offset: int = 0
    """For ``truncate`` the new size."""
    content: bytes = b""
    to: str = ""


class Loss(StrEnum):
    """What a cut does to what was not made sure (P3)."""

    DROP = "drop"
    TORN = "torn"
    SCATTER = "scatter"


class _File:
    def __init__(self) -> None:
        self.now = bytearray()
        self.sure = b""
        self.waiting: list[Op] = []


class Disk:
    """Files as programs see them, and as the power would leave them."""

    def __init__(self) -> None:
        self._names: dict[str, _File] = {}
        self._sure_names: dict[str, _File] = {}
        self._waiting: list[Op] = []

    def play(self, op: Op) -> None:
        """Do one thing."""
        match op.kind:
            case "write" | "truncate":
                file = self._names[op.path]
                _apply(file.now, op)
                file.waiting.append(op)
            case "fsync":
                file = self._names[op.path]
                file.sure = bytes(file.now)
                file.waiting.clear()
            case "create" | "unlink" | "rename":
                made = _File() if op.kind == "create" else None
                _rename(self._names, op, made)
                self._waiting.append(op)
            case "syncdir":
                self._sync_names(op.path)
            case "told":
                pass
            case _:
                raise ValueError(op.kind)

    def files(self) -> dict[str, bytes]:
        """Tell what programs see: also what a killed program leaves."""
        return {path: bytes(file.now) for path, file in self._names.items()}

    def cut(self, loss: Loss, dice: random.Random) -> dict[str, bytes]:
        """Tell what the disk holds when the power goes now."""
        names = dict(self._sure_names)
        kept = 0 if loss is Loss.DROP else dice.randint(0, len(self._waiting))
        made = {op.path: self._names.get(op.path) for op in self._waiting if op.kind == "create"}
        for op in self._waiting[:kept]:
            _rename(names, op, made.get(op.path) or _File())
        return {path: _survivor(file, loss, dice) for path, file in sorted(names.items())}

    def _sync_names(self, directory: str) -> None:
        # Names of other directories go on waiting.
        self._waiting = [op for op in self._waiting if _parent(op.path) != directory]
        for path in [path for path in self._sure_names if _parent(path) == directory]:
            del self._sure_names[path]
        for path, file in self._names.items():
            if _parent(path) == directory:
                self._sure_names[path] = file


def read_recording(path: Path) -> list[Op]:
    """Read a recording."""
    return msgspec.msgpack.decode(path.read_bytes(), type=list[Op])


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Put files where a program can open them."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _parent(path: str) -> str:
    return str(Path(path).parent)


def _rename(names: dict[str, _File], op: Op, made: _File | None) -> None:
    match op.kind:
        case "create" if made is not None:
            names[op.path] = made
        case "unlink":
            names.pop(op.path, None)
        case "rename" if op.path in names:
            names[op.to] = names.pop(op.path)


def _apply(content: bytearray, op: Op) -> None:
    if op.kind == "truncate":
        if op.offset <= len(content):
            del content[op.offset :]
        else:
            content.extend(bytes(op.offset - len(content)))
        return
    if op.offset > len(content):
        content.extend(bytes(op.offset - len(content)))
    content[op.offset : op.offset + len(op.content)] = op.content


def _survivor(file: _File, loss: Loss, dice: random.Random) -> bytes:
    if loss is Loss.DROP or not file.waiting:
        return file.sure
    content = bytearray(file.sure)
    if loss is Loss.TORN:
        kept = dice.randint(0, len(file.waiting))
        for op in file.waiting[:kept]:
            _apply(content, op)
        if kept < len(file.waiting) and file.waiting[kept].kind == "write":
            _apply(content, _torn(file.waiting[kept], dice))
        return bytes(content)
    for op in file.waiting:
        for part in _sectors(op):
            if dice.random() < 0.5:
                _apply(content, part)
    return bytes(content)


def _torn(op: Op, dice: random.Random) -> Op:
    sectors = list(_sectors(op))
    kept = sectors[: dice.randint(0, len(sectors))]
    return Op("write", op.path, op.offset, b"".join(part.content for part in kept))


def _sectors(op: Op) -> Sequence[Op]:
    """Part a write where the disk's sectors end."""
    if op.kind != "write":
        return (op,)
    parts = []
    start, end = op.offset, op.offset + len(op.content)
    while start < end:
        stop = min(end, (start // SECTOR_BYTES + 1) * SECTOR_BYTES)
        parts.append(Op("write", op.path, start, op.content[start - op.offset : stop - op.offset]))
        start = stop
    return parts
