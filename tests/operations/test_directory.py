"""Registering sites, lockers, partners, couriers; service orders; matters."""

import pytest
from msgspec.structs import replace

from restante.access import Denied, Scope, check_api_key, parse_pin, read_key_id
from restante.core.door import DoorForced
from restante.core.ids import CompartmentId, CourierId, LockerId, SiteId
from restante.core.refusal import Refused
from restante.core.site import Supply
from restante.core.value import Millimeters
from restante.operations.directory import (
    BadEntry,
    SiteEntry,
    dismiss_courier,
    issue_api_key,
    register_courier,
    register_locker,
    register_site,
    revoke_api_key,
    set_capacity,
)
from restante.operations.service import handle_matter, order_service
from restante.views import Forbidden, NotFound
from tests.operations.house import ACME, LOCKER, OPERATOR, OTHER_SITE, RIVAL, SITE, House, layout

PIN = parse_pin("47-582913")


def test_only_operators_register(house: House) -> None:
    entry = SiteEntry(site=SiteId("site-09"), name="Nine")
    with pytest.raises(Forbidden, match="only operator"):
        register_site(house.centre.means, house.acme, entry)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (SiteEntry(site=SiteId("a/b"), name="x"), "without a slash"),
        (SiteEntry(site=SiteId("a"), name=""), "name: "),
        (SiteEntry(site=SiteId("a"), name="x", kind="kiosk"), "one of locker, counter"),
        (SiteEntry(site=SiteId("a"), name="x", zone="Mars/Base"), "IANA time zone"),
        (SiteEntry(site=SiteId("a"), name="x", latitude=91), "within ±90"),
    ],
)
def test_a_wrong_site_is_refused_with_what_would_be_right(
    house: House, entry: SiteEntry, message: str
) -> None:
    with pytest.raises(BadEntry, match=message):
        register_site(house.centre.means, OPERATOR, entry)


def test_a_layout_must_have_distinct_compartments_with_measures() -> None:
    specs = layout()
    with pytest.raises(BadEntry, match="twice: A1"):
        register_locker(OPERATOR, locker=LOCKER, site=SITE, layout=(*specs, specs[0]))
    flat = replace(specs[0], depth_mm=Millimeters(0))
    with pytest.raises(BadEntry, match="measures of A1 must be positive"):
        register_locker(OPERATOR, locker=LOCKER, site=SITE, layout=(flat,))


def test_a_locker_does_not_stand_at_two_sites(house: House) -> None:
    with pytest.raises(BadEntry, match="site-01"):
        house.centre.run(register_locker(OPERATOR, locker=LOCKER, site=OTHER_SITE, layout=layout()))


def test_a_second_locker_adds_to_its_sites_room(house: House) -> None:
    second = LockerId("locker-01b")
    house.centre.run(register_locker(OPERATOR, locker=second, site=SITE, layout=layout(2)))
    shown = house.centre.queries.site(SITE, at=house.clock.now())
    assert (shown.compartment_count, shown.lockers) == (8, (LOCKER, second))
    assert [(s.size_class, s.count) for s in shown.sizes] == [("M", 6), ("L", 2)]


def test_a_counter_is_told_its_capacity_and_a_locker_site_is_not(house: House) -> None:
    counter = SiteId("counter-01")
    entry = SiteEntry(site=counter, name="Kiosk Mayer", kind="counter")
    house.centre.run(register_site(house.centre.means, OPERATOR, entry))
    shelf = (Supply(kind=layout()[4].kind, count=30),)
    house.centre.run(set_capacity(OPERATOR, site=counter, supply=shelf))
    assert house.centre.queries.site(counter, at=house.clock.now()).free_count == 30
    with pytest.raises(BadEntry, match="follows from their layouts"):
        house.centre.run(set_capacity(OPERATOR, site=SITE, supply=shelf))


