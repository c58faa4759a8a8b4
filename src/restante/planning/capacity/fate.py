"""What the simulation writes: where everything stands while it runs, and what became of parcels."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .stream import Floats, Ints
from .tables import Places, Rules

FIRST_TRY: Final = 0
LATER_TRY: Final = 1
ELSEWHERE: Final = 2
GONE_BACK: Final = 3
"""What became of a parcel: in at the first try, at a later one, at a neighbour, not at all."""


class State(NamedTuple):
    """Where everything stands; the tables of heaps are as long as they can ever need to be."""

    taken: Ints
    """Compartments in use, by site and kind."""
    live: Ints
    """Parcels booked or inside, by site and class."""
    inside: Ints
    """Length of each site's heap of departures."""
    leaves_at: Floats
    leaves_kind: Ints
    leaves_class: Ints
    due_at: Floats
    due_order: Ints
    due_parcel: Ints
    due_site: Ints
    order: Ints


class Fate(NamedTuple):
    """What became of each parcel, in the order of what was wanted."""

    outcome: Ints
    site: Ints
    """Where it was put in; -1 for nowhere, as with kinds."""
    kind: Ints
    tries: Ints
    in_at: Floats
    out_at: Floats
    is_overdue: NDArray[np.bool_]
    """Nobody came, a courier took it out."""


def make_state(places: Places, rules: Rules, parcels: int) -> State:
    """Begin with every compartment empty."""
    sites, kinds = places.room.shape
    seats = int(places.heap_from[-1])
    return State(
        taken=np.zeros((sites, kinds), np.int64),
        live=np.zeros((sites, len(rules.masks)), np.int64),
        inside=np.zeros(sites, np.int64),
        leaves_at=np.zeros(seats),
        leaves_kind=np.zeros(seats, np.int64),
        leaves_class=np.zeros(seats, np.int64),
        due_at=np.zeros(parcels + 1),
        due_order=np.zeros(parcels + 1, np.int64),
        due_parcel=np.zeros(parcels + 1, np.int64),
        due_site=np.zeros(parcels + 1, np.int64),
        order=np.zeros(1, np.int64),
    )


def make_fate(parcels: int) -> Fate:
    """Begin with nothing known of any parcel."""
    return Fate(
        outcome=np.full(parcels, GONE_BACK, np.int64),
        site=np.full(parcels, -1, np.int64),
        kind=np.full(parcels, -1, np.int64),
        tries=np.zeros(parcels, np.int64),
        in_at=np.full(parcels, np.nan),
        out_at=np.full(parcels, np.nan),
        is_overdue=np.zeros(parcels, np.bool_),
    )
