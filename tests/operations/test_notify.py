"""Telling recipients: what is true when it goes out, at least once, to one channel."""

from typing import Any

import pytest

from restante.core.value import DAY, UtcSeconds
from restante.notices import Notice, Rejected, Unreachable
from restante.operations.contacts import Contact, erase_recipient
from restante.operations.extend import extend
from restante.operations.notice_book import CommitterBook
from restante.operations.notify import Notifier
from restante.operations.perform import OutboxWorker, revive
from restante.views import Forbidden, Principal
from restante.views.work import NOTICE
from tests.operations.house import House
from tests.seams import replaced

ADA = Principal.of_operator("ada")


class Postbox:
    """A channel that keeps what it is given, and fails when told to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sent: list[Notice] = []
        self.failure: Exception | None = None

    def send(self, notice: Notice) -> str:
        if self.failure is not None:
            raise self.failure
        self.sent.append(notice)
        return notice.key


class Told:
    """A house whose notices land in two postboxes."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.email, self.sms = Postbox("email"), Postbox("sms")
        centre = house.centre
        notifier = Notifier(
            journal=centre.journal,
            book=CommitterBook(centre.committer),
            clock=centre.clock,
            means=centre.means,
            channels={"email": self.email, "sms": self.sms},
            link_url=lambda token: f"https://parcels.example/p/{token}",
        )
        self.worker = OutboxWorker(
            centre.journal,
            {NOTICE: notifier.perform},
            book=CommitterBook(centre.committer),
            clock=centre.clock,
        )

    def kinds(self) -> list[str]:
        return [notice.kind.value for notice in self.email.sent]


@pytest.fixture
def told(house: House) -> Told:
    return Told(house)


def held(told: Told, *, compartment: str = "A1", **given: Any) -> Any:
    done = told.house.announce(**given)
    told.house.deposit(done.parcel, compartment)
    return done


def test_the_recipient_is_told_code_place_and_deadline_once(told: Told) -> None:
    done = held(told)
    assert told.worker.turn() == 1
    assert told.worker.turn() == 0
    (notice,) = told.email.sent
    code = told.house.centre.desk.code(done.parcel, done.recipient)
    assert notice.code == code
    assert notice.token is not None and notice.token.reveal().startswith("RS1.")
    assert notice.link is not None and "/p/rl_" in notice.link.reveal()
    assert (notice.place.name, notice.place.zone) == ("Station 1", "Europe/Berlin")
    assert notice.hold_until == told.house.clock.now() + 3 * DAY
    assert (notice.sender_name, notice.contact.language) == ("Acme", "pl")
    assert told.house.tags(done.parcel)[-1] == "parcel.notice_sent.v1"


def test_a_link_opens_its_parcel_until_it_is_too_old(told: Told) -> None:
    from restante.access import read_link_token

    done = held(told)
    told.worker.turn()
    link = told.email.sent[0].link
    assert link is not None
    digest = read_link_token(link.reveal().rpartition("/")[2])
    queries, now = told.house.centre.queries, told.house.clock.now()
    assert queries.link(digest, at=now) == (done.parcel, done.recipient)
    assert queries.link(digest, at=UtcSeconds(now + 91 * DAY)) is None


def test_a_recipient_with_a_phone_only_is_told_by_text_message(told: Told) -> None:
    held(told, contact=Contact(phone="+4930123456"))
    told.worker.turn()
    assert (len(told.email.sent), len(told.sms.sent)) == (0, 1)


def test_nobody_is_told_without_a_contact_or_after_its_erasure(told: Told) -> None:
    held(told, label="JJD1", contact=None)
    done = held(told, label="JJD2")
    told.house.centre.run(erase_recipient(ADA, recipient=done.recipient))
    assert told.worker.turn() == 2
    assert told.email.sent == []
    assert told.house.centre.queries.matters(ADA) == ()


def test_reminders_follow_the_hold_and_stop_with_it(told: Told) -> None:
    done = held(told)
    told.worker.turn()
    told.house.pass_time(DAY)
    told.worker.turn()
    told.house.centre.run(extend(told.house.centre.means, told.house.acme, parcel=done.parcel))
    told.house.pass_time(DAY + DAY // 2)
    # The last reminder of the hold before the extension is due, and no longer true.
    told.worker.turn()
    assert told.kinds() == ["deposited", "reminder", "extended"]
    told.house.pass_time(DAY)
    told.worker.turn()
    told.house.pass_time(DAY)
    told.worker.turn()
    assert told.kinds() == ["deposited", "reminder", "extended", "last_reminder", "overdue"]


def test_a_provider_that_fails_is_tried_again_and_loses_nothing(told: Told) -> None:
    held(told)
    told.email.failure = Unreachable("no answer")
    assert told.worker.turn() == 1
    assert told.worker.turn() == 0
    told.email.failure = None
    told.house.pass_time(30)
    assert told.worker.turn() == 1
    assert told.kinds() == ["deposited"]


def test_what_a_slow_provider_leaves_is_sent_by_the_next_claim_and_by_nobody_twice(
    told: Told,
) -> None:
    for number in range(3):
        held(told, label=f"JJD{number}", compartment=f"A{number + 1}")
    clock = told.house.clock
    send = told.email.send

    def send_slowly(notice: Notice) -> str:
        clock.set(UtcSeconds(clock.now() + 20))
        return send(notice)

    with replaced([(told.email, "send", send_slowly)]):
        assert told.worker.turn() == 3
        assert len(told.email.sent) == 2
        # Its claim still holds: whoever has it may be sending it.
        assert told.worker.turn() == 0
        clock.set(UtcSeconds(clock.now() + 60))
        assert told.worker.turn() == 1
    assert len({notice.key for notice in told.email.sent}) == 3
    assert len(told.email.sent) == 3
    assert told.house.centre.queries.matters(ADA) == ()


def test_what_failed_for_days_is_put_before_a_person_and_can_be_revived(told: Told) -> None:
    done = held(told)
    told.email.failure = Unreachable("no answer from 12-345678")
    for _ in range(12):
        told.house.clock.set(UtcSeconds(told.house.clock.now() + 6 * 3600))
        told.worker.turn()
    # Reminders failed beside it; the first notice was given up.
    matters = told.house.centre.queries.matters(ADA)
    given_up = [m for m in matters if m.kind == "work_given_up" and "/deposited/" in m.key]
    assert [m.parcel for m in given_up] == [done.parcel]
    assert "12-345678" not in given_up[0].detail
    told.email.failure = None
    key = given_up[0].key.removeprefix("work/")
    journal = told.house.centre.journal
    with pytest.raises(Forbidden):
        revive(journal, told.house.acme, key=key, now=told.house.clock.now())
    revive(journal, ADA, key=key, now=told.house.clock.now())
    told.worker.turn()
    assert "deposited" in told.kinds()


def test_an_address_that_is_wrong_for_good_is_put_before_a_person_at_once(told: Told) -> None:
    held(told)
    told.email.failure = Rejected("the mail server refused the recipient")
    told.worker.turn()
    (matter,) = told.house.centre.queries.matters(ADA)
    assert matter.kind == "work_given_up"
    told.email.failure = None
    told.house.pass_time(3600)
    assert told.worker.turn() == 0


def test_one_failing_notice_does_not_hold_up_another(told: Told) -> None:
    held(told, label="JJD1", contact=Contact(phone="+4930123456"))
    done = told.house.announce("JJD2")
    told.house.deposit(done.parcel, "A2")
    told.sms.failure = RuntimeError("a bug in the gateway")
    told.worker.turn()
    assert told.kinds() == ["deposited"]