def test_an_api_key_opens_for_its_partner_until_revoked(house: House) -> None:
    scopes = frozenset({Scope.PARCELS_READ})
    secret = house.centre.run(
        issue_api_key(house.centre.means, OPERATOR, partner=ACME, scopes=scopes, label="shop")
    )
    key_id = read_key_id(secret.reveal())
    assert key_id is not None
    kept = house.centre.queries.api_key(key_id)
    now = house.clock.now()
    assert check_api_key(secret.reveal(), kept, now).partner == ACME
    with pytest.raises(NotFound):
        house.centre.run(revoke_api_key(house.rival, key_id=key_id))
    house.centre.run(revoke_api_key(house.acme, key_id=key_id))
    with pytest.raises(Denied):
        check_api_key(secret.reveal(), house.centre.queries.api_key(key_id), now)


def test_a_courier_signs_in_where_the_list_says_so(house: House) -> None:
    means, courier = house.centre.means, CourierId("c7")

    def register(*sites: SiteId) -> None:
        house.centre.run(
            register_courier(
                means,
                OPERATOR,
                courier=courier,
                partner=ACME,
                name="Ben",
                login="4711",
                pin=PIN,
                sites=sites,
            )
        )

    register(SITE, OTHER_SITE)
    assert house.list_keys(SITE)["courier/c7"].login == "4711"
    assert "582913" not in str(house.list_keys(SITE)["courier/c7"])
    register(OTHER_SITE)
    assert "courier/c7" not in house.list_keys(SITE)
    assert "courier/c7" in house.list_keys(OTHER_SITE)
    house.centre.run(dismiss_courier(OPERATOR, courier=courier))
    assert "courier/c7" not in house.list_keys(OTHER_SITE)


def test_two_couriers_do_not_share_a_number(house: House) -> None:
    def register(courier: str, login: str = "4711") -> None:
        house.centre.run(
            register_courier(
                house.centre.means,
                OPERATOR,
                courier=CourierId(courier),
                partner=RIVAL,
                name="x",
                login=login,
                pin=PIN,
                sites=[SITE],
            )
        )

    register("c7")
    with pytest.raises(BadEntry, match="choose another"):
        register("c8")
    with pytest.raises(BadEntry, match="4 to 8 digits"):
        register("c8", login="47")


def test_a_service_order_travels_on_the_list(house: House) -> None:
    def order(compartment: str, *, in_service: bool) -> None:
        house.centre.run(
            order_service(
                OPERATOR,
                locker=LOCKER,
                compartment=CompartmentId(compartment),
                in_service=in_service,
                why="lock rattles",
            )
        )

    order("A1", in_service=False)
    entry = house.list_keys()[f"service/{LOCKER}/A1"]
    assert (entry.in_service, entry.why) == (False, "lock rattles")
    # The locker has not followed yet, so its room still counts.
    assert house.centre.queries.site(SITE, at=house.clock.now()).compartment_count == 5
    order("A1", in_service=True)
    assert house.list_keys()[f"service/{LOCKER}/A1"].in_service
    with pytest.raises(Refused, match="has no Z9"):
        order("Z9", in_service=False)


def test_a_matter_is_acknowledged_and_resolved(house: House) -> None:
    house.report(DoorForced(at=house.clock.now(), compartment=CompartmentId("A1")))
    (matter,) = house.centre.queries.matters(OPERATOR)

    def handle(status: str) -> None:
        house.centre.run(
            handle_matter(OPERATOR, owner=matter.owner, key=matter.key, status=status, note="seen")
        )

    handle("acknowledged")
    (known,) = house.centre.queries.matters(OPERATOR, status="acknowledged")
    assert (known.handled_by, known.note) == ("operator:ada", "seen")
    handle("resolved")
    assert house.centre.queries.matters(OPERATOR) == ()
    with pytest.raises(ValueError, match="one of open, acknowledged, resolved"):
        handle("forgotten")
    with pytest.raises(NotFound):
        house.centre.run(handle_matter(OPERATOR, owner="x", key="y", status="resolved"))
