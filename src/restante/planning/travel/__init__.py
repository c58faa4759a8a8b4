"""How far places are from each other, and how long vehicles drive: from points to a table.

A table is made of straight lines, of a road graph, of a file, or of a road server's answers; who
made it, and how much of it is estimated, stays with every plan. It is given texts and bytes and
opens nothing: what speaks HTTP or reads files is in the wiring. It must not know parcels.
"""

from .csv_table import read_csv_table
from .draft import Draft
from .roads import Roads, Street
from .straight import Straight
from .table import NoTravel, Point, Travels, complete, points_of

__all__ = [
    "Draft",
    "NoTravel",
    "Point",
    "Roads",
    "Straight",
    "Street",
    "Travels",
    "complete",
    "points_of",
    "read_csv_table",
]
