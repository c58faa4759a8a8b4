"""How a machine becomes a locker, stays one, and stops being one.

R1. A claim code is made by an operator, works once within a day, and is kept as a digest. A newer
    one voids it. Whoever shows it with a request signed by its key is that locker from now on.
R2. An answer that was lost is given again to the same key, and to no other.
R3. A certificate lasts 90 days. The locker asks for the next with a signature of its key; up to
    30 days after the end, then only with a new code.
R4. Who is revoked gets no certificate, is not listened to and is told nothing. A revoked key never
    comes back; the locker does, with a new key and a new code.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final, NamedTuple

from sqlalchemy import Connection

from ..access import (
    DeviceUse,
    Malformed,
    Secret,
    export_locker_keys,
    read_device_kid,
    verify_device,
)
from ..access.authority import Authority, Issued, device_public_key, read_request
from ..access.claim import digest_claim_code, make_claim_code
from ..access.device import renewal_bytes
from ..access.keystore import encode_locker_keys
from ..core.device import CertificateRenewed, ClaimMade, MachineEnrolled, MachineRevoked
from ..core.ids import ActorId, LockerId, SiteId, locker_stream, site_stream
from ..core.refusal import Reason, Refused
from ..core.value import DAY, HOUR, UtcSeconds
from ..journal.ledger import Ledger, Operation
from ..journal.port import RowChange, Scalar
from ..link.message import encode_message
from ..link.signing import make_signer
from ..views.device_tables import (
    ACTIVE,
    CERTIFICATES,
    CLAIMS,
    DEVICES,
    MACHINES,
    REVOKED,
    SUPERSEDED,
    find_claimed_locker,
)
from ..views.principal import Forbidden, Principal, Role
from ..views.tables import ANOMALIES
from .configuration import (
    ConfigurationChange,
    draw_configuration,
    read_machine,
    read_update,
    rows_of,
)
from .lookup import find_locker_row
from .matters import open_matter
from .means import Means

CERTIFICATE_DAYS: Final = 90
"""How long a certificate lasts (standards.md 3.2)."""

RENEWAL_GRACE_DAYS: Final = 30
"""How long after its end a locker may still renew by itself (chosen: a month in a warehouse)."""

SAME_CERTIFICATE_SECONDS: Final = DAY
"""A renewal asked again within this time is answered with what it was answered before (R2)."""

WHY_LENGTH_MAX: Final = 200


class Broker(NamedTuple):
    """Where lockers find the broker."""

    url: str
    """``mqtts://broker.example.org:8883``."""
    network: str


class Claim(NamedTuple):
    """A code to show once."""

    code: Secret[str]
    expires_at: UtcSeconds


class Enrolled(NamedTuple):
    """Everything a machine needs to be a locker. Holds the site's pepper: over TLS only."""

    locker: LockerId
    site: SiteId
    certificate: bytes
    authority: bytes
    broker: Broker
    keys: Secret[bytes]
    """As the locker's key file holds them."""
    configuration: bytes
    """A signed :class:`restante.link.message.ConfigurationUpdate`."""
    not_after: UtcSeconds


