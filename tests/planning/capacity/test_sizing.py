"""Sizes hold what they promise, on parcels that had no part in finding them."""

import msgspec
import numpy as np
import pytest

from restante.planning.capacity import BadProblem, CapacitySite, Module, Network, Span, simulate
from restante.planning.capacity.loss import LossTable, erlang_loss
from restante.planning.capacity.sizing import move_columns, size_sites
from tests.planning.capacity.towns import erlang_b, make_stationary, make_town

MODULES = (
    Module(name="screen", compartments={"S": 2, "M": 2}, is_needed=True),
    Module(name="even", compartments={"S": 4, "M": 4, "L": 1}),
    Module(name="large", compartments={"L": 4}),
)


def with_modules(town: Network, *, columns: tuple[tuple[str, ...], ...] = ()) -> Network:
    sites = town.sites
    if columns:
        sites = tuple(
            msgspec.structs.replace(one, columns=own, compartments=rooms(own))
            for one, own in zip(sites, columns, strict=True)
        )
    return msgspec.structs.replace(town, modules=MODULES, sites=sites)


def rooms(columns: tuple[str, ...]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for module in MODULES:
        for kind, count in module.compartments.items():
            counts[kind] = counts.get(kind, 0) + count * columns.count(module.name)
    return counts


def test_size_found_keeps_its_promise_on_new_parcels_and_fewer_columns_do_not() -> None:
    town = with_modules(make_town(load=1.2, redirect_share=0.0))
    (found,) = size_sites(town, Span(21, 4), 1, target=0.05, sites=("site-3",)).sites
    assert found.holds and found.columns.count("screen") == 1
    assert found.turned_away.mean + found.turned_away.within <= 0.05
    assert found.now is not None and found.now.mean > 0.05
    site = town.site("site-3")

    def turned_away(columns: tuple[str, ...]) -> float:
        alone = msgspec.structs.replace(site, compartments=rooms(columns))
        network = msgspec.structs.replace(town, sites=(alone,))
        return simulate(network, Span(28, 6), 99).measures["turned_away"].mean

    assert turned_away(found.columns) < 0.05
    for name in set(found.columns) - {"screen"}:
        fewer = list(found.columns)
        fewer.remove(name)
        assert turned_away(tuple(fewer)) > 0.03


def test_target_beyond_the_longest_locker_is_said_not_to_hold() -> None:
    town = with_modules(make_town(load=30.0, redirect_share=0.0))
    (found,) = size_sites(town, Span(7, 2), 1, target=0.001, sites=("site-1",)).sites
    assert not found.holds


def test_column_moves_from_where_it_idles_to_where_it_lacks() -> None:
    town = make_town(load=1.0, redirect_share=0.0, sites=2)
    busy, idle = (
        msgspec.structs.replace(one, parcels_per_day=mean)
        for one, mean in zip(town.sites, (24.0, 4.0), strict=True)
    )
    standing = ("screen", "even", "even", "large")
    town = with_modules(
        msgspec.structs.replace(town, sites=(busy, idle)), columns=(standing, standing)
    )
    found = move_columns(town, Span(21, 4), 1)
    assert found.moves and {(one.origin, one.to) for one in found.moves} == {("site-1", "site-0")}
    assert all(one.saves.mean > one.saves.within for one in found.moves)
    assert found.turned_away_after.mean < found.turned_away_before.mean


def test_modified_offered_load_is_erlang_where_nothing_changes() -> None:
    flat = np.full((1, 168), 37.5)
    table = LossTable(flat, flat, np.array([1]), np.array([1]))
    assert table.guess(np.array([[40]]))[0] == pytest.approx(erlang_b(37.5, 40))
    assert erlang_loss(37.5, 40) == pytest.approx(erlang_b(37.5, 40))
    assert erlang_loss(0.0, 3) == 0.0


def test_formulas_on_the_mean_load_say_far_too_little_where_couriers_come_in_waves() -> None:
    town = with_modules(make_town(load=1.6, redirect_share=0.0))
    (found,) = size_sites(town, Span(21, 4), 1, target=0.05, sites=("site-3",)).sites
    assert found.erlang < 0.2 * found.turned_away.mean
    assert found.erlang < found.guess


def test_what_cannot_be_sized_says_what_to_do() -> None:
    town = make_town()
    with pytest.raises(BadProblem, match="catalogue"):
        size_sites(town, Span(7, 2), 1)
    with pytest.raises(BadProblem, match=r"give a share as 0\.02"):
        size_sites(with_modules(town), Span(7, 2), 1, target=2.0)
    with pytest.raises(BadProblem, match="there is no site 'nowhere'"):
        size_sites(with_modules(town), Span(7, 2), 1, sites=("nowhere",))
    with pytest.raises(BadProblem, match="list their names"):
        move_columns(with_modules(town), Span(7, 2), 1)
    small = msgspec.structs.replace(town, modules=(Module(name="s", compartments={"S": 4}),))
    with pytest.raises(BadProblem, match="add one that has"):
        size_sites(small, Span(7, 2), 1)


def test_a_stationary_site_needs_what_erlang_says() -> None:
    lockers = make_stationary(rooms=10, parcels_per_day=30.0, mean_h=20.0, sites=1)
    tens = msgspec.structs.replace(
        lockers,
        modules=(Module(name="five", compartments={"A": 5}),),
        sites=(CapacitySite(id="one", compartments={"A": 10}, parcels_per_day=30.0),),
    )
    (found,) = size_sites(tens, Span(56, 6, 10), 1, target=0.03).sites
    assert found.compartments["A"] == 35
    assert erlang_b(25.0, 35) < 0.03 < erlang_b(25.0, 30)
