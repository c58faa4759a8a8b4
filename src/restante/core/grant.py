"""Permission to open: who, what, when, how often. No secrets here.

The centre issues, prolongs and revokes; the locker uses. What proves a grant (PIN, QR token) is a
credential and lives in :mod:`restante.access`.

Rules
-----
R1  A grant opens for one parcel at one site, from ``valid_from`` until ``valid_until`` (exclusive).
R2  Used up, revoked or expired, it never opens again; a used one may re-open its own door for a
    short while, which is the compartment's rule.
R3  A new grant for the same parcel and purpose revokes the one before it.
"""

from enum import StrEnum
from typing import TypeAlias, assert_never

from msgspec.structs import replace

from .decider import Decider
from .ids import GrantId, ParcelId, SiteId
from .refusal import Reason, Refused
from .value import FOREVER, Command, Fact, UtcSeconds, Value


class Purpose(StrEnum):
    """What a door is opened for."""

    COLLECT = "collect"
    DEPOSIT = "deposit"
    RETRIEVE = "retrieve"
    REOPEN = "reopen"
    SERVICE = "service"


class Grant(Value):
    """One permission and what became of it."""

    grant: GrantId
    parcel: ParcelId
    site: SiteId
    purpose: Purpose
    valid_from: UtcSeconds
    valid_until: UtcSeconds
    used_at: UtcSeconds | None = None
    revoked_at: UtcSeconds | None = None

    @property
    def is_live(self) -> bool:
        """Neither used nor revoked; time is judged by :func:`check_grant`."""
        return self.used_at is None and self.revoked_at is None


class Grants(Value):
    """All grants of one parcel."""

    grants: dict[GrantId, Grant] = {}  # noqa: RUF012 - msgspec copies it

    def live(self) -> tuple[Grant, ...]:
        """Those neither used nor revoked, oldest first."""
        return tuple(grant for grant in self.grants.values() if grant.is_live)


class GrantIssued(Fact, tag="grant.issued.v1"):
    """Somebody may open a door for the parcel."""

    grant: GrantId
    parcel: ParcelId
    site: SiteId
    purpose: Purpose
    valid_from: UtcSeconds
    valid_until: UtcSeconds = FOREVER


class GrantProlonged(Fact, tag="grant.prolonged.v1"):
    """A permission ends at another time."""

    grant: GrantId
    valid_until: UtcSeconds


class GrantRevoked(Fact, tag="grant.revoked.v1"):
    """A permission was taken back."""

    grant: GrantId
    why: str
    """``reissued``, ``overdue``, ``cancelled`` or ``ended``."""


class GrantUsed(Fact, tag="grant.used.v1"):
    """A permission was used up at the locker."""

    grant: GrantId


GrantFact: TypeAlias = GrantIssued | GrantProlonged | GrantRevoked | GrantUsed


class IssueGrant(Command, tag="issue_grant"):
    """Let somebody open."""

    grant: GrantId
    parcel: ParcelId
    site: SiteId
    purpose: Purpose
    valid_from: UtcSeconds
    valid_until: UtcSeconds = FOREVER


class ProlongGrant(Command, tag="prolong_grant"):
    """Let it end at another time."""

    grant: GrantId
    valid_until: UtcSeconds


class RevokeGrant(Command, tag="revoke_grant"):
    """Take it back."""

    grant: GrantId
    why: str


class UseGrant(Command, tag="use_grant"):
    """Note that it was used up."""

    grant: GrantId


GrantCommand: TypeAlias = IssueGrant | ProlongGrant | RevokeGrant | UseGrant


def check_grant(grant: Grant, at: UtcSeconds) -> None:
    """Refuse a grant that does not open now (R1, R2).

    Raises
    ------
    Refused
        ``grant_revoked``, ``grant_consumed``, ``grant_not_yet`` or ``grant_expired``.
    """
    if grant.revoked_at is not None:
        raise Refused(Reason.GRANT_REVOKED)
    if grant.used_at is not None:
        raise Refused(Reason.GRANT_CONSUMED)
    if at < grant.valid_from:
        raise Refused(Reason.GRANT_NOT_YET)
    if at >= grant.valid_until:
        raise Refused(Reason.GRANT_EXPIRED)


def decide(state: Grants, command: GrantCommand) -> tuple[GrantFact, ...]:
    """Say what follows from a command, or refuse it."""
    at = command.at
    if isinstance(command, IssueGrant):
        return _issue(state, command)
    grant = state.grants.get(command.grant)
    if grant is None:
        raise Refused(Reason.GRANT_UNKNOWN)
    match command:
        case ProlongGrant(valid_until=until):
            if grant.revoked_at is not None:
                raise Refused(Reason.GRANT_REVOKED)
            if grant.used_at is not None:
                raise Refused(Reason.GRANT_CONSUMED)
            if grant.valid_until == until:
                return ()
            return (GrantProlonged(at=at, grant=grant.grant, valid_until=until),)
        case RevokeGrant(why=why):
            return (GrantRevoked(at=at, grant=grant.grant, why=why),) if grant.is_live else ()
        case UseGrant():
            return (GrantUsed(at=at, grant=grant.grant),) if grant.used_at is None else ()
        case _:
            assert_never(command)


def _issue(state: Grants, command: IssueGrant) -> tuple[GrantFact, ...]:
    if command.grant in state.grants:
        return ()
    older = tuple(
        GrantRevoked(at=command.at, grant=grant.grant, why="reissued")
        for grant in state.live()
        if grant.purpose == command.purpose
    )
    issued = GrantIssued(
        at=command.at,
        grant=command.grant,
        parcel=command.parcel,
        site=command.site,
        purpose=command.purpose,
        valid_from=command.valid_from,
        valid_until=command.valid_until,
    )
    return (*older, issued)


def evolve(state: Grants, fact: GrantFact) -> Grants:
    """Say what is true after a fact; any fact in any state."""
    if isinstance(fact, GrantIssued):
        grant = Grant(
            grant=fact.grant,
            parcel=fact.parcel,
            site=fact.site,
            purpose=fact.purpose,
            valid_from=fact.valid_from,
            valid_until=fact.valid_until,
        )
        return Grants(grants={**state.grants, fact.grant: grant})
    known = state.grants.get(fact.grant)
    if known is None:
        return state
    match fact:
        case GrantProlonged(valid_until=until):
            changed = replace(known, valid_until=until)
        case GrantRevoked(at=at):
            changed = replace(known, revoked_at=at)
        case GrantUsed(at=at):
            changed = replace(known, used_at=at)
        case _:
            assert_never(fact)
    return Grants(grants={**state.grants, known.grant: changed})


DECIDER: Decider[Grants, GrantCommand, GrantFact] = Decider(Grants(), decide, evolve)
