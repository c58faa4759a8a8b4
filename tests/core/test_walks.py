"""Random walks reach every state, say so, and never break what holds always."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from random import Random
from typing import Any, get_args

import msgspec
import pytest

from restante.core import compartment, locker, parcel, remote, session, site
from restante.core.content import Content
from restante.core.door import Door
from restante.core.streams import KINDS
from restante.core.value import Fact
from tests.core.walks import WALKS, Step, facts_of, walk

SEEDS, STEPS = 60, 150


def walks_of(kind: str) -> Iterator[list[Step]]:
    decider, draw = WALKS[kind]
    for seed in range(SEEDS):
        yield list(walk(decider, draw, seed, STEPS))


def say(kind: str, reached: Counter[Any]) -> None:
    counts = ", ".join(f"{name} {count}" for name, count in sorted(reached.items()))
    print(f"{kind}, {SEEDS} walks of {STEPS} steps: {counts}")


# ── Reach ─────────────────────────────────────────────────────────────────────────────────────


def test_walks_of_a_parcel_reach_every_state_and_every_fact():
    reached: Counter[str] = Counter()
    happened: set[type[Fact]] = set()
    for steps in walks_of("parcel"):
        reached.update(type(step.state).__name__ for step in steps)
        happened |= {type(fact) for fact in facts_of(steps)}
    say("parcel", reached)
    assert set(reached) == {state.__name__ for state in get_args(parcel.Parcel)}
    beside = {parcel.NoticeSent, parcel.AnomalyNoticed}
    assert happened == set(get_args(parcel.ParcelFact)) - beside


def test_walks_of_a_compartment_reach_every_content_behind_every_door():
    reached: Counter[str] = Counter()
    happened: set[type[Fact]] = set()
    for steps in walks_of("compartment"):
        reached.update(f"{step.state.content}/{step.state.door}" for step in steps)
        reached.update("out of service" for step in steps if step.state.out_of_service)
        happened |= {type(fact) for fact in facts_of(steps)}
    say("compartment", reached)
    assert set(reached) == {f"{c}/{d}" for c in Content for d in Door} | {"out of service"}
    assert happened == set(get_args(compartment.CompartmentFact))


def test_walks_of_a_locker_reach_every_content_and_visit_and_every_fact():
    reached: Counter[str] = Counter()
    happened: set[type[Fact]] = set()
    for steps in walks_of("locker"):
        for step in steps:
            state: locker.Locker = step.state
            reached.update({str(known.content) for known in state.compartments.values()})
            reached.update({f"door {known.door}" for known in state.compartments.values()})
            visit = state.visit
            reached[str(visit.role) if isinstance(visit, session.Active) else "nobody"] += 1
            reached["used grant"] += any(use.used_at for use in state.grants.values())
        happened |= {type(fact) for fact in facts_of(steps)}
    say("locker", reached)
    visits = {*map(str, session.Role), "nobody", "used grant"}
    assert set(+reached) == {*map(str, Content), *(f"door {door}" for door in Door), *visits}
    assert happened == set(KINDS["locker"].fact_types)


def test_walks_of_a_site_reach_every_kind_of_booking_and_every_fact():
    reached: Counter[str] = Counter()
    happened: set[type[Fact]] = set()
    for steps in walks_of("site"):
        for step in steps:
            for booking in step.state.bookings.values():
                is_over = step.command.at >= booking.expires_at
                reached[
                    "inside" if booking.is_inside
                    else "over" if is_over
                    else "firm" if booking.is_firm
                    else "soft"
                ] += 1  # fmt: skip
            reached["closed"] += bool(step.state.closures)
        happened |= {type(fact) for fact in facts_of(steps)}
    say("site", reached)
    assert set(+reached) == {"soft", "firm", "over", "inside", "closed"}
    beside = {site.ServiceOrdered, site.ListNoted}
    assert happened == set(get_args(site.SiteFact)) - beside


def test_walks_of_orders_reach_every_phase_outcome_and_fact():
    reached: Counter[str] = Counter()
    happened: set[type[Fact]] = set()
    for steps in walks_of("remote"):
        for step in steps:
            reached.update(str(one.phase) for one in step.state.asked.values())
            reached.update(str(one.outcome) for one in step.state.asked.values() if one.outcome)
        happened |= {type(fact) for fact in facts_of(steps)}
    say("remote", reached)
    assert set(reached) == {*map(str, remote.Phase), *map(str, remote.Outcome)}
    assert happened == set(get_args(remote.RemoteFact))


# ── What holds on every walk ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", WALKS)
def test_the_same_command_again_at_once_is_no_news_or_refused_or_possible(kind: str):
    """A command that was accepted never raises anything but a refusal when it comes again."""
    decider, _ = WALKS[kind]
    for steps in walks_of(kind):
        for step in steps[::5]:
            try:
                decider.decide(step.state, step.command)
            except Exception as error:
                assert type(error).__name__ == "Refused", error


@pytest.mark.parametrize("kind", WALKS)
def test_a_state_written_down_and_read_again_goes_on_the_same(kind: str):
    decider, _ = WALKS[kind]
    if kind in KINDS:
        state_type, evolve = KINDS[kind].state_type, KINDS[kind].evolve
        first = KINDS[kind].initial
    else:
        state_type, evolve, first = compartment.Compartment, decider.evolve, decider.initial
    for steps in walks_of(kind):
        state = first
        for fact in facts_of(steps):
            state = evolve(msgspec.json.decode(msgspec.json.encode(state), type=state_type), fact)
        last = state.custody if kind == "parcel" else state
        assert last == steps[-1].state


@pytest.mark.parametrize("kind", KINDS)
def test_any_fact_of_any_stream_is_accepted_in_any_state(kind: str):
    """Total evolve: what is told of others, or in another order, never raises."""
    dice = Random(kind)
    facts = [[fact for steps in walks_of(name) for fact in facts_of(steps)] for name in WALKS]
    state = KINDS[kind].initial
    accepted: Counter[str] = Counter()
    for fact in (dice.choice(of_one_kind) for of_one_kind in dice.choices(facts, k=6_000)):
        before = state
        state = KINDS[kind].evolve(state, fact)
        accepted["changed" if state != before else "unchanged"] += 1
        if dice.random() < 0.05:
            state = KINDS[kind].initial
    print(f"{kind}: {dict(accepted)}")
    assert accepted["changed"] > 100


def test_any_fact_of_a_machine_is_accepted_in_any_of_its_states():
    dice = Random(1)
    for kind, (decider, _) in WALKS.items():
        steps = [step for walked in walks_of(kind) for step in walked]
        states = [step.state for step in dice.sample(steps, 200)]
        for fact in dice.choices(facts_of(steps), k=40):
            for state in states:
                decider.evolve(state, fact)


def test_what_was_collected_or_returned_stays_so():
    for steps in walks_of("parcel"):
        for before, after in pairwise(steps):
            if isinstance(before.state, parcel.Collected | parcel.Returned):
                assert after.state == before.state
                assert not after.facts
