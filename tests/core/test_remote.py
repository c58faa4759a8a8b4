"""Doors opened from afar, as the centre keeps them; and the limit of the whole network."""

import pytest

from restante.core import fleet, remote
from restante.core.grant import Purpose
from restante.core.ids import ActorId, CompartmentId, GrantId, OrderId
from restante.core.refusal import Reason
from restante.core.remote import (
    ANSWER_SECONDS,
    APPROVAL_SECONDS,
    ASKS_MAX,
    ASKS_SECONDS,
    LATE_SECONDS,
    WAIT_SECONDS,
    AnswerOpening,
    ApproveOpening,
    AskOpening,
    DeclineOpening,
    ExpireOpening,
    OpeningApproved,
    OpeningAsked,
    OpeningEnded,
    OpeningSent,
    Outcome,
    Phase,
    SendOpening,
)
from restante.core.value import HOUR, UtcSeconds
from tests.factories import A1, A2, GRANT, LOCKER, NOON, after
from tests.scenario import Told, stories_of

ADA, BEN = ActorId("operator:ada"), ActorId("operator:ben")
FIRST, SECOND = OrderId("d-1"), OrderId("d-2")
EPOCH = "e-1"

nothing = stories_of(remote.DECIDER)


def ask(
    order: OrderId = FIRST,
    compartment: CompartmentId = A1,
    at: UtcSeconds = NOON,
    *,
    needs_approval: bool = False,
    grant: GrantId | None = None,
) -> AskOpening:
    return AskOpening(
        at=at,
        order=order,
        compartment=compartment,
        purpose=Purpose.SERVICE if grant is None else Purpose.COLLECT,
        asked_by=ADA,
        why="jammed",
        needs_approval=needs_approval,
        grant=grant,
    )


def send(order: OrderId = FIRST, at: UtcSeconds = NOON) -> SendOpening:
    return SendOpening(at=at, order=order, epoch=EPOCH)


def expire(at: UtcSeconds) -> ExpireOpening:
    return ExpireOpening(at=at, order=FIRST)


def answer(outcome: Outcome = Outcome.TAKEN, counter: int = 0) -> AnswerOpening:
    return AnswerOpening(at=NOON, order=FIRST, outcome=outcome, counter=counter)


def ended(outcome: Outcome, at: UtcSeconds) -> OpeningEnded:
    return OpeningEnded(at=at, order=FIRST, outcome=outcome)


waiting = nothing.having(ask())
sent = waiting.having(send())
for_two = nothing.having(ask(needs_approval=True))


def phase_of(told: Told) -> Phase:
    return told.state.asked[FIRST].phase


def test_an_order_is_asked_for_once():
    assert phase_of(nothing.when(ask()).follows(OpeningAsked)) is Phase.WAITING
    waiting.when(ask()).then()


def test_a_compartment_has_one_order_at_a_time():
    waiting.when(ask(SECOND)).refuses(Reason.NOT_POSSIBLE_NOW)
    waiting.when(ask(SECOND, A2)).follows(OpeningAsked)
    sent.having(answer()).when(ask(SECOND)).follows(OpeningAsked)


def test_an_order_is_sent_once_with_a_counter_above_all_before():
    told = waiting.when(send()).follows(OpeningSent)
    told.when(send()).refuses(Reason.NOT_POSSIBLE_NOW)
    counter = told.state.counter
    assert counter == NOON
    again = told.having(answer(), ask(SECOND), send(SECOND))
    assert again.state.counter == counter + 1
    nothing.when(send()).refuses(Reason.NOT_POSSIBLE_NOW)


def test_counters_go_on_above_what_the_locker_has_judged():
    far = 2 * NOON
    told = sent.having(answer(counter=far), ask(SECOND), send(SECOND))
    assert told.state.counter == far + 1
    # Also when it answers an order nobody here remembers.
    assert nothing.having(answer(counter=far), ask(SECOND), send(SECOND)).state.counter == far + 1


def test_an_order_for_a_locker_that_is_away_is_over_after_a_minute():
    waiting.when(send(at=after(WAIT_SECONDS))).refuses(Reason.NOT_POSSIBLE_NOW)
    waiting.when(expire(after(WAIT_SECONDS - 1))).then()
    over = ended(Outcome.UNREACHABLE, after(WAIT_SECONDS))
    told = waiting.when(expire(over.at)).then(over)
    told.when(expire(over.at)).then()
    nothing.when(expire(NOON)).then()


