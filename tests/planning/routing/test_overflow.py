"""Tonight's decision is the best of all for tiny evenings, and says why this parcel."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restante.planning.routing.overflow import Booked, Evening, Offer, Tomorrow
from restante.planning.routing.overflow_plan import Overflow, WhyStays, settle
from restante.planning.routing.overflow_room import limits_of
from restante.planning.routing.problem import BadProblem

SIZES = ("small", "large")


def locker(name: str, small: int = 0, large: int = 0, **fields: object) -> Tomorrow:
    return Tomorrow(id=name, compartments={"small": small, "large": large}, **fields)


def booked(name: str, *places: str | tuple[str, float], **fields: object) -> Booked:
    """Book at the first place, with others and how many metres they are away."""
    named = [one if isinstance(one, tuple) else (one, 0.0) for one in places]
    return Booked(id=name, offers=tuple(Offer(place=p, away_m=m) for p, m in named), **fields)


def evening(places: list[Tomorrow], *parcels: Booked, **fields: object) -> Evening:
    return Evening(places=tuple(places), parcels=parcels, sizes=SIZES, **fields)


def moved(plan: Overflow) -> dict[str, str]:
    return {one.parcel: one.to_place for one in plan.sent}


def test_where_there_is_room_nobody_is_moved():
    plan = settle(evening([locker("a", small=2)], booked("p", "a"), booked("q", "a")))
    assert plan.is_feasible
    assert plan.sent == ()
    assert plan.destinations == {"p": "a", "q": "a"}


def test_who_is_least_far_from_another_place_is_moved_and_the_other_is_named():
    plan = settle(
        evening(
            [locker("a", small=1), locker("b", small=9)],
            booked("p", "a", ("b", 900.0)), booked("q", "a", ("b", 300.0)),
        )
    )  # fmt: skip
    [one] = plan.sent
    assert (one.parcel, one.from_place, one.to_place, one.away_m) == ("q", "a", "b", 300.0)
    assert one.cost == pytest.approx(1.3)
    assert one.says == (
        "'a' takes 1 parcels of size 'small' or larger at a risk of 5%, and 2 are booked there"
    )
    [other] = one.instead_of
    assert (other.parcel, other.why, other.dearer_by) == ("p", WhyStays.DEARER, 0.6)


def test_who_was_moved_before_is_moved_last_however_near():
    plan = settle(
        evening(
            [locker("a", small=1), locker("b", small=9)],
            booked("p", "a", ("b", 5_000.0)), booked("q", "a", ("b", 10.0), moved_before=1),
        )
    )  # fmt: skip
    assert moved(plan) == {"p": "b"}
    assert plan.sent[0].instead_of[0].why is WhyStays.MOVED_BEFORE


def test_who_booked_first_stays_where_nothing_else_tells_them_apart():
    parcels = [
        booked(name, "a", "b", booked_at=at) for name, at in (("p", 3.0), ("q", 1.0), ("r", 2.0))
    ]
    for order in (parcels, parcels[::-1]):
        plan = settle(evening([locker("a", small=1), locker("b", small=9)], *order))
        assert set(moved(plan)) == {"p", "r"}
        assert {other.why for one in plan.sent for other in one.instead_of} == {
            WhyStays.BOOKED_FIRST
        }


def test_a_small_parcel_gives_way_only_where_that_makes_room():
    plan = settle(
        evening(
            [locker("a", small=5, large=1), locker("b", large=9)],
            booked("p", "a", ("b", 1.0)),
            booked("q", "a", ("b", 2_000.0), size="large"),
            booked("r", "a", ("b", 3_000.0), size="large"),
        )
    )  # fmt: skip
    assert moved(plan) == {"q": "b"}


def test_a_recipient_who_agreed_to_nothing_else_stays():
    plan = settle(
        evening(
            [locker("a", small=1), locker("b", small=9)], booked("p", "a"),
            booked("q", "a", ("b", 9_000.0)),
        )
    )  # fmt: skip
    assert moved(plan) == {"q": "b"}
    assert plan.sent[0].instead_of[0].why is WhyStays.AGREED_TO_NO_OTHER


def test_room_that_may_come_free_counts_as_far_as_the_risk_allows():
    staying = {"small": (0.5, 0.01)}
    place = locker("a", small=2, staying=staying)
    limit = limits_of(
        "a", SIZES, 0.05, compartments=place.compartments, staying=staying, booked={}, expected={},
        parcels_max=None,
    )[0]  # fmt: skip
    assert limit.room == 1
    assert limit.risk(1) == pytest.approx(0.005)
    assert limit.risk(2) == pytest.approx(1 - 0.5 * 0.99)
    assert limit.risk(3) == 1.0


def test_deposits_of_others_take_room_as_a_forecast_says():
    [limit, _] = limits_of(
        "a", SIZES, 0.05, compartments={"small": 10}, staying={}, booked={"small": 2},
        expected={"small": 3.0}, parcels_max=None,
    )  # fmt: skip
    # Of a Poisson number with mean 3, at most 6 are deposited with 96.6 %.
    assert limit.room == 2
    assert limit.risk(2) == pytest.approx(0.0335, abs=1e-4)


def test_without_room_for_all_the_risk_is_exceeded_where_it_is_least_and_said():
    places = [
        locker("a", small=1, staying={"small": (0.9,)}),
        locker("b", small=1, staying={"small": (0.2,)}),
    ]
    plan = settle(evening(places, booked("p", "a", "b")))
    assert plan.destinations == {"p": "b"}
    assert plan.violated == (
        "'b' takes 0 parcels of size 'small' or larger at a risk of 5%; 1 are sent: a risk of"
        " 20.0%",
    )


def test_a_parcel_without_any_place_is_kept_back_with_what_is_full():
    plan = settle(evening([locker("a", small=1)], booked("p", "a"), booked("q", "a", booked_at=1)))
    [one] = plan.kept_back
    assert one.parcel == "q"
    assert one.says.startswith("'a' takes 1 parcels")
    assert plan.violated == ("parcel 'q' is kept back",)


def test_a_price_tells_what_one_more_compartment_would_save():
    plan = settle(
        evening(
            [locker("a", small=1), locker("b", small=9)],
            booked("p", "a", ("b", 500.0)), booked("q", "a", ("b", 500.0)),
        )
    )  # fmt: skip
    [a, b] = plan.places
    assert (a.price, b.price) == (pytest.approx(1.5), 0.0)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"parcels": (booked("p", "z"),)}, r"parcels\[0\] 'p'.offers\[0\]: 'z' is not in places"),
        ({"parcels": (booked("p", "a"), booked("p", "a"))}, "'p' is there 2 times"),
        ({"parcels": (booked("p"),)}, "it has no offer"),
        ({"parcels": (booked("p", "a", size="huge"),)}, "'huge' is not in sizes"),
        ({"places": (locker("a", booked={"huge": 1}),)}, "'huge' is not in sizes"),
        ({"places": (locker("a", small=1, staying={"small": (0.5, 0.5)}),)}, "2 of 1 compartm"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_do(bad: dict, says: str):
    with pytest.raises(BadProblem, match=says):
        Evening(**({"places": (locker("a"),), "parcels": (), "sizes": SIZES} | bad))


def test_evenings_and_plans_are_read_as_they_are_written():
    made = evening([locker("a", small=1)], booked("p", "a"), booked("q", "a"))
    assert Evening.from_json(made.to_json()) == made
    assert Overflow.from_json(settle(made).to_json()) == settle(made)


# ── Against all ways there are ────────────────────────────────────────────────────────────────


@st.composite
def evenings(draw: st.DrawFn) -> Evening:
    names = ["a", "b", "c"]
    chances = st.lists(st.sampled_from([0.0, 0.3, 0.9]), max_size=1)
    places = []
    for name in names:
        most = 4 if name == "c" else 1
        small, large = draw(st.integers(0, 1 + most)), draw(st.integers(0, most))
        staying = {"small": tuple(draw(chances))} if small else {}
        places.append(locker(name, small=small, large=large, staying=staying))
    parcels = []
    for i in range(draw(st.integers(1, 6))):
        order = draw(st.permutations(names))[: draw(st.integers(1, 3))]
        ways = [(p, draw(st.sampled_from([100.0, 300.0, 1_000.0]))) for p in order[1:]]
        parcels.append(
            booked(
                f"p{i}", order[0], *ways, size=draw(st.sampled_from(SIZES)),
                moved_before=draw(st.sampled_from([0, 0, 1])), booked_at=draw(st.integers(0, 2)),
            )
        )  # fmt: skip
    return evening(places, *parcels)


def aims_of(made: Evening, offers: tuple[int | None, ...]) -> tuple[float, float, float]:
    """Count what is minimized first, by other means than the program's."""
    missing = float(sum(o is None for o in offers))
    for limit in made.limits():
        count = sum(
            o is not None and one.offers[o].place == limit.place
            and made.rank_of(one) >= (limit.size or 0)
            for one, o in zip(made.parcels, offers, strict=True)
        )  # fmt: skip
        if count >= len(limit.risks):
            return (99.0, 0.0, 0.0)
        missing += sum(limit.risk(m) for m in range(limit.room + 1, count + 1))
    pairs = list(zip(made.parcels, offers, strict=True))
    again = sum(one.moved_before for one, o in pairs if o != 0)
    cost = sum(made.cost_of(one, o) for one, o in pairs if o is not None)
    return missing, float(again), cost


