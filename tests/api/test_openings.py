"""A door opened through the API, by a real locker at the other end."""

import pytest

from restante.access import Scope
from tests.api.conftest import Door
from tests.operations.afar import A1, Afar
from tests.operations.house import ACME, LOCKER

WANTED = {"compartment": "A1", "why": "jammed, the courier stands there"}
PATH = f"/lockers/{LOCKER}/openings"


@pytest.fixture
def afar(door: Door) -> Afar:
    return Afar(door.house)


def test_an_operators_key_opens_a_door_and_reads_what_came_of_it(door: Door, afar: Afar) -> None:
    asked = door.ask("POST", PATH, WANTED, key=door.operator)
    assert asked.status_code == 202, asked.text
    where = f"{PATH}/{asked.json()['id']}"
    assert door.ask("GET", where, key=door.operator).json()["phase"] == "waiting"
    afar.pump()
    found = door.ask("GET", where, key=door.operator).json()
    assert (found["phase"], found["outcome"]) == ("ended", "taken")
    assert (found["why"], found["asked_by"]) == (WANTED["why"], "operator:network")
    assert afar.board.pulses == [A1]


def test_the_same_request_twice_opens_once(door: Door, afar: Afar) -> None:
    key = {"idempotency-key": "one"}
    first = door.ask("POST", PATH, WANTED, key=door.operator, headers=key)
    afar.pump()
    second = door.ask("POST", PATH, WANTED, key=door.operator, headers=key)
    assert first.json() == second.json()
    afar.shut()
    assert afar.pulses() == 1


def test_a_partner_needs_the_scope_and_a_parcel_there(door: Door, afar: Afar) -> None:
    limited = door.issue_key(ACME, frozenset(Scope) - {Scope.LOCKERS_OPEN})
    assert door.ask("POST", PATH, WANTED, key=limited).status_code == 403
    assert door.ask("POST", PATH, WANTED).status_code == 404
    parcel = afar.deposit()
    place = afar.house.file(parcel).custody.place.compartment
    assert (
        door.ask("POST", PATH, {**WANTED, "compartment": place}, key=door.rival).status_code == 404
    )
    asked = door.ask("POST", PATH, {**WANTED, "compartment": place})
    assert asked.status_code == 202
    where = f"{PATH}/{asked.json()['id']}"
    assert door.ask("GET", where).status_code == 200
    assert door.ask("GET", where, key=door.rival).status_code == 404


def test_what_is_missing_is_named(door: Door, afar: Afar) -> None:
    for wrong, status in (({"why": " "}, 422), ({"why": ""}, 400), ({"compartment": "Z9"}, 422)):
        answer = door.ask("POST", PATH, {**WANTED, **wrong}, key=door.operator)
        assert answer.status_code == status, answer.text
    second = [door.ask("POST", PATH, WANTED, key=door.operator).status_code for _ in range(2)]
    assert second == [202, 409]
    assert afar.pulses() == 0
