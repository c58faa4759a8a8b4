"""How long a locker that hears nothing from the centre goes on giving parcels out.

The centre cannot take a permission back while the line is cut. What that may cost is bounded: by
time for each class of risk, and by a number of pickups for the locker (reliability 7.5, after the
offline limits of payment terminals).
"""

from enum import StrEnum

from .refusal import Reason, Refused
from .value import DAY, HOUR, Seconds, Value


class RiskClass(StrEnum):
    """What a wrong pickup would cost; its partner says so."""

    LOW = "low"
    HIGH = "high"
    """A telephone, jewellery, medicine."""


class OfflineBudget(Value):
    """What a locker may give out while it hears nothing."""

    low_seconds: Seconds = Seconds(7 * DAY)
    high_seconds: Seconds = Seconds(12 * HOUR)
    pickups_max: int = 200
    """Parcels of any class; what the centre has acknowledged does not count."""

    def seconds(self, risk: RiskClass) -> Seconds:
        """Tell how long parcels of a class are given out."""
        return self.high_seconds if risk is RiskClass.HIGH else self.low_seconds


def check_offline_budget(
    budget: OfflineBudget, risk: RiskClass, *, alone_seconds: int, pickup_count: int
) -> None:
    """Refuse a pickup beyond the budget.

    Parameters
    ----------
    alone_seconds
        Since the centre was last heard.
    pickup_count
        Parcels collected here of which the centre does not know.

    Raises
    ------
    Refused
        ``offline_budget_spent``; the detail names the limit.
    """
    if alone_seconds >= budget.seconds(risk):
        hours = budget.seconds(risk) // HOUR
        raise Refused(
            Reason.OFFLINE_BUDGET_SPENT,
            f"{risk} risk is given out for {hours} h without the centre; restore the line",
        )
    if pickup_count >= budget.pickups_max:
        raise Refused(
            Reason.OFFLINE_BUDGET_SPENT,
            f"{budget.pickups_max} pickups without the centre; restore the line",
        )
