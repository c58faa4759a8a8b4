"""Cost and CO2e from what an operator tells; standing among like sites from what was measured."""

from typing import Any

import pytest

from restante.insight.measures.cost import DAYS_OF_MONTH, Prices, cost_per_parcel
from restante.insight.measures.standing import stand
from restante.insight.measures.told import TOLD, add_told, read_said

DAY = 86_400


def test_cost_shares_what_is_fixed_among_the_parcels_that_came() -> None:
    prices = Prices(site_month=30_000, parcel=40, notice=5)
    month = DAYS_OF_MONTH
    assert cost_per_parcel(prices, deposits=1_000, sites=1, days=month) == pytest.approx(75)
    assert cost_per_parcel(prices, deposits=500, sites=1, days=month) == pytest.approx(105)
    reminded = cost_per_parcel(prices, deposits=500, sites=1, days=month, reminders=100)
    assert reminded == pytest.approx(106)
    assert cost_per_parcel(prices, deposits=0, sites=1, days=month) is None
    with pytest.raises(ValueError, match="parcel is -1"):
        cost_per_parcel(Prices(parcel=-1), deposits=1, sites=1, days=1)


def test_told_measures_are_added_and_empty_where_no_parcel_came() -> None:
    said = read_said("[prices]\nparcel = 40\n[emissions]\ncar_share = 0.1\n")
    rows = [
        {"of": "a", "deposits": 100, "sites": 1, "reminders": 0.2},
        {"of": "b", "deposits": 0, "sites": 1, "reminders": None},
    ]
    busy, idle = add_told(rows, said, days=10)
    assert busy["cost"] == 40
    assert busy["co2e_trip"] == pytest.approx(1_000 * 0.1 * 2.0 * 0.2)
    assert all(idle[one.name] is None for one in TOLD)
    assert set(busy) == {*rows[0], *(one.name for one in TOLD)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[emission]", "did you mean 'emissions'"),
        ("[emissions]\ncar_shares = 1", "did you mean 'car_share'"),
        ("[emissions]\ncar_share = 'many'", "give a number"),
        ("[emissions]\ncar_share = 1.5", "0 to 1"),
        ("[emissions]\nvan = 'camel'", "no factor 'camel'"),
        ("[prices]\nnotice = -1", "0 or more"),
        ("[[factors]]\nname = 'x'", "missing"),
        ("factors = 3", r"\[\[factors\]\]"),
        ("emissions = 3", r"\[emissions\]"),
        ("[", "not TOML"),
    ],
)
def test_what_is_told_wrongly_is_named_with_the_remedy(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_said(text)


def row(site: str, utilisation: float | None, **given: Any) -> dict[str, Any]:
    usual = {
        "compartments": 100.0, "door_failures": 0.001, "full_time": 0.01, "turn_away_rate": 0.01,
        "dwell_median": 20.0, "overdue": 0.03,
    }  # fmt: skip
    return {"of": site, "utilisation": utilisation, **usual, **given}


def sites(rows: list[dict[str, Any]], **opened: int) -> dict[str, dict[str, Any]]:
    return {one["of"]: {"kind": "locker", "opened_at": opened.get(one["of"], 0)} for one in rows}


def test_a_site_stands_where_its_like_use_theirs_less() -> None:
    rows = [row(f"s{i}", float(i)) for i in range(5)]
    found = stand(rows, sites(rows), until=400 * DAY, below=0)
    assert [one.percentile for one in found] == [10, 30, 50, 70, 90]
    assert {one.like for one in found} == {5}


def test_large_networks_compare_sites_of_about_the_same_size() -> None:
    rows = [row(f"s{i:02d}", 1.0 if i < 20 else 0.5, compartments=float(i)) for i in range(40)]
    found = {one.site: one for one in stand(rows, sites(rows), until=400 * DAY, below=0)}
    # All of a quarter do alike, so each is in its middle whatever larger ones do.
    assert {one.percentile for one in found.values()} == {50}
    assert {one.like for one in found.values()} == {10}


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"door_failures": 0.2}, "doors_fail"),
        ({"full_time": 0.4}, "full"),
        ({"turn_away_rate": 0.2}, "turned_away"),
        ({"dwell_median": 60.0}, "slow_collection"),
        ({"overdue": 0.5}, "never_collected"),
        ({"door_failures": 0.2, "overdue": 0.5}, "doors_fail"),
        ({"door_failures": None, "dwell_median": None}, "little_demand"),
        ({}, "little_demand"),
    ],
)
def test_an_underperformer_has_the_first_cause_that_holds(
    changed: dict[str, Any], cause: str
) -> None:
    rows = [row(f"s{i}", 1.0) for i in range(7)] + [row("bad", 0.1, **changed)]
    *others, bad = stand(rows, sites(rows), until=400 * DAY)
    assert bad.cause == cause
    assert bad.says
    assert {one.cause for one in others} == {""}


def test_a_young_site_is_new_and_one_out_of_service_stands_nowhere() -> None:
    rows = [row(f"s{i}", 1.0) for i in range(7)] + [row("young", 0.1), row("shut", None)]
    opened = sites(rows, young=390 * DAY)
    *_, young, shut = stand(rows, opened, until=400 * DAY)
    assert young.cause == "new"
    assert "10 days" in young.says
    assert shut.percentile is None
    assert shut.cause == ""
