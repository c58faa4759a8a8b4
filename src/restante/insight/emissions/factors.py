"""Emission factors: rows with a source and a year, and nothing of them in any formula.

Every result keeps the names of the rows it was computed from. A row says what it covers: ``ttw``
is what leaves the vehicle (tank to wheel), ``wtw`` adds what making the fuel or current took (well
to wheel), which ISO 14083 asks for. A row whose source was not read in the original says so.

An operator's own rows, from its fuel bills or its country's authority, come first: pass them in.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

SEEN_SECOND_HAND: Final = "seen in a secondary copy; check against the original before publishing"
ASSUMED: Final = "round number for a first look; put your own in its place"


class Factor(NamedTuple):
    """A row.

    Attributes
    ----------
    name
        For ever; results name it.
    kg_co2e
        Kilograms of CO2e per unit.
    unit
        ``km`` driven, ``kWh`` of current.
    covers
        ``ttw`` or ``wtw``.
    source, year, region
        Where the number is from, of which year, for where.
    note
        What must be known before it is published.
    """

    name: str
    kg_co2e: float
    unit: str
    covers: str
    source: str
    year: int
    region: str
    note: str = ""


_DESNZ: Final = "UK DESNZ/DEFRA conversion factors, freighting goods"

FACTORS: Final = (
    Factor("van_diesel_average", 0.25716, "km", "ttw", _DESNZ, 2026, "GB", SEEN_SECOND_HAND),
    Factor("van_diesel_class_3", 0.28046, "km", "ttw", _DESNZ, 2026, "GB", SEEN_SECOND_HAND),
    Factor("van_battery_average", 0.04680, "km", "ttw", _DESNZ, 2026, "GB", SEEN_SECOND_HAND),
    Factor("cargo_bike", 0.0075, "km", "wtw", "25 Wh/km from `grid`", 2026, "EU", ASSUMED),
    Factor("car_petrol", 0.20, "km", "wtw", "assumed", 2026, "EU", ASSUMED),
    Factor("grid", 0.30, "kWh", "wtw", "assumed", 2026, "EU", ASSUMED),
)
"""What is known without asking the operator."""


class UnknownFactor(ValueError):
    """No row has the name; says which there are."""


def find_factor(name: str, own: Sequence[Factor] = ()) -> Factor:
    """Find a row by its name; the operator's own first.

    Raises
    ------
    UnknownFactor
        When there is none.
    """
    rows = [*own, *FACTORS]
    for row in rows:
        if row.name == name:
            return row
    known = ", ".join(dict.fromkeys(row.name for row in rows))
    raise UnknownFactor(f"there is no factor {name!r}; known are {known}")
