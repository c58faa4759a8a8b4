"""From tables of cells and candidates to a problem of sites, refused with every bad row's number.

What tables leave open (what is sought, how many sites) is said by whoever asks.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ..partners.places import (
    Candidates,
    CandidateStatus,
    DemandCells,
    read_candidates,
    read_demand_cells,
)
from ..planning.siting import BadProblem, Candidate, CandidateId, Cell, CellId, Problem, Standing

ROWS_TOLD_MAX: Final = 20
"""Bad rows that are told; of more, only how many there are."""

_STANDING: Final = {
    CandidateStatus.CANDIDATE: Standing.NEW,
    CandidateStatus.EXISTING: Standing.MAY_CLOSE,
    CandidateStatus.REQUIRED: Standing.STAYS,
}


def make_site_problem(
    cells: bytes, candidates: bytes, *, standing: Sequence[Candidate] = (), **given: Any
) -> Problem:
    """Read two tables, CSV or GeoJSON, and make a problem of them.

    Parameters
    ----------
    standing
        Sites beside those of the table: a network's own.
    given
        Other fields of :class:`restante.planning.siting.Problem`.

    Raises
    ------
    BadProblem
        Names rows by number, or the item, and says what to do.
    """
    places, sites = read_demand_cells(cells), read_candidates(candidates)
    _refuse(places, "cells")
    _refuse(sites, "candidates")
    problem = {
        "type": "siting.problem.v1",
        "cells": [_cell(places, n) for n in range(len(places.ids))],
        "candidates": [
            *standing,
            *(
                _candidate(sites, n)
                for n in range(len(sites.ids))
                if sites.statuses[n] is not CandidateStatus.FORBIDDEN
            ),
        ],
        **given,
    }
    try:
        return Problem.from_json(msgspec.json.encode(problem))
    except msgspec.ValidationError as error:
        raise BadProblem("", str(error)) from error


def _refuse(table: DemandCells | Candidates, what: str) -> None:
    if not table.problems:
        return
    told = [
        f"row {one.row_number}, {one.column}: {one.value_excerpt!r} {one.reason}, {one.hint}"
        for one in table.problems[:ROWS_TOLD_MAX]
    ]
    if len(table.problems) > ROWS_TOLD_MAX:
        told.append(f"and {len(table.problems) - ROWS_TOLD_MAX} more")
    raise BadProblem(what, "; ".join(told))


def _cell(table: DemandCells, n: int) -> Cell:
    return Cell(
        id=CellId(table.ids[n]),
        demand=float(table.demand[n]),
        latitude=float(table.lat[n]),
        longitude=float(table.lon[n]),
        area=table.areas[n] or None,
    )


def _candidate(table: Candidates, n: int) -> Candidate:
    capacity = float(table.capacity[n])
    return Candidate(
        id=CandidateId(table.ids[n]),
        latitude=float(table.lat[n]),
        longitude=float(table.lon[n]),
        fixed_cost=float(table.fixed_cost[n]),
        capacity=None if math.isnan(capacity) else capacity,
        is_accessible=bool(table.is_accessible[n]),
        host=table.hosts[n] or None,
        standing=_STANDING[table.statuses[n]],
    )
