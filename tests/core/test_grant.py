"""The rules of permissions, one sentence each."""

import pytest

from restante.core import grant as core
from restante.core.grant import Purpose, check_grant
from restante.core.ids import GrantId
from restante.core.refusal import Reason, Refused
from restante.core.value import UtcSeconds
from tests.factories import GRANT, NOON, OTHER_GRANT, PARCEL, SITE, after, make_grant
from tests.scenario import stories_of

grants = stories_of(core.DECIDER)
END = after(1_000)


def issue(
    grant: GrantId = GRANT, purpose: Purpose = Purpose.COLLECT, at: UtcSeconds = NOON
) -> core.IssueGrant:
    return core.IssueGrant(
        at=at, grant=grant, parcel=PARCEL, site=SITE, purpose=purpose,
        valid_from=NOON, valid_until=END,
    )  # fmt: skip


ISSUED = core.GrantIssued(
    at=NOON, grant=GRANT, parcel=PARCEL, site=SITE, purpose=Purpose.COLLECT,
    valid_from=NOON, valid_until=END,
)  # fmt: skip
issued = grants.given(ISSUED)
revoked = issued.given(core.GrantRevoked(at=after(1), grant=GRANT, why="ended"))
used = issued.given(core.GrantUsed(at=after(1), grant=GRANT))


def refusal_of(grant: core.Grant, at: UtcSeconds) -> Reason:
    with pytest.raises(Refused) as refusal:
        check_grant(grant, at)
    return refusal.value.reason


# ── R1 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_grant_opens_from_its_first_second_until_before_its_last():
    grant = make_grant(valid_from=NOON, valid_until=END)
    check_grant(grant, NOON)
    check_grant(grant, after(999))
    assert refusal_of(grant, after(-1)) is Reason.GRANT_NOT_YET
    assert refusal_of(grant, END) is Reason.GRANT_EXPIRED


def test_a_grant_is_issued_once():
    told = grants.when(issue()).then(ISSUED)
    told.when(issue(at=after(5))).then()


# ── R2 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_used_grant_does_not_open():
    assert refusal_of(make_grant(used_at=NOON), after(1)) is Reason.GRANT_CONSUMED


def test_a_revoked_grant_does_not_open():
    assert refusal_of(make_grant(revoked_at=NOON), after(1)) is Reason.GRANT_REVOKED
    assert refusal_of(make_grant(revoked_at=NOON, used_at=NOON), NOON) is Reason.GRANT_REVOKED


def test_a_grant_is_used_once():
    told = issued.when(core.UseGrant(at=after(2), grant=GRANT)).then(
        core.GrantUsed(at=after(2), grant=GRANT)
    )
    told.when(core.UseGrant(at=after(3), grant=GRANT)).then()


def test_what_a_locker_saw_used_is_noted_though_it_was_revoked():
    revoked.when(core.UseGrant(at=after(2), grant=GRANT)).follows(core.GrantUsed)


def test_a_grant_is_revoked_once():
    told = issued.when(core.RevokeGrant(at=after(2), grant=GRANT, why="overdue")).then(
        core.GrantRevoked(at=after(2), grant=GRANT, why="overdue")
    )
    told.when(core.RevokeGrant(at=after(3), grant=GRANT, why="overdue")).then()
    used.when(core.RevokeGrant(at=after(3), grant=GRANT, why="ended")).then()


def test_a_live_grant_is_prolonged():
    told = issued.when(core.ProlongGrant(at=after(2), grant=GRANT, valid_until=after(9_000))).then(
        core.GrantProlonged(at=after(2), grant=GRANT, valid_until=after(9_000))
    )
    assert told.state.grants[GRANT].valid_until == after(9_000)
    told.when(core.ProlongGrant(at=after(3), grant=GRANT, valid_until=after(9_000))).then()


def test_a_grant_that_ended_is_not_prolonged():
    prolong = core.ProlongGrant(at=after(2), grant=GRANT, valid_until=after(9_000))
    revoked.when(prolong).refuses(Reason.GRANT_REVOKED)
    used.when(prolong).refuses(Reason.GRANT_CONSUMED)


def test_nothing_happens_to_a_grant_nobody_issued():
    for command in (
        core.UseGrant(at=NOON, grant=GRANT),
        core.RevokeGrant(at=NOON, grant=GRANT, why="ended"),
        core.ProlongGrant(at=NOON, grant=GRANT, valid_until=END),
    ):
        grants.when(command).refuses(Reason.GRANT_UNKNOWN)
    assert grants.given(core.GrantUsed(at=NOON, grant=GRANT)).state == core.Grants()


# ── R3 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_grant_revokes_the_one_before_it():
    told = issued.when(issue(OTHER_GRANT, at=after(5))).follows(core.GrantRevoked, core.GrantIssued)
    assert told.state.grants[GRANT].revoked_at == after(5)
    assert [grant.grant for grant in told.state.live()] == [OTHER_GRANT]


def test_a_new_grant_leaves_those_for_other_purposes():
    told = issued.when(issue(OTHER_GRANT, Purpose.RETRIEVE)).follows(core.GrantIssued)
    assert [grant.grant for grant in told.state.live()] == [GRANT, OTHER_GRANT]


def test_a_new_grant_leaves_what_was_used():
    told = used.when(issue(OTHER_GRANT)).follows(core.GrantIssued)
    assert told.state.grants[GRANT].revoked_at is None
