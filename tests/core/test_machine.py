"""People, doors, cuts and time against one locker and its parcels, searched by Hypothesis.

The world here has a truth of its own: where each parcel really lies, which doors really stand
open. Two compartments have a content sensor, one has none. Every invariant is numbered as in the
reliability plan: I01 to I07, I11, I20.
"""

from collections import Counter
from typing import Any

import msgspec
from hypothesis import event, settings, target
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from restante.core import compartment, locker, parcel, session
from restante.core.content import REOPEN_SECONDS, CompartmentFreed, Content
from restante.core.door import Door, NoticeDoor, OpeningIntended, ReportOpening
from restante.core.grant import Grant, Purpose
from restante.core.handoff import HandoffCollected, HandoffDeposited, HandoffRetrieved
from restante.core.ids import CompartmentId, GrantId, OpeningId, ParcelId, SessionId
from restante.core.refusal import Refused
from restante.core.streams import KINDS
from restante.core.value import Command, UtcSeconds
from tests.factories import (
    A1,
    A2,
    A3,
    COURIER,
    LOCKER,
    NOON,
    SITE,
    make_about,
    make_grant,
    make_place,
)  # fmt: skip

NAMES = (A1, A2, A3)
HAS_SENSOR = {A1: True, A2: False, A3: True}
PARCELS = tuple(ParcelId(f"p-{number}") for number in range(1, 5))
HOLD_SECONDS = 2_000
GRAPH = {
    (parcel.Announced, parcel.Held),
    (parcel.Held, parcel.Overdue),
    (parcel.Held, parcel.Collected),
    (parcel.Overdue, parcel.Collected),
    (parcel.Overdue, parcel.Retrieved),
    (parcel.Retrieved, parcel.Returned),
}
REACHED: Counter[str] = Counter()

STEPS = st.sampled_from([5, 5, 5, 5, 0, 1, 2, 3])
"""How far somebody comes before something else happens."""

names, parcels = st.sampled_from(NAMES), st.sampled_from(PARCELS)


def grant_of(name: ParcelId) -> GrantId:
    return GrantId(name.replace("p", "g"))


