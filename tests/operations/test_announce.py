"""Announcing, and every input it refuses."""

import pytest
from msgspec.structs import replace

from restante.access import Scope
from restante.core.ids import ParcelId, PartnerId, SiteId, parcel_stream
from restante.core.refusal import Reason, Refused
from restante.core.value import DAY, Grams, Millimeters, UtcSeconds
from restante.operations.announce import BadParcel, announce
from restante.operations.cancel import cancel
from restante.operations.contacts import BadContact, Contact
from restante.operations.service import close_site, reopen_site
from restante.views import Forbidden, NotFound, Principal
from tests.operations.house import (
    ACME,
    HIGH_BOX,
    MONDAY,
    OPERATOR,
    OTHER_SITE,
    SHOE_BOX,
    SITE,
    House,
    open_house,
)


def test_the_same_announcement_again_gives_the_same_answer(house: House) -> None:
    first = house.announce("JJD7")
    again = house.announce("JJD7")
    assert (again.parcel, again.booking) == (first.parcel, first.booking)
    assert (first.is_new, again.is_new) == (True, False)
    assert len(house.site_state().bookings) == 1


def test_another_parcel_with_a_living_label_is_refused_with_the_first_ones_id(
    house: House,
) -> None:
    first = house.announce("JJD7")
    with pytest.raises(Refused, match=first.parcel) as refusal:
        house.announce("JJD7", size=HIGH_BOX)
    assert refusal.value.reason is Reason.ALREADY_ANNOUNCED


def test_a_label_may_be_used_again_after_its_parcel_ended(house: House) -> None:
    first = house.announce("JJD7")
    house.centre.run(cancel(house.centre.means, house.acme, parcel=first.parcel))
    assert house.announce("JJD7").parcel != first.parcel


def test_two_partners_may_use_the_same_label(house: House) -> None:
    mine = house.announce("JJD7")
    theirs = house.centre.run(
        announce(house.centre.means, house.rival, label="JJD7", size=SHOE_BOX, site=SITE)
    )
    assert mine.parcel != theirs.parcel


def test_an_oversize_parcel_is_refused_with_the_measure_and_its_limit(house: House) -> None:
    huge = replace(SHOE_BOX, length_mm=Millimeters(2_001))
    with pytest.raises(Refused, match="length_mm must be 1 to 2000 mm, not 2001") as refusal:
        house.announce(size=huge)
    assert refusal.value.reason is Reason.PARCEL_TOO_LARGE


def test_a_parcel_too_heavy_for_any_locker_is_refused(house: House) -> None:
    with pytest.raises(Refused) as refusal:
        house.announce(size=replace(SHOE_BOX, weight_g=Grams(50_001)))
    assert refusal.value.reason is Reason.PARCEL_TOO_HEAVY


def test_a_parcel_no_compartment_takes_is_refused(house: House) -> None:
    with pytest.raises(Refused) as refusal:
        house.announce(size=replace(SHOE_BOX, length_mm=Millimeters(900)))
    assert refusal.value.reason is Reason.NOTHING_FITS


def test_a_full_site_refuses_leaves_no_trace_and_names_other_sites(house: House) -> None:
    house.announce("JJD0", size=HIGH_BOX)
    head = house.centre.journal.head()
    with pytest.raises(Refused) as refusal:
        house.announce("JJD1", size=HIGH_BOX)
    assert refusal.value.reason is Reason.SITE_FULL
    assert house.centre.journal.head() == head
    others = house.centre.queries.find_alternatives(
        SITE, size=HIGH_BOX, at=house.clock.now(), until=UtcSeconds(house.clock.now() + 5 * DAY)
    )
    assert [(one.site, one.distance_m) for one in others] == [(OTHER_SITE, 1_112)]


def test_a_closed_site_refuses_until_it_reopens(house: House) -> None:
    now = house.clock.now()
    house.centre.run(
        close_site(OPERATOR, site=SITE, from_at=now, until=UtcSeconds(now + DAY), why="flood")
    )
    assert house.list_keys()["site"].closed_until == now + DAY
    with pytest.raises(Refused) as refusal:
        house.announce()
    assert refusal.value.reason is Reason.SITE_CLOSED
    house.centre.run(reopen_site(OPERATOR, site=SITE))
    assert house.list_keys()["site"].closed_until is None
    assert house.announce().booking is not None


