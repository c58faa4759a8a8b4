"""CO2e of a parcel: the chain the network answers for, and the recipient's trip beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.insight.emissions import FACTORS, Assumptions, Factor, find_factor, of_parcels
from restante.insight.emissions.factors import UnknownFactor

amount = st.floats(0.01, 1_000)


def test_a_chain_worked_out_by_hand() -> None:
    own = (
        Factor("van", 0.25, "km", "wtw", "fuel bills", 2026, "PL"),
        Factor("car", 0.2, "km", "wtw", "survey", 2026, "PL"),
        Factor("power", 0.5, "kWh", "wtw", "supplier", 2026, "PL"),
    )
    assumed = Assumptions(
        round_km=80, round_parcels=400, hub_kwh_per_day=2, car_share=0.25, extra_km=3,
        home_round_km=100, home_round_parcels=125, line_haul_kg=0.05,
        van="van", car="car", grid="power",
    )  # fmt: skip
    found = of_parcels(assumed, parcels=1_000, locker_days=30, own=own)
    assert found is not None
    assert found.line_haul_g == pytest.approx(50)
    assert found.round_g == pytest.approx(1_000 * 80 * 0.25 / 400)  # 50 g
    assert found.hub_g == pytest.approx(1_000 * 2 * 30 * 0.5 / 1_000)  # 30 g
    assert found.chain_g == pytest.approx(130)
    assert found.trip_g == pytest.approx(150)
    assert found.home_g == pytest.approx(250)
    # 120 g saved, 600 g for each car trip.
    assert found.break_even_car_share == pytest.approx(0.2)
    assert found.factors == ("van", "power", "car")
    assert found.notes == ()


@given(amount, amount, amount, amount, st.floats(0, 1), st.floats(0.1, 30))
def test_at_the_break_even_share_a_locker_saves_exactly_nothing(
    round_km: float, parcels: float, home_km: float, home_parcels: float, share: float, extra: float
) -> None:
    assumed = Assumptions(
        round_km=round_km, round_parcels=parcels, home_round_km=home_km,
        home_round_parcels=home_parcels, car_share=share, extra_km=extra,
    )  # fmt: skip
    found = of_parcels(assumed, parcels=parcels, locker_days=1)
    assert found is not None
    even = found.break_even_car_share
    assert even is not None
    if 0 <= even <= 1:
        there = of_parcels(assumed._replace(car_share=even), parcels=parcels, locker_days=1)
        assert there is not None
        assert there.chain_g + there.trip_g == pytest.approx(there.home_g)
    # The trip is beside the chain: no share of cars changes what the network answers for.
    without = of_parcels(assumed._replace(car_share=0), parcels=parcels, locker_days=1)
    assert without is not None
    assert without.chain_g == found.chain_g
    assert (found.chain_g + found.trip_g < found.home_g) == (share < even)


def test_nothing_is_shared_among_no_parcels_and_no_car_has_no_break_even() -> None:
    assert of_parcels(Assumptions(), parcels=0, locker_days=30) is None
    walked = of_parcels(Assumptions(extra_km=0), parcels=10, locker_days=1)
    assert walked is not None
    assert walked.break_even_car_share is None


def test_every_row_of_factors_has_a_source_a_year_and_what_it_covers() -> None:
    assert len({row.name for row in FACTORS}) == len(FACTORS)
    for row in FACTORS:
        assert row.source
        assert row.year >= 2020
        assert row.unit in ("km", "kWh")
        assert row.covers in ("ttw", "wtw")
        # None of them was read in its original: each must say so.
        assert row.note


def test_a_result_says_what_must_be_known_of_its_factors() -> None:
    found = of_parcels(Assumptions(), parcels=10, locker_days=1)
    assert found is not None
    assert any("ttw" in note for note in found.notes)
    assert any("check against the original" in note for note in found.notes)


def test_an_operators_own_row_comes_first_and_unknown_ones_are_told() -> None:
    own = Factor("grid", 0.9, "kWh", "wtw", "bill", 2026, "PL")
    assert find_factor("grid", (own,)) is own
    with pytest.raises(UnknownFactor, match=r"known are .*van_diesel_average"):
        find_factor("camel")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"car_share": 1.2}, "share, 0 to 1"),
        ({"round_parcels": 0}, "at least one parcel"),
        ({"extra_km": -1}, "0 or more"),
        ({"round_km": float("nan")}, "0 or more"),
    ],
)
def test_assumptions_that_cannot_be_are_refused(changed: dict[str, float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        of_parcels(Assumptions()._replace(**changed), parcels=1, locker_days=1)
