"""What a decoder says of an entry is told in people's words, with the item and what to do."""

import json
from typing import Any

import pytest

from restante.planning.misread import explain
from restante.planning.routing import BadProblem, MaxIterations, Problem, solve
from restante.planning.travel import Draft


def written() -> dict[str, Any]:
    return {
        "type": "routing.problem.v1",
        "sizes": ["S", "L"],
        "places": [
            {"id": "depot", "kind": "depot", "latitude": 52.52, "longitude": 13.40},
            {"id": "site", "kind": "locker", "free": {"S": 1, "L": 1}, "latitude": 52.53,
             "longitude": 13.42, "preparation_s": 180},
        ],
        "vehicles": [{"id": "van", "start_place": "depot", "capacity": {"parcels": 3},
                      "shift_ends_at": 10_000}],
        "parcels": [{"id": "PX", "size": "S", "options": [{"place": "site"}]}],
        "distances_m": [[0, 2400], [2400, 0]],
        "durations_s": [[0, 360], [360, 0]],
    }  # fmt: skip


def put(whole: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    inner: Any = whole
    for step in way:
        inner = inner[step]
    inner[last] = value
    return whole


BAD = [
    ("vehicles.0.capacity.parcels", -1,
     "vehicles[0] 'van'.capacity.parcels: -1 is negative: give 0 or more"),
    ("places.1.free.S", -2, "places[1] 'site'.free.S: -2 is negative: give 0 or more"),
    ("parcels.0.options.0.opens_at", "08:00",
     "parcels[0] 'PX'.options[0] 'site'.opens_at: \"08:00\" is not a number: give a number"),
    ("parcels.0.colour", "red",
     "parcels[0] 'PX': there is no entry 'colour': correct its name, or leave it out"),
    ("parcels.0.options.0", {}, "parcels[0] 'PX'.options[0]: 'place' is missing: add it"),
    ("service_levels", [{"level": 0, "share": 2}],
     "service_levels[0].share: 2 is not allowed: give 1 or less"),
    ("places.1.kind", "lockr", "places[1] 'site'.kind: Invalid enum value 'lockr'"),
    ("distances_m", [[0, 1], [2]],
     "distances_m: a matrix has holes: give every row as many numbers; row 1 has 1, row 0 has 2"),
    ("distances_m", [[0, 1], ["far", 0]], "in row 1 number 0 is 'far'"),
    ("distances_m", [[0, None], [2, 0]],
     "distances_m: nan from 'depot' to 'site' is not known: measure it, or set it above all"),
    ("durations_s", [[0, -3], [2, 0]],
     "durations_s: -3.0 from 'depot' to 'site' is negative: give 0 or more"),
    ("places.0.latitude", 999,
     "places[0] 'depot'.latitude: 999 is none: give degrees from -90 to 90"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "says"), BAD)
def test_a_problem_that_cannot_be_meant_names_the_item_and_the_fix(
    path: str, value: Any, says: str
) -> None:
    with pytest.raises(BadProblem) as refused:
        Problem.from_json(json.dumps(put(written(), path, value)))
    assert says in str(refused.value)


def test_places_of_a_problem_without_travel_times_are_named_too() -> None:
    whole = put(written(), "places.1.preparation_s", -5)
    del whole["distances_m"], whole["durations_s"]
    with pytest.raises(BadProblem) as refused:
        Draft.from_json(json.dumps(whole))
    says = "places[1] 'site'.preparation_s: -5 is negative: give 0 or more"
    assert str(refused.value) == says


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "Input data was truncated"),
        (b"{", "Expected `int` - at `$.places[0]`"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"a": [1]}', "Something new - at `$.a[7].b`"),
    ],
)
def test_what_is_not_understood_is_passed_on_as_it_is(text: bytes, message: str) -> None:
    path, says = explain(text, message)
    assert says in message
    assert path in {"", "a[7].b"}


LEFT_OUT = [
    ("durations_s", [[0, 9_000], [9_000, 0]],
     "'van' is back from 'site' 8180 s after its shift: let that end so much later"),
    ("parcels.0.options.0.closes_at", 100.0,
     "'site' is open for it until 100, and 'van' is ready there at 540: let it close 440 s later"),
    ("vehicles.0.range_m", 1_000.0,
     "to 'site' and back it is 3800 m more than the range of 'van': send one that drives further"),
    ("vehicles.0.shift_s_max", 100.0,
     "'van' is out for 'site' 800 s longer than it may (shift_s_max): allow so much more"),
    ("vehicles.0.capacity.parcels", 0,
     "it is 1 parcels, and vehicles that may carry it hold at most 0: give one more room"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "says"), LEFT_OUT)
def test_a_parcel_nobody_can_serve_is_named_with_the_least_that_would_do(
    path: str, value: Any, says: str
) -> None:
    result = solve(Problem.from_json(json.dumps(put(written(), path, value))), MaxIterations(5), 1)
    assert not result.is_feasible
    assert result.violated == ("parcel 'PX' is required and not served",)
    assert [one.says for one in result.unserved] == [says]
