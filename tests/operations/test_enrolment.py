"""How a machine becomes a locker, stays one for a year, and stops being one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from restante.access import DeviceKey, DeviceUse, Secret
from restante.access.authority import BadRequest, make_authority, read_certificate
from restante.access.device import renewal_bytes
from restante.access.keystore import decode_locker_keys
from restante.core.device import (
    CertificateRenewed,
    ClaimMade,
    ConfigurationMade,
    MachineEnrolled,
    MachineRevoked,
)
from restante.core.ids import LockerId, site_stream
from restante.core.value import DAY, HOUR, UtcSeconds
from restante.link.configuration import decode_configuration
from restante.link.message import ConfigurationUpdate, decode_from_centre
from restante.link.signing import make_verifier
from restante.operations.enrolment import (
    CERTIFICATE_DAYS,
    Broker,
    Claim,
    Enrolled,
    EnrolmentDesk,
    revoke_locker,
)
from restante.views import Forbidden, NotFound, Principal
from restante.views.device_tables import (
    ACTIVE,
    REVOKED,
    SUPERSEDED,
    find_device_keys,
    read_revoked_serials,
    read_shut_out,
)
from tests.operations.house import ACME, LOCKER, OPERATOR, OTHER_LOCKER, SITE, House, open_house


class Desk:
    """A house whose centre enrols lockers, and short words for machines that ask."""

    def __init__(self, folder: Path) -> None:
        self.house: House = open_house(folder / "data")
        (folder / "authority").mkdir()
        authority = make_authority(folder / "authority", "net", now=self.house.clock.now())
        centre = self.house.centre
        self.desk = EnrolmentDesk(
            reading=centre.journal.reading,
            means=centre.means,
            authority=authority,
            broker=Broker("mqtts://broker.example.org", "net"),
        )

    def claim(self, locker: LockerId = LOCKER) -> str:
        made: Claim = self.house.centre.run(self.desk.make_claim(OPERATOR, locker=locker))
        return made.code.reveal()

    def enrol(self, code: str, key: DeviceKey) -> Enrolled:
        return self.house.centre.run(self.desk.enrol(code, key.request_certificate("anything")))

    def renew(self, key: DeviceKey, locker: LockerId = LOCKER) -> Enrolled:
        request = key.request_certificate(locker)
        signature = key.sign(DeviceUse.RENEWAL, renewal_bytes(locker, request))
        operation = self.desk.renew(locker=locker, request=request, signature=signature)
        return self.house.centre.run(operation)

    def revoke(self, locker: LockerId = LOCKER) -> None:
        self.house.centre.run(revoke_locker(OPERATOR, locker=locker, why="stolen"))

    def pass_days(self, days: float) -> None:
        self.house.clock.set(UtcSeconds(self.house.clock.now() + int(days * DAY)))

    def statuses(self) -> dict[str, str]:
        with self.house.centre.journal.reading() as connection:
            return {key.kid: key.status for key in find_device_keys(connection, LOCKER)}

    def revoked_serials(self) -> set[str]:
        with self.house.centre.journal.reading() as connection:
            return set(read_revoked_serials(connection, self.house.clock.now()))

    def facts(self, *kinds: type) -> list[Any]:
        stored = self.house.centre.journal.read(site_stream(SITE), after_version=0)
        return [one for one in stored if isinstance(one.fact, kinds)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.house.centre.close()


def key(number: int = 1) -> DeviceKey:
    return DeviceKey.from_seed(Secret(bytes([number]) * 32))


def serial(enrolled: Enrolled) -> str:
    return f"{x509.load_pem_x509_certificate(enrolled.certificate).serial_number:x}"


def test_a_claim_code_makes_a_machine_the_locker_whatever_its_request_says(desk: Desk) -> None:
    enrolled = desk.enrol(desk.claim(), key())
    name, _, ends_at = read_certificate(enrolled.certificate)
    assert (name, enrolled.site) == (LOCKER, SITE)
    assert ends_at == desk.house.clock.now() + CERTIFICATE_DAYS * DAY
    certificate = x509.load_pem_x509_certificate(enrolled.certificate)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [one.dotted_string for one in usage] == ["1.3.6.1.5.5.7.3.2"]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    keys = decode_locker_keys(enrolled.keys.reveal())
    assert keys.pepper == desk.house.centre.keyring.pepper(SITE)
    update = decode_from_centre(enrolled.configuration)
    assert isinstance(update, ConfigurationUpdate)
    assert make_verifier(keys.public)(update)
    assert not make_verifier(keys.public)(msgspec.structs.replace(update, version=9))


def test_who_did_it_is_a_fact(desk: Desk) -> None:
    desk.enrol(desk.claim(), key())
    desk.pass_days(61)
    desk.renew(key())
    desk.revoke()
    told = [
        (type(one.fact).__name__, one.by)
        for one in desk.facts(
            ClaimMade, MachineEnrolled, CertificateRenewed, MachineRevoked, ConfigurationMade
        )
    ]
    assert told == [
        ("ClaimMade", "operator:ada"),
        ("MachineEnrolled", "operator:ada"),
        ("ConfigurationMade", "operator:ada"),
        ("CertificateRenewed", f"locker:{LOCKER}"),
        ("MachineRevoked", "operator:ada"),
    ]


def test_a_code_works_once_for_one_machine_and_again_for_that_one(desk: Desk) -> None:
    code = desk.claim()
    first = desk.enrol(code, key())
    assert desk.enrol(code.lower().replace("-", " "), key()).certificate == first.certificate
    with pytest.raises(Forbidden, match="not valid"):
        desk.enrol(code, key(2))
    assert len(desk.facts(MachineEnrolled)) == 1


def test_a_newer_code_voids_the_one_before_and_a_day_ends_it(desk: Desk) -> None:
    old, code = desk.claim(), desk.claim()
    with pytest.raises(Forbidden, match="not valid"):
        desk.enrol(old, key())
    desk.house.clock.set(UtcSeconds(desk.house.clock.now() + 24 * HOUR))
    with pytest.raises(Forbidden, match="not valid"):
        desk.enrol(code, key())
    assert desk.statuses() == {}


@pytest.mark.parametrize("code", ["", "AAAA-AAAA-AAAA-AAAA", "AAAA", "x" * 500, "\N{SNOWMAN}" * 16])
def test_a_wrong_code_is_refused(desk: Desk, code: str) -> None:
    desk.claim()
    with pytest.raises(Forbidden, match="claim code"):
        desk.enrol(code, key())


def test_the_code_itself_is_nowhere(desk: Desk, tmp_path: Path) -> None:
    code = desk.claim()
    desk.house.centre.close()
    for path in (tmp_path / "data").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert code.encode() not in content
            assert code.replace("-", "").lower().encode() not in content


def test_a_request_that_its_key_did_not_sign_is_refused(desk: Desk) -> None:
    code = desk.claim()
    request = x509.load_pem_x509_csr(key().request_certificate("x"))
    forged = bytearray(request.public_bytes(Encoding.DER))
    forged[-1] ^= 1
    pem = x509.load_der_x509_csr(bytes(forged)).public_bytes(Encoding.PEM)
    with pytest.raises(BadRequest, match="not signed"):
        desk.desk.enrol(code, pem)
    with pytest.raises(BadRequest, match="PEM"):
        desk.desk.enrol(code, b"hello")
    assert desk.enrol(code, key()).locker == LOCKER


def test_only_operators_make_codes_and_only_for_lockers_there_are(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        desk.desk.make_claim(Principal.of_partner(ACME), locker=LOCKER)
    with pytest.raises(NotFound):
        desk.claim(LockerId("nowhere"))


def test_a_locker_renews_by_itself_for_a_year_and_the_old_key_stays_the_same(desk: Desk) -> None:
    seen = {serial(desk.enrol(desk.claim(), key()))}
    for _ in range(6):
        desk.pass_days(60)
        renewed = desk.renew(key())
        assert renewed.not_after == desk.house.clock.now() + CERTIFICATE_DAYS * DAY
        assert serial(desk.renew(key())) == serial(renewed), "an answer that was lost"
        seen.add(serial(renewed))
    assert len(seen) == 7
    assert len(desk.facts(CertificateRenewed)) == 6
    assert desk.statuses() == {key().kid: ACTIVE}


def test_a_locker_off_for_a_month_renews_and_one_off_for_longer_needs_a_code(desk: Desk) -> None:
    desk.enrol(desk.claim(), key())
    desk.pass_days(CERTIFICATE_DAYS + 29)
    desk.renew(key())
    desk.pass_days(CERTIFICATE_DAYS + 31)
    with pytest.raises(Forbidden, match="claim code"):
        desk.renew(key())
    desk.enrol(desk.claim(), key())
    desk.pass_days(60)
    assert desk.renew(key()).locker == LOCKER


def test_nobody_renews_for_somebody_else(desk: Desk) -> None:
    desk.enrol(desk.claim(), key())
    desk.enrol(desk.claim(OTHER_LOCKER), key(2))
    desk.pass_days(60)
    with pytest.raises(Forbidden):
        desk.renew(key(2), LOCKER)
    request = key().request_certificate(LOCKER)
    for signature in (b"", bytes(64), key(2).sign(DeviceUse.RENEWAL, request)):
        with pytest.raises(Forbidden):
            desk.house.centre.run(
                desk.desk.renew(locker=LOCKER, request=request, signature=signature)
            )


def test_a_new_machine_takes_the_place_of_the_one_before(desk: Desk) -> None:
    old = desk.enrol(desk.claim(), key())
    desk.pass_days(1)
    desk.enrol(desk.claim(), key(2))
    assert desk.statuses() == {key().kid: SUPERSEDED, key(2).kid: ACTIVE}
    assert desk.revoked_serials() == {serial(old)}
    with pytest.raises(Forbidden):
        desk.renew(key())


def test_a_revoked_locker_gets_nothing_until_a_new_key_is_enrolled(desk: Desk) -> None:
    first = desk.enrol(desk.claim(), key())
    waiting = desk.claim()
    desk.revoke()
    assert desk.revoked_serials() == {serial(first)}
    assert desk.statuses() == {key().kid: REVOKED}
    with desk.house.centre.journal.reading() as connection:
        assert read_shut_out(connection) == {LOCKER}
    desk.pass_days(60)
    with pytest.raises(Forbidden):
        desk.renew(key())
    with pytest.raises(Forbidden):
        desk.enrol(waiting, key(2))
    code = desk.claim()
    with pytest.raises(Forbidden, match="move its file"):
        desk.enrol(code, key())
    desk.enrol(code, key(2))
    with desk.house.centre.journal.reading() as connection:
        assert read_shut_out(connection) == frozenset()
    desk.pass_days(CERTIFICATE_DAYS)
    assert desk.revoked_serials() == set(), "what has run out needs no revocation"


def test_a_key_counted_only_while_it_was_the_lockers(desk: Desk) -> None:
    enrolled_at = desk.house.clock.now()
    desk.enrol(desk.claim(), key())
    desk.pass_days(2)
    desk.revoke()
    with desk.house.centre.journal.reading() as connection:
        (known,) = find_device_keys(connection, LOCKER)
    assert known.spoke_at(enrolled_at)
    assert known.spoke_at(UtcSeconds(enrolled_at + DAY))
    assert not known.spoke_at(UtcSeconds(enrolled_at - 1))
    assert not known.spoke_at(desk.house.clock.now())


def test_the_configuration_says_where_people_reach_the_centre_also_after_it_has_moved(
    desk: Desk,
) -> None:
    def told(enrolled: Enrolled) -> tuple[int, str]:
        update = decode_from_centre(enrolled.configuration)
        assert isinstance(update, ConfigurationUpdate)
        configuration = decode_configuration(update.body)
        return configuration.version, configuration.centre_url

    assert told(desk.enrol(desk.claim(), key())) == (1, "")
    desk.desk.centre_url = "https://parcels.example.org"
    assert told(desk.renew(key())) == (2, "https://parcels.example.org")
    assert told(desk.renew(key())) == (2, "https://parcels.example.org")
