"""Who is served where by chosen sites: the cheapest way on full distances.

Each cell looks at its nearest open sites. Prices tell whether it would be cheaper to look farther;
while it would, more are looked at.
"""

import numpy as np

from .arrays import demand_of
from .columns import make_flows
from .distances import Floats, Lists, Measured, Numbers
from .kernel.state import Rules
from .kernel.swap_capacity import begin_capacity
from .problem import Problem, sizes_of

FIRST_LOOK = 32
"""Open sites each cell looks at first (chosen)."""


def transport(
    problem: Problem, measured: Measured, sites: Numbers, sizes: Numbers
) -> tuple[Numbers, Numbers, Floats, float]:
    """Serve all demand from open sites.

    Returns
    -------
    tuple
        Cell, number of its site and demand of each part, and demand that finds no room.
    """
    demand = demand_of(problem)
    cell = np.flatnonzero(demand > 0)
    unit = float(demand[cell].mean())
    meters = measured.to(sites)[cell]
    room = np.array(
        [sizes_of(problem.candidates[j])[k].capacity for j, k in zip(sites, sizes, strict=True)]
    )
    look = min(FIRST_LOOK, len(sites))
    while True:
        lists = _nearest(meters, look)
        longest = float(lists.meters.max(initial=0.0))
        flows = make_flows(lists, 1.0, 10.0 * longest + 1.0, room / unit, demand[cell] / unit, 0)
        begin_capacity(_no_rules(len(sites)), flows, np.ones(len(sites), np.bool_))
        pays = flows.cost[flows.main] + flows.price[flows.site[flows.main]]
        if look == len(sites) or bool((pays <= lists.beyond).all()):
            break
        look = min(len(sites), 2 * look)
    entries = np.flatnonzero(flows.flow > 0)
    owner = np.searchsorted(flows.start, entries, side="right") - 1
    site, part = flows.site[entries].astype(np.int64), flows.flow[entries] * unit
    served = site < len(sites)
    left = float(part[~served].sum())
    return cell[owner[served]], site[served], part[served], left


def _nearest(meters: Floats, count: int) -> Lists:
    order = np.argsort(meters, axis=1, kind="stable")
    away = np.take_along_axis(meters, order, axis=1)
    beyond = away[:, count] if count < meters.shape[1] else np.full(len(meters), np.inf)
    keep = np.isfinite(away[:, :count])
    start = np.concatenate(([0], np.cumsum(keep.sum(axis=1)))).astype(np.int64)
    return Lists(start, order[:, :count][keep].astype(np.int32), away[:, :count][keep], beyond)


def _no_rules(sites: int) -> Rules:
    return Rules(
        fixed=np.zeros(sites),
        is_held=np.zeros(sites, np.int8),
        least=0,
        most=sites,
        group_start=np.zeros(sites + 1, np.int64),
        group=np.zeros(0, np.int64),
        group_least=np.zeros(1, np.int64),
        group_most=np.zeros(1, np.int64),
        is_accessible=np.zeros(sites, np.int64),
        accessible_share=0.0,
        weight=np.zeros(1),
        weight_min=0.0,
    )
