"""Old facts in a Parquet file, and the sealed page beside it that says what is in it.

R1. A file holds every column of the facts, as they lay in the journal, sorted by stream and
    version: one stream is found without reading the others, and a whole file is folded in one go.
R2. The page beside it (its manifest) names positions, count and SHA-256, and the page before it;
    it is signed. Whoever holds the public key can check a file without the journal.
R3. A file counts once its page is there, under its last name, on the disk.

It knows no journal and no key: whoever signs is passed in.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from ..core.ids import StreamName, split_stream
from ..core.value import UtcSeconds, Value
from .chain import column_values, make_stored
from .port import Stored

SUFFIX: Final = ".parquet"
PAGE_SUFFIX: Final = ".manifest.json"
FACTS_PER_GROUP: Final = 20_000
"""Facts written and read at once. Chosen: some 20 MB."""

COLUMNS: Final = (
    ("owner", "string"),
    ("kind", "string"),
    ("version", "int64"),
    ("position", "int64"),
    ("tag", "string"),
    ("body", "binary"),
    ("by", "string"),
    ("cause", "string"),
    ("origin_epoch", "string"),
    ("origin_seq", "int64"),
    ("recorded_at", "int64"),
    ("hash", "binary"),
)
"""The columns of a fact, as the journal has them."""

Sign: TypeAlias = Callable[[bytes], tuple[str, bytes]]
"""Bytes to the name of a key and a signature."""

IsSigned: TypeAlias = Callable[[bytes, str, bytes], bool]
"""Given bytes, name of a key and signature, whether they fit."""


class BadArchive(Exception):
    """An archive is not what it should be; the message says which and what to do."""


class Manifest(Value):
    """What is in one file."""

    file: str
    months: tuple[str, ...]
    """``2026-09``: first and last month of recording, UTC; one name when they are the same."""
    until: UtcSeconds
    """Facts were recorded before this."""
    after_position: int
    """Where the file before it ends; 0 for the first."""
    first_position: int
    last_position: int
    facts: int
    streams: int
    sha256: str
    """Of the file, in hex."""
    before: str = ""
    """SHA-256 of the page before it, in hex."""
    format: int = 1


class _Page(Value):
    manifest: msgspec.Raw
    kid: str
    signature: bytes


def write_facts(path: Path, facts: Iterable[Stored]) -> int:
    """Write facts into a new file, safely on the disk when it returns, and count them.

    Parameters
    ----------
    path
        Replaced when it exists.
    facts
        By owner, kind and version.
    """
    pyarrow, parquet = _import()
    schema = pyarrow.schema([(name, getattr(pyarrow, kind)()) for name, kind in COLUMNS])
    count = 0
    rest = iter(facts)
    with parquet.ParquetWriter(path, schema, compression="zstd", write_page_index=True) as writer:
        while rows := [column_values(stored) for stored in islice(rest, FACTS_PER_GROUP)]:
            arrays = [list(column) for column in zip(*rows, strict=True)]
            writer.write_table(pyarrow.table(arrays, schema=schema))
            count += len(rows)
    _flush(path)
    return count


def read_facts(path: Path) -> Iterator[Stored]:
    """Read a file's facts in its order.

    Raises
    ------
    BadArchive
        When it cannot be read.
    """
    pyarrow, parquet = _import()
    names = [name for name, _ in COLUMNS]
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(FACTS_PER_GROUP, columns=names):
                columns = [batch.column(name).to_pylist() for name in names]
                for row in zip(*columns, strict=True):
                    yield _stored(row)
    except (OSError, pyarrow.ArrowException, TypeError) as error:
        raise BadArchive(f"{path} cannot be read ({error}): restore a copy of it") from error


def digest_of(path: Path) -> str:
    """Compute a file's SHA-256, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_page(folder: Path, manifest: Manifest, sign: Sign) -> None:
    """Seal what is said of a file and put the page beside it, whole or not at all."""
    document = msgspec.json.encode(manifest)
    kid, signature = sign(document)
    page = _Page(manifest=msgspec.Raw(document), kid=kid, signature=signature)
    path = page_path(folder, manifest.file)
    draft = path.with_suffix(".part")
    draft.write_bytes(msgspec.json.encode(page) + b"\n")
    _flush(draft)
    draft.replace(path)
    _flush(folder)


def put_in_place(draft: Path, path: Path) -> None:
    """Give a finished file its name, safely on the disk."""
    draft.replace(path)
    _flush(path.parent)


