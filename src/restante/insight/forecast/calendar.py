"""Which days are not like others: holidays of a country, events of operators."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.bool_]

COUNTRY_SEPARATOR: Final = "-"
"""Between a country and its region, as in ISO 3166-2: ``DE-BE``."""


class Event(NamedTuple):
    """Days an operator expects more or less of than usual."""

    name: str
    """Years of the same event have the same name."""
    first: date
    last: date
    factor: float = 1.0
    """What the operator expects it to make of a day, until it was seen."""


class Kind(NamedTuple):
    """Days that are special for one reason."""

    name: str
    days: Days
    """One a day of the calendar."""
    is_holiday: bool
    said_factor: float = 1.0


class Calendar(NamedTuple):
    """Days in a row, and what is special about them."""

    first: date
    weekday: NDArray[np.intp]
    """Monday is 0."""
    kinds: tuple[Kind, ...]
    is_special: Days
    is_holiday: Days

    @property
    def days(self) -> list[date]:
        """All its days."""
        return [self.first + timedelta(i) for i in range(len(self.weekday))]

    def until(self, count: int) -> "Calendar":
        """Keep the first days only."""
        return Calendar(
            self.first,
            self.weekday[:count],
            tuple(kind._replace(days=kind.days[:count]) for kind in self.kinds),
            self.is_special[:count],
            self.is_holiday[:count],
        )


class UnknownCountry(ValueError):
    """There are no holidays of that name; says which there are."""


def make_calendar(
    first: date, count: int, *, country: str = "", events: Sequence[Event] = ()
) -> Calendar:
    """Describe days.

    Parameters
    ----------
    first
        The first day.
    count
        How many days.
    country
        ISO 3166 code, with a region where holidays differ (``DE`` or ``DE-BE``); none if empty.
    events
        Of operators; those of one name are the same event in several years.

    Raises
    ------
    UnknownCountry
        When nobody knows its holidays.
    """
    days = [first + timedelta(i) for i in range(count)]
    kinds = [
        Kind(name, np.array([day in on for day in days]), True)
        for name, on in sorted(_holidays(days, country).items())
    ]
    events = (*events, *_usual_events(days))
    for name in dict.fromkeys(event.name for event in events):
        same = [event for event in events if event.name == name]
        marked = np.array([any(one.first <= day <= one.last for one in same) for day in days])
        kinds.append(Kind(name, marked, False, same[-1].factor))
    kinds = [kind for kind in kinds if kind.days.any()]
    nothing = np.zeros(count, dtype=bool)
    return Calendar(
        first,
        (first.weekday() + np.arange(count)) % 7,
        tuple(kinds),
        np.any([kind.days for kind in kinds], axis=0) if kinds else nothing,
        np.any([k.days for k in kinds if k.is_holiday] or [nothing], axis=0),
    )


def _holidays(days: Sequence[date], country: str) -> dict[str, set[date]]:
    if not country or not days:
        return {}
    import holidays  # noqa: PLC0415 - tables of a hundred countries, loaded when one is asked for.

    name, _, region = country.upper().partition(COUNTRY_SEPARATOR)
    years = range(days[0].year, days[-1].year + 1)
    try:
        found = holidays.country_holidays(name, subdiv=region or None, years=years)
    except NotImplementedError:
        known = holidays.list_supported_countries()
        if name not in known:
            says = f"there are no holidays of country {name!r}; write a code such as DE, PL or US"
        else:
            regions = ", ".join(known[name]) or "none"
            says = f"country {name} has no region {region!r}; there are {regions}"
        raise UnknownCountry(says) from None
    by_name: dict[str, set[date]] = {}
    for day, said in found.items():
        by_name.setdefault(said, set()).add(day)
    return by_name


def _usual_events(days: Sequence[date]) -> list[Event]:
    """Black Friday's week and the weeks before Christmas: what they make of a day is learned."""
    found = []
    for year in range(days[0].year, days[-1].year + 1) if days else ():
        november = date(year, 11, 1)
        # The day after the fourth Thursday.
        friday = november + timedelta((3 - november.weekday()) % 7 + 22)
        found.append(Event("Black Friday", friday, friday + timedelta(6)))
        found.append(Event("before Christmas", friday + timedelta(7), date(year, 12, 21)))
    return found
