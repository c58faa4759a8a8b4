"""Small problems with capacities, to the end: one mixed-integer program.

min  sum_ij d_i c_ij x_ij + sum_j f_j y_j
     sum_j x_ij = 1,   x_ij <= y_j,   sum_i d_i x_ij <= Q_j y_j,   sum_i d_i x_ij >= m y_j,
     y allowed
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, hstack, vstack

from .columns import Columns
from .rules import rows_of

PAIRS_MAX: Final = 4_000
"""Pairs of cells and columns up to which the program is given all: OR-Library's files with 50
customers (chosen)."""

NODES_MAX: Final = 20_000
"""Nodes of its search, counted rather than seconds: the same on every machine (chosen)."""


def solve_exactly(columns: Columns, demand_min: float) -> tuple[NDArray[np.bool_] | None, float]:
    """Find the best choice of columns, and below what none costs.

    Returns
    -------
    tuple
        The choice, or none where the program ended without one, and the bound.
    """
    flows, rules, sites = columns.flows, columns.rules, len(columns.candidate)
    is_site = flows.site < sites
    site, cost = flows.site[is_site], flows.cost[is_site]
    cell = np.repeat(np.arange(len(flows.demand)), np.diff(flows.start))[is_site]
    pairs = len(site)
    demand = flows.demand[cell]
    each, inf = np.arange(pairs), np.inf

    def table(value: Any, row: Any, rows: int) -> csr_array:
        filled = np.broadcast_to(np.asarray(value, dtype=float), (pairs,))
        return csr_array(coo_array((filled, (row, each)), shape=(rows, pairs)))

    def choices(value: Any, row: Any, column: Any, rows: int) -> csr_array:
        return csr_array(coo_array((value, (row, column)), shape=(rows, sites)))

    room = np.minimum(flows.capacity[:-1], flows.demand.sum())
    one = np.arange(sites)
    own, least, most = rows_of(rules, columns.groups)
    loads = table(demand, site, sites)
    cells = len(flows.demand)
    worth_it = np.full(sites, -demand_min / columns.unit)
    blocks: list[tuple[Any, Any, Any]] = [
        (hstack((choices([], [], [], cells), table(1.0, cell, cells))), 1.0, 1.0),
        (hstack((choices(-np.ones(pairs), each, site, pairs), table(1.0, each, pairs))), -inf, 0.0),
        (hstack((choices(-room, one, one, sites), loads)), -inf, 0.0),
        (hstack((choices(worth_it, one, one, sites), loads)), 0.0, inf),
        (hstack((csr_array(np.array(own)), csr_array((len(own), pairs)))), least, most),
    ]
    low = np.concatenate([np.broadcast_to(block[1], block[0].shape[:1]) for block in blocks])
    high = np.concatenate([np.broadcast_to(block[2], block[0].shape[:1]) for block in blocks])
    found = milp(
        np.concatenate((rules.fixed, cost * demand)),
        integrality=np.concatenate((np.ones(sites), np.zeros(pairs))),
        bounds=Bounds(
            np.concatenate(((rules.is_held > 0).astype(float), np.zeros(pairs))),
            np.concatenate(((rules.is_held >= 0).astype(float), np.ones(pairs))),
        ),
        constraints=LinearConstraint(vstack([block[0] for block in blocks]), low, high),
        options={"mip_rel_gap": 1e-10, "node_limit": NODES_MAX},
    )
    bound = -np.inf if found.mip_dual_bound is None else float(found.mip_dual_bound)
    return (None if found.x is None else found.x[:sites] > 0.5), bound
