"""Two ends joined through a pipe that loses, doubles and reorders."""

import random

import msgspec
from hypothesis import event, given, settings, target
from hypothesis import strategies as st

from restante.core.hold import HoldPolicy
from restante.core.ids import LockerId, ParcelId, PartnerId, SiteId
from restante.core.size import ParcelSize
from restante.core.value import UtcSeconds
from restante.link.centre_session import CentreSession
from restante.link.locker_session import LockerSession
from restante.link.message import (
    Ack,
    ExpectedParcel,
    ListChange,
    ListUpdate,
    Signed,
    TimeSignal,
    encode_message,
)
from restante.link.session import Dropped, FactsArrived, Gap, ListArrived, ListDelta, TimeTold

LOCKER = LockerId("locker-01")
JUST_GIVEN = "just given"


def sign(message: Signed) -> Signed:
    return msgspec.structs.replace(message, kid="k", signature=b"good")


def verify(message: Signed) -> bool:
    return message.signature == b"good"


class Ends:
    """Both hosts, with a journal and a list each, and a bad pipe between them."""

    def __init__(self, seed: int = 0) -> None:
        self.dice = random.Random(seed)
        self.now = 1000
        self.journal: list[bytes] = []
        self.mirror: list[bytes] = []
        self.waiting: list[FactsArrived] = []
        self.centre_list: dict[str, tuple[int, str | None]] = {}
        self.locker_list: dict[str, str] = {}
        self.version = 0
        self.lost_count = 0
        """Facts the centre had and has lost with its older copy."""
        self.up: list[bytes] = []
        self.down: list[bytes] = []
        self.start_locker()
        self.start_centre()

    def start_locker(self, version: int = 0) -> None:
        self.locker = LockerSession(
            locker=LOCKER,
            site=SiteId("site-01"),
            release="1",
            epoch="e1",
            last_seq=len(self.journal),
            acknowledged_seq=0,
            list_version=version,
            verify=verify,
            make_challenge=lambda: JUST_GIVEN,
            is_live_challenge=lambda text: text in ("", JUST_GIVEN),
            read_facts=lambda first, limit: [
                msgspec.Raw(one) for one in self.journal[first - 1 : first - 1 + limit]
            ],
        )
        self.locker.connected(UtcSeconds(self.now))

    def start_centre(self) -> None:
        self.waiting.clear()
        self.centre = CentreSession(
            locker=LOCKER,
            watermarks={"e1": len(self.mirror)},
            list_version=self.version,
            sign=sign,
            read_list=self.read_list,
        )
        self.centre.connected(UtcSeconds(self.now))
        # A centre that was away is noticed by the transport.
        self.locker.connected(UtcSeconds(self.now))

    def put_back(self) -> None:
        """Give the centre an older copy of its records, while the line stays up."""
        kept = self.dice.randint(0, len(self.mirror))
        self.lost_count += len(self.mirror) - kept
        del self.mirror[kept:]
        self.waiting.clear()
        self.centre = CentreSession(
            locker=LOCKER,
            watermarks={"e1": len(self.mirror)},
            list_version=self.version,
            sign=sign,
            read_list=self.read_list,
        )
        self.centre.connected(UtcSeconds(self.now))

    def read_list(self, base: int) -> ListDelta:
        changes = tuple(
            ListChange(key=key, entry=None if label is None else entry(label))
            for key, (version, label) in self.centre_list.items()
            if version > base and (base or label is not None)
        )
        return ListDelta(base, self.version, changes)

    def happen(self) -> None:
        self.journal.append(b'{"by":"x","fact":{"n":%d}}' % len(self.journal))
        self.locker.noticed(len(self.journal))

    def change_list(self, key: str, label: str | None) -> None:
        self.version += 1
        self.centre_list[key] = (self.version, label)
        # Half of the time what changed was read already, since what may be an older version.
        held = self.centre.held_version
        is_read = bool(held) and self.dice.random() < 0.5
        delta = self.read_list(self.dice.randint(1, held or 1)) if is_read else None
        self.centre.list_changed(self.version, delta)

    def commit(self) -> None:
        for arrived in self.waiting:
            assert arrived.first_seq == len(self.mirror) + 1
            self.mirror.extend(bytes(one) for one in arrived.facts)
            self.centre.committed(arrived.epoch, len(self.mirror))
        self.waiting.clear()

    def deliver(self, pipe: list[bytes], *, is_up: bool) -> None:
        if not pipe:
            return
        body = pipe.pop(0)
        now = UtcSeconds(self.now)
        if is_up:
            for one in self.centre.receive(body, now):
                if isinstance(one, FactsArrived):
                    self.waiting.append(one)
                elif isinstance(one, Gap):
                    # Everything committed so far; what waits would answer for itself.
                    self.waiting.clear()
                    self.centre.stands_at(one.epoch, len(self.mirror))
            return
        for told in self.locker.receive(body, now):
            if isinstance(told, ListArrived):
                if told.is_whole:
                    self.locker_list.clear()
                for change in told.changes:
                    if isinstance(change.entry, ExpectedParcel):
                        self.locker_list[change.key] = change.entry.label
                    else:
                        self.locker_list.pop(change.key, None)
                self.locker.applied(told.version)

    def speak(self, *, is_bad: bool) -> None:
        now = UtcSeconds(self.now)
        for pipe, said in (
            (self.up, self.locker.outgoing(now)),
            (self.down, self.centre.outgoing(now)),
        ):
            for body in said:
                copies = self.dice.choice((0, 1, 1, 2)) if is_bad else 1
                for _ in range(copies):
                    place = self.dice.randint(0, len(pipe)) if is_bad else len(pipe)
                    pipe.insert(place, body)

    def settle(self, rounds: int = 40) -> None:
        """Let the pipe be good, by default until nobody has anything to say."""
        for _ in range(rounds):
            self.now += 5
            self.speak(is_bad=False)
            while self.up or self.down:
                self.deliver(self.up, is_up=True)
                self.commit()
                self.deliver(self.down, is_up=False)

    @property
    def wanted_list(self) -> dict[str, str]:
        return {key: label for key, (_, label) in self.centre_list.items() if label is not None}


