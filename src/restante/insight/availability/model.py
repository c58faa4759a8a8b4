"""The model: how many compartments will be taken, and the chance that one of a size is not.

Sets
    sites ``x``, sizes ``s`` (smallest first), moments ``t`` (steps of equal length from now)
Known
    ``room[x, s]`` compartments in service; parcels inside, each with its ``S(t | inside)``;
    bookings, each with the moment it is expected, the chance it comes and its survival after;
    ``rate[x, s, t]`` other parcels expected to be deposited in step ``t``; ``dispersion[x]``
Told
    ``P(a parcel of size s finds a compartment of x at the end of step t)``

A1. Parcels that are inside or booked are independent of each other, each there with its own chance:
    their number is Poisson-binomial, of which mean and variance are told exactly.
A2. Others come at random, at a rate that is itself not sure: it is multiplied by a factor that all
    hours and sizes of a site share. Five factors, each as likely as the forecast's dispersion says,
    are reckoned with one after the other.
A3. Step by step, what comes is added to what is there. Who finds no compartment goes elsewhere and
    takes none later: beyond what there is, numbers are cut off, and only the rest stays on.
A4. A parcel takes the smallest compartment that is free: what finds none of its size spills into
    the next larger one. There is room for a size while compartments of it and of all larger ones
    (its pool) are not all taken.
A5. Numbers are taken as normal, with the skewness of counts of their mean and variance.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

VARIANCE_LEAST: Final = 1e-6
BATCH: Final = 1_000
"""Sites reckoned with at once: enough that steps cost little, few enough for a processor's cache
(chosen)."""
NODES: Final = (-2.856970013872806, -1.355626179974266, 0.0, 1.355626179974266, 2.856970013872806)
WEIGHTS: Final = (
    0.011257411327720, 0.222075922005613, 0.533333333333333, 0.222075922005613, 0.011257411327720,
)  # fmt: skip
"""Gauss and Hermite's points for a standard normal number (Abramowitz, Stegun, table 25.10)."""


class BadSites(ValueError):
    """What is said of sites contradicts itself; says how."""


class Sites(NamedTuple):
    """What is known of many sites at one moment; parcels of all of them in one row."""

    room: Whole
    """Compartments in service, shape (sites, sizes), smallest size first."""
    site_of: Whole
    """Of each parcel inside or booked."""
    size_of: Whole
    """The size of compartment it takes, or is booked for."""
    there: Array
    """Chance that it is there at the end of each step, shape (parcels, steps)."""
    rate: Array
    """Other parcels expected in each step, shape (sites, sizes, steps)."""
    survival: Array
    """Chance that what comes in a step (row) is there at the end of a later one (column)."""
    dispersion: Array
    """How unsure the rate of each site is: the variance of its factor, shape (sites,)."""


class _Taken:
    """Numbers of parcels of the same compartments: what is known, and what came since.

    All arrays are of shape (sites, sizes), one for each step.
    """

    def __init__(self, known: Array, known_variance: Array) -> None:
        self._known, self._known_variance = known, known_variance
        steps = known.shape[2]
        self._came = np.zeros((steps, *known.shape[:2]))
        self._came_variance = np.zeros_like(self._came)

    def at(self, step: int, survival: Array) -> tuple[Array, Array]:
        """Tell mean and variance at the end of a step, before what comes in it."""
        stays = survival[:step, step]
        mean = self._known[..., step] + np.tensordot(stays, self._came[:step], 1)
        variance = (
            self._known_variance[..., step]
            + np.tensordot(stays**2, self._came_variance[:step], 1)
            + np.tensordot(stays * (1 - stays), self._came[:step], 1)
        )
        return mean, variance

    def accept(self, step: int, accepted: Array, shrunk: Array) -> None:
        """Keep what found room in a step."""
        self._came[step] = accepted
        self._came_variance[step] = accepted * shrunk


def promise(sites: Sites) -> Array:
    """Tell the chance that a parcel finds a compartment at the end of each step.

    Returns
    -------
    NDArray
        Shape (sites, sizes, steps).

    Raises
    ------
    BadSites
        When shapes do not fit each other, or a number is none.
    """
    _check(sites)
    known, known_variance = _known(sites)
    found = np.empty(sites.rate.shape)
    for first in range(0, len(sites.room), BATCH):
        batch = slice(first, first + BATCH)
        factors = _factors(sites.dispersion[batch])
        # One after the other along the sites: the same steps serve all factors.
        chances = _fill(
            np.concatenate([sites.rate[batch] * one[:, None, None] for one in factors]),
            np.tile(known[batch], (len(NODES), 1, 1)),
            np.tile(known_variance[batch], (len(NODES), 1, 1)),
            np.tile(sites.room[batch], (len(NODES), 1)),
            sites.survival,
        )
        by_factor = chances.reshape(len(NODES), -1, *chances.shape[1:])
        found[batch] = np.tensordot(np.array(WEIGHTS), by_factor, 1)
    return found


def _fill(rate: Array, known: Array, known_variance: Array, room: Whole, survival: Array) -> Array:
    """Tell the chances where the rate is sure (A3, A4)."""
    pool_room = np.cumsum(room[:, ::-1], axis=1)[:, ::-1]
    classes = _Taken(known, known_variance)
    pools = _Taken(_from_here_up(known), _from_here_up(known_variance))
    found = np.empty(rate.shape)
    for step in range(rate.shape[2]):
        came = rate[..., step]
        spill = _spill(came, classes, step, survival, room)
        found[..., step] = _free(came, spill, pools, step, survival, pool_room)
    return found