def page_path(folder: Path, file: str) -> Path:
    """Find the page of a file."""
    return folder / (file.removesuffix(SUFFIX) + PAGE_SUFFIX)


def page_digest(folder: Path, file: str) -> str:
    """Compute the SHA-256 of a file's page, in hex; empty for no file."""
    return digest_of(page_path(folder, file)) if file else ""


def read_page(path: Path, is_signed: IsSigned | None = None) -> Manifest:
    """Read a page, and check its signature where somebody can.

    Raises
    ------
    BadArchive
        When it is missing, unreadable or not signed by who should have.
    """
    try:
        page = msgspec.json.decode(path.read_bytes(), type=_Page)
        manifest = msgspec.json.decode(page.manifest, type=Manifest)
    except FileNotFoundError as error:
        raise BadArchive(f"{path} is missing: name the folder that holds all archives") from error
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadArchive(f"{path} cannot be read ({error}): restore a copy of it") from error
    if is_signed is not None and not is_signed(bytes(page.manifest), page.kid, page.signature):
        raise BadArchive(f"{path} is not signed by a key of this network")
    return manifest


class ArchiveReader:
    """All archives of a folder as one, for who asks for streams in their order.

    Parameters
    ----------
    folder
        Where they lie.
    floor
        The journal's; all archives up to it must be there.

    Raises
    ------
    BadArchive
        When one is missing, or does not follow the one before it.
    """

    def __init__(self, folder: Path, floor: int) -> None:
        self._folder = folder
        self.manifests = read_pages(folder, floor)
        self._files = [_StreamFile(folder / one.file) for one in self.manifests]

    def check(self, is_signed: IsSigned | None) -> None:
        """Check every file against its page, and every page against the one before it.

        Raises
        ------
        BadArchive
            With the first that is wrong.
        """
        before = ""
        for one in self.manifests:
            page = page_path(self._folder, one.file)
            read_page(page, is_signed)
            if one.before != before:
                raise BadArchive(f"{page} does not name the page before it")
            file = self._folder / one.file
            if not file.exists():
                raise BadArchive(f"{file} is missing: restore a copy of it")
            if digest_of(file) != one.sha256:
                raise BadArchive(f"{one.file} is not what was archived: restore a copy of it")
            before = digest_of(page)

    def take(self, stream: StreamName) -> Iterator[Stored]:
        """Read a stream's archived facts; streams must be asked for by owner and kind."""
        kind, owner = split_stream(stream)
        for file in self._files:
            yield from file.take((owner, kind))


def read_pages(folder: Path, floor: int) -> Sequence[Manifest]:
    """Read the pages of all archives up to a position, oldest first.

    Raises
    ------
    BadArchive
        When one is missing.
    """
    pages = [read_page(path) for path in folder.glob(f"*{PAGE_SUFFIX}")]
    found = sorted((one for one in pages if one.last_position <= floor), key=_by_position)
    position = 0
    for one in found:
        if one.after_position != position:
            break
        position = one.last_position
    if position != floor:
        raise BadArchive(
            f"{folder} holds archives up to position {position}, the journal's begin at {floor}: "
            "name the folder that holds all of them"
        )
    return found


class _StreamFile:
    """One file, read once from its beginning to its end."""

    def __init__(self, path: Path) -> None:
        self._facts = read_facts(path)
        self._next: Stored | None = None
        self._is_begun = False

    def take(self, wanted: tuple[str, str]) -> Iterator[Stored]:
        if not self._is_begun:
            self._is_begun = True
            self._next = next(self._facts, None)
        while self._next is not None and _key(self._next) <= wanted:
            if _key(self._next) == wanted:
                yield self._next
            self._next = next(self._facts, None)


def _key(stored: Stored) -> tuple[str, str]:
    kind, owner = split_stream(stored.stream)
    return owner, kind


def _by_position(manifest: Manifest) -> int:
    return manifest.last_position


def _stored(row: tuple[Any, ...]) -> Stored:
    owner, kind, version, position, tag, body, by, cause, epoch, seq, recorded_at, hash_ = row
    return make_stored(
        position=position,
        stream=StreamName(f"{kind}/{owner}"),
        version=version,
        tag=tag,
        body=body,
        by=by,
        cause=cause,
        origin_epoch=epoch,
        origin_seq=seq,
        recorded_at=recorded_at,
        hash=hash_,
    )


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _import() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise BadArchive("archives need pyarrow: install restante[archive]") from error