def entry(label: str) -> ExpectedParcel:
    return ExpectedParcel(
        parcel=ParcelId("p"),
        partner=PartnerId("x"),
        label=label,
        size=ParcelSize(length_mm=1, width_mm=1, height_mm=1, weight_g=1),
        needs_low_door=False,
        hold=HoldPolicy(),
        deposit_until=UtcSeconds(1),
    )


STEPS = st.lists(
    st.sampled_from("happen happen change take speak speak up up down down commit pass".split())
    | st.sampled_from(["good_while", "restart", "put_back"]),
    max_size=120,
)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10_000), steps=STEPS)
def test_both_ends_agree_in_the_end_whatever_the_pipe_did(seed: int, steps: list[str]) -> None:
    ends = Ends(seed)
    for number, step in enumerate(steps):
        match step:
            case "happen":
                ends.happen()
            case "change":
                ends.change_list(f"parcel/{number % 5}", f"L{number}")
            case "take":
                ends.change_list(f"parcel/{number % 5}", None)
            case "speak":
                ends.speak(is_bad=True)
            case "up":
                ends.deliver(ends.up, is_up=True)
            case "down":
                ends.deliver(ends.down, is_up=False)
            case "commit":
                ends.commit()
            case "pass":
                ends.now += ends.dice.choice((1, 7, 90, -40))
            case "good_while":
                ends.settle(rounds=4)
            case "restart":
                ends.start_centre()
            case "put_back":
                ends.put_back()
    ends.settle()
    target(float(ends.lost_count), label="facts lost with an older copy")
    event(f"the centre lost facts: {ends.lost_count > 0}")
    assert ends.mirror == ends.journal
    assert ends.locker.unsent_count == 0
    assert ends.locker_list == ends.wanted_list
    assert ends.centre.held_version == ends.version


def test_a_centre_put_back_from_a_copy_gets_what_it_lost_although_the_line_never_broke() -> None:
    ends = Ends()
    for _ in range(300):
        ends.happen()
    ends.settle()
    ends.put_back()
    assert ends.lost_count > 0
    ends.settle()
    assert ends.mirror == ends.journal
    assert ends.locker.unsent_count == 0


