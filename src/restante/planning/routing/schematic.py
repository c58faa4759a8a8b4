"""Where to draw places that have no coordinates: so that their distances fit as well as can be.

Classical scaling (Torgerson 1952): the two largest eigenvectors of the doubly centred squares of
the distances. It is a picture and no geography; what is left and right is chance. It must not
know who draws.
"""

import numpy as np

from .geojson import DIGITS, Position
from .problem import PlaceId, Problem

METERS_PER_DEGREE = 111_195.0
"""Of latitude, on the mean sphere; at the equator of longitude too, which is where this is."""

DEGREES_MAX = 20.0
"""A sketch stays near the equator, where both are alike; larger ones are made smaller."""

TURNS = 60
"""Of the power iteration: a picture needs two digits."""


def sketch_positions(problem: Problem) -> dict[PlaceId, Position]:
    """Put the places of a problem around 0, 0, by their distances."""
    if len(problem.places) < 2:
        return {place.id: (0.0, 0.0) for place in problem.places}
    distances = problem.distances_m.values
    squares = np.nan_to_num(np.minimum(distances, distances.T)) ** 2
    mean = squares.mean(axis=0)
    gram = -0.5 * (squares - mean[:, None] - mean[None, :] + squares.mean())
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(len(gram), 2)))[0]
    for _ in range(TURNS):
        axes = np.linalg.qr(gram @ axes)[0]
    stretch = np.sqrt(np.maximum(np.einsum("ik,ij,jk->k", axes, gram, axes), 0.0))
    points = axes * stretch / METERS_PER_DEGREE
    widest = float(np.abs(points).max(initial=0.0))
    if widest > DEGREES_MAX:
        points *= DEGREES_MAX / widest
    return {
        place.id: (round(float(x), DIGITS), round(float(y), DIGITS))
        for place, (x, y) in zip(problem.places, points, strict=True)
    }
