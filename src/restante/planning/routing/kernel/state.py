"""The tables that the kernel works on: what is given, and the plan it changes.

Nodes are numbered: every option of every parcel, every time that a vehicle may load again, then a
start and an end for every route. A loading is the only option of a parcel of its own, which weighs
nothing, is never asked for, and stands only between two parcels of its route. Routes are linked
lists of nodes. A *limit* is a number of options that may be chosen together: the
compartments of a place from a size class up, the shelf of a counter, a service level.
"""

from typing import Any, NamedTuple

import numpy as np

LEG = np.dtype(
    [("metres", "f8"), ("seconds", "f8"), ("metres_back", "f8"), ("seconds_back", "f8")],
    align=True,
)
"""Between two places, and from the second back to the first; seconds are of driving and
preparation, 0 from a place to itself."""

PLACE = np.dtype([("first_here", "i8"), ("preparation", "f8")], align=True)
"""The first of its chosen options, -1 for none."""

PARCEL = np.dtype(
    [
        ("options_from", "i8"),  # nodes ``options_from`` to ``options_to`` are its options
        ("options_to", "i8"),
        ("chosen", "i8"),  # -1 while absent
        ("is_pickup", "i8"),
        ("prize", "f8"),  # cost of leaving it out, infinite where it is required
        ("key", "f8"),  # by which removed parcels are sorted
        ("absences", "f8"),  # how often it was left out in the search for fewer vehicles
    ],
    align=True,
)

NODE = np.dtype(
    [
        # What every insertion looks at stands together.
        ("place", "i8"),
        ("route", "i8"),  # -1 while not in the plan
        ("next", "i8"),
        ("prev", "i8"),
        ("here_next", "i8"),  # the chosen options of a place are a list of their own
        ("is_done", "i8"),
        ("early", "f8"),  # earliest start of service, everything before as early as possible
        ("late", "f8"),  # latest start of service such that everything after is in time
        ("service", "f8"),
        ("metres_on", "f8"),  # to the next node
        ("seconds_on", "f8"),
        ("here_prev", "i8"),
        ("parcel", "i8"),  # -1 for the ends of routes, ``parcel_count`` or more for loadings
        ("from_place", "i8"),  # where a plan in force comes from, -1 where none is
        ("zone", "i8"),  # -1 for none, and for the ends of routes
        ("limits_from", "i8"),  # what limits it: ``limits[limits_from:limits_to]``
        ("limits_to", "i8"),
        ("opens", "f8"),
        ("closes", "f8"),
        ("penalty", "f8"),
        ("work", "f8"),  # seconds from leaving to the start of service, without any waiting
    ],
    align=True,
)

ROUTE = np.dtype(
    [
        ("head", "i8"),  # the last node that stays where it is: the start, or what was done
        ("count", "i8"),  # parcels after the head
        ("kind", "i8"),  # vehicles of one kind cannot be told apart while unused
        ("seen", "i8"),  # when a vehicle of the kind of this number was last asked
        ("is_open", "i8"),
        ("is_out", "i8"),  # under way: left at a time that is known
        ("has_breaks", "i8"),
        ("breaks_from", "i8"),  # its breaks are ``breaks[breaks_from:breaks_to]``
        ("breaks_to", "i8"),
        ("loads_from", "i8"),  # nodes of its loadings on the way: ``loads_from`` to ``loads_to``
        ("loads_to", "i8"),
        ("is_timed", "i8"),  # its duration costs or is limited
        ("is_touched", "i8"),
        ("is_ruined", "i8"),  # how many strings were taken out of it
        ("is_sound", "i8"),
        ("enter", "f8"),  # what serving the parcel asked for costs here, wherever it is put
        ("swap", "f8"),  # what the parcel asked for would cost were there room for it, and where
        ("swap_option", "i8"),
        ("swap_after", "i8"),
        ("distance", "f8"),
        ("work", "f8"),
        ("duration", "f8"),
        ("cost", "f8"),
        ("fixed", "f8"),
        ("per_m", "f8"),
        ("per_s", "f8"),
        ("range", "f8"),
        ("duration_max", "f8"),
    ],
    align=True,
)

