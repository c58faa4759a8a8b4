"""What every part of a problem of routes is made of: ids, beside what all planners share."""

from typing import NewType

from ..entry import (
    NEVER,
    Amount,
    BadProblem,
    Count,
    Document,
    Entry,
    Matrix,
    refuse,
)

PlaceId = NewType("PlaceId", str)
VehicleId = NewType("VehicleId", str)

__all__ = [
    "NEVER",
    "Amount",
    "BadProblem",
    "Count",
    "Document",
    "Entry",
    "Matrix",
    "PlaceId",
    "VehicleId",
    "refuse",
]
