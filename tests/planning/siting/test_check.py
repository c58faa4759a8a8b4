"""The checker confirms what is right, and only that."""

import msgspec
import pytest

from restante.planning.siting import (
    Candidate,
    CandidateId,
    Cell,
    CellId,
    MaxIterations,
    Network,
    Problem,
    Result,
    Standing,
    Status,
    solve,
)
from restante.planning.siting.check import check
from restante.planning.siting.frontier import solve_frontier
from tests.planning.siting.towns import town


@pytest.fixture(scope="module")
def problem() -> Problem:
    return town(4, sites_min=3, sites_max=3)


@pytest.fixture(scope="module")
def answer(problem: Problem) -> Result:
    return solve(problem, MaxIterations(2_000), 1)


def test_an_answer_is_confirmed(problem: Problem, answer: Result):
    assert check(problem, answer).confirms(answer)
    assert Result.from_json(answer.to_json()) == answer
    assert Problem.from_json(problem.to_json()) == problem


def test_a_cost_that_is_not_so_is_not_confirmed(problem: Problem, answer: Result):
    assert answer.cost is not None
    lower = msgspec.structs.replace(answer, cost=answer.cost * 0.999)
    assert not check(problem, lower).confirms(lower)


def test_a_site_too_few_is_not_confirmed(problem: Problem, answer: Result):
    fewer = msgspec.structs.replace(problem, sites_min=4, sites_max=4)
    found = check(fewer, answer)
    assert found.violations[0].startswith("S2")
    assert not found.confirms(answer)


def test_somebody_sent_to_a_farther_site_is_found(problem: Problem, answer: Result):
    told = answer.assignment
    other = (told.sites[0] + 1) % 3
    wrong = msgspec.structs.replace(told, sites=(other, *told.sites[1:]))
    found = check(problem, msgspec.structs.replace(answer, assignment=wrong))
    assert any(says.startswith("S1") for says in found.violations)


def test_ways_through_a_network_are_walked_alike():
    edges = (("a", "b", 300.0), ("b", "c", 200.0), ("a", "c", 900.0), ("c", "d", 100.0))
    problem = Problem(
        cells=tuple(
            Cell(id=CellId(n), demand=demand, node=n)
            for n, demand in zip("abcd", (2.0, 2.0, 2.0, 5.0), strict=True)
        ),
        candidates=tuple(Candidate(id=CandidateId(n), node=n) for n in "abcd"),
        distances=Network(edges=edges),
        sites_min=1,
        sites_max=1,
    )
    found = solve(problem, MaxIterations(500), 1)
    # From c: 500 m to a and 200 to b for two people each, 100 to d for five.
    assert (found.cost, [site.id for site in found.sites]) == (1_900.0, ["c"])
    assert found.status is Status.OPTIMAL
    assert check(problem, found).confirms(found)


def test_a_site_that_stays_is_open_and_one_that_closes_costs():
    problem = town(6, sites_min=3, sites_max=3)
    candidates = list(problem.candidates)
    candidates[0] = msgspec.structs.replace(candidates[0], standing=Standing.STAYS)
    candidates[1] = msgspec.structs.replace(
        candidates[1], standing=Standing.MAY_CLOSE, closing_cost=1e9
    )
    candidates[2] = msgspec.structs.replace(candidates[2], standing=Standing.MAY_CLOSE)
    standing = msgspec.structs.replace(problem, candidates=tuple(candidates), closures_max=1)
    found = solve(standing, MaxIterations(2_000), 1)
    opened = {site.id for site in found.sites}
    assert {"s0", "s1"} <= opened
    assert check(standing, found).confirms(found)


def test_a_site_moves_only_to_where_it_may():
    problem = town(6, sites_min=3, sites_max=3, move_m=600.0)
    candidates = list(problem.candidates)
    for n in range(3):
        candidates[n] = msgspec.structs.replace(candidates[n], standing=Standing.MAY_MOVE)
    moving = msgspec.structs.replace(problem, candidates=tuple(candidates))
    found = solve(moving, MaxIterations(2_000), 1)
    assert check(moving, found).confirms(found)


def test_more_sites_never_cost_more_walking():
    problem = town(9, sites_min=1, sites_max=1)
    points = solve_frontier(problem, range(1, 6), lambda: MaxIterations(2_000), 1)
    costs = [point.result.cost for point in points]
    assert [point.sites for point in points] == [1, 2, 3, 4, 5]
    assert costs == sorted(costs, reverse=True)
    assert all(point.result.status is Status.OPTIMAL for point in points)
