"""OR-Library: uncapacitated medians (``pmed``) and capacitated warehouses (``orlib-cap``).

``pmed`` is ``n m p`` and edges ``i j cost``; when an edge repeats, the last cost counts. Every node
is a cell of demand 1 and a candidate. ``orlib-cap`` is ``m n``, then capacity and fixed cost of
each warehouse, then for each customer its demand and what serving *all* of it costs from each
warehouse; demand may be split. In capa, capb and capc capacities are the word ``capacity``.

References
----------
Beasley, A note on solving large p-median problems, EJOR 21 (1985).
Beasley, OR-Library: distributing test problems by electronic mail, JORS 41 (1990).
"""

from typing import Final

import numpy as np

from ...entry import Grid
from ..problem import (
    Candidate,
    CandidateId,
    Cell,
    CellId,
    Full,
    Network,
    Problem,
)

PUBLISHED: Final = {
    "capa": (8000, 10000, 12000, 14000),
    "capb": (5000, 6000, 7000, 8000),
    "capc": (5000, 5750, 6500, 7250),
}
"""Capacities the word stands for. OR-Library."""


class BadInstance(ValueError):
    """A text is none of its format; says where, and what to do."""


def read_pmed(text: str, name: str = "") -> Problem:
    """Read an uncapacitated median."""
    words = text.split()
    numbers = _numbers(words)
    if len(numbers) < 3:
        raise BadInstance("a pmed begins with numbers of nodes, edges and sites")
    nodes, edges, sites = (_whole(numbers[k], "the first line") for k in range(3))
    if len(numbers) != 3 + 3 * edges:
        raise BadInstance(
            f"{edges} edges are {3 * edges} numbers after the first three, not {len(numbers) - 3}"
        )
    cost: dict[tuple[int, int], float] = {}
    for row in range(edges):
        a, b, away = numbers[3 + 3 * row : 6 + 3 * row]
        i, j = _whole(a, f"edge {row + 1}"), _whole(b, f"edge {row + 1}")
        if not (1 <= i <= nodes and 1 <= j <= nodes):
            raise BadInstance(f"edge {row + 1} joins {i} and {j}: nodes are 1 to {nodes}")
        if not away >= 0:
            raise BadInstance(f"edge {row + 1} costs {away:g}: at least 0")
        cost[(min(i, j), max(i, j))] = away
    ids = [str(node) for node in range(1, nodes + 1)]
    return Problem(
        name=name,
        cells=tuple(Cell(id=CellId(one), demand=1.0, node=one) for one in ids),
        candidates=tuple(Candidate(id=CandidateId(one), node=one) for one in ids),
        distances=Network(edges=tuple((str(i), str(j), away) for (i, j), away in cost.items())),
        sites_min=sites,
        sites_max=sites,
    )


def read_capacitated(text: str, name: str = "", capacity: float | None = None) -> Problem:
    """Read warehouses with capacities and fixed costs.

    Parameters
    ----------
    capacity
        What the word ``capacity`` stands for.
    """
    words = text.split()
    if "capacity" in words:
        if capacity is None:
            known = PUBLISHED.get(name.lower(), ())
            said = f" (published for {name}: {', '.join(map(str, known))})" if known else ""
            raise BadInstance(
                "capacities are not in this file, it says the word 'capacity': say what it stands"
                f" for with --capacity{said}"
            )
        words = [str(capacity) if word == "capacity" else word for word in words]
    elif capacity is not None:
        raise BadInstance("capacities are in this file: leave --capacity away")
    numbers = np.array(_numbers(words))
    if len(numbers) < 2:
        raise BadInstance("the first line holds numbers of warehouses and customers")
    sites, cells = (_whole(float(numbers[k]), "the first line") for k in range(2))
    wanted = 2 + 2 * sites + cells * (sites + 1)
    if len(numbers) != wanted:
        raise BadInstance(
            f"{sites} warehouses and {cells} customers are {wanted} numbers, not {len(numbers)}"
        )
    places = numbers[2 : 2 + 2 * sites].reshape(sites, 2)
    rows = numbers[2 + 2 * sites :].reshape(cells, sites + 1)
    demand = rows[:, 0]
    for row in np.flatnonzero(~(demand > 0)):
        raise BadInstance(f"demand of customer {row + 1} is {demand[row]:g}: more than 0")
    return Problem(
        name=name,
        cells=tuple(Cell(id=CellId(str(k + 1)), demand=float(d)) for k, d in enumerate(demand)),
        candidates=tuple(
            Candidate(id=CandidateId(str(k + 1)), capacity=float(most), fixed_cost=float(fixed))
            for k, (most, fixed) in enumerate(places)
        ),
        distances=Full(meters=Grid(rows[:, 1:] / demand[:, None])),
    )


def _numbers(words: list[str]) -> list[float]:
    try:
        return [float(word) for word in words]
    except ValueError:
        for place, word in enumerate(words):
            try:
                float(word)
            except ValueError:
                raise BadInstance(f"word {place + 1}, {word!r}, is no number") from None
        raise


def _whole(value: float, where: str) -> int:
    if not (value >= 0 and value.is_integer()):
        raise BadInstance(f"{where}: {value:g} is no whole number")
    return int(value)
