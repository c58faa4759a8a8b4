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

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

VARIANCE_LEAST: Final = 1e-6
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


class _Taken(NamedTuple):
    """Numbers of parcels of the same compartments: what is known, and what came since."""

    known: Array
    known_variance: Array
    came: list[Array]
    """Accepted in each step so far."""
    came_variance: list[Array]

    def at(self, step: int, survival: Array) -> tuple[Array, Array]:
        """Tell mean and variance at the end of a step, before what comes in it."""
        mean, variance = self.known[..., step].copy(), self.known_variance[..., step].copy()
        for i, (came, wide) in enumerate(zip(self.came, self.came_variance, strict=True)):
            stays = survival[i, step]
            mean += came * stays
            variance += wide * stays**2 + came * stays * (1 - stays)
        return mean, variance


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
    found = np.zeros(sites.rate.shape)
    for factor, weight in zip(_factors(sites.dispersion), WEIGHTS, strict=True):
        rate = sites.rate * factor[:, None, None]
        found += weight * _with_rate(sites, rate, known, known_variance)
    return found


def _with_rate(sites: Sites, rate: Array, known: Array, known_variance: Array) -> Array:
    """Tell the chances where the rate is sure (A3, A4)."""
    sizes, steps = rate.shape[1:]
    pool_room = np.cumsum(sites.room[:, ::-1], axis=1)[:, ::-1]
    classes = _Taken(known, known_variance, [], [])
    pools = _Taken(_from_here_up(known), _from_here_up(known_variance), [], [])
    found = np.empty(rate.shape)
    for step in range(steps):
        came = rate[..., step]
        mean, variance = classes.at(step, sites.survival)
        spill, accepted = np.zeros_like(came), np.zeros_like(came)
        shrunk = np.ones_like(came)
        over = np.zeros(len(came))
        for size in range(sizes):
            spill[:, size] = over
            wanted = came[:, size] + over
            over, shrunk[:, size] = _cut(
                mean[:, size], variance[:, size], wanted, sites.room[:, size]
            )
            accepted[:, size] = wanted - over
        classes.came.append(accepted)
        classes.came_variance.append(accepted * shrunk)
        mean, variance = pools.at(step, sites.survival)
        share, above = np.ones(len(came)), np.zeros(len(came))
        for size in reversed(range(sizes)):
            # Of larger parcels, those that found room among the larger compartments.
            wanted = came[:, size] + spill[:, size] + above
            found[:, size, step] = _chance_below(
                pool_room[:, size], mean[:, size] + wanted, variance[:, size] + wanted
            )
            over, shrunk[:, size] = _cut(
                mean[:, size], variance[:, size], wanted, pool_room[:, size]
            )
            accepted[:, size] = wanted - over
            share = accepted[:, size] / np.maximum(wanted, 1e-9)
            above = (above + came[:, size]) * share
        pools.came.append(accepted.copy())
        pools.came_variance.append(accepted * shrunk)
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
    cell = sites.site_of * sizes + sites.size_of
    mean = np.zeros((places * sizes, steps))
    variance = np.zeros_like(mean)
    order = np.argsort(cell, kind="stable")
    if len(order):
        chance, ordered = sites.there[order], cell[order]
        first = np.flatnonzero(np.r_[True, np.diff(ordered) > 0])
        mean[ordered[first]] = np.add.reduceat(chance, first, axis=0)
        variance[ordered[first]] = np.add.reduceat(chance * (1 - chance), first, axis=0)
    return mean.reshape(places, sizes, steps), variance.reshape(places, sizes, steps)


def _excess(mean: Array, variance: Array, room: Whole) -> tuple[Array, Array, Array]:
    """Tell mean and variance of what is beyond, and its covariance with what stays within."""
    from scipy.special import ndtr  # noqa: PLC0415 - with its use.

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
    from scipy.special import ndtr  # noqa: PLC0415 - with its use.

    mean, variance = np.maximum(mean, 1e-9), np.maximum(variance, VARIANCE_LEAST)
    width = np.sqrt(variance)
    # Skewness of a negative binomial (or binomial) of this mean and variance.
    skew = np.clip((2 * variance - mean) / (mean * width), -2.0, 2.0)
    at = (room - 0.5 - mean) / width
    # The correction is one of small steps: far out it would turn back.
    edged = np.where(np.abs(at) < 3, at - skew * (at**2 - 1) / 6, at)
    found: Array = np.where(room > 0, ndtr(edged), 0.0)
    return found
