"""Readers for the public formats of routing problems: text in, a problem and its objective out.

The instances have no clear licence, so none is shipped; best known values and what formats leave
open are in ``docs/explanation/routes.md``.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from .instance import BadInstance, Instance, read_problem
from .vrpdo import read_vrpdo
from .vrplib import read_cvrp, read_gvrp, read_vrptw
from .vrprdl import read_vrprdl


class Reader(Protocol):
    """Reads a text of a format; a name, such as the file's, says more than the one inside."""

    def __call__(self, text: str, name: str = "") -> Instance: ...


READERS: Final[Mapping[str, Reader]] = {
    "vrpdo": read_vrpdo,
    "vrptw": read_vrptw,
    "cvrp": read_cvrp,
    "vrprdl": read_vrprdl,
    "gvrp": read_gvrp,
}
"""Readers by the name of the format."""

__all__ = ["READERS", "BadInstance", "Instance", "read_problem"]
