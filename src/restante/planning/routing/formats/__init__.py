"""Readers for the public formats of routing problems: text in, a problem and its objective out.

The instances have no clear licence, so none is shipped; best known values and what formats leave
open are in ``docs/explanation/routes.md``.
"""

from collections.abc import Callable, Mapping
from typing import Final

from .instance import BadInstance, Instance, read_problem
from .vrpdo import read_vrpdo
from .vrplib import read_cvrp, read_gvrp, read_vrptw
from .vrprdl import read_vrprdl

READERS: Final[Mapping[str, Callable[[str], Instance]]] = {
    "vrpdo": read_vrpdo,
    "vrptw": read_vrptw,
    "cvrp": read_cvrp,
    "vrprdl": read_vrprdl,
    "gvrp": read_gvrp,
}
"""Readers by the name of the format."""

__all__ = ["READERS", "BadInstance", "Instance", "read_problem"]
