"""What a parcel costs a network: prices told by the operator over what was measured.

``cost_per_parcel = (site_month × sites × months + deposits × parcel + reminders × notice) /
deposits``; nothing can be shared when no parcel came.
"""

from typing import NamedTuple

DAYS_OF_MONTH = 365.25 / 12
"""A year in twelve."""


class Prices(NamedTuple):
    """In minor units of one currency, as the operator counts; 0 for what it does not pay.

    Attributes
    ----------
    site_month
        Rent, current, line, cleaning and writing off of one site, each month.
    parcel
        Bringing it and answering questions, each parcel.
    notice
        Each message to a recipient.
    """

    site_month: float = 0.0
    parcel: float = 0.0
    notice: float = 0.0


def cost_per_parcel(
    prices: Prices, *, deposits: float, sites: float, days: float, reminders: float = 0.0
) -> float | None:
    """Tell what each parcel of a period cost.

    Parameters
    ----------
    reminders
        Sent in the period; every parcel had one notice besides.

    Returns
    -------
    float
        In the unit of the prices; ``None`` when no parcel came.

    Raises
    ------
    ValueError
        When a price is no number or negative.
    """
    for name, price in prices._asdict().items():
        if not 0 <= price < float("inf"):
            raise ValueError(f"{name} is {price}: give 0 or more")
    if deposits <= 0:
        return None
    fixed = prices.site_month * sites * days / DAYS_OF_MONTH
    moving = deposits * prices.parcel + (deposits + reminders) * prices.notice
    return (fixed + moving) / deposits
