"""What was read for many lockers at once is not read again for each of them."""

import msgspec

from restante.core.ids import LockerId, SiteId
from restante.core.value import UtcSeconds
from restante.link.centre_session import CentreSession
from restante.link.message import Hello, ListUpdate, decode_from_centre, encode_message
from restante.link.session import RESEND_SECONDS_MIN, ListDelta

LOCKER = LockerId("locker-01")
NOW = UtcSeconds(1_800_000_000)


def greeted(version: int, held: int) -> tuple[CentreSession, list[int]]:
    """Greet as a locker that holds a version; what is read alone is noted."""
    asked: list[int] = []

    def read_list(base: int) -> ListDelta:
        asked.append(base)
        return ListDelta(base, version, ())

    session = CentreSession(
        locker=LOCKER,
        watermarks={},
        list_version=held,
        sign=lambda message: msgspec.structs.replace(message, kid="k", signature=b"good"),
        read_list=read_list,
    )
    session.connected(NOW)
    hello = Hello(
        locker=LOCKER,
        site=SiteId("site-01"),
        epoch="e1",
        last_seq=0,
        list_version=held,
        release="1",
        conditions=(),
    )
    session.receive(encode_message(hello), NOW)
    return session, asked


def lists_in(said: list[bytes]) -> list[ListUpdate]:
    messages = [decode_from_centre(body) for body in said]
    return [message for message in messages if isinstance(message, ListUpdate)]


def test_changes_since_an_older_version_are_told_and_told_again_without_reading() -> None:
    session, asked = greeted(version=9, held=7)
    session.list_changed(9, ListDelta(5, 9, ()))
    for seconds in (0, RESEND_SECONDS_MIN):
        (told,) = lists_in(session.outgoing(UtcSeconds(NOW + seconds)))
        assert (told.base_version, told.version) == (5, 9)
    assert asked == []


def test_changes_since_a_newer_version_than_the_one_held_are_read_alone() -> None:
    session, asked = greeted(version=9, held=3)
    session.list_changed(9, ListDelta(5, 9, ()))
    (told,) = lists_in(session.outgoing(NOW))
    assert (told.base_version, asked) == (3, [3])


def test_a_locker_that_greets_again_with_an_older_list_is_not_told_of_half_of_it() -> None:
    session, asked = greeted(version=9, held=7)
    session.list_changed(9, ListDelta(7, 9, ()))
    session.disconnected()
    session.connected(NOW)
    hello = Hello(
        locker=LOCKER,
        site=SiteId("site-01"),
        epoch="e1",
        last_seq=0,
        list_version=2,
        release="1",
        conditions=(),
    )
    session.receive(encode_message(hello), NOW)
    (told,) = lists_in(session.outgoing(NOW))
    assert (told.base_version, asked) == (2, [2])