ABSENT, LEFT_OUT, KEPT_ABSENT, REMOVED, ASKED = 0, 1, 2, 3, 4
"""Places in :attr:`Tables.tally`; the first three are also rows of :attr:`Tables.lists`."""

PENALTIES, COST, BEST, KEPT_PENALTIES = 0, 1, 2, 3
"""Places in :attr:`Tables.sums`."""

BEFORE, AFTER = 0, 1
"""Places in :attr:`Tables.peaks`."""

BREAK_OPENS, BREAK_CLOSES, BREAK_S, BREAK_AFTER_MAX = 0, 1, 2, 3
"""Places in a row of :attr:`Tables.breaks`."""

L_EARLIEST, L_FROM, L_UNTIL, L_WORK = 0, 1, 2, 3
"""Places in a row of :attr:`Tables.labels`."""

LABELS_MAX = 16
"""Labels for each number of breaks; more are forgotten, which loses no truth (chosen)."""

ARRIVAL, AGAIN, AGAINST_ZONES, AGAINST_STOPS = 0, 1, 2, 3
"""Places in :attr:`Tables.habit_costs`."""

LEFT, MOST = 0, 1
"""Places in :attr:`Tables.room`."""


class Tables(NamedTuple):
    """Few tables of records instead of many arrays: they compile several times as fast.

    Tables of nodes, routes and loads are twice as long as there are entries: the second half is
    how they were when the last turn was accepted.
    """

    option_count: int
    node_count: int
    route_count: int
    dimensions: int
    parcel_count: int
    has_peaks: bool
    """What is on board changes between two loadings more than by delivering."""
    has_loads: bool
    """Some vehicle may load again."""
    has_habits: bool
    nodes: Any
    routes: Any
    parcels: Any
    places: Any
    legs: Any
    """Shape (places, places)."""
    speeds: Any
    """When speeds change and to what factor, shape (changes, 2)."""
    near: Any
    """For each place the nearest places with options, nearest first, shape (places, near)."""
    neighbors: Any
    """For each parcel the nearest ones, itself first, shape (parcels, neighbors)."""
    order_keys: Any
    """Keys by which removed parcels may be sorted, shape (orders, parcels)."""
    limits: Any
    room: Any
    """How many more options each limit lets choose, and how many at most, shape (limits, 2)."""
    demand: Any
    """Shape (parcels, dimensions)."""
    capacity: Any
    """Shape (routes, dimensions)."""
    carry: Any
    """What it costs that a route serves a parcel, infinite where it must not; shape (parcels,
    routes)."""
    habit_costs: Any
    zone_ranks: Any
    """Where each zone stands in the order a courier is used to, -1 for nowhere, shape (routes,
    zones)."""
    stop_ranks: Any
    """Where each place stands in the order a courier is used to, shape (routes, places)."""
    breaks: Any
    """Shape (breaks, 4)."""
    labels: Any
    """Scratch of :mod:`.shift`, shape (1 + breaks of one route at most, LABELS_MAX, 4)."""
    label_count: Any
    zone_runs: Any
    """How often each route enters each zone, shape (routes, zones)."""
    is_near: Any
    """Whether ``near`` has the second place for the first, shape (places, places)."""
    loads: Any
    """All that a route carries over the day, shape (2 routes, dimensions)."""
    peaks: Any
    """Most on board before and after a node, shape (nodes, 2, dimensions)."""
    best_next: Any
    """Successors in the best plan so far, shape (nodes,)."""
    lists: Any
    """Parcels absent, left out, and absent when the turn began, shape (3, parcels and some more):
    who is taken out in exchange may stand there twice."""
    tally: Any
    sums: Any
