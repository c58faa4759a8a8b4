"""What goes into what, and which doors are low."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.core.refusal import Reason, Refused
from restante.core.size import check_parcel_size, goes_into, size_class
from tests.factories import make_kind, make_size, make_spec

SIDES = st.integers(1, 60)


def test_a_parcel_is_turned_to_go_in():
    kind = make_kind(380, 80, 640)
    assert goes_into(make_size(80, 640, 380), kind)
    assert not goes_into(make_size(81, 640, 380), kind)


def test_a_parcel_to_be_kept_upright_is_only_turned_around():
    kind = make_kind(380, 80, 640)
    assert goes_into(make_size(640, 380, 80, keep_upright=True), kind)
    assert goes_into(make_size(380, 640, 80, keep_upright=True), kind)
    assert not goes_into(make_size(80, 380, 81, keep_upright=True), kind)


def test_a_parcel_as_large_and_as_heavy_as_the_compartment_goes_in():
    kind = make_kind(10, 10, 10, weight_g_max=5)
    assert goes_into(make_size(10, 10, 10, weight_g=5), kind)
    assert not goes_into(make_size(10, 10, 10, weight_g=6), kind)


def test_what_does_not_pass_the_door_does_not_go_in():
    spec = make_spec("A1", 400, 400, 400, opening_width_mm=300, opening_height_mm=350)
    assert not goes_into(make_size(360, 360, 300), spec.kind)
    assert goes_into(make_size(300, 350, 400), spec.kind)
    assert spec.volume_mm3 == 400**3
    assert spec.kind.volume_mm3 == 300 * 350 * 400


@given(SIDES, SIDES, SIDES, SIDES, SIDES, SIDES)
def test_a_parcel_that_may_be_turned_goes_in_when_its_sorted_sides_do(
    a: int, b: int, c: int, width: int, height: int, depth: int
):
    inside = zip(sorted((a, b, c)), sorted((width, height, depth)), strict=True)
    fits = all(side <= room for side, room in inside)
    assert goes_into(make_size(a, b, c), make_kind(width, height, depth)) is fits


@pytest.mark.parametrize(
    ("bottom_mm", "opening_mm", "is_low"),
    [(380, 840, True), (379, 100, False), (380, 841, False), (1_100, 120, True)],
)
def test_a_door_is_low_when_a_seated_person_reaches_all_of_it(
    bottom_mm: int, opening_mm: int, is_low: bool
):
    spec = make_spec("A1", height_mm=opening_mm, bottom_height_mm=bottom_mm)
    assert spec.is_low is spec.kind.is_low is is_low


@pytest.mark.parametrize("side", ["length_mm", "width_mm", "height_mm"])
@pytest.mark.parametrize("value", [-1, 0, 2_001])
def test_measures_no_parcel_has_are_refused(side: str, value: int):
    with pytest.raises(Refused, match=side) as refusal:
        check_parcel_size(make_size(**{side: value}))
    assert refusal.value.reason is Reason.PARCEL_TOO_LARGE


@pytest.mark.parametrize("weight_g", [-1, 0, 50_001])
def test_masses_no_parcel_has_are_refused(weight_g: int):
    with pytest.raises(Refused) as refusal:
        check_parcel_size(make_size(weight_g=weight_g))
    assert refusal.value.reason is Reason.PARCEL_TOO_HEAVY


def test_the_largest_and_the_smallest_parcel_are_accepted():
    check_parcel_size(make_size(1, 1, 1, weight_g=1))
    check_parcel_size(make_size(2_000, 2_000, 2_000, weight_g=50_000))


@pytest.mark.parametrize(
    ("volume_mm3", "name"),
    [(1, "XS"), (10_000_000, "XS"), (10_000_001, "S"), (60_000_000, "M"), (120_000_000, "L"),
     (120_000_001, "XL")],
)  # fmt: skip
def test_a_volume_has_a_name_for_people(volume_mm3: int, name: str):
    assert size_class(volume_mm3) == name
