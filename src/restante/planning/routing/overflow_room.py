"""How many parcels of each size may be sent to a place tomorrow, and how sure that is."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Shares = NDArray[np.float64]

TAIL = 1e-12
"""What of a forecast's tail is left out: far less than any risk somebody states."""


class Limit(NamedTuple):
    """Parcels of a size class or larger, at one place."""

    place: str
    size: int | None
    """Number of the smallest size class counted; None for all, as on a shelf."""
    room: int
    """So many at the stated risk."""
    risks: tuple[float, ...]
    """Chance that not all find room if 0, 1, 2 … are sent there."""

    def risk(self, parcels: int) -> float:
        """Tell the chance that not all of so many parcels find room."""
        if parcels == 0:
            return 0.0
        return self.risks[parcels] if parcels < len(self.risks) else 1.0


def limits_of(
    place: str,
    sizes: Sequence[str],
    risk_max: float,
    *,
    compartments: Mapping[str, int] | None,
    staying: Mapping[str, Sequence[float]],
    booked: Mapping[str, int],
    expected: Mapping[str, float],
    parcels_max: int | None,
) -> list[Limit]:
    """List the limits of a place.

    Room for parcels of a size or larger is the compartments of that size or larger, less those
    still occupied, less what others deposit: for nested sizes that is exact, whatever of it goes
    into larger compartments. Compartments stay occupied independently of each other; deposits of
    others are Poisson.
    """
    limits = []
    if compartments is not None:
        for s in range(len(sizes)):
            larger = sizes[s:]
            total = sum(compartments.get(size, 0) for size in larger)
            taken = _taken(
                [chance for size in larger for chance in staying.get(size, ())],
                sum(booked.get(size, 0) for size in larger),
                sum(expected.get(size, 0.0) for size in larger),
            )
            limits.append(_limit(place, s, total, taken, risk_max))
    if parcels_max is not None:
        taken = _taken(
            [chance for chances in staying.values() for chance in chances]
            if compartments is None else [],
            sum(booked.values()), sum(expected.values()),
        )  # fmt: skip
        limits.append(_limit(place, None, parcels_max, taken, risk_max))
    return limits


def _taken(staying: Sequence[float], booked: int, expected: float) -> Shares:
    """Find the chances that 0, 1, 2 … are taken when the courier comes."""
    shares: Shares = np.ones(1)
    for chance in staying:
        shares = np.convolve(shares, [1.0 - chance, chance])
    shares = np.convolve(shares, _poisson(expected))
    return np.concatenate([np.zeros(booked), shares])


def _poisson(mean: float) -> Shares:
    if mean == 0:
        return np.ones(1)
    shares = [np.exp(-mean)]
    while sum(shares) < 1.0 - TAIL and len(shares) < 20 * (mean + 20):
        shares.append(shares[-1] * mean / len(shares))
    return np.array(shares)


def _limit(place: str, size: int | None, total: int, taken: Shares, risk_max: float) -> Limit:
    """Find the most that may be sent such that the chance of too little room is small enough."""
    up_to = np.cumsum(taken)
    risks = [
        1.0 - (float(up_to[min(total - m, len(up_to) - 1)]) if total >= m else 0.0)
        for m in range(total + 1)
    ]
    risks = [0.0 if risk < TAIL * 10 else risk for risk in risks]
    room = max((m for m in range(1, total + 1) if risks[m] <= risk_max), default=0)
    return Limit(place, size, room, tuple(risks))
