"""The arithmetic of ISO 14083 for a parcel that goes to a locker.

A parcel's way is a chain of elements. Each element's emissions are its activity (kilometres,
kilowatt-hours) times a factor, and are shared among the parcels it served. Here the elements are:

``line_haul``
    To the depot, in kilograms a parcel: the carrier's figure, since a network does not see it.
``round``
    ``round_km × factor / parcels of the round``: the van's day from depot to depot. Shared by
    parcels, as parcels of one round differ little in weight.
``hub``
    The locker is a hub of the chain: ``kWh of the period × factor of the grid / parcels``. Current
    that is drawn by day whether or not a parcel comes is shared by those that came.

``chain = line_haul + round + hub`` is what the network reports. The recipient's trip is made by
somebody else and for more than the parcel: it stands beside the chain and is never added to it:

``trip = car_share × extra_km × factor of the car``

where ``car_share`` is the share of parcels fetched by car and ``extra_km`` the kilometres (there
and back) that were driven because of the parcel; whoever passes anyway drives none.

A locker saves as long as ``chain + trip < home``, the chain of a delivery to the door. The share of
car trips at which both are equal is the break-even share.

References
----------
ISO 14083:2023; GLEC Framework v3 (2023), both on hub operations and well-to-wheel factors;
EN 17837 on parcels, which leaves the shopper's own trip out.
"""

from collections.abc import Sequence
from typing import NamedTuple

from .factors import Factor, find_factor


class Assumptions(NamedTuple):
    """What is known of vans, lockers and recipients; every field is an input of the report.

    Attributes
    ----------
    round_km
        Kilometres of a round that serves lockers, depot to depot.
    round_parcels
        Parcels of such a round.
    hub_kwh_per_day
        Current of a locker on a day.
    car_share
        Share of parcels fetched by car, 0 to 1.
    extra_km
        Kilometres driven for a parcel that is fetched by car, there and back.
    home_round_km, home_round_parcels
        Of a round that delivers to doors, with the parcels that found somebody.
    line_haul_kg
        Kilograms of CO2e a parcel to the depot; the same for both, and 0 when nobody said.
    van, car, grid
        Names of factors.
    """

    round_km: float = 60.0
    round_parcels: float = 350.0
    hub_kwh_per_day: float = 1.0
    car_share: float = 0.3
    extra_km: float = 2.0
    home_round_km: float = 80.0
    home_round_parcels: float = 130.0
    line_haul_kg: float = 0.0
    van: str = "van_diesel_average"
    car: str = "car_petrol"
    grid: str = "grid"


class Emission(NamedTuple):
    """Grams of CO2e for each parcel, element by element.

    Attributes
    ----------
    line_haul_g, round_g, hub_g
        The elements.
    chain_g
        Their sum: what the network answers for.
    trip_g
        Of the recipient, beside the chain.
    home_g
        The chain of a delivery to the door, for comparison; modelled, not measured.
    break_even_car_share
        Share of car trips at which a locker saves nothing; more than 1 when no share is too many,
        ``None`` when a car trip costs nothing.
    factors
        Rows it was computed from.
    notes
        What must be known before it is published.
    """

    line_haul_g: float
    round_g: float
    hub_g: float
    chain_g: float
    trip_g: float
    home_g: float
    break_even_car_share: float | None
    factors: tuple[str, ...]
    notes: tuple[str, ...]


def of_parcels(
    assumptions: Assumptions, *, parcels: float, locker_days: float, own: Sequence[Factor] = ()
) -> Emission | None:
    """Tell the emissions of each parcel of some lockers over some days.

    Parameters
    ----------
    parcels
        Put in there in that time.
    locker_days
        Lockers times days they were switched on.
    own
        The operator's own factors, by name before those known here.

    Returns
    -------
    Emission
        ``None`` when no parcel came: nothing can be shared among none.

    Raises
    ------
    ValueError
        When an assumption is no number, negative, or a share above 1.
    """
    _check(assumptions)
    if parcels <= 0:
        return None
    van, grid = find_factor(assumptions.van, own), find_factor(assumptions.grid, own)
    used = (van, grid, find_factor(assumptions.car, own))
    line_haul = 1_000 * assumptions.line_haul_kg
    round_g = 1_000 * van.kg_co2e * assumptions.round_km / assumptions.round_parcels
    hub = 1_000 * grid.kg_co2e * assumptions.hub_kwh_per_day * locker_days / parcels
    home_round = assumptions.home_round_km / assumptions.home_round_parcels
    home = line_haul + 1_000 * van.kg_co2e * home_round
    chain = line_haul + round_g + hub
    return Emission(
        line_haul_g=line_haul,
        round_g=round_g,
        hub_g=hub,
        chain_g=chain,
        trip_g=recipients_trip(assumptions, own),
        home_g=home,
        break_even_car_share=break_even_car_share(assumptions, chain, home, own),
        factors=tuple(row.name for row in used),
        notes=tuple(note for row in used for note in _notes(row)),
    )


def _notes(row: Factor) -> tuple[str, ...]:
    only = "" if row.covers == "wtw" else f"{row.name}: only what leaves the vehicle (ttw)"
    return tuple(note for note in (only, row.note and f"{row.name}: {row.note}") if note)


def recipients_trip(assumptions: Assumptions, own: Sequence[Factor] = ()) -> float:
    """Tell the grams of CO2e of recipients' trips for each parcel."""
    car = find_factor(assumptions.car, own)
    return 1_000 * assumptions.car_share * assumptions.extra_km * car.kg_co2e


def break_even_car_share(
    assumptions: Assumptions, chain_g: float, home_g: float, own: Sequence[Factor] = ()
) -> float | None:
    """Tell the share of car trips at which ``chain + trip`` equals ``home``.

    Returns
    -------
    float
        Below 0 when the locker's chain alone costs more, above 1 when every recipient may drive;
        ``None`` when a car trip costs nothing.
    """
    by_car = 1_000 * assumptions.extra_km * find_factor(assumptions.car, own).kg_co2e
    return (home_g - chain_g) / by_car if by_car > 0 else None


def _check(assumptions: Assumptions) -> None:
    for name, value in assumptions._asdict().items():
        if isinstance(value, str):
            continue
        if not 0 <= value < float("inf"):
            raise ValueError(f"{name} is {value}: give 0 or more")
    for name in ("round_parcels", "home_round_parcels"):
        if getattr(assumptions, name) == 0:
            raise ValueError(f"{name} is 0: a round serves at least one parcel")
    if assumptions.car_share > 1:
        raise ValueError(f"car_share is {assumptions.car_share}: it is a share, 0 to 1")
