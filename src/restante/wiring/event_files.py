"""Event tables as Parquet files in a folder: one file for each table and day.

F1. A folder counts as far as its page ``events.json`` says: a position of the journal. The page is
    replaced last, at once; before it, every file it speaks of is whole and on the disk.
F2. A day's file is replaced at once by one with more rows. What a killed run has written beyond
    the page is known by its positions, and left out the next time: nothing is there twice.
F3. One writer at a time holds the folder's lock. Readers need none.

``<table>/day=2026-11-03/<table>.parquet`` is what DuckDB, Spark and pandas take for a partitioned
table. Visits that have not ended are in one file beside them.
"""

import datetime as dt
import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import msgspec

from ..core.value import DAY, Value
from ..insight.measures import tables
from ..insight.measures.tables import EventTable
from ..operations.event_fold import Kept, Row, Rows

PAGE: Final = "events.json"
NO_DAY: Final = "0001-01-01"
"""The day of a file without rows."""
_LOCK: Final = "lock"


class BadEvents(Exception):
    """A folder of event tables cannot be read or written; the message says what to do."""


class Page(Value):
    """How far a folder goes."""

    network: str
    position: int = 0
    """Facts of the journal up to here are in it."""
    at: int = 0
    """The latest time any of them speaks of."""
    open_visits: str = ""
    """File of the visits that have not ended."""
    kept: str = ""
    """File of what the next run goes on from."""
    format: int = tables.FORMAT


class EventFiles:
    """A folder of event tables.

    Parameters
    ----------
    folder
        Made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read_page(self) -> Page | None:
        """Read how far it goes; ``None`` when nothing was ever written.

        Raises
        ------
        BadEvents
            When the page is damaged or of another format.
        """
        path = self.folder / PAGE
        try:
            page = msgspec.json.decode(path.read_bytes(), type=Page)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            raise BadEvents(f"{path} cannot be read ({error}): {_ANEW}") from error
        if page.format != tables.FORMAT:
            raise BadEvents(f"{path} is of format {page.format}, not {tables.FORMAT}: {_ANEW}")
        return page

    def read_kept(self, page: Page) -> Kept:
        """Read what the run before has left.

        Raises
        ------
        BadEvents
            When it is missing or damaged.
        """
        path = self.folder / page.kept
        try:
            return msgspec.msgpack.decode(path.read_bytes(), type=Kept)
        except (OSError, msgspec.MsgspecError) as error:
            raise BadEvents(f"{path} cannot be read ({error}): {_ANEW}") from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep others from writing until the block ends.

        Raises
        ------
        BadEvents
            While somebody else does.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BadEvents(f"{self.folder} is being written: let that end") from error
            yield

    def write(
        self, page: Page | None, rows: Rows, kept: Kept, open_visits: Sequence[Row], network: str
    ) -> Page:
        """Add rows, then say so (F1, F2).

        Parameters
        ----------
        page
            What the folder said before.
        """
        before = 0 if page is None else page.position
        for table in tables.BY_DAY:
            if page is None:
                # A table nothing was ever written to has columns all the same.
                self.write_day(table, NO_DAY, _table_of(table)(()))
            for day, some in _by_day(table, rows[table.name]).items():
                self._add(table, day, some, before)
        position = kept.position
        following = Page(
            network=network,
            position=position,
            at=kept.at,
            open_visits=f"open-visits-{position}.parquet",
            kept=f"kept-{position}.msgpack",
        )
        make_table = _table_of(tables.VISITS)
        self._put(self.folder / following.open_visits, make_table(open_visits))
        _write(self.folder / following.kept, msgspec.msgpack.encode(kept))
        _write(self.folder / PAGE, msgspec.json.encode(following) + b"\n")
        if page is not None and page.position != position:
            for name in (page.open_visits, page.kept):
                (self.folder / name).unlink(missing_ok=True)
        return following

    def write_open(self, page: Page, content: Any) -> None:
        """Put an Arrow table in the place of the visits that have not ended."""
        self._put(self.folder / page.open_visits, content)

    def paths(self, table: EventTable, since: str = "", until: str = "9999-12-31") -> list[str]:
        """Tell a table's files of the days from one to another, both included."""
        if not table.is_by_day:
            return [str(self.folder / f"{table.name}.parquet")]
        days = sorted(path.name.removeprefix("day=") for path in self._days(table))
        wanted = [day for day in days if since <= day <= until or day == NO_DAY]
        return [str(self._path(table, day)) for day in wanted]

    def _days(self, table: EventTable) -> Iterator[Path]:
        return (self.folder / table.name).glob("day=*")

    def _path(self, table: EventTable, day: str) -> Path:
        return self.folder / table.name / f"day={day}" / f"{table.name}.parquet"

    def write_sites(self, rows: Iterable[Row]) -> None:
        """Replace the table of sites."""
        self._put(self.folder / f"{tables.SITES.name}.parquet", _table_of(tables.SITES)(list(rows)))

    def write_day(self, table: EventTable, day: str, content: Any) -> None:
        """Put a day's rows, an Arrow table, in the place of those that are there."""
        self._put(self._path(table, day), content)

    def _add(self, table: EventTable, day: str, rows: list[Row], before: int) -> None:
        pyarrow, parquet = _import()
        added = _table_of(table)(rows)
        path = self._path(table, day)
        if path.exists():
            try:
                there = parquet.ParquetFile(path).read()
            except (OSError, pyarrow.ArrowException) as error:
                raise BadEvents(f"{path} cannot be read ({error}): {_ANEW}") from error
            compute = import_module("pyarrow.compute")
            there = there.filter(compute.less_equal(there["position"], before))
            added = pyarrow.concat_tables([there.select(added.column_names), added])
        self.write_day(table, day, added)

    def _put(self, path: Path, content: Any) -> None:
        _, parquet = _import()
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.part")
        with draft.open("wb") as file:
            parquet.write_table(content, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        _replace(draft, path)


_ANEW: Final = "export into an empty folder, everything is still in the journal and its archives"


def schema_of(table: EventTable) -> Any:
    """Tell a table's columns as Arrow has them."""
    pyarrow, _ = _import()
    kinds: Mapping[str, str] = {"double": "float64"}
    return pyarrow.schema(
        [(c.name, getattr(pyarrow, kinds.get(c.kind, c.kind))()) for c in table.columns]
    )


def _table_of(table: EventTable) -> Any:
    pyarrow, _ = _import()
    schema = schema_of(table)

    def make(rows: Sequence[Row]) -> Any:
        columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
        arrays = [
            pyarrow.array(column, type=field.type)
            for column, field in zip(columns, schema, strict=True)
        ]
        return pyarrow.table(arrays, schema=schema)

    return make


def _by_day(table: EventTable, rows: list[Row]) -> dict[str, list[Row]]:
    names = [column.name for column in table.columns]
    when = names.index("ended_at" if "ended_at" in names else "at")
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row[when] // DAY, []).append(row)
    epoch = dt.date(1970, 1, 1)
    return {(epoch + dt.timedelta(days=day)).isoformat(): found[day] for day in sorted(found)}


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    _replace(draft, path)


def _replace(draft: Path, path: Path) -> None:
    draft.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _import() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise BadEvents("event tables need pyarrow: install restante[insight]") from error
