"""The rules of a visit, one sentence each."""

from restante.core import session as core
from restante.core.refusal import Reason
from restante.core.session import Role
from tests.factories import COURIER, GRANT, NOON, OTHER_SESSION, PARTNER, SESSION, after
from tests.scenario import stories_of

visits = stories_of(core.DECIDER)
SIGN_IN = core.StartSession(at=NOON, session=SESSION, role=Role.RECIPIENT, grants=(GRANT,))
active = visits.having(SIGN_IN)


def test_somebody_signs_in():
    told = visits.when(SIGN_IN).then(
        core.SessionStarted(at=NOON, session=SESSION, role=Role.RECIPIENT, grants=(GRANT,))
    )
    assert told.state == core.Active(
        session=SESSION, role=Role.RECIPIENT, started_at=NOON, grants=(GRANT,)
    )


def test_there_is_one_session_at_a_time():
    other = core.StartSession(at=after(1), session=OTHER_SESSION, role=Role.RECIPIENT)
    active.when(other).refuses(Reason.SESSION_ACTIVE)


def test_signing_in_twice_is_no_news():
    active.when(SIGN_IN).then()


def test_a_courier_signs_in_by_name():
    nameless = core.StartSession(at=NOON, session=SESSION, role=Role.COURIER)
    visits.when(nameless).refuses(Reason.ACCESS_DENIED)
    named = core.StartSession(
        at=NOON, session=SESSION, role=Role.COURIER, courier=COURIER, partner=PARTNER
    )
    told = visits.when(named).follows(core.SessionStarted)
    assert (told.state.courier, told.state.partner) == (COURIER, PARTNER)


def test_a_session_ends_and_stays_ended():
    told = active.when(core.EndSession(at=after(90), why="idle")).then(
        core.SessionEnded(at=after(90), session=SESSION, why="idle")
    )
    assert told.state == core.Idle()
    told.when(core.EndSession(at=after(91), why="done")).then()


def test_the_end_of_another_session_ends_nothing():
    told = active.given(core.SessionEnded(at=after(1), session=OTHER_SESSION, why="idle"))
    assert told.state == active.state


def test_an_end_without_a_session_is_an_end():
    assert (
        visits.given(core.SessionEnded(at=NOON, session=SESSION, why="done")).state == core.Idle()
    )