def test_a_locker_whose_greeting_was_lost_greets_again_although_its_facts_were_answered() -> None:
    ends = Ends()
    ends.change_list("parcel/p1", "JJD01")
    ends.happen()
    greeting, report = ends.locker.outgoing(UtcSeconds(ends.now))
    assert b'"hello"' in greeting
    # The broker knew no centre yet when the greeting came.
    ends.up.append(report)
    ends.deliver(ends.up, is_up=True)
    ends.commit()
    ends.down.extend(ends.centre.outgoing(UtcSeconds(ends.now)))
    ends.deliver(ends.down, is_up=False)
    assert ends.mirror == ends.journal
    assert ends.locker.unsent_count == 0
    ends.settle(2)
    assert ends.locker_list == {"parcel/p1": "JJD01"}


def test_what_the_broker_kept_from_an_earlier_talk_is_no_answer_to_a_greeting() -> None:
    ends = Ends()
    ends.settle(2)
    ends.locker.connected(UtcSeconds(ends.now))
    old = Ack(locker=LOCKER, epoch="e1", seq=0, challenge="given long ago")
    ends.locker.receive(encode_message(sign(old)), UtcSeconds(ends.now))
    assert not ends.locker.is_online
    ends.settle(1)
    assert ends.locker.is_online


def test_an_old_answer_does_not_take_a_watermark_back() -> None:
    ends = Ends()
    ends.happen()
    ends.settle()
    for challenge in ("", "given long ago"):
        old = Ack(locker=LOCKER, epoch="e1", seq=0, challenge=challenge)
        assert ends.locker.receive(encode_message(sign(old)), UtcSeconds(ends.now)) == []
        assert ends.locker.unsent_count == 0


def test_nothing_is_acknowledged_before_it_is_committed() -> None:
    ends = Ends()
    ends.happen()
    ends.speak(is_bad=False)
    while ends.up:
        ends.deliver(ends.up, is_up=True)
    ends.speak(is_bad=False)
    while ends.down:
        ends.deliver(ends.down, is_up=False)
    assert ends.locker.unsent_count == 1
    ends.commit()
    ends.speak(is_bad=False)
    while ends.down:
        ends.deliver(ends.down, is_up=False)
    assert ends.locker.unsent_count == 0


def test_a_locker_that_was_away_for_long_sends_everything_in_bounded_reports() -> None:
    ends = Ends()
    for _ in range(1900):
        ends.happen()
    ends.settle()
    assert len(ends.mirror) == 1900


def test_what_is_not_signed_well_changes_nothing() -> None:
    ends = Ends()
    for _ in range(3):
        ends.happen()
    forged = [
        Ack(locker=LOCKER, epoch="e1", seq=3, signature=b"bad"),
        ListUpdate(locker=LOCKER, base_version=0, version=9, changes=(), signature=b"bad"),
        TimeSignal(locker=LOCKER, at_ms=1, signature=b"bad"),
    ]
    for message in forged:
        assert ends.locker.receive(encode_message(message), UtcSeconds(1)) == [Dropped("signature")]
    assert ends.locker.unsent_count == 3
    assert isinstance(ends.locker.receive(b"{", UtcSeconds(1))[0], Dropped)


def test_an_older_list_is_not_applied_over_a_newer_one() -> None:
    ends = Ends()
    ends.start_locker(version=7)
    older = sign(ListUpdate(locker=LOCKER, base_version=0, version=6, changes=()))
    assert ends.locker.receive(encode_message(older), UtcSeconds(1)) == []
    ahead = sign(ListUpdate(locker=LOCKER, base_version=9, version=10, changes=()))
    assert ends.locker.receive(encode_message(ahead), UtcSeconds(1)) == []
    assert b"hello" in ends.locker.outgoing(UtcSeconds(2000))[0]


def test_time_told_twice_does_not_go_back() -> None:
    ends = Ends()
    early, late = (sign(TimeSignal(locker=LOCKER, at_ms=at)) for at in (5000, 9000))
    assert ends.locker.receive(encode_message(late), UtcSeconds(1)) == [TimeTold(9000)]
    assert ends.locker.receive(encode_message(early), UtcSeconds(1)) == []
