"""Signing in at a locker: recipients by PIN or QR token, couriers by token or number and PIN.

Rules
-----
N1  An attempt at a PIN is counted on the disk before anybody looks whether it is right.
N2  Unknown, wrong, expired, used up, of another site, closed by attempts: one answer,
    ``access_denied``, after the same work (one slow hash, all candidates compared).
N3  Only the pause of the whole locker is said aloud (``too_many_attempts``): use the QR, or later.
N4  A token must be genuine and its grant on the list: a photographed or revoked one opens nothing.
    The list cannot know the grant of a parcel that was taken in unannounced: there the centre's
    signature alone counts, as long as the parcel lies inside and the list does not know it.
N5  One code opens all parcels of its recipient that wait at this locker.
N6  How far the clock is believed decides what time may refuse: see :mod:`.steady`.
"""

from typing import Final, TypeVar

from ..access import (
    Action,
    Claims,
    Denied,
    LockerKeys,
    Pin,
    Verifier,
    VerifierCost,
    check_pin,
    parse_pin,
    parse_verifier,
    verify_token,
)
from ..access import Malformed as AccessMalformed
from ..access.token import LEEWAY
from ..clock import Minter
from ..core import attempts, session
from ..core.content import MAYBE_INSIDE, Content
from ..core.grant import Grant, Purpose, check_grant
from ..core.ids import ActorId, CourierId, GrantId, ParcelId, PartnerId, SessionId, SiteId
from ..core.refusal import Reason, Refused
from ..core.value import Seconds, UtcSeconds
from ..link.message import CollectGrant, CourierPass, ListChange, PinVerifier
from .allowed import courier_key
from .doors import Fault, fault_free
from .steady import SteadyClock
from .store import LockerStore

SIGNATURE_ALONE: Final = "signature_alone"


