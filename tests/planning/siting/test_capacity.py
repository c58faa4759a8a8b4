"""Sites that can take only so much, on towns small enough for a program to know the best."""

import msgspec
import numpy as np
import pytest

from restante.planning.siting import (
    CandidateId,
    MaxIterations,
    Problem,
    Size,
    Status,
    solve,
)
from restante.planning.siting.check import check
from restante.planning.siting.distances import measure
from restante.planning.siting.exact import PAIRS_MAX
from restante.planning.siting.transported import transport
from tests.planning.siting.towns import best_cost, town, walks


def full_town(seed: int, cells: int = 25, candidates: int = 8) -> Problem:
    """Make a town where about three sites hold all demand."""
    problem = town(seed, cells, candidates)
    room = sum(cell.demand for cell in problem.cells) / 2.6
    return msgspec.structs.replace(
        problem,
        candidates=tuple(
            msgspec.structs.replace(one, capacity=float(round(room * (0.7 + 0.1 * n))))
            for n, one in enumerate(problem.candidates)
        ),
    )


def demand(problem: Problem) -> np.ndarray:
    return np.array([cell.demand for cell in problem.cells], dtype=float)


@pytest.mark.parametrize("seed", range(3))
def test_full_sites_send_people_on_as_cheaply_as_a_program_does(seed: int):
    problem = full_town(seed)
    found = solve(problem, MaxIterations(2_000), 1)
    least = best_cost(
        problem,
        demand(problem)[:, None] * walks(problem),
        [one.capacity for one in problem.candidates],
    )
    assert found.status is Status.OPTIMAL
    assert found.cost == pytest.approx(least, rel=1e-6)
    assert check(problem, found).violations == ()


def test_the_search_alone_finds_the_best_and_its_bound_stays_below(
    monkeypatch: pytest.MonkeyPatch,
):
    problem = full_town(5)
    least = solve(problem, MaxIterations(2_000), 1)
    monkeypatch.setattr("restante.planning.siting.search_capacity.PAIRS_MAX", 0)
    assert PAIRS_MAX > 0
    found = solve(problem, MaxIterations(6_000), 2)
    assert least.cost is not None and found.bound is not None
    assert found.cost == pytest.approx(least.cost, rel=1e-6)
    assert found.bound <= least.cost * (1 + 1e-9)


def test_sizes_are_chosen_and_a_place_gets_one_of_them():
    problem = town(2, 20, 5)
    whole = float(demand(problem).sum())
    sizes = (
        Size(name="small", capacity=whole / 4, fixed_cost=1_000.0),
        Size(name="large", capacity=whole / 2, fixed_cost=1_600.0),
    )
    sized = msgspec.structs.replace(
        problem,
        candidates=tuple(
            msgspec.structs.replace(one, sizes=sizes, fixed_cost=500.0)
            for one in problem.candidates
        ),
    )
    # The same as a program sees it: each size a candidate of its own; no two of one place are
    # worth it, as the larger one costs less than both.
    twice = [
        msgspec.structs.replace(
            one, fixed_cost=500.0 + size.fixed_cost, id=CandidateId(f"{one.id}{size.name}")
        )
        for one in problem.candidates
        for size in sizes
    ]
    wide = msgspec.structs.replace(problem, candidates=tuple(twice))
    least = best_cost(
        wide,
        demand(problem)[:, None] * walks(wide),
        [size.capacity for _ in problem.candidates for size in sizes],
    )
    found = solve(sized, MaxIterations(2_000), 1)
    assert found.cost == pytest.approx(least, rel=1e-6)
    assert {site.size for site in found.sites} <= {"small", "large"}
    assert check(sized, found).violations == ()


def test_too_little_room_is_told():
    problem = full_town(1)
    small = msgspec.structs.replace(problem, sites_max=1)
    found = solve(small, MaxIterations(500), 1)
    assert found.status is Status.INFEASIBLE
    assert "room for all demand" in found.says


def test_transport_costs_what_a_linear_program_finds():
    problem = full_town(8, 40, 6)
    sites = np.arange(6)
    measured = measure(problem)
    cell, site, part, left = transport(problem, measured, sites, np.zeros(6, np.int64))
    assert left == 0.0
    forced = msgspec.structs.replace(problem, sites_min=6, sites_max=6)
    least = best_cost(
        forced,
        demand(problem)[:, None] * walks(problem),
        [one.capacity for one in problem.candidates],
    )
    fixed = sum(one.fixed_cost for one in problem.candidates)
    cost = float((part * walks(problem)[cell, site]).sum())
    assert cost + fixed == pytest.approx(least, rel=1e-6)
