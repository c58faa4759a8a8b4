"""Kaplan–Meier: how long parcels stay, nothing known of any of them. What a model must beat."""

import numpy as np
from numpy.typing import NDArray

from .stays import Array


def fit_kaplan_meier(
    slots: NDArray[np.int64], is_collected: NDArray[np.bool_], horizon: int
) -> Array:
    """Tell the share that is still inside after each slot.

    Parameters
    ----------
    slots
        Whole slots each parcel stayed, or was seen to stay.
    is_collected
        Its stay ended; the others were still inside when last seen (censored).
    horizon
        How many slots to tell.

    Returns
    -------
    NDArray
        Shape (horizon,): of slot ``k`` the probability of staying beyond it.
    """
    ended = np.bincount(slots[is_collected], minlength=horizon)[:horizon]
    # Those at risk in slot k stayed k slots at least; who was lost sight of in it was there.
    seen = np.bincount(np.minimum(slots, horizon), minlength=horizon + 1)
    at_risk = seen[::-1].cumsum()[::-1][:horizon]
    hazard = ended / np.maximum(at_risk, 1)
    found: Array = np.cumprod(1.0 - hazard)
    return found