class SignIn:
    """Who may begin a visit at one locker."""

    def __init__(
        self,
        store: LockerStore,
        clock: SteadyClock,
        minter: Minter,
        keys: LockerKeys,
        *,
        site: SiteId,
        cost: VerifierCost,
        by: ActorId,
        fault: Fault = fault_free,
    ) -> None:
        self._store = store
        self._clock = clock
        self._minter = minter
        self._keys = keys
        self._site = site
        self._cost = cost
        self._by = by
        self._fault = fault

    def use_keys(self, keys: LockerKeys) -> None:
        """Take over new keys, after the centre has exchanged some."""
        self._keys = keys

    def by_pin(self, text: str) -> session.Active:
        """Sign a recipient in by a typed code.

        Raises
        ------
        restante.access.Malformed
            When it cannot be a code: nothing was tried, nothing is counted.
        Refused
            ``access_denied``, ``too_many_attempts`` or ``session_active``.
        """
        pin = parse_pin(text)
        self._check_idle()
        listed = self._store.allowed.pins(pin.selector)
        attempt = self._count(tuple(one.grant for one in listed))
        grant = self._match(pin, listed)
        grants = () if grant is None else self._usable_with(grant)
        if grant is None or not grants:
            raise Refused(Reason.ACCESS_DENIED)
        admitted = "" if self._is_in_time(grant) else self._by_clock()
        return self._start_recipient(grants, attempt=attempt, admitted=admitted)

    def by_token(self, text: str) -> session.Active:
        """Sign a recipient or a courier in by a scanned token.

        Raises
        ------
        Refused
            ``access_denied`` or ``session_active``.
        """
        self._check_idle()
        leeway = Seconds(LEEWAY + self._clock.grace_seconds)
        try:
            claims = verify_token(text, self._keys.public, self._site, self._clock.now(), leeway)
        except Denied:
            raise Refused(Reason.ACCESS_DENIED) from None
        if claims.action is Action.SHIFT and claims.courier and claims.partner:
            self._check_shift(claims)
            return self._start_courier(claims.courier, claims.partner)
        if claims.action is not Action.COLLECT or claims.grant is None:
            raise Refused(Reason.ACCESS_DENIED)
        admitted = "" if self._clock.now() < claims.expires_at + LEEWAY else self._by_clock()
        grants = self._usable_with(claims.grant)
        if not grants and self._learn(claims, claims.grant):
            grants, admitted = self._usable_with(claims.grant), SIGNATURE_ALONE
        if not grants:
            raise Refused(Reason.ACCESS_DENIED)
        return self._start_recipient(grants, admitted=admitted)

    def courier_by_pin(self, login: str, text: str) -> session.Active:
        """Sign a courier in by the courier's number and PIN; raises as :meth:`by_pin`."""
        pin = parse_pin(text)
        self._check_idle()
        courier = self._store.allowed.courier(login.strip())
        keys = () if courier is None else (courier_key(courier.courier),)
        self._check_time_for_couriers()
        attempt = self._count(keys)
        if courier is None or not self._is_courier_right(pin, courier):
            if courier is None:
                check_pin(pin, (), self._keys.pepper, self._cost)
            raise Refused(Reason.ACCESS_DENIED)
        return self._start_courier(courier.courier, courier.partner, attempt=attempt)

    def _check_shift(self, claims: Claims) -> None:
        """Judge a courier's certificate by the time, without a recipient's grace (N6)."""
        self._check_time_for_couriers()
        now = self._clock.now()
        if not claims.not_before - LEEWAY <= now < claims.expires_at + LEEWAY:
            raise Refused(Reason.ACCESS_DENIED)

    def _check_time_for_couriers(self) -> None:
        if not self._clock.is_good_for_couriers:
            raise Refused(Reason.TIME_UNKNOWN, "the clock is lost; the centre must tell the time")

    def _learn(self, claims: Claims, grant: GrantId) -> bool:
        """Take a grant from a token, for a parcel the list does not know yet (N4)."""
        parcel = ParcelId(claims.subject)
        state = self._store.state
        is_inside = any(
            one.parcel == parcel and one.content in MAYBE_INSIDE
            for one in state.compartments.values()
        )
        is_listed = self._store.allowed.parcel(parcel) is not None
        if parcel not in state.unannounced or not is_inside or is_listed:
            return False
        learnt = CollectGrant(
            grant=grant,
            parcel=parcel,
            purpose=Purpose.COLLECT,
            valid_from=claims.not_before,
            valid_until=claims.expires_at,
        )
        change = ListChange(key=f"grant/{grant}", entry=learnt)
        after, differing = self._store.merge_list([change], is_whole=False)
        version = self._store.list_version
        at = self._clock.now()
        self._store.keep_list(after, differing, version=version, commands=(), by=self._by, at=at)
        return True

    def _by_clock(self) -> str:
        return f"clock_{self._clock.quality}"

    def _check_idle(self) -> None:
        if isinstance(self._store.state.visit, session.Active):
            raise Refused(Reason.SESSION_ACTIVE)

    def _count(self, keys: tuple[str, ...]) -> str:
        now = self._clock.now()
        note = self._store.allowed.note
        expected = note.expected_pickups_per_day if note is not None else 0
        attempt = self._minter.make("q")
        count = attempts.CountAttempt(
            at=now, attempt=attempt, keys=keys, expected_pickups_per_day=expected
        )
        self._closed = attempts.closed_keys(self._store.state.tried)
        self._store.record([count], by=self._by, at=now, cause=attempt)
        self._fault("edge.after_attempt")
        return attempt

    def _match(self, pin: Pin, listed: tuple[PinVerifier, ...]) -> GrantId | None:
        known = _readable(listed)
        verifiers = tuple(verifier for _, verifier in known)
        found = check_pin(pin, verifiers, self._keys.pepper, self._cost)
        if found is None:
            return None
        grant = known[found][0].grant
        return None if grant in self._closed else grant

    def _is_courier_right(self, pin: Pin, courier: CourierPass) -> bool:
        verifiers = tuple(verifier for _, verifier in _readable((courier,)))
        found = check_pin(pin, verifiers, self._keys.pepper, self._cost)
        is_closed = courier_key(courier.courier) in self._closed
        return found is not None and not is_closed and self._clock.now() < courier.valid_until

    def _usable_with(self, grant: GrantId) -> tuple[GrantId, ...]:
        """List what the holder of a grant may open here now; empty when not the grant itself."""
        group = self._store.allowed.grants_of_same_recipient(grant)
        if not group or not self._is_usable(group[0]):
            return ()
        return tuple(one.grant for one in group if self._is_usable(one))

    def _is_in_time(self, grant: GrantId) -> bool:
        """Whether a grant is open by our clock as it stands."""
        listed = self._store.allowed.grant(grant)
        now = self._clock.now()
        return listed is not None and listed.valid_from <= now < listed.valid_until

    def _is_usable(self, grant: Grant) -> bool:
        now = self._clock.now()
        state = self._store.state
        use = state.grants.get(grant.grant)
        if use is not None and use.used_at is not None:
            return any(
                one.grant == grant.grant
                and one.content is Content.RELEASING
                and one.reopen_until is not None
                and now < one.reopen_until
                for one in state.compartments.values()
            )
        listed = self._store.allowed.listed.get(f"grant/{grant.grant}")
        if listed is None or listed.is_ended:
            return False
        try:
            check_grant(self._clock.stretch(grant), now)
        except Refused:
            return False
        return any(
            one.parcel == grant.parcel and one.content in MAYBE_INSIDE
            for one in state.compartments.values()
        )

    def _start_recipient(
        self, grants: tuple[GrantId, ...], *, attempt: str = "", admitted: str = ""
    ) -> session.Active:
        recipient = self._store.allowed.recipient_of(grants[0])
        by = ActorId(f"recipient:{recipient}") if recipient else self._by
        start = session.StartSession(
            at=self._clock.now(),
            session=SessionId(self._minter.make("s")),
            role=session.Role.RECIPIENT,
            grants=grants,
            admitted=admitted,
        )
        return self._start(start, attempt, by)

    def _start_courier(
        self, courier: CourierId, partner: PartnerId, *, attempt: str = ""
    ) -> session.Active:
        start = session.StartSession(
            at=self._clock.now(),
            session=SessionId(self._minter.make("s")),
            role=session.Role.COURIER,
            courier=courier,
            partner=partner,
        )
        return self._start(start, attempt, ActorId(f"courier:{courier}"))

    def _start(self, start: session.StartSession, attempt: str, by: ActorId) -> session.Active:
        at: UtcSeconds = start.at
        proved = [attempts.ProveAttempt(at=at, attempt=attempt)] if attempt else []
        self._store.record([*proved, start], by=by, at=at, cause=start.session)
        visit = self._store.state.visit
        if not isinstance(visit, session.Active):
            raise AssertionError("a session that was recorded is active")
        return visit


Checkable = TypeVar("Checkable", PinVerifier, CourierPass)


def _readable(listed: tuple[Checkable, ...]) -> list[tuple[Checkable, Verifier]]:
    """Decode verifiers; one that a newer centre wrote in another form matches nothing."""
    known: list[tuple[Checkable, Verifier]] = []
    for one in listed:
        try:
            known.append((one, parse_verifier(one.verifier)))
        except AccessMalformed:
            continue
    return known
