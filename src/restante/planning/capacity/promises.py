"""How much may be promised: more than there is, at a stated risk; and shares of partners.

B1  Of what is booked some never comes. As many may be booked as keep the chance that more come
    than there is room at or below a stated risk: a binomial tail, exact.
B2  A partner's guaranteed room is kept for it until it books; the rest is for whoever comes first.
    What is left of other partners' guarantees is not lent out.
"""

from typing import Final

from scipy import stats

from ...core.value import Value
from ..entry import BadProblem, Share

BEYOND_MAX: Final = 2.0
"""Bookings for each compartment at most, whatever the share that does not come."""


def bookable(rooms: int, *, no_show_share: float, risk: float) -> int:
    """Tell how many may be booked for a number of compartments (B1).

    Parameters
    ----------
    no_show_share
        Share of booked parcels that never come, each for itself.
    risk
        Chance that at least one that comes finds no room, at most.

    Raises
    ------
    BadProblem
        When a share is none.
    """
    if not 0 <= no_show_share < 1:
        raise BadProblem("no_show_share", f"{no_show_share:g} is no share from 0 to below 1")
    if not 0 <= risk < 1:
        raise BadProblem("risk", f"{risk:g} is no chance from 0 to below 1")
    booked = rooms
    while booked < BEYOND_MAX * rooms:
        if overflow_risk(rooms, booked + 1, no_show_share=no_show_share) > risk:
            break
        booked += 1
    return booked


def overflow_risk(rooms: int, booked: int, *, no_show_share: float) -> float:
    """Tell the chance that more of those booked come than there is room for."""
    return float(stats.binom.sf(rooms, booked, 1.0 - no_show_share))


class Quota(Value):
    """What a partner was guaranteed."""

    partner: str
    share: Share
    """Of what may be booked."""


def has_quota(
    booked: dict[str, int], partner: str, quotas: tuple[Quota, ...], *, bookable_count: int
) -> bool:
    """Whether a partner may book one more (B2).

    Parameters
    ----------
    booked
        What each partner has booked already.

    Raises
    ------
    BadProblem
        When more is guaranteed than there is.
    """
    total = sum(quota.share for quota in quotas)
    if total > 1 + 1e-9:
        raise BadProblem("quotas", f"shares add up to {total:.2f}; guarantee at most 1")
    guaranteed = {quota.partner: int(quota.share * bookable_count) for quota in quotas}
    if booked.get(partner, 0) < guaranteed.get(partner, 0):
        return sum(booked.values()) < bookable_count
    kept = sum(
        max(0, count - booked.get(name, 0)) for name, count in guaranteed.items() if name != partner
    )
    return sum(booked.values()) + kept < bookable_count
