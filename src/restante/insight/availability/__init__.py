"""Whether a compartment will be free when the van comes: a probability, for many sites at once.

:func:`promise` tells it from what is inside, booked and expected, and how long parcels stay. The
model is in :mod:`.model`, how its probabilities are set right in :mod:`.calibration`.
"""

from .calibration import Calibration, calibrate
from .model import BadSites, Sites, promise

__all__ = ["BadSites", "Calibration", "Sites", "calibrate", "promise"]
"""What this room offers."""
