"""What planners of sites and forecasts are given: tables of places, from many kinds of files.

Demand cells, candidate sites and histories from CSV or GeoJSON; people from population grids;
both from OpenStreetMap and from carriers' feeds of points. Bytes in, arrays out, and beside them
every bad row by its number, with what is wrong and what to do. Nothing is fetched.

Needs numpy; :mod:`~restante.partners.places.osm` needs osmium.
"""

from .candidates import Candidates, CandidateStatus, read_candidates
from .demand import DemandCells, read_demand_cells
from .feeds import read_feed
from .history import History, read_history, read_zones
from .population import read_population

__all__ = [
    "CandidateStatus",
    "Candidates",
    "DemandCells",
    "History",
    "read_candidates",
    "read_demand_cells",
    "read_feed",
    "read_history",
    "read_population",
    "read_zones",
]
