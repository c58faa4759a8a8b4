"""A door opened from afar, from the desk to the lock and back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace

from restante.access import Scope
from restante.core.content import Content
from restante.core.door import Door
from restante.core.fleet import Fleet
from restante.core.ids import CompartmentId, LockerId, fleet_stream
from restante.core.refusal import Reason, Refused
from restante.core.remote import Outcome, Phase
from restante.core.value import DAY, HOUR, UtcSeconds
from restante.edge.presence import LETTERS
from restante.operations.orders import (
    BadOrder,
    approve_opening,
    ask_opening,
    decline_opening,
    read_presence,
)
from restante.views import NotFound, Principal
from restante.views.principal import Forbidden
from tests.operations.afar import A1, A2, ADA, BEN, Afar
from tests.operations.house import ACME, LOCKER, RIVAL, House


@pytest.fixture
def afar(house: House) -> Iterator[Afar]:
    stage = Afar(house)
    yield stage
    stage.controller.store.close()


def limit(afar: Afar, count: int) -> None:
    """Let so many doors be opened in an hour."""
    afar.centre = afar.centre._replace(means=afar.centre.means._replace(remote_openings_max=count))


def count_of(afar: Afar) -> int:
    stream = fleet_stream(afar.centre.means.network)
    found = afar.centre.journal.states([stream]).get(stream)
    return 0 if found is None else len(found.state.counted_at)


def test_an_operators_order_opens_one_door_once(afar: Afar) -> None:
    asked = afar.ask()
    assert afar.outcome(asked) is Outcome.TAKEN
    assert afar.door() is Door.OPEN
    assert afar.board.pulses == [A1]
    afar.shut()
    for _ in range(3):
        afar.pass_time(20)
    assert afar.pulses() == 1
    shown = afar.shown(asked.order)
    assert (shown.phase, shown.asked_by, shown.why) == (Phase.ENDED, "operator:ada", "jammed")


def test_an_order_needs_a_reason_and_somebody_who_may(afar: Afar) -> None:
    for why in ("", "  ", "x" * 201):
        with pytest.raises(BadOrder):
            afar.ask(why=why)
    with pytest.raises(Forbidden):
        afar.ask(Principal.of_courier("c1", ACME))
    with pytest.raises(NotFound):
        afar.centre.run(
            ask_opening(afar.centre.means, ADA, locker=LockerId("nowhere"), compartment=A1, why="x")
        )
    with pytest.raises(Refused) as refused:
        afar.ask(compartment=CompartmentId("Z9"))
    assert refused.value.reason is Reason.COMPARTMENT_UNKNOWN


def test_a_partner_opens_only_where_its_own_parcel_lies(afar: Afar) -> None:
    parcel = afar.deposit()
    place = afar.house.file(parcel).custody.place.compartment
    acme, rival = Principal.of_partner(ACME), Principal.of_partner(RIVAL)
    free = next(name for name in (A1, A2) if name != place)
    for who, where in ((rival, place), (acme, free)):
        with pytest.raises(NotFound):
            afar.ask(who, where)
    with pytest.raises(Forbidden, match="lockers:open"):
        afar.ask(Principal.of_partner(ACME, frozenset({Scope.LOCKERS_READ})), place)
    before = afar.pulses()
    assert afar.outcome(afar.ask(acme, place)) is Outcome.TAKEN
    assert afar.pulses() == before + 1


def test_a_locker_that_is_away_gets_nothing_and_the_asker_hears_so(afar: Afar) -> None:
    afar.link.cut()
    asked = afar.ask()
    assert afar.outcome(asked) is None
    afar.pass_time(59)
    assert afar.shown(asked.order).phase is Phase.WAITING
    afar.pass_time(1)
    assert afar.shown(asked.order).outcome is Outcome.UNREACHABLE
    afar.link.restore()
    afar.pass_time(5)
    assert afar.pulses() == 0


def test_a_locker_that_comes_back_in_time_opens(afar: Afar) -> None:
    afar.link.cut()
    asked = afar.ask()
    afar.pass_time(30)
    afar.link.restore()
    assert afar.outcome(asked) is Outcome.TAKEN
    assert afar.pulses() == 1


def test_an_order_whose_answer_was_lost_is_not_sent_again_and_ends_late(afar: Afar) -> None:
    asked = afar.ask()
    afar.centre.orders.turn()
    (order,) = afar.centre.hub.end_for(LOCKER).outgoing(afar.now)
    afar.link.cut()
    afar.uplink.receive(order, afar.now)
    assert afar.pulses() == 1
    afar.pass_time(90)
    assert afar.shown(asked.order).outcome is Outcome.UNANSWERED
    afar.link.restore()
    afar.shut()
    assert afar.shown(asked.order).outcome is Outcome.TAKEN
    assert afar.pulses() == 1


def test_what_the_locker_refuses_is_told_with_its_reason(afar: Afar) -> None:
    afar.ask()
    afar.pump()
    second = afar.ask(compartment=A2)
    assert afar.outcome(second) is Outcome.REFUSED
    assert afar.shown(second.order).reason == Reason.DOOR_OPEN
    assert afar.pulses() == 1


def test_a_clock_that_lost_a_year_is_no_matter_after_the_next_beat_of_the_link(afar: Afar) -> None:
    afar.locker_clock.set(UtcSeconds(afar.now - 365 * DAY))
    assert afar.controller.clock.is_time_unknown
    afar.pass_time(60)
    assert afar.outcome(afar.ask()) is Outcome.TAKEN
    afar.shut()
    # Nothing of the locker reaches the centre for so long that what it gave is old.
    afar.house.clock.set(UtcSeconds(afar.now + 200))
    afar.locker_clock.set(UtcSeconds(afar.locker_clock.now() + 200))
    asked = afar.ask()
    afar.centre.orders.turn()
    (order,) = afar.centre.hub.end_for(LOCKER).outgoing(afar.now)
    afar.uplink.receive(order, afar.now)
    assert afar.outcome(asked) is Outcome.REFUSED
    assert afar.shown(asked.order).reason == Reason.ORDER_EXPIRED


# ── A recipient before the locker ─────────────────────────────────────────────────────────────


def test_a_recipient_opens_with_what_the_screen_shows(afar: Afar) -> None:
    parcel = afar.deposit()
    before = afar.pulses()
    asked = afar.ask_own(parcel, afar.controller.orders.shown_code().lower())
    assert afar.outcome(asked) is Outcome.TAKEN
    place = afar.house.file(parcel).custody.place.compartment
    assert afar.door(place) is Door.OPEN
    afar.shut(place)
    assert afar.controller.state.compartments[place].content is Content.RELEASING
    assert afar.house.status(parcel) == "collected_by_recipient"
    assert afar.pulses() == before + 1


def test_without_the_screens_code_a_recipients_order_never_opens(afar: Afar) -> None:
    parcel = afar.deposit()
    before = afar.pulses()
    old = afar.controller.orders.shown_code()
    afar.pass_time(90)
    for wrong in (old, "222222", "AAAAAA"):
        asked = afar.ask_own(parcel, wrong)
        assert afar.outcome(asked) is Outcome.REFUSED
        assert afar.shown(asked.order).reason == Reason.NOT_PRESENT
    with pytest.raises(BadOrder):
        afar.ask_own(parcel, "")
    assert afar.pulses() == before


def test_a_code_of_the_screen_counts_once_and_a_minute_after_it_changed(afar: Afar) -> None:
    parcel = afar.deposit()
    code = afar.controller.orders.shown_code()
    afar.pass_time(89)
    assert afar.controller.orders.shown_code() != code
    assert afar.outcome(afar.ask_own(parcel, code)) is Outcome.TAKEN
    afar.shut(afar.house.file(parcel).custody.place.compartment)
    other = afar.deposit("JJD02")
    asked = afar.ask_own(other, code)
    assert afar.outcome(asked) is Outcome.REFUSED
    assert afar.shown(asked.order).reason == Reason.NOT_PRESENT


def test_guessing_the_screens_code_is_bounded(afar: Afar) -> None:
    parcel = afar.deposit()
    tries = 0
    with pytest.raises(Refused) as refused:
        for number in range(100):
            assert afar.outcome(afar.ask_own(parcel, f"{number:06}")) is Outcome.REFUSED
            tries += 1
    assert refused.value.reason is Reason.TOO_MANY_OPENINGS
    assert tries == 5


def test_only_whose_parcel_it_is_may_ask(afar: Afar) -> None:
    mine = afar.deposit()
    theirs = afar.house.announce("JJD02").parcel
    code = afar.controller.orders.shown_code()
    with pytest.raises(Refused) as refused:
        afar.ask_own(theirs, code)
    assert refused.value.reason is Reason.NOT_HELD
    from restante.operations.orders import ask_own_door

    stranger = Principal.of_recipient(afar.house.file(mine).custody.about.recipient + "x")
    with pytest.raises(NotFound):
        afar.centre.run(ask_own_door(afar.centre.means, stranger, parcel=mine, presence=code))


@pytest.mark.parametrize(
    "text", ["ABC234", "abc-234", " abc 234 ", "https://example.org/here/locker-01/ABC234"]
)
def test_the_code_is_read_as_people_write_it(text: str) -> None:
    assert read_presence(text) == "ABC234"


@pytest.mark.parametrize("text", ["", "ABC23", "ABC2345", "ÄBC234", "https://example.org/"])
def test_what_cannot_be_a_code_is_said_so(text: str) -> None:
    with pytest.raises(BadOrder, match="6 characters"):
        read_presence(text)
    assert len(LETTERS) == len(set(LETTERS))


# ── The limit of the network ──────────────────────────────────────────────────────────────────


def test_above_the_limit_a_second_person_must_agree_and_not_the_same(afar: Afar) -> None:
    limit(afar, 1)
    assert afar.outcome(afar.ask()) is Outcome.TAKEN
    afar.shut()
    asked = afar.ask()
    assert asked.needs_approval
    assert afar.outcome(asked) is None
    approve = {who: approve_opening(afar.centre.means, who, locker=LOCKER, order=asked.order)
               for who in (ADA, BEN)}  # fmt: skip
    with pytest.raises(Refused) as refused:
        afar.centre.run(approve[ADA])
    assert refused.value.reason is Reason.ACCESS_DENIED
    assert afar.pulses() == 1
    afar.centre.run(approve[BEN])
    assert afar.outcome(asked) is Outcome.TAKEN
    assert afar.shown(asked.order).approved_by == "operator:ben"
    assert (afar.pulses(), count_of(afar)) == (2, 2)


def test_a_second_person_may_say_no_or_let_it_be(afar: Afar) -> None:
    limit(afar, 0)
    asked = afar.ask()
    afar.centre.run(decline_opening(BEN, locker=LOCKER, order=asked.order))
    assert afar.outcome(asked) is Outcome.DECLINED
    second = afar.ask()
    afar.pass_time(HOUR)
    assert afar.shown(second.order).outcome is Outcome.UNAPPROVED
    assert (afar.pulses(), count_of(afar)) == (0, 0)
    with pytest.raises(NotFound):
        afar.centre.run(decline_opening(BEN, locker=LOCKER, order=replace_id(asked.order)))


def replace_id(order: str) -> str:
    return order[:-1] + ("0" if order[-1] != "0" else "1")


def test_the_limit_holds_however_many_ask_at_once(afar: Afar, tmp_path: Path) -> None:
    """Also for two centre processes: each decides on the version of the stream it has read."""
    limit(afar, 3)
    places = [CompartmentId(f"A{number}") for number in range(1, 6)]
    afar.link.cut()
    afar.centre.committer.start()
    with ThreadPoolExecutor(5) as pool:
        asked = tuple(pool.map(lambda place: afar.ask(compartment=place), places))
    assert sum(one.needs_approval for one in asked) == 2
    assert count_of(afar) == 3
    stream = fleet_stream(afar.centre.means.network)
    state: Fleet = afar.centre.journal.states([stream])[stream].state
    assert replace(state, counted_at=()) == Fleet()


def test_the_limit_is_of_an_hour(afar: Afar) -> None:
    limit(afar, 1)
    afar.link.cut()
    assert not afar.ask().needs_approval
    afar.pass_time(HOUR - 1)
    assert afar.ask().needs_approval
    afar.pass_time(HOUR)
    assert not afar.ask(compartment=A2).needs_approval
