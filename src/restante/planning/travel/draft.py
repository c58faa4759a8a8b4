"""A problem whose travel times are still to be found: its places first, the rest when they are."""

from typing import Any, NamedTuple, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..entry import BadProblem, Matrix
from ..misread import explain
from ..routing.problem import Place, Problem
from .table import Point, Travels, points_of, spread

TRAVEL_FIELDS = ("distances_m", "durations_s", "travel")


class Draft(NamedTuple):
    """A problem as it was written, with or without travel times."""

    written: dict[str, Any]
    places: tuple[Place, ...]

    @classmethod
    def from_json(cls, text: bytes | str) -> Self:
        """Read a draft from JSON.

        Raises
        ------
        BadProblem
            When its places are none; the rest is looked at with the whole problem.
        """
        try:
            written = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise BadProblem("", str(error)) from error
        try:
            places = msgspec.convert(written.get("places", []), type=tuple[Place, ...])
        except msgspec.ValidationError as error:
            message = str(error).replace("`$", "`$.places", 1)
            path, says = explain(written, message)
            raise BadProblem(path or "places", says) from error
        return cls(written, places)

    @property
    def has_travel(self) -> bool:
        """Whether it says how long vehicles drive."""
        return "distances_m" in self.written or "durations_s" in self.written

    @property
    def ids(self) -> list[str]:
        """Ids of its places, in order."""
        return [place.id for place in self.places]

    def points(self) -> tuple[list[Point], NDArray[np.int64], list[str]]:
        """Find its points, the number of each place's point, and a place's name at each point."""
        points, rows = points_of([(one.id, one.latitude, one.longitude) for one in self.places])
        names = [""] * len(points)
        for place, row in zip(self.places, rows, strict=True):
            names[row] = names[row] or place.id
        return points, rows, names

    def with_travels(self, travels: Travels, rows: NDArray[np.int64] | None = None) -> Problem:
        """Make the problem, with a table of places, or of points and each place's point.

        Raises
        ------
        BadProblem
            When the rest of it is not right.
        """
        if rows is not None:
            travels = spread(travels, rows)
        whole = {name: one for name, one in self.written.items() if name not in TRAVEL_FIELDS}
        whole["travel"] = msgspec.to_builtins(travels.source)
        whole["distances_m"], whole["durations_s"] = travels.distances_m, travels.durations_s
        try:
            return msgspec.convert(whole, type=Problem, dec_hook=lambda _, x: Matrix(x))
        except msgspec.ValidationError as error:
            raise BadProblem(*explain(whole, str(error))) from error
