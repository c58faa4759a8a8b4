"""What to ask a road server for a table, and what its answer means: OSRM and Valhalla.

Protocols without a network: a server turns points into a request and bytes into a table. Tables
are asked for in tiles, because servers limit how many pairs they answer at once.

References
----------
OSRM, HTTP API, table service; Valhalla, time-distance matrix service (docs/explanation/
travel-times.md).
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from .table import Found, NoTravel, Point

OSRM_SIDE: Final = 100
"""Origins and destinations of a tile: ``osrm-routed --max-table-size`` unless told otherwise."""

VALHALLA_SIDE: Final = 50
"""Origins and destinations of a tile: ``max_matrix_locations`` unless configured otherwise."""


class Request(NamedTuple):
    """What to ask, below the server's address."""

    path: str
    body: bytes | None = None
    """To be posted as JSON; without it the request is a GET."""


class RoadServer(Protocol):
    """A kind of road server."""

    @property
    def name(self) -> str:
        """Its name, for messages and plans."""

    @property
    def profile(self) -> str:
        """Kind of vehicle asked for."""

    @property
    def side(self) -> int:
        """Origins, and destinations, of one request."""

    def ask(self, origins: Sequence[Point], destinations: Sequence[Point]) -> Request:
        """Ask for a table."""

    def read(self, status: int, body: bytes, *, names: Sequence[str], columns: int) -> Found:
        """Read the answer.

        Parameters
        ----------
        names
            Of the origins and then of the destinations asked for.
        columns
            How many of them are destinations.

        Raises
        ------
        NoTravel
            When it is none; says what the server said.
        """


class Osrm(NamedTuple):
    """OSRM's table service."""

    profile: str = "driving"
    side: int = OSRM_SIDE

    @property
    def name(self) -> str:
        """Its name, for messages and plans."""
        return "osrm"

    def ask(self, origins: Sequence[Point], destinations: Sequence[Point]) -> Request:
        """Ask for a table."""
        both = [*origins, *destinations]
        points = ";".join(f"{one.longitude:.5f},{one.latitude:.5f}" for one in both)
        sources = ";".join(map(str, range(len(origins))))
        targets = ";".join(map(str, range(len(origins), len(both))))
        return Request(
            f"/table/v1/{self.profile}/{points}?annotations=duration,distance"
            f"&sources={sources}&destinations={targets}"
        )

    def read(self, status: int, body: bytes, *, names: Sequence[str], columns: int) -> Found:
        """Read the answer."""
        answer = _object(self.name, status, body)
        code = answer.get("code")
        if code != "Ok":
            said = f"{code or status} {answer.get('message', '')}".strip()
            raise NoTravel(_osrm_says(said, str(code), names))
        if "distances" not in answer:
            raise NoTravel("osrm answers without distances: it must be of version 5.18 or later")
        shape = (len(names) - columns, columns)
        found = Found(
            _table(self.name, answer["distances"], shape),
            _table(self.name, answer.get("durations"), shape),
            np.zeros(shape, dtype=bool),
        )
        for pair in answer.get("fallback_speed_cells", []):
            found.estimated[tuple(pair)] = True
        return found


class Valhalla(NamedTuple):
    """Valhalla's matrix service."""

    profile: str = "auto"
    side: int = VALHALLA_SIDE

    @property
    def name(self) -> str:
        """Its name, for messages and plans."""
        return "valhalla"

    def ask(self, origins: Sequence[Point], destinations: Sequence[Point]) -> Request:
        """Ask for a table."""
        said = {
            "sources": [{"lat": one.latitude, "lon": one.longitude} for one in origins],
            "targets": [{"lat": one.latitude, "lon": one.longitude} for one in destinations],
            "costing": self.profile,
            "units": "kilometers",
            "verbose": False,
        }
        return Request("/sources_to_targets", msgspec.json.encode(said))

    def read(self, status: int, body: bytes, *, names: Sequence[str], columns: int) -> Found:
        """Read the answer, in its short or its long form."""
        answer = _object(self.name, status, body)
        if status != 200 or "sources_to_targets" not in answer:
            said = f"{answer.get('error_code', status)} {answer.get('error', '')}".strip()
            raise NoTravel(
                f"valhalla refused a table: {said}. Places asked for: {_some(names)}. Move a place"
                " to a road, or raise the server's service_limits"
            )
        metres_each = 1609.344 if answer.get("units") in {"miles", "mi"} else 1000.0
        found = answer["sources_to_targets"]
        if isinstance(found, list):
            found = {
                "distances": [[pair.get("distance") for pair in row] for row in found],
                "durations": [[pair.get("time") for pair in row] for row in found],
            }
        shape = (len(names) - columns, columns)
        return Found(
            metres_each * _table(self.name, found.get("distances"), shape),
            _table(self.name, found.get("durations"), shape),
            np.zeros(shape, dtype=bool),
        )


def tiles(wanted: NDArray[np.bool_], side: int) -> Iterator[tuple[range, range]]:
    """Cut a table into tiles of origins and destinations that have something wanted."""
    count = len(wanted)
    for i in range(0, count, side):
        for j in range(0, count, side):
            rows, columns = range(i, min(i + side, count)), range(j, min(j + side, count))
            if wanted[rows.start : rows.stop, columns.start : columns.stop].any():
                yield rows, columns


def _object(name: str, status: int, body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise NoTravel(
            f"{name} answered {status} with something that is not a JSON object: is this its"
            " address?"
        ) from None


def _table(name: str, rows: Any, shape: tuple[int, int]) -> NDArray[np.float64]:
    try:
        table = np.array(rows, dtype=np.float64)
    except (TypeError, ValueError):
        table = np.empty(0)
    if table.shape != shape:
        raise NoTravel(f"{name} answered a table that is not of {shape[0]} × {shape[1]} numbers")
    return table


def _osrm_says(said: str, code: str, names: Sequence[str]) -> str:
    number = re.search(r"coordinate (\d+)", said)
    if code == "NoSegment" and number and int(number[1]) < len(names):
        return (
            f"osrm finds no road near place {names[int(number[1])]!r}: check its coordinates, or"
            " give the server roads of its region"
        )
    hint = ". Ask for smaller tiles, or raise --max-table-size" if code == "TooBig" else ""
    return f"osrm refused a table: {said}{hint}. Places asked for: {_some(names)}"


def _some(names: Sequence[str]) -> str:
    first = ", ".join(map(repr, names[:3]))
    return f"{first} and {len(names) - 3} more" if len(names) > 3 else first
