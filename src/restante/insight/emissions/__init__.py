"""CO2e of a parcel's way: what a network answers for, and the recipient's trip beside it.

:mod:`.factors` holds rows of factors, each with its source; :mod:`.chain` the arithmetic.
"""

from .chain import Assumptions, Emission, break_even_car_share, of_parcels, recipients_trip
from .factors import FACTORS, Factor, find_factor

__all__ = [
    "FACTORS",
    "Assumptions",
    "Emission",
    "Factor",
    "break_even_car_share",
    "find_factor",
    "of_parcels",
    "recipients_trip",
]
