"""Studies: questions about the network's future, and what a search answered.

T1  They are searched for, see :mod:`.search_tables`. Operators see all, nobody else any.
"""

from typing import Final

from sqlalchemy import Column, Connection, Index, RowMapping, Table, Text, select

from ..core.ids import StudyId
from .principal import NotFound
from .search_tables import SearchTables, ShownSearch, papers_table, search_columns
from .tables import VIEWS

STUDY_ROWS: Final = Table(
    "studies",
    VIEWS,
    Column("study", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    *search_columns(),
)
"""``kind``: ``sites``, ``sizes``, ``whatif`` or ``forecast``. ``source``: ``network`` or ``file``.
``figures``: JSON object, by kind."""

Index("studies_by_status", STUDY_ROWS.c.status, STUDY_ROWS.c.study)
Index("studies_by_age", STUDY_ROWS.c.made_at)

STUDIES: Final = SearchTables(
    STUDY_ROWS, papers_table("study_papers", "study"), ("problem", "result", "drawn")
)
"""``drawn``: what pages draw, maps and charts, without reading problem and result."""


class ShownStudy(ShownSearch):
    """A study, without its papers."""

    study: StudyId
    kind: str
    source: str
    figures: str
    """JSON, by kind; empty before it is done."""


def find_study(connection: Connection, study: StudyId) -> ShownStudy:
    """Find a study.

    Raises
    ------
    NotFound
        When there is none.
    """
    query = select(STUDY_ROWS).where(STUDY_ROWS.c.study == study)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound("study", study)
    return _shown(row)


def list_studies(
    connection: Connection, *, kind: str | None = None, limit: int
) -> tuple[ShownStudy, ...]:
    """List studies, the last first."""
    query = select(STUDY_ROWS)
    if kind is not None:
        query = query.where(STUDY_ROWS.c.kind == kind)
    query = query.order_by(STUDY_ROWS.c.made_at.desc(), STUDY_ROWS.c.study.desc()).limit(limit)
    return tuple(_shown(row) for row in connection.execute(query).mappings())


def _shown(row: RowMapping) -> ShownStudy:
    hidden = ("claimed_by", "claimed_until")
    return ShownStudy(**{name: value for name, value in row.items() if name not in hidden})
