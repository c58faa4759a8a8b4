"""How good a forecast was: errors that can be compared between sites and networks.

E1. Errors are told in units of the naive forecast's: what changes from a week to the next. MASE and
    pinball loss below 1 and the like then mean the same at a large site and at a small one.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from .counts import Array

SCORED_LEVELS: Final = (0.1, 0.5, 0.9, 0.95)
"""Levels whose pinball losses are averaged, as in the published comparison."""
SCALE_LEAST: Final = 0.2
"""Parcels: where weeks are alike, errors are told in these."""
WEEK: Final = 7


class Scores(msgspec.Struct, frozen=True):
    """How good forecasts were of days they did not know."""

    mase: float
    """Mean absolute error over that of the naive forecast, mean over series."""
    pinball: float
    """Mean loss of quantiles 0.1, 0.5, 0.9 and 0.95, in the same unit."""
    coverage: dict[str, float]
    """Share of days at or below each quantile, by its level."""
    bias: float
    """Parcels forecast over parcels that came, less 1."""


def naive_scale(values: Array) -> Array:
    """Tell how much each series changes from week to week, in parcels."""
    change = np.abs(values[:, WEEK:] - values[:, :-WEEK])
    seen = ~np.isnan(change)
    total = np.where(seen, change, 0.0).sum(1)
    found: Array = np.maximum(total / np.maximum(seen.sum(1), 1), SCALE_LEAST)
    return found


def score(
    actual: Array, mean: Array, quantiles: Array, levels: Sequence[float], scale: Array
) -> Scores:
    """Score forecasts.

    Parameters
    ----------
    actual
        Parcels, shape (series, days), NaN where nothing was seen.
    mean
        What was forecast, of the same shape.
    quantiles
        Shape (levels, series, days).
    levels
        Their probabilities.
    scale
        What :func:`naive_scale` told of the days before.
    """
    seen = ~np.isnan(actual)
    has_days = seen.any(1)

    def per_series(loss: Array) -> float:
        mean_loss = np.where(seen, loss, 0.0).sum(1)[has_days] / seen.sum(1)[has_days]
        return float((mean_loss / scale[has_days]).mean())

    if not has_days.any():
        nothing = float("nan")
        return Scores(nothing, nothing, {}, nothing)
    losses = []
    for level, found in zip(levels, quantiles, strict=True):
        if round(level, 4) in SCORED_LEVELS:
            error = actual - found
            losses.append(per_series(np.maximum(level * error, (level - 1) * error)))
    middle = quantiles[list(levels).index(0.5)] if 0.5 in levels else mean
    return Scores(
        mase=round(per_series(np.abs(actual - middle)), 4),
        pinball=round(float(np.mean(losses)), 4),
        coverage={
            f"{level:g}": round(float((actual <= found)[seen].mean()), 4)
            for level, found in zip(levels, quantiles, strict=True)
        },
        bias=round(float(mean[seen].sum() / max(actual[seen].sum(), 1e-9) - 1), 4),
    )
