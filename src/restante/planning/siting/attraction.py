"""How people choose among sites and staying away (multinomial logit, threshold Luce)."""

import numpy as np

from .distances import Floats
from .problem import Choice


def attraction_of(objective: Choice, meters: Floats) -> Floats:
    """Tell how much sites attract that are so far away."""
    return np.where(meters <= objective.reach_m, np.exp(-meters / objective.decay_m), 0.0)


def captured(objective: Choice, meters: Floats) -> Floats:
    """Tell which share of each cell goes to any of the sites in the columns."""
    attracts = attraction_of(objective, meters)
    if objective.threshold > 0:
        most = attracts.max(axis=1, keepdims=True)
        attracts = np.where(attracts >= objective.threshold * most, attracts, 0.0)
    total: Floats = attracts.sum(axis=1)
    return total / (total + objective.outside)
