"""Which compartment for which parcel: sentences, and a search that tries everything."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.core.fit import Condition, Why, choose_compartment
from restante.core.ids import CompartmentId
from restante.core.size import ParcelSize
from tests.factories import A1, A2, A3, make_condition, make_size

SIZE = make_size(300, 200, 100)


def choose(*conditions: Condition, size: ParcelSize = SIZE, low: bool = False):
    return choose_compartment(size, conditions, needs_low_door=low)


# ── Sentences ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"is_in_service": False, "is_free": False}, Why.OUT_OF_SERVICE),
        ({"is_free": False, "is_closed": False}, Why.NOT_FREE),
        ({"is_closed": False}, Why.DOOR_NOT_CLOSED),
        ({"weight_g_max": 1_499}, Why.TOO_WEAK),
        ({"height_mm": 99}, Why.TOO_SMALL),
        ({"opening_height_mm": 99}, Why.TOO_SMALL),
    ],
)
def test_a_compartment_that_is_not_possible_is_refused_with_the_reason(
    changes: dict[str, object], why: Why
):
    choice = choose(make_condition("A1", **changes))
    assert choice == (None, (), {A1: why})


def test_what_was_tried_already_is_not_tried_again():
    choice = choose_compartment(
        SIZE, [make_condition("A1"), make_condition("A2")], needs_low_door=False,
        tried=frozenset({A1}),
    )  # fmt: skip
    assert choice == (A2, (Why.ONLY_ONE,), {A1: Why.TRIED_ALREADY})


def test_who_needs_a_low_door_gets_one_however_large():
    low = make_condition("A2", height_mm=700)
    choice = choose(make_condition("A1", bottom_height_mm=1_300), low, low=True)
    assert choice == (A2, (Why.LOW_DOOR_NEEDED, Why.ONLY_ONE), {A1: Why.TOO_HIGH})
    assert choose(make_condition("A1", bottom_height_mm=1_300), low=True).compartment is None


def test_the_smallest_that_fits_is_chosen():
    choice = choose(make_condition("A1", height_mm=190), make_condition("A2", height_mm=110))
    assert choice == (A2, (Why.SMALLEST_THAT_FITS,), {})


def test_the_smallest_is_judged_by_what_passes_the_door():
    narrow = make_condition("A2", height_mm=400, opening_height_mm=110)
    assert choose(make_condition("A1", height_mm=190), narrow).compartment == A2


def test_a_healthy_door_comes_before_one_that_failed():
    choice = choose(make_condition("A1", failure_count=1), make_condition("A2", opening_count=9))
    assert choice == (A2, (Why.SMALLEST_THAT_FITS, Why.HEALTHY_DOOR), {})


def test_low_doors_are_left_to_those_who_need_them():
    choice = choose(
        make_condition("A1"), make_condition("A2", bottom_height_mm=1_300, opening_count=9)
    )
    assert choice == (A2, (Why.SMALLEST_THAT_FITS, Why.KEEPS_LOW_DOORS_FREE), {})


def test_the_least_worn_door_is_chosen_and_then_the_first_by_name():
    worn = make_condition("A1", opening_count=9)
    choice = choose(worn, make_condition("A3"), make_condition("A2"))
    assert choice == (A2, (Why.SMALLEST_THAT_FITS, Why.LEAST_WORN), {})
    assert choose(make_condition("A3"), make_condition("A2")).reasons == (Why.SMALLEST_THAT_FITS,)


def test_all_reasons_are_given_in_order():
    choice = choose(
        make_condition("A1", bottom_height_mm=1_300),
        make_condition("A2", bottom_height_mm=1_300, opening_count=1),
        make_condition("A3"),
        make_condition("B1", bottom_height_mm=1_300, failure_count=1),
        make_condition("B2", height_mm=400),
    )
    assert choice.compartment == A1
    assert choice.reasons == (
        Why.SMALLEST_THAT_FITS, Why.HEALTHY_DOOR, Why.KEEPS_LOW_DOORS_FREE, Why.LEAST_WORN,
    )  # fmt: skip


def test_nothing_is_chosen_from_nothing():
    assert choose() == (None, (), {})
    assert A3 not in choose(make_condition("A1")).refused


# ── Search ────────────────────────────────────────────────────────────────────────────────────

SIDES_MM = st.sampled_from([80, 190, 300, 380, 410, 640])
CONDITIONS = st.builds(
    make_condition,
    width_mm=SIDES_MM,
    height_mm=SIDES_MM,
    depth_mm=SIDES_MM,
    opening_width_mm=st.none() | st.just(80),
    weight_g_max=st.sampled_from([1_000, 25_000]),
    bottom_height_mm=st.sampled_from([100, 500, 1_500]),
    is_free=st.sampled_from([True, True, True, False]),
    is_in_service=st.sampled_from([True, True, True, False]),
    is_closed=st.sampled_from([True, True, True, False]),
    failure_count=st.integers(0, 1),
    opening_count=st.integers(0, 1),
)
SIZES = st.builds(
    make_size, SIDES_MM, SIDES_MM, SIDES_MM,
    weight_g=st.sampled_from([500, 2_000]), keep_upright=st.booleans(),
)  # fmt: skip


def lies_in(size: ParcelSize, condition: Condition) -> bool:
    """Try every way to turn a parcel, in words of its own."""
    spec = condition.spec
    room = (
        min(spec.width_mm, spec.opening_width_mm),
        min(spec.height_mm, spec.opening_height_mm),
        spec.depth_mm,
    )
    sides = (size.width_mm, size.height_mm, size.length_mm)
    turns = permutations((0, 1, 2))
    allowed = [turn for turn in turns if not size.keep_upright or turn[1] == 1]
    return any(all(sides[turn[n]] <= room[n] for n in range(3)) for turn in allowed)


def is_possible(size: ParcelSize, condition: Condition, *, low: bool) -> bool:
    spec = condition.spec
    top_mm = spec.bottom_height_mm + spec.opening_height_mm
    return (
        condition.is_free
        and condition.is_in_service
        and condition.is_closed
        and (not low or (spec.bottom_height_mm >= 380 and top_mm <= 1_220))
        and size.weight_g <= spec.weight_g_max
        and lies_in(size, condition)
    )


@given(SIZES, st.lists(CONDITIONS, max_size=8), st.booleans())
def test_the_choice_is_the_best_of_all_that_are_possible(
    size: ParcelSize, drawn: list[Condition], low: bool
):
    names = [CompartmentId(f"A{number}") for number in range(len(drawn))]
    conditions = {
        name: Condition(**{f: getattr(c, f) for f in c.__struct_fields__ if f != "spec"},
                        spec=type(c.spec)(**{f: getattr(c.spec, f) for f in c.spec.__struct_fields__
                                             if f != "id"}, id=name))
        for name, c in zip(names, drawn, strict=True)
    }  # fmt: skip
    choice = choose(*conditions.values(), size=size, low=low)
    possible = {n: c for n, c in conditions.items() if is_possible(size, c, low=low)}
    assert set(choice.refused) == set(conditions) - set(possible)
    assert (choice.compartment in possible) if possible else (choice.compartment is None)
    assert bool(choice.reasons) is bool(possible)
    if choice.compartment is not None:
        best = conditions[choice.compartment]
        smallest = min(c.spec.kind.volume_mm3 for c in possible.values())
        equals = [c for c in possible.values() if c.spec.kind.volume_mm3 == smallest]
        assert best in equals
        assert best.failure_count == min(c.failure_count for c in equals)
        assert (Why.LOW_DOOR_NEEDED in choice.reasons) is low
        assert (Why.ONLY_ONE in choice.reasons) is (len(possible) == 1)
        assert not low or best.spec.is_low
