"""Inline views as data: which tables there are, and what a transaction leaves in them.

Rows arrive as :class:`~restante.journal.port.RowChange`; within one transaction the last change
of a key wins, so each key is written at most once. It knows column names and no meaning.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

from sqlalchemy import MetaData, Table

from ..core.value import Value
from .port import Derive, Derived, Recorded, RowChange, RowRejected, Scalar, Unit

RowKey: TypeAlias = tuple[str, tuple[Scalar, ...]]
"""Table name and primary key."""


_DECLARED: Final = "derived_tables"
_KEPT: Final = "kept_tables"


class View(NamedTuple):
    """One inline view's table, taken apart."""

    table: Table
    key_columns: tuple[str, ...]
    value_columns: tuple[str, ...]
    value_names: frozenset[str]
    row_of: Callable[[tuple[Scalar, ...], Mapping[str, Scalar]], tuple[Scalar, ...]]
    """Key and values to a row, in the order of the table's columns."""


class InlineViews:
    """The inline views of one journal.

    Parameters
    ----------
    tables
        Defined by the views' room; a ``MetaData`` stands for all its tables.
    """

    def __init__(self, tables: MetaData | Sequence[Table] = ()) -> None:
        listed = tables.sorted_tables if isinstance(tables, MetaData) else tables
        self.tables: tuple[Table, ...] = tuple(listed)
        self._views = {table.name: _take_apart(table) for table in self.tables}

    def view(self, name: str) -> View:
        """Find a view by its table's name.

        Raises
        ------
        RowRejected
            When the journal was opened without it.
        """
        view = self._views.get(name)
        if view is None:
            known = ", ".join(sorted(self._views)) or "none"
            raise RowRejected(f"the journal has no inline view {name!r}; it has: {known}")
        return view

    def group(self, row_keys: Iterable[RowKey]) -> list[tuple[View, list[tuple[Scalar, ...]]]]:
        """Put keys together by their view.

        Raises
        ------
        RowRejected
            When the journal was opened without one.
        """
        keys: dict[str, list[tuple[Scalar, ...]]] = {}
        for table, key in row_keys:
            keys.setdefault(table, []).append(key)
        return [(self.view(table), wanted) for table, wanted in keys.items()]

    def collapse(self, changes: Iterable[RowChange]) -> dict[RowKey, Mapping[str, Scalar] | None]:
        """Check rows against their columns and keep the last change of each key.

        Raises
        ------
        RowRejected
            When a row's key or columns are not its table's.
        """
        last: dict[RowKey, Mapping[str, Scalar] | None] = {}
        for change in changes:
            view = self.view(change.table)
            if len(change.key) != len(view.key_columns):
                raise RowRejected(
                    f"{change.table} is keyed by {view.key_columns}, "
                    f"not by {len(change.key)} values"
                )
            if change.values is not None and change.values.keys() != view.value_names:
                raise RowRejected(_wrong_columns(change, view))
            row_key = change.table, change.key
            # Taken out first so that the order of keys is that of their last change.
            last.pop(row_key, None)
            last[row_key] = change.values
        return last


def derive_nothing(_recorded: Sequence[Recorded], _state: Value) -> Derived:
    """Derive no rows and no work: a journal without inline views."""
    return Derived()


def derives(*tables: str, kept: Sequence[str] = ()) -> Callable[[Derive], Derive]:
    """Declare the only tables a derivation has rows for, so that others can be read without it.

    Parameters
    ----------
    kept
        Tables that nothing but operations writes, read much more often than written: their rows may
        be kept in memory as states are.
    """

    def declare(derive: Derive) -> Derive:
        setattr(derive, _DECLARED, frozenset(tables))
        setattr(derive, _KEPT, frozenset(kept))
        return derive

    return declare


def kept_tables(derive: Derive) -> frozenset[str]:
    """Tell which tables' rows may be kept in memory."""
    found: frozenset[str] = getattr(derive, _KEPT, frozenset())
    return found


def derived_tables(derive: Derive) -> frozenset[str] | None:
    """Tell which tables a derivation has rows for; ``None`` when it may be any."""
    found: frozenset[str] | None = getattr(derive, _DECLARED, None)
    return found


def check_distinct(units: Sequence[Unit]) -> None:
    """Check that a batch is well formed.

    Raises
    ------
    ValueError
        When two units name one stream, or a unit holds no facts.
    """
    if len({unit.stream for unit in units}) != len(units):
        raise ValueError("a batch may hold at most one unit for a stream; merge their entries")
    for unit in units:
        if not unit.entries:
            raise ValueError(f"the unit for {unit.stream} holds no facts; leave it out")


def _take_apart(table: Table) -> View:
    keys = tuple(column.name for column in table.primary_key.columns)
    if not keys:
        raise ValueError(f"the inline view {table.name} needs a primary key")
    if keys != tuple(table.columns.keys()[: len(keys)]):
        raise ValueError(f"the inline view {table.name} must begin with its primary key")
    values = tuple(column.name for column in table.columns if column.name not in keys)
    return View(table, keys, values, frozenset(values), _row_maker(values))


def _row_maker(
    names: Sequence[str],
) -> Callable[[tuple[Scalar, ...], Mapping[str, Scalar]], tuple[Scalar, ...]]:
    if len(names) > 1:
        pick = itemgetter(*names)
        return lambda key, values: key + pick(values)
    return lambda key, values: (*key, *(values[name] for name in names))


def _wrong_columns(change: RowChange, view: View) -> str:
    given = set(change.values or ())
    missing = sorted(set(view.value_columns) - given)
    unknown = sorted(given - set(view.value_columns))
    return f"a row for {change.table} lacks columns {missing} and has unknown columns {unknown}"
