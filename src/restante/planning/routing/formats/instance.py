"""What a reader makes of a file: a problem, and its cost in the format's own objective."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..problem import Capacity, Matrix, Place, PlaceId, Problem, Vehicle, VehicleId
from ..result import Result


class BadInstance(ValueError):
    """A file is not of the format it is read as; says which line or section."""


class Instance(NamedTuple):
    """A problem as it was read."""

    problem: Problem
    scale: float | None
    """Metres of the problem to one unit of a public format's objective; none for our own."""

    def cost_of(self, result: Result) -> float:
        """Tell a plan's cost in the format's own objective: the distance, vehicles apart."""
        return result.cost.total if self.scale is None else result.distance_m / self.scale


def read_problem(text: str) -> Instance:
    """Read a problem as :meth:`Problem.to_json` writes it; its objective is the whole cost."""
    return Instance(Problem.from_json(text), None)


def vehicles_alike(
    count: int, *, depot: PlaceId, volume: int, until: float, cost_fixed: float
) -> tuple[Vehicle, ...]:
    """Make vehicles that cost their distance, and so much that fewer always cost less."""
    return tuple(
        Vehicle(
            id=VehicleId(f"vehicle {i + 1}"),
            start_place=depot,
            capacity=Capacity(volume_cm3=volume),
            shift_ends_at=until,
            cost_fixed=cost_fixed,
            cost_per_km=1000.0,
        )
        for i in range(count)
    )


def euclidean(points: list[tuple[float, float]]) -> NDArray[np.float64]:
    """Measure straight lines between all points."""
    xy = np.array(points, dtype=float).reshape(-1, 2)
    between: NDArray[np.float64] = np.sqrt(((xy[:, None] - xy[None]) ** 2).sum(-1))
    return between


def make_instance(
    name: str,
    *,
    distances: NDArray[np.float64],
    scale: float,
    places: tuple[Place, ...],
    **parts: object,
) -> Instance:
    """Put a problem together whose travel times are its distances."""
    matrix = Matrix(distances)
    problem = Problem(
        name=name, places=places, distances_m=matrix, durations_s=matrix, **parts,  # type: ignore[arg-type]
    )  # fmt: skip
    return Instance(problem, scale)
