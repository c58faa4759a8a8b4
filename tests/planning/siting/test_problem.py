"""What cannot be meant is refused, with the item and the smallest fix."""

from typing import Any

import msgspec
import pytest

from restante.planning.entry import Grid
from restante.planning.siting import BadProblem, Candidate, CandidateId, Full, Problem, Size
from restante.planning.siting.formats import BadInstance, read_capacitated, read_pmed
from tests.planning.siting.towns import town

PMED = "3 3 1\n1 2 5\n2 3 4\n1 2 7\n"
CAP = "2 2\n10 100\ncapacity 50\n4\n8 12\n6\n6 3\n"


def changed(path: str, **more: Any) -> Problem:
    problem = town(1, 5, 4, sites_min=2, sites_max=2)
    if path == "cell":
        more = {"cells": (msgspec.structs.replace(problem.cells[0], **more), *problem.cells[1:])}
    if path == "candidate":
        first = msgspec.structs.replace(problem.candidates[0], **more)
        more = {"candidates": (first, *problem.candidates[1:])}
    return msgspec.structs.replace(problem, **more)


@pytest.mark.parametrize(
    ("path", "more", "says"),
    [
        ("cell", {"demand": float("nan")}, "cells[0]: demand of 'c0' is nan"),
        ("cell", {"demand": -1.0}, "cells[0]: demand of 'c0' is -1: at least 0"),
        ("cell", {"id": "c3"}, "cells[3]: id 'c3' is that of cells[0] too"),
        ("cell", {"latitude": None}, "cells[0]: 'c0' has no position"),
        ("cell", {"latitude": 100.0}, "degrees, latitude first"),
        ("candidate", {"id": "s2"}, "candidates[2]: id 's2' is that of candidates[0] too"),
        ("candidate", {"fixed_cost": float("inf")}, "a cost of 's0' is no number"),
        ("", {"sites_min": 9, "sites_max": 9}, "sites_min: 9 sites of 4 candidates: at most 4"),
        ("", {"sites_max": 1}, "sites_max: at most 1, and at least 2"),
        ("", {"cells": ()}, "cells: there are none"),
        ("", {"candidates": ()}, "candidates: there are none"),
    ],
)
def test_a_flaw_is_named_with_its_fix(path: str, more: dict[str, Any], says: str):
    with pytest.raises(BadProblem) as refusal:
        changed(path, **more)
    assert says in str(refusal.value)


def test_a_cell_that_nobody_reaches_is_named():
    far = float("inf")
    with pytest.raises(BadProblem, match="no candidate reaches 'c1'"):
        changed("", distances=Full(meters=Grid([[1, 2, 3, 4], [far] * 4, *[[1] * 4] * 3])))


def test_a_capacity_and_sizes_are_one_too_many():
    sizes = (Size(name="m", capacity=5.0),)
    with pytest.raises(BadProblem, match="a capacity and sizes"):
        changed("candidate", capacity=3.0, sizes=sizes)
    Candidate(id=CandidateId("x"), sizes=sizes)


def test_of_an_edge_that_repeats_the_last_cost_counts():
    problem = read_pmed(PMED, "tiny")
    assert problem.sites_max == 1
    assert ("1", "2", 7.0) in problem.distances.edges  # type: ignore[union-attr]


def test_the_word_capacity_asks_for_the_option_and_names_published_ones():
    with pytest.raises(BadInstance, match=r"--capacity \(published for capa: 8000, 10000"):
        read_capacitated(CAP, "capa")
    problem = read_capacitated(CAP, "capa", 7.0)
    assert [one.capacity for one in problem.candidates] == [10.0, 7.0]
    assert problem.distances.meters.values.tolist() == [[2.0, 3.0], [1.0, 0.5]]  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["", "3 3 1\n1 2", "x 3 1", "3 1 1\n1 9 4"])
def test_what_is_no_instance_is_refused(text: str):
    with pytest.raises(BadInstance):
        read_pmed(text)