def test_an_unknown_site_is_refused_by_its_name(house: House) -> None:
    with pytest.raises(Refused, match="no site 'nowhere'") as refusal:
        house.announce(site=SiteId("nowhere"))
    assert refusal.value.reason is Reason.SITE_UNKNOWN


def test_a_recipient_who_needs_a_low_door_is_promised_one_or_nothing(house: House) -> None:
    assert house.announce("JJD0", needs_low_door=True).booking is not None
    with pytest.raises(Refused) as refusal:
        house.announce("JJD1", needs_low_door=True)
    assert refusal.value.reason is Reason.SITE_FULL


def test_an_arrival_in_the_past_is_refused(house: House) -> None:
    with pytest.raises(Refused, match="arrives_until lies in the past"):
        house.announce(arrives_until=UtcSeconds(MONDAY - 1))


def test_announcing_without_a_promise_books_nothing(house: House) -> None:
    done = house.announce(promise="none")
    assert done.booking is None
    assert house.status(done.parcel) == "announced"
    assert f"parcel/{done.parcel}" not in house.list_keys()


@pytest.mark.parametrize("label", ["", "x" * 201, "a\nb"])
def test_a_label_nobody_can_print_is_refused(house: House, label: str) -> None:
    with pytest.raises(BadParcel, match="label: 1 to 200 printable"):
        house.announce(label)


@pytest.mark.parametrize(
    ("contact", "field"),
    [
        (Contact(email="anna"), "email"),
        (Contact(phone="030 12345"), "phone"),
        (Contact(language="fr"), "language"),
        (Contact(name="x" * 300), "name"),
    ],
)
def test_a_contact_nobody_can_be_reached_by_is_refused_without_repeating_it(
    house: House, contact: Contact, field: str
) -> None:
    with pytest.raises(BadContact, match=f"{field}: ") as refusal:
        house.announce(contact=contact)
    assert "030 12345" not in str(refusal.value)


def test_an_operator_must_say_for_whom_and_a_partner_only_speaks_for_itself(house: House) -> None:
    means = house.centre.means
    with pytest.raises(BadParcel, match="partner: "):
        announce(means, OPERATOR, label="L", size=SHOE_BOX, site=SITE)
    with pytest.raises(Forbidden):
        announce(means, house.rival, label="L", size=SHOE_BOX, site=SITE, partner=ACME)
    done = house.centre.run(
        announce(means, OPERATOR, label="L", size=SHOE_BOX, site=SITE, partner=ACME)
    )
    assert house.file(done.parcel).custody.about.partner == ACME


def test_another_partners_parcel_is_not_there_whatever_is_asked(house: House) -> None:
    done = house.announce()
    queries, means = house.centre.queries, house.centre.means
    missing = ParcelId("p-nothing")
    for parcel in (done.parcel, missing):
        with pytest.raises(NotFound, match="check the id"):
            queries.parcel(house.rival, parcel)
        with pytest.raises(NotFound):
            queries.timeline(house.rival, parcel)
        with pytest.raises(NotFound):
            house.centre.run(cancel(means, house.rival, parcel=parcel))
    assert queries.parcels(house.rival).items == ()
    assert queries.events(house.rival).events == ()
    assert queries.bookings(house.rival).items == ()
    assert queries.counts(house.rival).parcels == {}
    # Asking left nothing behind that a later question could find.
    assert parcel_stream(missing) not in house.centre.journal.states([parcel_stream(missing)])


def test_a_key_without_the_scope_is_told_which_one_it_needs() -> None:
    reader = Principal.of_partner(PartnerId("acme"), frozenset({Scope.PARCELS_READ}))
    reader.need_scope(Scope.PARCELS_READ)
    with pytest.raises(Forbidden, match="parcels:write"):
        reader.need_scope(Scope.PARCELS_WRITE)


def test_contacts_are_unreadable_in_the_file_and_gone_once_erased(tmp_path) -> None:  # type: ignore[no-untyped-def]
    from restante.operations.contacts import erase_recipient

    house = open_house(tmp_path)
    done = house.announce()
    desk = house.centre.desk
    contact = desk.contact(done.recipient)
    assert contact is not None and contact.email == "anna@example.org"
    code = desk.code(done.parcel, done.recipient)
    assert code is not None
    house.centre.run(erase_recipient(OPERATOR, recipient=done.recipient))
    assert desk.contact(done.recipient) is None
    assert desk.code(done.parcel, done.recipient) is None
    house.centre.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"anna@example.org" not in content
    assert code.reveal().encode() not in content