REACHED: Counter[str] = Counter()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(evenings())
def against_all_ways(made: Evening) -> None:
    best = min(
        tuple(round(x, 6) for x in aims_of(made, offers))
        for offers in product(*((None, *range(len(one.offers))) for one in made.parcels))
    )
    plan = settle(made)
    number = {one.id: {o.place: k for k, o in enumerate(one.offers)} for one in made.parcels}
    offers = tuple(
        number[one.id][plan.destinations[one.id]] if one.id in plan.destinations else None
        for one in made.parcels
    )
    assert tuple(round(x, 6) for x in aims_of(made, offers)) == pytest.approx(best)
    assert (
        settle(Evening(places=made.places[::-1], parcels=made.parcels[::-1], sizes=SIZES)) == plan
    )
    REACHED["moved"] += bool(plan.sent)
    REACHED["kept back"] += bool(plan.kept_back)
    REACHED["at a larger risk"] += any("are sent" in says for says in plan.violated)
    REACHED.update(other.why for one in plan.sent for other in one.instead_of)


def test_no_other_sending_is_better_and_the_order_of_entries_makes_no_difference():
    against_all_ways()
    print(dict(REACHED))
    assert all(REACHED[word] > 0 for word in ("moved", "kept back", "at a larger risk"))
    assert sum(REACHED[why] > 0 for why in WhyStays) >= 3
