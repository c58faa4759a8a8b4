"""A problem says what is wrong with it, entry by entry, and comes back from JSON as it went in."""

import msgspec
import pytest

from restante.planning.routing.problem import BadProblem, Matrix, Problem
from tests.planning.routing.city import make_city

CITY = make_city(1, parcels=4)


def changed(**fields: object) -> Problem:
    return msgspec.structs.replace(CITY, **fields)


def first(entries: tuple, **fields: object) -> tuple:
    return (msgspec.structs.replace(entries[0], **fields), *entries[1:])


def matrix_with(row: int, column: int, number: float) -> Matrix:
    values = CITY.distances_m.values.copy()
    values[row, column] = number
    return Matrix(values)


def test_a_problem_comes_back_from_json_as_it_went_in():
    rush = make_city(2, parcels=5, pickups=True, optional=True, per_hour=True, rush=True)
    for problem in (CITY, rush):
        assert Problem.from_json(problem.to_json()) == problem


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: changed(places=(*CITY.places, CITY.places[0])), "'depot' is there twice"),
        (lambda: changed(vehicles=()), "vehicles: there is none: give at least one"),
        (
            lambda: changed(parcels=first(CITY.parcels, options=())),
            r"parcels\[0\] 'parcel 0': it has no option",
        ),
        (
            lambda: changed(
                parcels=first(
                    CITY.parcels,
                    options=first(CITY.parcels[0].options, place="nowhere"),
                )
            ),
            r"parcels\[0\] 'parcel 0'.options\[0\].place: 'nowhere' is not in places",
        ),
        (
            lambda: changed(
                parcels=first(
                    CITY.parcels,
                    options=first(CITY.parcels[0].options, opens_at=9.0, closes_at=8.0),
                )
            ),
            "window: it ends at 8, before it begins at 9",
        ),
        (lambda: changed(parcels=first(CITY.parcels, size="huge")), "'huge' is not in sizes"),
        (lambda: changed(parcels=first(CITY.parcels, volume_cm3=-1)), "volume_cm3: -1 is negative"),
        (lambda: changed(vehicles=first(CITY.vehicles, end_place="x")), "end_place: 'x' is not in"),
        (
            lambda: changed(distances_m=matrix_with(0, 1, float("nan"))),
            "distances_m: nan from 'depot' to 'locker 0' is not known",
        ),
        (lambda: changed(durations_s=matrix_with(1, 0, -1.0)), "-1.0 from 'locker 0' to 'depot'"),
        (lambda: changed(distances_m=matrix_with(2, 2, 5.0)), "from 'locker 1' to itself it is"),
        (lambda: changed(distances_m=Matrix([[0.0]])), "it is for 1 places, there are 8"),
        (lambda: Matrix([[0.0, 1.0], [2.0]]), "a matrix has holes"),
        (lambda: Matrix([[0.0, 1.0]]), "a matrix is square"),
    ],
)
def test_what_cannot_be_meant_is_named_with_its_fix(make, says: str):
    with pytest.raises(BadProblem, match=says):
        make()


@pytest.mark.parametrize(
    ("written", "instead", "says"),
    [
        (
            b'"cost_fixed"',
            b'"pauses":[],"cost_fixed"',
            r"vehicles\[0\] 'van 0': there is no entry 'pauses'",
        ),
        (b"routing.problem.v1", b"routing.problem.v9", "routing.problem.v9"),
        (b'"volume_cm3":', b'"volume_cm3":-', r"volume_cm3: -\d+ is negative: give 0 or more"),
        (b'"places":[', b'"places":[{},', r"places\[0\]: 'id' is missing: add it"),
    ],
)
def test_what_is_written_and_not_known_is_refused(written: bytes, instead: bytes, says: str):
    text = CITY.to_json()
    assert written in text
    with pytest.raises(BadProblem, match=says):
        Problem.from_json(text.replace(written, instead, 1))
