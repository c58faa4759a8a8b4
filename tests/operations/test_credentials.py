"""What proves a permission, at the locker that checks it."""

import pytest

from restante.access import (
    SIMULATION,
    Action,
    Denied,
    check_pin,
    parse_keyed_pin,
    parse_pin,
    stretch_keyed_pin,
    verify_token,
)
from restante.core.value import DAY, HOUR, Seconds, UtcSeconds
from restante.operations.credentials import mint_shift_token
from tests.operations.house import ACME, COURIER, OTHER_SITE, SITE, House


def test_the_pin_told_to_the_recipient_is_the_one_the_locker_recognizes(house: House) -> None:
    done = house.announce()
    code = house.centre.desk.code(done.parcel, done.recipient)
    assert code is not None
    entry = house.list_keys()[f"pin/{house.grant(done.parcel)}"]
    pepper = house.centre.keyring.pepper(SITE)
    verifier = stretch_keyed_pin(parse_keyed_pin(entry.verifier), pepper, SIMULATION)
    assert verifier is not None
    pin = parse_pin(code.reveal())
    assert entry.selector == pin.selector
    assert check_pin(pin, [verifier], pepper, SIMULATION) == 0
    assert code.reveal() not in repr(entry)


def test_codes_of_a_site_spread_over_the_selectors(house: House) -> None:
    for n in range(5):
        house.announce(f"JJD{n}")
    uses = house.centre.queries.uses_of_selectors([SITE, OTHER_SITE])
    assert set(uses) == {SITE}
    assert sorted(uses[SITE].values()) == [1] * 5


def test_the_qr_code_opens_at_its_site_only_and_until_the_hold_ends(house: House) -> None:
    done = house.announce()
    house.deposit(done.parcel)
    text = house.centre.desk.token(done.parcel, done.recipient)
    assert text is not None
    public, now = house.centre.keyring.public(), house.clock.now()
    claims = verify_token(text, public, SITE, now)
    assert (claims.action, claims.grant) == (Action.COLLECT, house.grant(done.parcel))
    assert claims.expires_at == now + 3 * DAY
    with pytest.raises(Denied):
        verify_token(text, public, OTHER_SITE, now)
    with pytest.raises(Denied):
        verify_token(text, public, SITE, UtcSeconds(now + 3 * DAY + 90))


def test_nobody_is_shown_a_code_of_somebody_else(house: House) -> None:
    mine, theirs = house.announce("JJD1"), house.announce("JJD2")
    assert house.centre.desk.code(theirs.parcel, mine.recipient) is None
    assert house.centre.desk.token(theirs.parcel, mine.recipient) is None


def test_there_is_no_code_once_the_parcel_is_collected(house: House) -> None:
    done = house.announce()
    house.deposit(done.parcel)
    house.collect(done.parcel)
    assert house.centre.desk.code(done.parcel, done.recipient) is None
    assert house.centre.desk.token(done.parcel, done.recipient) is None
    house.pass_time(HOUR)
    assert house.centre.journal.rows("codes", [(done.parcel, house.grant(done.parcel))]) == {}


def test_a_shift_token_counts_at_the_sites_of_its_manifest_for_a_day_of_work(house: House) -> None:
    def mint(seconds: int = 12 * HOUR) -> str:
        return mint_shift_token(
            house.centre.means,
            courier=COURIER,
            partner=ACME,
            sites=[SITE],
            manifest=b"JJD1;JJD2",
            now=house.clock.now(),
            seconds=Seconds(seconds),
        ).reveal()

    claims = verify_token(mint(), house.centre.keyring.public(), SITE, house.clock.now())
    assert (claims.courier, claims.partner) == (COURIER, ACME)
    with pytest.raises(Denied):
        verify_token(mint(), house.centre.keyring.public(), OTHER_SITE, house.clock.now())
    with pytest.raises(ValueError, match="12 hours"):
        mint(13 * HOUR)