class EnrolmentDesk:
    """Makes claims, certificates and ends of them.

    Parameters
    ----------
    reading
        Opens a reading transaction on the views.
    authority
        ``None`` where the centre has none: then nothing is enrolled.
    """

    def __init__(
        self,
        *,
        reading: Callable[[], AbstractContextManager[Connection]],
        means: Means,
        authority: Authority | None,
        broker: Broker,
        claim_hours: int = 24,
        centre_url: str = "",
    ) -> None:
        self.centre_url = centre_url
        """Where machines and people reach this centre."""
        self._reading = reading
        self._means = means
        self._authority = authority
        self._broker = broker
        self._claim_seconds = claim_hours * HOUR
        self._sign = make_signer(means.keyring.current)

    @property
    def can_enrol(self) -> bool:
        """Whether this centre has an authority and a broker to send lockers to."""
        return self._authority is not None and bool(self._broker.url)

    def make_claim(
        self, principal: Principal, *, locker: LockerId, cause: str = ""
    ) -> Operation[Claim]:
        """Make the code with which a machine becomes a locker, in place of the one before (R1)."""
        principal.need_role(Role.OPERATOR)
        self._need_authority()
        code = make_claim_code(self._means.minter.secret_bytes)
        digest = digest_claim_code(code.reveal())

        def run(ledger: Ledger) -> Claim:
            site = _site_of(ledger, locker)
            expires_at = UtcSeconds(ledger.now + self._claim_seconds)
            values: dict[str, Scalar] = {
                "digest": digest,
                "made_at": ledger.now,
                "made_by": principal.actor,
                "expires_at": expires_at,
                "used_at": None,
            }
            ledger.put(RowChange(CLAIMS.name, (locker,), values))
            made = ClaimMade(at=ledger.now, locker=locker, expires_at=expires_at)
            ledger.record(site_stream(site), made, by=principal.actor, cause=cause)
            return Claim(code, expires_at)

        return Operation((locker_stream(locker),), run, rows_of(locker))

    def enrol(self, code: str, request: bytes, *, cause: str = "") -> Operation[Enrolled]:
        """Make a machine the locker that a claim code is for.

        Raises
        ------
        restante.access.authority.BadRequest
            When the request for a certificate cannot be believed.
        Forbidden
            When the code is wrong; also by the operation, when it was used, voided or has expired.
        """
        authority = self._need_authority()
        public = read_request(request)
        try:
            digest = digest_claim_code(code)
        except Malformed as error:
            raise Forbidden(f"this is no claim code: {error.expected}") from error
        with self._reading() as connection:
            locker = find_claimed_locker(connection, digest)
        if locker is None:
            raise _wrong_claim()
        kid = read_device_kid(public)

        def run(ledger: Ledger) -> Enrolled:
            claim = ledger.row(CLAIMS.name, (locker,))
            if claim is None or claim["digest"] != digest:
                raise _wrong_claim()
            machine = read_machine(ledger, locker)
            device = ledger.row(DEVICES.name, (locker, kid))
            is_repeated = _is_repeated(claim, machine["kid"] == kid, ledger.now)
            if device is not None and device["status"] == REVOKED:
                raise Forbidden(
                    "this machine's key was revoked; move its file device.key away and enrol "
                    "again: a new key is drawn"
                )
            by = ActorId(str(claim["made_by"]))
            if is_repeated and device is not None:
                return self._hand_over(ledger, authority, locker, str(device["serial"]), by, cause)
            ledger.put(RowChange(CLAIMS.name, (locker,), {**claim, "used_at": ledger.now}))
            issued = self._issue(ledger, authority, locker, kid, public)
            self._supersede(ledger, locker, str(machine["kid"] or ""), kid, by)
            values: dict[str, Scalar] = {
                "public_key": public,
                "status": ACTIVE,
                "serial": issued.serial,
                "enrolled_at": ledger.now if device is None else device["enrolled_at"],
                "enrolled_by": by,
                "ended_at": None,
                "ended_by": None,
            }
            ledger.put(RowChange(DEVICES.name, (locker, kid), values))
            row = {**machine, "kid": kid, "revoked_at": None, "revoked_by": None}
            ledger.put(RowChange(MACHINES.name, (locker,), row))
            _tell(ledger, MachineEnrolled, locker, kid, issued, by=by, cause=cause)
            return self._hand_over(ledger, authority, locker, issued.serial, by, cause)

        rows = (*rows_of(locker), (CLAIMS.name, (locker,)), (DEVICES.name, (locker, kid)))
        return Operation((locker_stream(locker),), run, rows)

    def renew(
        self, *, locker: LockerId, request: bytes, signature: bytes, cause: str = ""
    ) -> Operation[Enrolled]:
        """Give a locker its next certificate, and whatever else has changed (R3).

        Parameters
        ----------
        signature
            Of the device key over :func:`restante.access.device.renewal_bytes`.

        Raises
        ------
        restante.access.authority.BadRequest
            When the request for a certificate cannot be believed.
        Forbidden
            By the operation: the key is not the locker's, or its certificate ended too long ago.
        """
        authority = self._need_authority()
        public = read_request(request)
        kid = read_device_kid(public)
        is_signed = verify_device(
            public, DeviceUse.RENEWAL, renewal_bytes(locker, request), signature
        )

        def run(ledger: Ledger) -> Enrolled:
            device = ledger.row(DEVICES.name, (locker, kid))
            if device is None or device["status"] != ACTIVE or not is_signed:
                raise Forbidden(
                    "this key is not the locker's, or not any more; if it should be, ask an "
                    "operator for a claim code and run `restante locker enrol`"
                )
            last = ledger.row(CERTIFICATES.name, (locker, str(device["serial"])))
            ended_at = 0 if last is None else int(last["not_after"] or 0)
            if ledger.now > ended_at + RENEWAL_GRACE_DAYS * DAY:
                raise Forbidden(
                    f"the certificate ended more than {RENEWAL_GRACE_DAYS} days ago; ask an "
                    "operator for a claim code and run `restante locker enrol`"
                )
            by = Principal.of_locker(locker).actor
            issued_at = 0 if last is None else int(last["issued_at"] or 0)
            if 0 <= ledger.now - issued_at < SAME_CERTIFICATE_SECONDS:
                return self._hand_over(ledger, authority, locker, str(device["serial"]), by, cause)
            issued = self._issue(ledger, authority, locker, kid, public)
            ledger.put(RowChange(DEVICES.name, (locker, kid), {**device, "serial": issued.serial}))
            _tell(ledger, CertificateRenewed, locker, kid, issued, by=by, cause=cause)
            return self._hand_over(ledger, authority, locker, issued.serial, by, cause)

        rows = (*rows_of(locker), (DEVICES.name, (locker, kid)))
        return Operation((locker_stream(locker),), run, rows)

    def _need_authority(self) -> Authority:
        if self._authority is None or not self._broker.url:
            raise Refused(
                Reason.NOT_POSSIBLE_NOW,
                "this centre enrols no lockers: set mqtt_url and mqtt_authority_dir",
            )
        return self._authority

    def _issue(
        self, ledger: Ledger, authority: Authority, locker: LockerId, kid: str, public: bytes
    ) -> Issued:
        issued = authority.certify_client(
            locker, device_public_key(public), now=ledger.now, days=CERTIFICATE_DAYS
        )
        values: dict[str, Scalar] = {
            "kid": kid,
            "issued_at": ledger.now,
            "not_after": issued.not_after,
            "pem": issued.pem,
        }
        ledger.put(RowChange(CERTIFICATES.name, (locker, issued.serial), values))
        return issued

    def _supersede(self, ledger: Ledger, locker: LockerId, old: str, new: str, by: ActorId) -> None:
        before = ledger.row(DEVICES.name, (locker, old)) if old and old != new else None
        if before is not None:
            ended = {**before, "status": SUPERSEDED, "ended_at": ledger.now, "ended_by": by}
            ledger.put(RowChange(DEVICES.name, (locker, old), ended))

    def _hand_over(
        self,
        ledger: Ledger,
        authority: Authority,
        locker: LockerId,
        serial: str,
        by: ActorId,
        cause: str,
    ) -> Enrolled:
        site = _site_of(ledger, locker)
        certificate = ledger.row(CERTIFICATES.name, (locker, serial))
        assert certificate is not None
        pem = certificate["pem"]
        assert isinstance(pem, bytes)
        change = ConfigurationChange(centre_url=self.centre_url)
        draw_configuration(ledger, locker, change, by=by, cause=cause)
        update = read_update(ledger, locker)
        keys = export_locker_keys(self._means.keyring, site)
        return Enrolled(
            locker=locker,
            site=site,
            certificate=pem,
            authority=authority.pem,
            broker=self._broker,
            keys=Secret(encode_locker_keys(keys)),
            configuration=encode_message(self._sign(update)),
            not_after=UtcSeconds(int(certificate["not_after"] or 0)),
        )


