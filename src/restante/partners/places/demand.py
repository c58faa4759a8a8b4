"""Demand cells: where parcels are wanted, and how many.

A table with the columns ``id, lat, lon, demand`` and perhaps ``area``, as CSV or GeoJSON.
"""

from typing import Final, NamedTuple

from ..manifest_row import RowProblem
from .table import ID, LAT, LON, Floats, Kind, Wanted, read_columns, read_table

COLUMNS: Final = (
    ID,
    LAT,
    LON,
    Wanted("demand", Kind.NUMBER, True, ("population", "weight", "parcels", "people"), lower=0.0),
    Wanted("area", aliases=("district", "zone", "region")),
)


class DemandCells(NamedTuple):
    """Cells without any mistake, in the order of the file, and what is wrong with the others.

    Attributes
    ----------
    ids
        Each once.
    lat, lon
        Degrees of WGS84, shape (n_cells,).
    demand
        0 or more, in whatever one compares: parcels a day, people; shape (n_cells,).
    areas
        Name of the area a cell lies in; empty for none.
    problems
        By row; several may belong to one.
    row_count
        Rows with content, good and bad.
    ignored_columns
        Headers nobody here understands.
    """

    ids: tuple[str, ...]
    lat: Floats
    lon: Floats
    demand: Floats
    areas: tuple[str, ...]
    problems: tuple[RowProblem, ...] = ()
    row_count: int = 0
    ignored_columns: tuple[str, ...] = ()


def read_demand_cells(content: bytes) -> DemandCells:
    """Read demand cells from the bytes of a CSV or GeoJSON file.

    Returns
    -------
    DemandCells
        Never raises for a bad file; see ``problems``.
    """
    read = read_columns(read_table(content), COLUMNS)
    columns = read.columns
    return DemandCells(
        ids=tuple(columns["id"]),
        lat=columns["lat"],
        lon=columns["lon"],
        demand=columns["demand"],
        areas=tuple(columns["area"]),
        problems=read.problems,
        row_count=read.row_count,
        ignored_columns=read.ignored_columns,
    )
