"""How long parcels stay, and whether anybody comes: learned without knowing who anybody is.

:func:`fit_hazard` and :func:`survival` tell a curve for each parcel, :func:`fit_no_show` the chance
that a first attempt fails. What is given to them is described in :mod:`.stays`.
"""

from .hazard import Hazard, fit_hazard, survival
from .kaplan_meier import fit_kaplan_meier
from .noshow import NoShow, chance_at_first_attempt, chance_of_no_show, fit_no_show
from .past import Past, count_past
from .stays import BadStays, Stays, make_stays

__all__ = [
    "BadStays",
    "Hazard",
    "NoShow",
    "Past",
    "Stays",
    "chance_at_first_attempt",
    "chance_of_no_show",
    "count_past",
    "fit_hazard",
    "fit_kaplan_meier",
    "fit_no_show",
    "make_stays",
    "survival",
]
