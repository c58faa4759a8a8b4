"""Candidate sites: where a locker stands, could stand, must stand or must not.

A table with the columns ``id, lat, lon`` and perhaps ``fixed_cost, capacity, accessible, host,
status``, as CSV or GeoJSON.
"""

from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..manifest_row import RowProblem
from .table import ID, LAT, LON, Floats, Kind, Wanted, read_columns, read_table


class CandidateStatus(StrEnum):
    """What a plan may do with a place."""

    CANDIDATE = "candidate"
    """It may be opened."""
    EXISTING = "existing"
    """A locker stands there; it may be closed or moved where the plan is allowed to."""
    REQUIRED = "required"
    """It stands there, or will: every plan has it."""
    FORBIDDEN = "forbidden"
    """No plan has it; kept for the map."""


COLUMNS: Final = (
    ID,
    LAT,
    LON,
    Wanted("fixed_cost", Kind.NUMBER, aliases=("cost", "rent"), lower=0.0, default=0.0),
    Wanted("capacity", Kind.NUMBER, aliases=("compartments",), lower=0.0, default=np.nan),
    Wanted("accessible", Kind.YES_NO, aliases=("wheelchair", "step_free"), default=False),
    Wanted("host", aliases=("partner", "brand", "owner")),
    Wanted(
        "status",
        default=CandidateStatus.CANDIDATE.value,
        choices=tuple(CandidateStatus),
    ),
)


class Candidates(NamedTuple):
    """Candidates without any mistake, in the order of the file, and what is wrong with others.

    Attributes
    ----------
    ids
        Each once.
    lat, lon
        Degrees of WGS84, shape (n_candidates,).
    fixed_cost
        Of having a site there, in money for the period that is planned; 0 when not said.
    capacity
        What it can serve, in the unit of the demand; NaN when nobody said, which is no bound.
    is_accessible
        Reached without a step; ``False`` when nobody said.
    hosts
        Whose ground or shop it is; empty for nobody's in particular.
    statuses
        What a plan may do with it.
    problems, row_count, ignored_columns
        As in :class:`~restante.partners.places.demand.DemandCells`.
    """

    ids: tuple[str, ...]
    lat: Floats
    lon: Floats
    fixed_cost: Floats
    capacity: Floats
    is_accessible: NDArray[np.bool_]
    hosts: tuple[str, ...]
    statuses: tuple[CandidateStatus, ...]
    problems: tuple[RowProblem, ...] = ()
    row_count: int = 0
    ignored_columns: tuple[str, ...] = ()


def read_candidates(content: bytes) -> Candidates:
    """Read candidate sites from the bytes of a CSV or GeoJSON file.

    Returns
    -------
    Candidates
        Never raises for a bad file; see ``problems``.
    """
    read = read_columns(read_table(content), COLUMNS)
    columns = read.columns
    return Candidates(
        ids=tuple(columns["id"]),
        lat=columns["lat"],
        lon=columns["lon"],
        fixed_cost=columns["fixed_cost"],
        capacity=columns["capacity"],
        is_accessible=columns["accessible"],
        hosts=tuple(columns["host"]),
        statuses=tuple(CandidateStatus(status) for status in columns["status"]),
        problems=read.problems,
        row_count=read.row_count,
        ignored_columns=read.ignored_columns,
    )
