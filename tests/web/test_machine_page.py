"""The page of a locker's machine: who it is, what it shall be, and how somebody lets it in."""

from litestar import Litestar
from litestar.testing import TestClient

from restante.core.ids import LockerId
from restante.sim.town import locker_name
from restante.views.principal import Principal
from tests.web.stage import Stage


def lockers(stage: Stage) -> list[LockerId]:
    return [locker_name(site.id) for site in stage.city.sites if site.layout is not None]


def test_a_machine_nobody_enrolled_says_so_and_what_is_missing(
    stage: Stage, demo: TestClient[Litestar]
) -> None:
    text = demo.get(f"/operator/lockers/{lockers(stage)[0]}/machine").text
    assert "Not enrolled" in text
    assert "set mqtt_url and mqtt_authority_dir" in text


def test_a_ring_is_chosen_and_a_release_wanted_and_behind_is_shown(
    stage: Stage, demo: TestClient[Litestar]
) -> None:
    name = lockers(stage)[0]
    page = f"/operator/lockers/{name}/machine"
    text = demo.post(f"/operator/lockers/{name}/configuration", data={"ring": "canary"}).text
    assert "the locker follows" in text
    assert "version 1" in text
    text = demo.post("/operator/rings/canary", data={"release": "9.9.9", "locker": name}).text
    assert "9.9.9" in text
    machine = stage.centre.queries.machine(
        Principal.of_operator("test"), name, at=stage.centre.clock.now()
    )
    assert (machine.ring, machine.desired_version) == ("canary", 1)
    assert machine.is_behind is bool(machine.release)
    assert ("Behind its ring" in demo.get(page).text) is machine.is_behind


def test_a_revoked_machine_says_who_did_it(stage: Stage, demo: TestClient[Litestar]) -> None:
    name = lockers(stage)[1]
    text = demo.post(f"/operator/lockers/{name}/revoke", data={"why": "stolen"}).text
    assert "The machine is revoked" in text
    assert "operator:" in text
    assert demo.post(f"/operator/lockers/{name}/revoke", data={"why": ""}).status_code == 400


def test_nonsense_is_answered_and_not_crashed_on(stage: Stage, demo: TestClient[Litestar]) -> None:
    name = lockers(stage)[0]
    assert demo.get("/operator/lockers/nowhere/machine").status_code == 404
    sent = demo.post(f"/operator/lockers/{name}/configuration", data={"ring": "platinum"})
    assert sent.status_code == 400
    assert demo.post("/operator/rings/platinum", data={"release": "1"}).status_code == 400
