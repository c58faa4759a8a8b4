"""Lockers are played as the rules have it, as theory knows it, and alike for the same seed."""

import msgspec
import numpy as np
import pytest

from restante.planning.capacity import Changes, Network, Shut, Span, compare, simulate
from restante.planning.capacity.fate import GONE_BACK
from restante.planning.capacity.plain import play_plainly
from restante.planning.capacity.simulate import play_once
from restante.planning.capacity.stream import draw_stream
from restante.planning.capacity.tables import make_places, make_rules, make_wanted
from tests.planning.capacity.towns import erlang_b, make_stationary, make_town

BUSY = Changes(
    peak=1.4,
    peak_from_day=4,
    peak_days=5,
    shut=(Shut(site="site-2", from_day=5, days=4), Shut(site="site-4", from_day=9)),
    reminders_earlier_h=12.0,
    reward_factor=1.5,
    reward_h=24.0,
    storms=("2026-11-09",),
)


@pytest.mark.parametrize("is_booked", [False, True], ids=["at the door", "booked"])
@pytest.mark.parametrize("changes", [Changes(), BUSY], ids=["as it is", "changed"])
def test_kernel_and_plain_program_agree_on_every_parcel(changes: Changes, is_booked: bool) -> None:
    usual = make_town(load=1.1, is_booked=is_booked)
    stream = draw_stream(usual, days=14, seed=5, level=1.4)
    played = play_once(usual, stream, 14, changes)
    town = changes.apply(usual)
    places, rules = make_places(town, 14, changes), make_rules(town, 14, changes)
    plain = play_plainly(places, rules, make_wanted(town, stream, places, changes))
    fate = played.fate
    seen = np.bincount(fate.outcome, minlength=4)
    assert len(plain) == len(fate.outcome) > 1_000
    assert (seen > (0 if is_booked else 10)).sum() >= (3 if is_booked else 4), seen
    for n, one in enumerate(plain):
        assert (one.outcome, one.site, one.kind) == (
            fate.outcome[n], fate.site[n], fate.kind[n],
        ), n  # fmt: skip
        if one.kind >= 0:
            assert one.in_at == fate.in_at[n]
            assert one.out_at == pytest.approx(fate.out_at[n], abs=1e-9)
            assert one.is_overdue == fate.is_overdue[n]


def test_turned_away_share_is_that_of_erlang_where_nothing_changes_over_the_day() -> None:
    lockers = make_stationary(rooms=40, parcels_per_day=45.0, mean_h=20.0, sites=40)
    played = simulate(lockers, Span(days=42, runs=6, warm_days=10), seed=2)
    share = played.measures["turned_away"]
    truth = erlang_b(45 / 24 * 20, 40)
    standard_error = share.within / 2.571  # Student's t of five degrees of freedom.
    assert abs(share.mean - truth) < 3 * standard_error
    assert standard_error < 0.05 * truth


def test_same_seed_gives_the_same_answer_and_another_seed_another_one() -> None:
    town, span = make_town(), Span(days=7, runs=2)
    assert simulate(town, span, 3) == simulate(town, span, 3)
    assert simulate(town, span, 3).measures != simulate(town, span, 4).measures


def test_difference_of_two_layouts_is_told_more_exactly_on_common_random_numbers() -> None:
    town = make_town(load=1.2, redirect_share=0.0)
    larger = msgspec.structs.replace(
        town,
        sites=tuple(
            msgspec.structs.replace(one, compartments={"S": 8, "M": 8, "L": 3})
            for one in town.sites
        ),
    )
    found = compare(town, Changes(), Span(days=14, runs=6), 1, other=larger)
    gone = found.measures["turned_away"]
    assert gone.difference.mean < 0 and gone.is_clear
    assert found.measures["parcels_per_day"].difference.mean == 0.0
    apart = (gone.base.within**2 + gone.changed.within**2) ** 0.5
    assert gone.difference.within < 0.6 * apart


def test_peak_contains_every_parcel_of_the_usual_days() -> None:
    town = make_town()
    stream = draw_stream(town, days=10, seed=1, level=1.5)
    usual = play_once(town, stream, 10, Changes()).wanted
    peak = play_once(town, stream, 10, Changes(peak=1.5)).wanted
    assert set(usual.patience.tolist()) < set(peak.patience.tolist())
    assert len(peak) == pytest.approx(1.5 * len(usual), rel=0.1)


@pytest.mark.parametrize(
    ("changes", "measure", "sign"),
    [
        (Changes(peak=1.5), "turned_away", 1),
        (Changes(shut=(Shut(site="site-1", from_day=8, days=7),)), "gone_back", 1),
        (Changes(shut=(Shut(site="site-1", from_day=8),)), "gone_back", 1),
        (Changes(reminders_earlier_h=12.0), "stay_h", -1),
        (Changes(reward_factor=1.5, reward_h=24.0), "stay_h", -1),
        (Changes(storms=("9",)), "stay_h", 1),
    ],
    ids=["peak", "outage", "closing", "reminders", "reward", "storm"],
)
def test_changes_move_what_they_must(changes: Changes, measure: str, sign: int) -> None:
    town = make_town(load=0.9, redirect_share=0.3)
    moved = compare(town, changes, Span(days=14, runs=6), 2).measures[measure]
    assert moved.difference.mean * sign > 0
    assert moved.is_clear


def test_nothing_is_put_into_a_locker_that_is_out_and_nobody_collects_there() -> None:
    town = make_town()
    changes = Changes(shut=(Shut(site="site-3", from_day=6, days=3),))
    fate = play_once(town, draw_stream(town, days=14, seed=4), 14, changes).fate
    there = fate.site == 3
    begin, end = 6 * 24.0, 9 * 24.0
    assert there.sum() > 50
    assert not ((fate.in_at[there] >= begin) & (fate.in_at[there] < end)).any()
    assert not ((fate.out_at[there] > begin) & (fate.out_at[there] < end)).any()


def test_no_compartment_ever_holds_two_parcels() -> None:
    town = make_town(load=1.5)
    played = play_once(town, draw_stream(town, days=14, seed=9), 14)
    fate, room = played.fate, played.places.room
    put = fate.kind >= 0
    for site in range(len(room)):
        for kind in range(room.shape[1]):
            here = put & (fate.site == site) & (fate.kind == kind)
            ends = np.concatenate([fate.in_at[here], fate.out_at[here]])
            steps = np.repeat([1, -1], here.sum())
            order = np.lexsort((steps, ends))
            assert steps[order].cumsum().max(initial=0) <= room[site, kind]
    assert (fate.outcome == GONE_BACK).any()


def test_an_empty_network_of_wishes_is_played_too() -> None:
    town = make_town()
    quiet = msgspec.structs.replace(
        town, sites=tuple(msgspec.structs.replace(s, parcels_per_day=0.0) for s in town.sites)
    )
    played = simulate(quiet, Span(days=7, runs=2))
    assert played.parcels == 0
    assert played.measures["occupancy"].mean == 0.0


def test_a_network_comes_back_from_json_as_it_was() -> None:
    town = make_town(is_booked=True)
    assert Network.from_json(town.to_json()) == town