def _spill(came: Array, classes: _Taken, step: int, survival: Array, room: Whole) -> Array:
    """Tell what comes to each size from the smaller ones, which are full."""
    mean, variance = classes.at(step, survival)
    spill, accepted, shrunk = np.zeros_like(came), np.empty_like(came), np.empty_like(came)
    over = np.zeros(len(came))
    for size in range(came.shape[1]):
        spill[:, size] = over
        wanted = came[:, size] + over
        over, shrunk[:, size] = _cut(mean[:, size], variance[:, size], wanted, room[:, size])
        accepted[:, size] = wanted - over
    classes.accept(step, accepted, shrunk)
    return spill


def _free(
    came: Array, spill: Array, pools: _Taken, step: int, survival: Array, room: Whole
) -> Array:
    """Tell the chance that the pool of each size is not all taken."""
    mean, variance = pools.at(step, survival)
    found, accepted, shrunk = np.empty_like(came), np.empty_like(came), np.empty_like(came)
    above = np.zeros(len(came))
    for size in reversed(range(came.shape[1])):
        # Of larger parcels, those that found room among the larger compartments.
        wanted = came[:, size] + spill[:, size] + above
        found[:, size] = _chance_below(
            room[:, size], mean[:, size] + wanted, variance[:, size] + wanted
        )
        over, shrunk[:, size] = _cut(mean[:, size], variance[:, size], wanted, room[:, size])
        accepted[:, size] = wanted - over
        above = (above + came[:, size]) * accepted[:, size] / np.maximum(wanted, 1e-9)
    pools.accept(step, accepted, shrunk)
    return found


def _from_here_up(of_size: Array) -> Array:
    found: Array = np.cumsum(of_size[:, ::-1], axis=1)[:, ::-1]
    return found


def _cut(mean: Array, variance: Array, wanted: Array, room: Whole) -> tuple[Array, Array]:
    """Tell how many find no room, and by how much what is there is less uncertain for it."""
    over, over_variance, crossed = _excess(mean + wanted, variance + wanted, room)
    over = np.minimum(over, wanted)
    total = np.maximum(variance + wanted, VARIANCE_LEAST)
    left = np.clip((total - over_variance - 2 * crossed) / total, 0.0, 1.0)
    return over, left


def _factors(dispersion: Array) -> list[Array]:
    """Tell factors of mean 1 and this variance, none below zero."""
    width = np.sqrt(np.log1p(dispersion))
    raw = [np.exp(width * at - width**2 / 2) for at in NODES]
    mean = sum(weight * one for weight, one in zip(WEIGHTS, raw, strict=True))
    return [one / mean for one in raw]


def _check(sites: Sites) -> None:
    places, sizes, steps = sites.rate.shape
    if sites.room.shape != (places, sizes) or sites.dispersion.shape != (places,):
        raise BadSites(
            f"room is {sites.room.shape} and dispersion {sites.dispersion.shape}, for"
            f" {places} sites of {sizes} sizes"
        )
    if sites.survival.shape != (steps, steps) or sites.there.shape != (len(sites.site_of), steps):
        raise BadSites(
            f"survival is {sites.survival.shape} and there {sites.there.shape}, for"
            f" {len(sites.site_of)} parcels and {steps} steps"
        )
    if not (np.isfinite(sites.rate).all() and np.isfinite(sites.there).all()):
        raise BadSites("a rate or a chance is no number")
    if (sites.rate < 0).any() or (sites.room < 0).any() or (sites.dispersion < 0).any():
        raise BadSites("a rate, a dispersion or a number of compartments is negative")
    if (sites.there < 0).any() or (sites.there > 1).any():
        raise BadSites("a chance is not between 0 and 1")


def _known(sites: Sites) -> tuple[Array, Array]:
    """Tell mean and variance of what is inside or booked (A1), shape (sites, sizes, steps)."""
    places, sizes, steps = sites.rate.shape
    place = sites.site_of * sizes + sites.size_of
    mean = np.zeros((places * sizes, steps))
    variance = np.zeros_like(mean)
    order = np.argsort(place, kind="stable")
    if len(order):
        chance, ordered = sites.there[order], place[order]
        first = np.flatnonzero(np.r_[True, np.diff(ordered) > 0])
        mean[ordered[first]] = np.add.reduceat(chance, first, axis=0)
        variance[ordered[first]] = np.add.reduceat(chance * (1 - chance), first, axis=0)
    return mean.reshape(places, sizes, steps), variance.reshape(places, sizes, steps)


def _excess(mean: Array, variance: Array, room: Whole) -> tuple[Array, Array, Array]:
    """Tell mean and variance of what is beyond, and its covariance with what stays within."""
    width = np.sqrt(np.maximum(variance, VARIANCE_LEAST))
    over = (mean - room) / width
    density = np.exp(-(over**2) / 2) / np.sqrt(2 * np.pi)
    tail = ndtr(over)
    first = np.maximum(width * (density + over * tail), 0.0)
    second = width**2 * ((1 + over**2) * tail + over * density)
    # Where something is beyond, all room is taken: cov(within, beyond) = E[beyond] (room - within).
    within = mean - first
    return first, np.maximum(second - first**2, 0.0), first * np.maximum(room - within, 0.0)


def _chance_below(room: Whole, mean: Array, variance: Array) -> Array:
    """Tell the chance of fewer than ``room`` (A5)."""
    mean, variance = np.maximum(mean, 1e-9), np.maximum(variance, VARIANCE_LEAST)
    width = np.sqrt(variance)
    # Skewness of a negative binomial (or binomial) of this mean and variance.
    skew = np.clip((2 * variance - mean) / (mean * width), -2.0, 2.0)
    at = (room - 0.5 - mean) / width
    # The correction is one of small steps: far out it would turn back.
    edged = np.where(np.abs(at) < 3, at - skew * (at**2 - 1) / 6, at)
    found: Array = np.where(room > 0, ndtr(edged), 0.0)
    return found
