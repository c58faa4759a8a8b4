"""A generated city is set up through the operations an operator uses."""

import pytest

from restante.core.door import Door
from restante.core.refusal import Reason, Refused
from restante.core.site import ListNoted
from restante.sim.town import PARTNER, locker_name, settle_city
from restante.views import Principal
from restante.wiring.headless import STARTS_AT
from restante.wiring.town import Town
from tests.simulation.bad_luck import CITY, SITES, make_town

OPERATOR = Principal.of_operator("ada")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    built, _ = make_town(tmp_path_factory.mktemp("town"), 1)
    return built


def test_every_site_is_known_with_its_place_and_its_room(town: Town) -> None:
    queries = town.office.centre.queries
    for site in CITY.sites:
        shown = queries.site(site.id, at=STARTS_AT)
        assert (shown.longitude, shown.latitude) == site.position
        assert shown.name == site.name
        room = site.counter_capacity if site.layout is None else len(site.layout.compartments)
        assert shown.free_count == room


def test_every_locker_has_a_controller_that_knows_its_doors_and_its_site(town: Town) -> None:
    assert [stand.site for stand in town.stands] == list(SITES)
    for stand in town.stands:
        stand.look()
        assert stand.locker == locker_name(stand.site)
        assert set(stand.controller.state.compartments) == {
            spec.id for spec in stand.controller.config.specs
        }
        assert all(one.door is Door.CLOSED for one in stand.controller.state.compartments.values())
        assert stand.controller.note is not None
        assert stand.controller.store.watermark == stand.controller.store.version


def test_couriers_sign_in_where_they_work_with_their_own_pin_only(town: Town) -> None:
    assert {courier.partner for courier in town.couriers} == {PARTNER}
    stand = town.stands[0]
    stand.look()
    first, second = town.couriers[:2]
    with pytest.raises(Refused) as refused:
        stand.controller.sign_in_courier(first.login, second.pin.reveal())
    assert refused.value.reason is Reason.ACCESS_DENIED
    stand.controller.sign_in_courier(first.login, first.pin.reveal())
    assert stand.controller.visit is not None
    assert stand.controller.visit.courier == first.courier
    stand.controller.end_visit()


def test_settling_again_changes_nothing_but_the_pins(town: Town) -> None:
    centre = town.office.centre
    before = centre.journal.follow(0, limit=10_000)
    room = {site.id: centre.queries.site(site.id, at=STARTS_AT).free_count for site in CITY.sites}
    again = settle_city(town.office, CITY, keyring=centre.keyring, minter=centre.minter)
    since = centre.journal.follow(before[-1].position, limit=10_000)
    # Lockers are told the new PINs, and once more what their site is called.
    assert {type(one.fact) for one in since} == {ListNoted}
    for site in CITY.sites:
        assert centre.queries.site(site.id, at=STARTS_AT).free_count == room[site.id]
    assert [one.courier for one in again] == [one.courier for one in town.couriers]
    for stand in town.stands:
        centre.hub.push_lists()
        stand.look()
    stand = town.stands[0]
    stand.controller.sign_in_courier(again[0].login, again[0].pin.reveal())
    stand.controller.end_visit()
    for known, anew in zip(town.couriers, again, strict=True):
        known.pin = anew.pin


def test_a_power_cut_takes_the_visit_and_keeps_what_is_known(town: Town) -> None:
    stand = town.stands[1]
    stand.look()
    courier = town.couriers[0]
    stand.controller.sign_in_courier(courier.login, courier.pin.reveal())
    epoch, listed = stand.controller.store.epoch, stand.controller.allowed.listed
    stand.cut_power()
    assert stand.controller.visit is None
    assert stand.controller.store.epoch == epoch
    assert stand.controller.allowed.listed == listed
    stand.look()
    assert stand.controller.store.watermark == stand.controller.store.version


def test_a_cut_link_stays_cut_through_a_power_cut(town: Town) -> None:
    stand = town.stands[2]
    stand.link.cut()
    stand.cut_power()
    assert stand.link.is_cut
    stand.link.restore()
    stand.look()
    assert stand.controller.store.watermark == stand.controller.store.version
