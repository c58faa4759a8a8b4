"""Which plan of routes the couriers of a partner follow on a day.

One stream, ``dispatch/<partner>``, so that whoever asks which plan is in force reads one state, and
who decided it stands in the journal.

Rules
-----
R1  On a day at most one plan is in force; another one takes its place.
R2  Only the plan that is in force can be withdrawn.
"""

from typing import Final, TypeAlias

from .decider import Decider
from .ids import PlanId
from .refusal import Reason, Refused
from .value import Command, Fact, Value

DAYS_MAX: Final = 31
"""Days remembered, the latest: nobody drives by a plan of last month (chosen)."""


class Dispatch(Value):
    """The plan in force for each of the latest days."""

    plans: dict[str, PlanId] = {}  # noqa: RUF012 - msgspec copies it
    """By local day, ``2026-11-27``."""


class PlanPutInForce(Fact, tag="dispatch.plan_put_in_force.v1"):
    """Couriers follow this plan on that day, and no other."""

    plan: PlanId
    day: str


class PlanWithdrawn(Fact, tag="dispatch.plan_withdrawn.v1"):
    """Couriers follow no plan on that day."""

    plan: PlanId
    day: str


DispatchFact: TypeAlias = PlanPutInForce | PlanWithdrawn


class PutPlanInForce(Command, tag="put_plan_in_force"):
    """Have couriers follow a plan on a day."""

    plan: PlanId
    day: str


class WithdrawPlan(Command, tag="withdraw_plan"):
    """Have couriers follow no plan on a day any more."""

    plan: PlanId
    day: str


DispatchCommand: TypeAlias = PutPlanInForce | WithdrawPlan


def decide(state: Dispatch, command: DispatchCommand) -> tuple[DispatchFact, ...]:
    """Say what follows from a command, or refuse it."""
    is_in_force = state.plans.get(command.day) == command.plan
    if isinstance(command, PutPlanInForce):
        if is_in_force:
            return ()
        return (PlanPutInForce(at=command.at, plan=command.plan, day=command.day),)
    if not is_in_force:
        says = "this plan is not in force on that day; look at the list again"
        raise Refused(Reason.NOT_POSSIBLE_NOW, says)
    return (PlanWithdrawn(at=command.at, plan=command.plan, day=command.day),)


def evolve(state: Dispatch, fact: DispatchFact) -> Dispatch:
    """Say what is true after a fact; any fact in any state."""
    plans = {day: plan for day, plan in state.plans.items() if day != fact.day}
    if isinstance(fact, PlanPutInForce):
        plans[fact.day] = fact.plan
    return Dispatch(plans={day: plans[day] for day in sorted(plans)[-DAYS_MAX:]})


DECIDER: Decider[Dispatch, DispatchCommand, DispatchFact] = Decider(Dispatch(), decide, evolve)