def revoke_locker(
    principal: Principal, *, locker: LockerId, why: str, cause: str = ""
) -> Operation[None]:
    """Let no machine be this locker any more, until one is enrolled anew (R4)."""
    principal.need_role(Role.OPERATOR)
    reason = " ".join(why.split())[:WHY_LENGTH_MAX]

    def run(ledger: Ledger) -> None:
        machine = read_machine(ledger, locker)
        site = _site_of(ledger, locker)
        if machine["revoked_at"] is not None:
            return
        kid = str(machine["kid"] or "")
        device = ledger.row(DEVICES.name, (locker, kid)) if kid else None
        if device is not None:
            ended = {
                **device,
                "status": REVOKED,
                "ended_at": ledger.now,
                "ended_by": principal.actor,
            }
            ledger.put(RowChange(DEVICES.name, (locker, kid), ended))
        ledger.put(RowChange(CLAIMS.name, (locker,), None))
        row = {**machine, "kid": "", "revoked_at": ledger.now, "revoked_by": principal.actor}
        ledger.put(RowChange(MACHINES.name, (locker,), row))
        fact = MachineRevoked(at=ledger.now, locker=locker, why=reason)
        ledger.record(site_stream(site), fact, by=principal.actor, cause=cause)

    return Operation((locker_stream(locker),), run, rows_of(locker))


def note_wrong_claim(address: str) -> Operation[None]:
    """Put into the queue that somebody tries claim codes; one entry for each hour."""

    def run(ledger: Ledger) -> None:
        key = f"wrong_claim/{ledger.now // HOUR}"
        if ledger.row(ANOMALIES.name, ("enrolment", key)) is None:
            open_matter(
                ledger,
                owner="enrolment",
                key=key,
                kind="wrong_claim",
                detail=f"a claim code that is not valid was tried, from {address or 'nowhere'}",
            )

    return Operation((), run)


def _site_of(ledger: Ledger, locker: LockerId) -> SiteId:
    return SiteId(str(find_locker_row(ledger, locker)["site"]))


def _is_repeated(claim: Mapping[str, Scalar], is_known: bool, now: UtcSeconds) -> bool:
    """Whether a machine that was enrolled with this claim uses it again: its answer was lost."""
    is_used = claim["used_at"] is not None
    if int(claim["expires_at"] or 0) <= now or (is_used and not is_known):
        raise _wrong_claim()
    return is_used


def _tell(
    ledger: Ledger,
    kind: type[MachineEnrolled] | type[CertificateRenewed],
    locker: LockerId,
    kid: str,
    issued: Issued,
    *,
    by: ActorId,
    cause: str,
) -> None:
    fact = kind(
        at=ledger.now, locker=locker, kid=kid, serial=issued.serial, not_after=issued.not_after
    )
    ledger.record(site_stream(_site_of(ledger, locker)), fact, by=by, cause=cause)


def _wrong_claim() -> Forbidden:
    # One answer for unknown, used, voided and expired: it tells a guesser nothing.
    return Forbidden(
        "this claim code is not valid: wrong, used, older than a day, or a newer one was made; "
        "ask an operator for a new one"
    )