class LockerLife(RuleBasedStateMachine):
    """One locker, four parcels, and everybody who comes."""

    def __init__(self) -> None:
        super().__init__()
        self.at = NOON
        self.state = locker.Locker()
        self.facts: list[Any] = []
        self.custody: dict[ParcelId, parcel.Parcel] = {}
        self.inside: dict[CompartmentId, ParcelId | None] = dict.fromkeys(NAMES)
        self.is_open = dict.fromkeys(NAMES, False)
        self.pulses: Counter[OpeningId] = Counter()
        self.intents: dict[GrantId, list[int]] = {}
        self.used: dict[GrantId, int] = {}
        self.number = 0

    # ── The controller ────────────────────────────────────────────────────────────────────────

    def ask(self, command: Command, said: bool | None = None) -> bool:
        """Decide, remember, compare what was written down, and only then act."""
        try:
            facts = locker.decide(self.state, command)
        except Refused as refusal:
            REACHED[f"refused {refusal.reason}"] += 1
            return False
        for fact in facts:
            self.judge(fact, said)
            kept = KINDS["locker"]
            written = msgspec.json.encode(self.state)
            read = msgspec.json.decode(written, type=kept.state_type)
            told = msgspec.json.decode(msgspec.json.encode(fact), type=type(fact))
            self.state = locker.evolve(self.state, fact)
            assert kept.evolve(read, told) == self.state, "I11: what is read goes on the same"
            self.facts.append(fact)
            self.tell_centre(fact)
        return bool(facts)

    def judge(self, fact: Any, said: bool | None) -> None:
        known = self.state.compartments.get(getattr(fact, "compartment", A1))
        match fact:
            case OpeningIntended():
                self.judge_intent(fact)
            case CompartmentFreed(evidence="content_sensor"):
                assert said is False, "I05: a sensor said empty"
            case CompartmentFreed(evidence="reopen_window"):
                assert known is not None
                assert known.grant is not None
                assert self.at >= self.used[known.grant] + REOPEN_SECONDS, "I05: the window is over"
            case CompartmentFreed(evidence=evidence):
                assert evidence == "courier_check", "I05"
                assert known is not None
                was_retrieved = self.facts and isinstance(self.facts[-1], HandoffRetrieved)
                assert was_retrieved or known.content is Content.UNCLEAR, "I05: somebody looked"
            case HandoffCollected(grant=grant):
                assert grant not in self.used, "I07: a grant is used once"
                self.used[grant] = self.at

    def judge_intent(self, fact: OpeningIntended) -> None:
        name, grant = fact.compartment, fact.grant
        known = self.state.compartments[name]
        assert known.door is Door.CLOSED, "I03: the door was closed"
        self.pulses[fact.opening] += 1
        if grant is None:
            assert fact.purpose not in (Purpose.COLLECT, Purpose.REOPEN), "I03"
            return
        visit = self.state.visit
        assert isinstance(visit, session.Active)
        assert grant in visit.grants, "I03: who is signed in may"
        if fact.purpose is Purpose.COLLECT:
            assert grant not in self.used, "I07: consumed never opens again"
            assert known.parcel is not None
            assert grant == grant_of(known.parcel), "I03: its own door"
            assert self.at < self.valid_until(known.parcel), "I07: expired never opens"
        else:
            assert fact.purpose is Purpose.REOPEN
            assert known.grant == grant, "I03: its own door again"
            assert self.at < self.used[grant] + REOPEN_SECONDS, "I07: the window runs"
        times = self.intents.setdefault(grant, [])
        times.append(self.at)
        assert sum(self.at - before < 300 for before in times) <= 3, "I04: three in five minutes"

    # ── The centre ────────────────────────────────────────────────────────────────────────────

    def tell_centre(self, fact: Any) -> None:
        match fact:
            case HandoffDeposited(at=at, compartment=name, parcel=which, courier=courier):
                command: Any = parcel.Deposit(
                    at=at, place=make_place(name), courier=courier,
                    hold_until=UtcSeconds(at + HOLD_SECONDS),
                )  # fmt: skip
            case HandoffCollected(at=at, compartment=name, parcel=which, grant=grant):
                command = parcel.Collect(at=at, place=make_place(name), grant=grant)
            case HandoffRetrieved(at=at, compartment=name, parcel=which, courier=courier):
                command = parcel.Retrieve(at=at, place=make_place(name), courier=courier)
            case _:
                return
        self.move(which, parcel.witness(self.custody[which], command))

    def move(self, which: ParcelId, facts: tuple[Any, ...]) -> None:
        before = after = self.custody[which]
        for fact in facts:
            after = parcel.evolve(after, fact)
        is_anomaly = any(isinstance(fact, parcel.AnomalyNoticed) for fact in facts)
        edge = (type(before), type(after))
        assert edge[0] is edge[1] or is_anomaly or edge in GRAPH, f"I20: {edge}"
        if isinstance(before, parcel.Collected | parcel.Returned):
            assert after == before, "I20: an end is an end"
        self.custody[which] = after
        REACHED[f"parcel {type(after).__name__.lower()}"] += 1
        REACHED["anomaly"] += is_anomaly

    def valid_until(self, which: ParcelId) -> UtcSeconds:
        known = self.custody[which]
        if isinstance(known, parcel.Held | parcel.Overdue):
            return known.hold_until
        return UtcSeconds(NOON + 10**6)

    # ── What comes ────────────────────────────────────────────────────────────────────────────

    @initialize()
    def install(self) -> None:
        for which in PARCELS:
            about = make_about(parcel=which, site=SITE)
            self.custody[which] = parcel.Announced(about=about, announced_at=NOON)
        self.ask(locker.InstallLocker(at=self.at, locker=LOCKER, compartments=NAMES))

    @rule(seconds=st.sampled_from([1, 1, 100, 100, REOPEN_SECONDS, HOLD_SECONDS]))
    def pass_time(self, seconds: int) -> None:
        self.at = UtcSeconds(self.at + seconds)
        for name in NAMES:
            self.ask(compartment.PassTime(at=self.at, compartment=name))
        for which, known in self.custody.items():
            if isinstance(known, parcel.Held) and self.at >= known.hold_until:
                self.move(which, parcel.decide(known, parcel.ExpireHold(at=self.at)))
            if isinstance(known, parcel.Retrieved) and seconds == HOLD_SECONDS:
                self.move(which, parcel.decide(known, parcel.CompleteReturn(at=self.at)))

    def come(self, role: session.Role, who: ParcelId) -> None:
        self.number += 1
        is_courier = role is session.Role.COURIER
        if isinstance(self.state.visit, session.Active):
            self.ask(session.EndSession(at=self.at, why="done"))
        self.ask(
            session.StartSession(
                at=self.at,
                session=SessionId(f"s-{self.number}"),
                role=role,
                courier=COURIER if is_courier else None,
                grants=() if is_courier else (grant_of(who),),
            )
        )

    @rule(which=parcels, name=names, steps=STEPS)
    def courier_brings(self, which: ParcelId, name: CompartmentId, steps: int) -> None:
        """Come, have a compartment assigned, open it, put the parcel in; stop anywhere."""
        if which in self.inside.values() or not isinstance(self.custody[which], parcel.Announced):
            return
        self.come(session.Role.COURIER, which)
        if steps > 0:
            visit = self.state.visit
            assert isinstance(visit, session.Active)
            is_assigned = self.ask(
                compartment.Assign(
                    at=self.at, compartment=name, parcel=which, session=visit.session
                )
            )
            if is_assigned and steps > 1:
                self.open_as_courier(name, Purpose.DEPOSIT)
                self.go_on(name, steps - 2)

    def has_visit(self, role: session.Role) -> bool:
        visit = self.state.visit
        return isinstance(visit, session.Active) and visit.role is role

    def lying(self) -> list[ParcelId]:
        return [s.parcel for s in self.state.compartments.values() if s.parcel]

    @precondition(lambda self: self.lying())
    @rule(index=st.integers(0, 2), steps=STEPS)
    def recipient_fetches(self, index: int, steps: int) -> None:
        """Come, open, take the parcel; stop anywhere."""
        which = self.lying()[index % len(self.lying())]
        self.come(session.Role.RECIPIENT, which)
        self.open_as_recipient(which)
        name = self.state.find_parcel(which)
        if name is not None:
            self.go_on(name, steps)

    @precondition(lambda self: self.lying())
    @rule(index=st.integers(0, 2), steps=STEPS)
    def courier_fetches(self, index: int, steps: int) -> None:
        """Come, open what is overdue or unclear, take the parcel; stop anywhere."""
        with_parcel = [n for n, s in self.state.compartments.items() if s.parcel]
        name = with_parcel[index % len(with_parcel)]
        self.come(session.Role.COURIER, PARCELS[0])
        self.open_as_courier(name, Purpose.RETRIEVE)
        self.go_on(name, steps)

    def go_on(self, name: CompartmentId, steps: int) -> None:
        if steps > 0 and self.with_door(Door.OPENING):
            self.answer("opens")
        doors = self.with_door(Door.OPEN, Door.UNCERTAIN, Door.FORCED)
        if steps > 1 and name in doors:
            self.use_and_shut(does_it=True, index=doors.index(name))

    def open_as_courier(self, name: CompartmentId, purpose: Purpose) -> None:
        known = self.state.compartments[name]
        held = self.custody.get(known.parcel) if known.parcel else None
        if purpose is Purpose.RETRIEVE and isinstance(held, parcel.Held):
            return  # The list gives couriers only what is overdue or unclear.
        self.number += 1
        self.ask(
            locker.OpenForCourier(
                at=self.at, opening=OpeningId(f"o-{self.number}"), compartment=name, purpose=purpose
            )
        )

    @precondition(lambda self: self.has_visit(session.Role.RECIPIENT))
    @rule(which=parcels, is_again=st.just(False) | st.booleans())
    def open_as_recipient(self, which: ParcelId, is_again: bool = False) -> None:
        self.number += not is_again
        visit = self.state.visit
        if isinstance(visit, session.Active) and which != PARCELS[-1]:
            which = next((p for p in PARCELS if grant_of(p) in visit.grants), which)
        offered: Grant = make_grant(
            grant=grant_of(which), parcel=which, valid_until=self.valid_until(which)
        )
        opening = OpeningId(f"o-{self.number}")
        self.ask(locker.OpenForRecipient(at=self.at, opening=opening, grant=offered))

    def drop(self, name: CompartmentId) -> None:
        """The parcel does not go in: only said by a courier before a door that is not shut."""
        known = self.state.compartments[name]
        if known.door is not Door.CLOSED and self.inside[name] is None:
            self.ask(compartment.DropAssignment(at=self.at, compartment=name, why="does_not_fit"))

    # ── The board, and people before it ───────────────────────────────────────────────────────

    def with_door(self, *doors: Door) -> list[CompartmentId]:
        return [n for n, s in self.state.compartments.items() if s.door in doors]

    @precondition(lambda self: self.with_door(Door.OPENING))
    @rule(answer=st.sampled_from(["opens", "opens", "opens", "jammed", "silent", "cut"]))
    def answer(self, answer: str) -> None:
        name = self.with_door(Door.OPENING)[0]
        opening = self.state.compartments[name].opening
        assert opening is not None
        failure = None if answer == "opens" else answer
        if answer == "cut":
            self.is_open[name] = True
            self.ask(locker.StartController(at=self.at, release="1.0"))
            return
        self.is_open[name] = answer == "opens"
        self.ask(
            ReportOpening(at=self.at, compartment=name, opening=opening.opening, failure=failure)
        )

    def restart(self) -> None:
        self.ask(locker.StartController(at=self.at, release="1.0"))

    @precondition(lambda self: self.with_door(Door.OPEN, Door.UNCERTAIN, Door.FORCED))
    @rule(does_it=st.booleans(), index=st.integers(0, 2))
    def use_and_shut(self, does_it: bool, index: int) -> None:
        """Do what one came for, or not; without a sensor people are believed, so they do it."""
        open_ones = self.with_door(Door.OPEN, Door.UNCERTAIN, Door.FORCED)
        name = open_ones[index % len(open_ones)]
        known = self.state.compartments[name]
        purpose = known.opening.purpose if known.opening else None
        is_known_open = known.door is Door.OPEN
        if self.is_open[name] and (does_it or (is_known_open and not HAS_SENSOR[name])):
            if purpose is Purpose.DEPOSIT and known.content is Content.ASSIGNED:
                self.inside[name] = known.parcel
            elif purpose in (Purpose.COLLECT, Purpose.RETRIEVE) or known.door is Door.FORCED:
                self.inside[name] = None
        self.is_open[name] = False
        said = (self.inside[name] is not None) if HAS_SENSOR[name] else None
        closed = NoticeDoor(at=self.at, compartment=name, is_open=False, has_content=said)
        self.ask(closed, said)

    @rule(what=st.integers(0, 11), name=names)
    def mishap(self, what: int, name: CompartmentId) -> None:
        """Let something rare happen."""
        known = self.state.compartments[name]
        if what == 0:
            self.restart()
        elif what in (1, 2):
            self.drop(name)
        elif what == 3 and known.door is Door.CLOSED:
            self.is_open[name] = True
            self.ask(NoticeDoor(at=self.at, compartment=name, is_open=True))
        elif known.content is Content.UNCLEAR and known.door is Door.CLOSED:
            self.inside[name] = None
            self.ask(compartment.ReturnToService(at=self.at, compartment=name))
        elif what == 4:
            self.ask(compartment.TakeOutOfService(at=self.at, compartment=name, why="dirty"))
        else:
            self.ask(compartment.ReturnToService(at=self.at, compartment=name))

    # ── What holds always ─────────────────────────────────────────────────────────────────────

    @invariant()
    def one_compartment_per_parcel(self) -> None:
        lying = [
            s.parcel
            for s in self.state.compartments.values()
            if s.parcel and s.content is not Content.RELEASING
        ]
        assert len(lying) == len(set(lying)), "I01, I02"

    @invariant()
    def held_parcels_lie_where_the_centre_believes(self) -> None:
        for which, known in self.custody.items():
            if isinstance(known, parcel.Held | parcel.Overdue):
                there = self.state.compartments[known.place.compartment]
                is_lost_track_of = there.content is Content.FREE  # Found empty by a look inside.
                assert there.parcel == which or is_lost_track_of or there.parcel is not None, "I02"

    @invariant()
    def pulses_are_few(self) -> None:
        assert all(count == 1 for count in self.pulses.values()), "I04"

    @invariant()
    def what_is_free_and_shut_is_empty(self) -> None:
        for name, known in self.state.compartments.items():
            if known.is_free and known.door is Door.CLOSED:
                assert self.inside[name] is None, f"I05: {self.inside[name]} lies in {name}"

    @invariant()
    def doors_open_only_after_an_intent_or_by_force(self) -> None:
        for name, is_open in self.is_open.items():
            if is_open:
                assert self.state.compartments[name].door is not Door.CLOSED, "I03"

    @invariant()
    def every_compartment_counts_once(self) -> None:
        contents = Counter(s.content for s in self.state.compartments.values())
        assert sum(contents.values()) == (len(NAMES) if self.facts else 0), "I06"
        REACHED.update({str(content) for content in contents})
        REACHED.update({f"door {s.door}" for s in self.state.compartments.values()})

    def teardown(self) -> None:
        assert locker.DECIDER.fold(self.facts) == self.state, "I11: the fold is the state"
        ends = Counter(type(known).__name__ for known in self.custody.values())
        for name in ends:
            event(f"a parcel ends {name.lower()}")
        target(float(len(self.facts)), label="facts")
        REACHED["facts"] += len(self.facts)
        REACHED["histories"] += 1


def test_a_locker_keeps_every_promise_and_the_search_reaches_every_state():
    REACHED.clear()
    run_state_machine_as_test(
        LockerLife,
        settings=settings(
            max_examples=400, stateful_step_count=60, derandomize=True, database=None, deadline=None
        ),
    )
    print(", ".join(f"{name} {count}" for name, count in sorted(REACHED.items())))
    expected = {str(content) for content in Content} | {f"door {door}" for door in Door}
    expected |= {f"parcel {name}" for name in ("held", "overdue", "collected", "retrieved",
                                               "returned")}  # fmt: skip
    expected |= {"anomaly", "refused grant_expired", "refused too_many_openings",
                 "refused door_open", "refused grant_consumed"}  # fmt: skip
    assert expected <= set(+REACHED), f"not reached: {expected - set(+REACHED)}"
