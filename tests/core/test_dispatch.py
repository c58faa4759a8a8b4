"""One plan of routes a day is in force, and who is not in force cannot be withdrawn."""

from restante.core import dispatch
from restante.core.dispatch import PlanPutInForce, PlanWithdrawn, PutPlanInForce, WithdrawPlan
from restante.core.ids import PlanId
from restante.core.refusal import Reason
from tests.factories import NOON
from tests.scenario import stories_of

FIRST, SECOND = PlanId("t-1"), PlanId("t-2")
FRIDAY, SATURDAY = "2026-11-27", "2026-11-28"
nothing = stories_of(dispatch.DECIDER)


def put(plan: PlanId, day: str = FRIDAY) -> PutPlanInForce:
    return PutPlanInForce(at=NOON, plan=plan, day=day)


def withdraw(plan: PlanId, day: str = FRIDAY) -> WithdrawPlan:
    return WithdrawPlan(at=NOON, plan=plan, day=day)


def test_another_plan_takes_the_place_of_the_one_in_force():
    told = nothing.when(put(FIRST)).follows(PlanPutInForce)
    told = told.when(put(SECOND)).follows(PlanPutInForce)
    assert told.state.plans == {FRIDAY: SECOND}


def test_putting_in_force_what_is_in_force_changes_nothing():
    nothing.when(put(FIRST)).follows(PlanPutInForce).when(put(FIRST)).follows()


def test_each_day_has_a_plan_of_its_own():
    told = nothing.when(put(FIRST)).follows(PlanPutInForce)
    told = told.when(put(SECOND, SATURDAY)).follows(PlanPutInForce)
    told = told.when(withdraw(FIRST)).follows(PlanWithdrawn)
    assert told.state.plans == {SATURDAY: SECOND}


def test_a_plan_that_is_not_in_force_cannot_be_withdrawn():
    nothing.when(withdraw(FIRST)).refuses(Reason.NOT_POSSIBLE_NOW)
    told = nothing.when(put(FIRST)).follows(PlanPutInForce)
    told.when(put(SECOND)).follows(PlanPutInForce).when(withdraw(FIRST)).refuses(
        Reason.NOT_POSSIBLE_NOW
    )


def test_only_the_latest_days_are_remembered():
    state = dispatch.Dispatch()
    for number in range(1, 41):
        day = f"2026-{1 + number // 29:02d}-{1 + number % 28:02d}"
        fact = PlanPutInForce(at=NOON, plan=PlanId(f"t-{number}"), day=day)
        state = dispatch.evolve(state, fact)
    assert len(state.plans) == dispatch.DAYS_MAX
    assert list(state.plans) == sorted(state.plans)
