"""Measures that need more than the journal: prices and assumptions an operator tells in a file.

A TOML file with the tables ``[emissions]`` (fields of
:class:`~restante.insight.emissions.chain.Assumptions`), ``[prices]`` (fields of
:class:`~restante.insight.measures.cost.Prices`) and any number of ``[[factors]]``.
"""

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, NamedTuple, TypeVar, get_type_hints

from ..emissions import Assumptions, Factor, of_parcels
from .cost import Prices, cost_per_parcel


class Told(NamedTuple):
    """A measure that is computed from others and from what an operator tells."""

    name: str
    unit: str
    says: str
    formula: str


TOLD: Final = (
    Told(
        "co2e_chain",
        "g CO2e per parcel",
        "What the network answers for: line haul, its share of the van's round, and the locker.",
        "line_haul + round_km × van / round_parcels + hub_kwh_per_day × days × sites × grid / "
        "deposits",
    ),
    Told(
        "co2e_trip",
        "g CO2e per parcel",
        "The recipient's trip, beside the chain and never in it.",
        "car_share × extra_km × car",
    ),
    Told(
        "co2e_home",
        "g CO2e per parcel",
        "The chain of a delivery to the door, modelled, for comparison.",
        "line_haul + home_round_km × van / home_round_parcels",
    ),
    Told(
        "break_even_car_share",
        "share",
        "Share of parcels fetched by car at which a locker saves nothing any more.",
        "(co2e_home − co2e_chain) / (extra_km × car)",
    ),
    Told(
        "cost",
        "minor units per parcel",
        "What a parcel cost the network, by the prices it was told.",
        "(site_month × sites × months + deposits × parcel + (deposits + reminders) × notice) / "
        "deposits",
    ),
)


class Said(NamedTuple):
    """What an operator has told."""

    assumptions: Assumptions = Assumptions()
    prices: Prices = Prices()
    factors: tuple[Factor, ...] = ()


Row = Mapping[str, Any]
Kind = TypeVar("Kind", Assumptions, Prices, Factor)


def read_said(text: str) -> Said:
    """Read what an operator has told from TOML.

    Raises
    ------
    ValueError
        With what is wrong and what to do.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not TOML: {error}") from error
    for name in document:
        _check_name(name, ("emissions", "prices", "factors"), "table")
    factors = document.get("factors", [])
    if not isinstance(factors, list):
        raise ValueError("factors: write each as [[factors]]")
    said = Said(
        _read(Assumptions, document.get("emissions", {}), "emissions"),
        _read(Prices, document.get("prices", {}), "prices"),
        tuple(_read(Factor, one, f"factors[{i}]") for i, one in enumerate(factors, start=1)),
    )
    # Both refuse what cannot be: at once, and not at the first site.
    of_parcels(said.assumptions, parcels=1, locker_days=1, own=said.factors)
    cost_per_parcel(said.prices, deposits=1, sites=1, days=1)
    return said


def add_told(rows: Sequence[Row], said: Said, *, days: float) -> list[dict[str, Any]]:
    """Add the measures of :data:`TOLD` to measured rows; empty where no parcel came."""
    return [{**row, **_told(row, said, days)} for row in rows]


def _told(row: Row, said: Said, days: float) -> dict[str, float | None]:
    emission = of_parcels(
        said.assumptions,
        parcels=row["deposits"],
        locker_days=row["sites"] * days,
        own=said.factors,
    )
    cost = cost_per_parcel(
        said.prices,
        deposits=row["deposits"],
        sites=row["sites"],
        days=days,
        reminders=(row["reminders"] or 0.0) * row["deposits"],
    )
    if emission is None:
        return dict.fromkeys((one.name for one in TOLD), None)
    return {
        "co2e_chain": emission.chain_g,
        "co2e_trip": emission.trip_g,
        "co2e_home": emission.home_g,
        "break_even_car_share": emission.break_even_car_share,
        "cost": cost,
    }


def _read(kind: type[Kind], given: Any, where: str) -> Kind:
    if not isinstance(given, dict):
        raise ValueError(f"{where}: write it as a table, [{where}]")
    hints = get_type_hints(kind)
    fields: dict[str, Any] = {}
    for name, value in given.items():
        _check_name(name, tuple(hints), f"{where}: name")
        wanted = hints[name]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number if wanted in (float, int) else isinstance(value, str):
            fields[name] = float(value) if wanted is float else value
        else:
            word = "a number" if wanted in (float, int) else "a text"
            raise ValueError(f"{where}: {name} is {value!r}: give {word}")
    missing = [name for name in hints if name not in fields and name not in kind._field_defaults]
    if missing:
        raise ValueError(f"{where}: {', '.join(missing)} missing: a row has all of them")
    return kind(**fields)


def _check_name(name: str, known: Sequence[str], what: str) -> None:
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
        raise ValueError(f"{what} {name!r} is not known; {hint}")