def test_no_answer_is_an_end_too_and_a_late_answer_replaces_it():
    late = after(60 + ANSWER_SECONDS)
    told = sent.when(expire(late)).then(ended(Outcome.UNANSWERED, late))
    told.when(answer()).then(ended(Outcome.TAKEN, NOON))
    told.having(answer()).when(answer()).then()
    # The rows of one that nobody remembers are gone; what happened is still written down.
    nothing.when(answer()).then(ended(Outcome.TAKEN, NOON)).when(answer()).follows(OpeningEnded)


def test_an_answer_is_waited_for_as_long_as_a_locker_may_be_cut_off():
    late = after(60 + ANSWER_SECONDS)
    told = sent.having(expire(late), ask(SECOND, at=after(LATE_SECONDS - 1)))
    assert told.when(answer()).follows(OpeningEnded).state.asked[FIRST].outcome is Outcome.TAKEN
    assert FIRST not in sent.having(expire(late), ask(SECOND, at=after(LATE_SECONDS))).state.asked


def test_a_second_person_must_be_another_one():
    assert phase_of(for_two) is Phase.APPROVAL
    for_two.when(send()).refuses(Reason.NOT_POSSIBLE_NOW)
    mine = ApproveOpening(at=NOON, order=FIRST, approved_by=ADA)
    for_two.when(mine).refuses(Reason.ACCESS_DENIED)
    theirs = ApproveOpening(at=NOON, order=FIRST, approved_by=BEN)
    told = for_two.when(theirs).follows(OpeningApproved)
    told.when(send()).follows(OpeningSent)
    told.when(theirs).refuses(Reason.NOT_POSSIBLE_NOW)
    nothing.when(theirs).refuses(Reason.NOT_POSSIBLE_NOW)


def test_a_second_person_may_say_no_or_nothing():
    no = DeclineOpening(at=NOON, order=FIRST)
    for_two.when(no).then(ended(Outcome.DECLINED, NOON))
    waiting.when(no).refuses(Reason.NOT_POSSIBLE_NOW)
    late = after(APPROVAL_SECONDS)
    for_two.when(expire(late)).then(ended(Outcome.UNAPPROVED, late))
    yes = ApproveOpening(at=late, order=FIRST, approved_by=BEN)
    for_two.when(yes).refuses(Reason.NOT_POSSIBLE_NOW)


def test_a_recipient_asks_a_few_times_in_ten_minutes():
    told = nothing
    for number in range(ASKS_MAX):
        order = OrderId(f"d-{number}")
        ending = AnswerOpening(at=NOON, order=order, outcome=Outcome.REFUSED, counter=0)
        told = told.having(ask(order, grant=GRANT), ending)
    told.when(ask(OrderId("d-9"), grant=GRANT)).refuses(Reason.TOO_MANY_OPENINGS)
    told.when(ask(OrderId("d-9"))).follows(OpeningAsked)
    later = ask(OrderId("d-9"), at=after(ASKS_SECONDS), grant=GRANT)
    assert len(told.when(later).follows(OpeningAsked).state.asked) == 1


@pytest.mark.parametrize("count_max", [0, 1, 3])
def test_above_the_limit_of_the_network_a_second_person_must_agree(count_max: int):
    def count(number: int, at: UtcSeconds = NOON, by: ActorId | None = None) -> fleet.CountOpening:
        return fleet.CountOpening(
            at=at, locker=LOCKER, order=OrderId(f"d-{number}"), asked_by=ADA,
            count_max=count_max, approved_by=by,
        )  # fmt: skip

    told = stories_of(fleet.DECIDER)
    for number in range(count_max):
        told = told.having(count(number))
    assert fleet.is_used_up(told.state, NOON, count_max)
    told.when(count(9)).refuses(Reason.TOO_MANY_OPENINGS)
    told = told.when(count(9, by=BEN)).follows(fleet.OpeningCounted)
    told.when(count(10, after(HOUR - 1))).refuses(Reason.TOO_MANY_OPENINGS)
    if count_max:
        told.when(count(10, after(HOUR))).follows(fleet.OpeningCounted)
        assert len(told.having(count(10, after(HOUR))).state.counted_at) == 1


def test_records_put_back_from_a_copy_leave_the_count_as_the_copy_has_it():
    counted = fleet.Fleet(counted_at=(NOON,))
    put_back = fleet.RecordsPutBack(at=after(60), last_position=7)
    assert fleet.evolve(counted, put_back) == counted
