"""Receivers are told everything at least once, each parcel in order, whatever they answer."""

import datetime as dt
import random
from pathlib import Path

import msgspec
import pytest

from restante.core.streams import KINDS
from restante.core.value import DAY, HOUR
from restante.journal.archive import archive_before
from restante.operations.deliveries import CLAIM_SECONDS, FAILING_SECONDS_MAX, KEPT_SECONDS, Claimed
from restante.operations.delivery_sql import add
from restante.operations.webhooks import (
    EVENT_TYPES,
    WEBHOOKS_MAX,
    BadWebhook,
    WebhookChange,
    change_webhook,
    forget_webhook,
    make_webhook,
    rotate_secret,
)
from restante.partners.public_address import Allowance
from restante.partners.webhook import PAUSES, TRIES_MAX, Answer
from restante.views import Forbidden, NotFound, Principal
from tests.operations.house import ACME, OPERATOR, House
from tests.plans import work_of
from tests.webhooks.desk import BROKEN, OK, URL, Office

GONE = Answer(410)

on_both = pytest.mark.parametrize("office", ["sqlite", "postgres"], indirect=True)
"""For what another database could do otherwise."""


def test_a_partner_is_told_what_happens_to_its_parcels_and_to_no_others(office: Office) -> None:
    office.make()
    parcel = office.house.announce().parcel
    office.house.centre.run(_announce_for_rival(office.house))
    office.work()
    facts = office.house.centre.queries.timeline(OPERATOR, parcel)
    assert {told.subject for told in office.told} == {f"parcel/{parcel}"}
    assert [told.tag for told in office.told] == [fact.tag for fact in facts]
    assert len({told.id for told in office.told}) == len(facts) > 1
    office.work()
    assert len(office.told) == len(facts)


def test_the_networks_own_receiver_is_told_of_every_parcel(office: Office) -> None:
    from restante.operations.directory import register_partner

    centre = office.house.centre
    centre.run(
        register_partner(OPERATOR, partner="network", name="The network", kind="operator")  # type: ignore[arg-type]
    )
    office.make(Principal.of_operator("network"))
    ours = office.house.announce().parcel
    theirs = centre.run(_announce_for_rival(office.house)).parcel
    office.work()
    assert {told.subject for told in office.told} == {f"parcel/{ours}", f"parcel/{theirs}"}


def test_only_the_types_that_were_asked_for_are_told(office: Office) -> None:
    office.make(event_types=("parcel.cancelled.v1",))
    parcel = office.house.announce().parcel
    office.cancel(parcel)
    office.work()
    assert [told.tag for told in office.told] == ["parcel.cancelled.v1"]


def test_what_happened_before_a_receiver_was_made_is_not_told(office: Office) -> None:
    office.house.announce()
    office.later(60)
    office.make()
    assert office.work() == 0


@on_both
def test_later_events_of_a_parcel_wait_for_the_first_and_other_parcels_do_not(
    office: Office,
) -> None:
    made = office.make()
    stuck = office.house.announce("JJD01").parcel
    free = office.house.announce("JJD02").parcel
    office.work(lambda one: BROKEN if one.event.subject.endswith(stuck) else OK)
    of_stuck = [told for told in office.told if told.subject.endswith(stuck)]
    assert {told.version for told in of_stuck} == {1}
    assert len([told for told in office.told if told.subject.endswith(free)]) > 1
    office.cancel(stuck)
    office.work()
    assert [told.version for told in office.told if told.subject.endswith(stuck)] == [1]
    office.told.clear()
    office.later(10)
    office.work()
    versions = [told.version for told in office.told]
    assert versions == sorted(versions)
    assert versions[0] == 1
    assert len(versions) > 2
    assert office.shown(made.webhook).open_count == 0


@on_both
def test_a_message_keeps_its_id_and_follows_the_schedule_until_it_is_given_up(
    office: Office,
) -> None:
    made = office.make(event_types=("parcel.announced.v1", "parcel.cancelled.v1"))
    parcel = office.house.announce().parcel
    office.cancel(parcel)
    waits = []
    for _ in range(TRIES_MAX):
        assert office.work(lambda one: BROKEN if one.event.version == 1 else OK) >= 1
        due = [one.due_at for one in office.log(made.webhook) if one.status == "waiting"]
        if due and due[0] is not None:
            waits.append(due[0] - office.house.clock.now())
            assert office.work(lambda _: BROKEN) == 0, "not before its time"
            office.later(waits[-1])
    firsts = [told for told in office.told if told.version == 1]
    assert len(firsts) == TRIES_MAX
    assert len({told.id for told in firsts}) == 1
    assert len(waits) == len(PAUSES)
    for wait, pause in zip(waits, PAUSES, strict=True):
        assert pause <= wait <= pause * 1.2 + 1
    # Given up, shown, a person told; and what waited behind it has gone on.
    last, first = office.log(made.webhook)
    assert (first.status, first.attempts, first.code) == ("failed", TRIES_MAX, 500)
    assert last.status == "delivered"
    (matter,) = office.house.centre.queries.matters(OPERATOR)
    assert matter.kind == "webhook_gave_up"
    assert office.house.centre.queries.matters(office.house.acme) == (matter,)


def test_whoever_answers_410_is_told_nothing_any_more_until_it_is_enabled(office: Office) -> None:
    made = office.make()
    office.house.announce("JJD01")
    office.work(lambda _: GONE)
    shown = office.shown(made.webhook)
    assert (shown.is_enabled, shown.why) == (False, "gone")
    (matter,) = office.house.centre.queries.matters(OPERATOR)
    assert matter.kind == "webhook_disabled"
    office.later(DAY)
    office.house.announce("JJD02")
    count = len(office.told)
    assert office.work() == 0
    change = WebhookChange(is_enabled=True)
    centre = office.house.centre
    centre.run(change_webhook(Allowance(), office.house.acme, webhook=made.webhook, change=change))
    assert centre.queries.matters(OPERATOR) == ()
    office.work()
    told = office.told[count:]
    assert told
    # What happened meanwhile was not written down; a replay tells it.
    assert len({one.subject for one in told}) == 1
    office.desk.replay_since(office.house.acme, made.webhook, since=office.house.clock.now())
    office.work()
    assert len({one.subject for one in office.told}) == 2


def test_a_receiver_that_only_fails_for_days_is_disabled_and_one_success_saves_it(
    office: Office,
) -> None:
    made = office.make()
    answers = iter([BROKEN, OK])
    office.house.announce("JJD01")
    office.work(lambda _: next(answers, BROKEN), turns=2)
    begun = office.house.clock.now()
    for number in range(2, 40):
        office.house.announce(f"JJD{number:02}", promise="none")
        office.work(lambda _: BROKEN)
        if not office.shown(made.webhook).is_enabled:
            break
        office.later(6 * HOUR)
    shown = office.shown(made.webhook)
    assert (shown.is_enabled, shown.why) == (False, "failing")
    assert office.house.clock.now() - begun >= FAILING_SECONDS_MAX


def test_a_busy_receiver_is_left_alone_for_as_long_as_it_asked(office: Office) -> None:
    office.make()
    office.house.announce("JJD01")
    office.work(lambda _: Answer(503, retry_after="900"))
    office.house.announce("JJD02")
    office.later(899)
    assert office.work() == 0
    office.later(1 + 60)
    assert office.work() > 2


@on_both
def test_a_worker_that_dies_lets_its_claims_run_out(office: Office) -> None:
    office.make()
    office.house.announce()
    claimed = office.desk.turn((), room_for=lambda _: 10, room=10)
    assert len(claimed) == 1
    assert office.work() == 0
    office.later(CLAIM_SECONDS)
    office.work()
    assert office.told[0].id == claimed[0].message_id


@on_both
def test_two_workers_never_hold_one_message_and_keep_the_order(
    office: Office, tmp_path: Path
) -> None:
    house = office.house
    other = House.reopen(
        tmp_path, at=house.clock.now(), database=house.centre.settings.database_url
    )
    desks = (office.desk, other.centre.deliveries)
    office.make()
    parcels = [house.announce(f"JJD{n:02}", promise="none").parcel for n in range(12)]
    for parcel in parcels:
        office.cancel(parcel)
    chance = random.Random(3)
    held: list[Claimed] = []
    seen: dict[str, list[int]] = {}
    from restante.operations.deliveries import Tried

    for _ in range(200):
        desk = chance.choice(desks)
        done = [held.pop() for _ in range(min(len(held), chance.randrange(4)))]
        for one in done:
            seen.setdefault(one.event.subject, []).append(one.event.version)
        tried = [Tried(one, OK, house.clock.now(), 1) for one in done]
        held += desk.turn(tried, room_for=lambda _: chance.randrange(4), room=5)
        assert len({one.message_id for one in held}) == len(held)
        assert len({one.event.subject for one in held}) == len(held)
        chance.shuffle(held)
    assert set(seen) == {f"parcel/{parcel}" for parcel in parcels}
    for versions in seen.values():
        assert versions == list(range(1, len(versions) + 1))
        assert len(versions) > 1
    other.centre.close()


@on_both
def test_a_replay_tells_the_same_messages_again_and_what_was_never_told(office: Office) -> None:
    office.house.announce("JJD00")
    office.later(60)
    made = office.make()
    since = office.house.clock.now()
    office.house.announce("JJD01")
    office.work()
    first = list(office.told)
    office.told.clear()
    office.desk.replay_since(office.house.acme, made.webhook, since=since)
    office.work()
    assert sorted(office.told) == sorted(first)
    office.told.clear()
    office.desk.replay_since(office.house.acme, made.webhook, since=office.house.clock.now())
    office.desk.replay_since(office.house.acme, made.webhook, since=since - 60)  # type: ignore[arg-type]
    office.work()
    assert {one.id for one in first} < {one.id for one in office.told}
    assert office.shown(made.webhook).replay_after is None


def test_one_message_is_replayed_by_its_id(office: Office) -> None:
    made = office.make()
    office.house.announce()
    office.work()
    wanted = office.told[-1]
    office.told.clear()
    office.desk.replay_one(office.house.acme, made.webhook, wanted.id)
    office.work()
    assert office.told == [wanted]
    with pytest.raises(NotFound):
        office.desk.replay_one(office.house.acme, made.webhook, f"msg_{made.webhook}_999999")
    with pytest.raises(NotFound):
        office.desk.replay_one(office.house.rival, made.webhook, wanted.id)


def test_a_ping_is_a_message_like_others(office: Office) -> None:
    made = office.make()
    sent = office.desk.ping(office.house.acme, made.webhook, ping="k1")
    office.work()
    (told,) = office.told
    assert (told.id, told.subject, told.tag) == (sent, "ping/k1", "webhook.ping.v1")
    office.desk.replay_one(office.house.acme, made.webhook, sent)
    assert office.work() == 1


def test_during_a_change_of_secrets_both_count_and_later_only_the_new_one(office: Office) -> None:
    made = office.make()
    centre = office.house.centre
    new = centre.run(rotate_secret(centre.means, office.house.acme, webhook=made.webhook))

    def secrets() -> list[str]:
        office.desk.ping(office.house.acme, made.webhook, ping=centre.minter.make("k"))
        (claimed,) = office.desk.turn((), room_for=lambda _: 9, room=9)
        return [secret.reveal() for secret in claimed.secrets]

    assert secrets() == [new.reveal(), made.secret.reveal()]
    office.later(DAY)
    office.work()
    assert secrets() == [new.reveal()]


def test_secrets_are_sealed_at_rest(office: Office) -> None:
    made = office.make()
    row = office.house.centre.journal.rows("webhooks", [(made.webhook,)])[made.webhook,]
    text = made.secret.reveal().removeprefix("whsec_").encode()
    assert not any(text in content for content in row.values() if isinstance(content, bytes))


@on_both
def test_a_forgotten_receiver_is_told_nothing_and_its_log_goes(office: Office) -> None:
    made = office.make()
    office.house.announce()
    office.desk.follow()
    office.house.centre.run(forget_webhook(office.house.acme, webhook=made.webhook))
    assert office.work() == 0
    assert office.desk.sweep() > 1
    assert office.desk.sweep() == 0


@on_both
def test_the_log_is_kept_for_a_month(office: Office) -> None:
    made = office.make()
    office.house.announce()
    office.work()
    office.later(KEPT_SECONDS)
    assert office.desk.sweep() == 0
    office.later(1)
    assert office.desk.sweep() == len(office.told)
    assert office.log(made.webhook) == ()


@on_both
def test_a_sweep_does_not_look_at_what_is_too_young_to_go(office: Office) -> None:
    made = office.make()
    office.house.announce()
    office.work()
    office.later(KEPT_SECONDS + 1)
    office.house.announce("JJD02")
    office.work()
    journal = office.house.centre.journal
    few = work_of(journal, office.desk.sweep)
    young = office.log(made.webhook)[0]
    rows = [
        {
            **msgspec.structs.asdict(young),
            "subject": f"parcel/p{n}",
            "position": young.position + n,
            "version": 1,
        }
        for n in range(1, 3_000)
    ]
    with journal.writing() as connection:
        add(connection, [{key: row[key] for key in row if key != "id"} for row in rows])
    many = work_of(journal, office.desk.sweep)
    print(f"{few} rows or steps, with {len(rows)} more deliveries {many}")
    assert many < few + 300


@on_both
def test_a_log_is_read_in_pages(office: Office) -> None:
    made = office.make()
    for number in range(5):
        office.house.announce(f"JJD0{number}")
    office.work()
    whole = office.log(made.webhook, limit=500)
    pages, cursor = [], None
    while True:
        page = office.desk.deliveries(office.house.acme, made.webhook, cursor=cursor, limit=3)
        pages += page.items
        cursor = page.cursor
        if cursor is None:
            break
    assert tuple(pages) == whole
    assert len(whole) > 5


def test_what_cannot_be_is_refused_with_what_to_write(office: Office) -> None:
    means, acme = office.house.centre.means, office.house.acme

    def ask(**given: object) -> str:
        with pytest.raises(BadWebhook) as refused:
            make_webhook(means, Allowance(), acme, **{"url": URL, **given})  # type: ignore[arg-type]
        return str(refused.value)

    assert ask(url="http://127.0.0.1/").startswith("url: use https")
    assert "parcel.deposited.v1" in ask(event_types=("parcel.deposited",))
    assert "delete one" in ask(known_count=WEBHOOKS_MAX)
    assert ask(partner="rival").startswith("partner: ")
    assert ask(label="x" * 101).startswith("label: ")
    with pytest.raises(Forbidden):
        make_webhook(means, Allowance(), Principal.of_partner(ACME, frozenset()), url=URL)
    assert "parcel.deposited.v1" in EVENT_TYPES


def _announce_for_rival(house: House):  # type: ignore[no-untyped-def]
    from restante.operations.announce import announce
    from tests.operations.house import ANNA, SHOE_BOX, SITE

    return announce(
        house.centre.means, house.rival, label="RIV01", size=SHOE_BOX, site=SITE, contact=ANNA
    )


@on_both
def test_a_replay_begins_after_what_was_archived(office: Office, tmp_path: Path) -> None:
    made = office.make()
    since = office.house.clock.now()
    office.house.announce("JJD00")
    office.work()
    office.later(40 * DAY)
    office.house.announce("JJD01")
    office.work()
    journal, now = office.house.centre.journal, office.house.clock.now()
    # Asked before the archive, and not yet begun.
    office.desk.replay_since(office.house.acme, made.webhook, since=since)
    month = dt.datetime.fromtimestamp(now, dt.UTC).strftime("%Y-%m")
    assert list(
        archive_before(journal, KINDS, tmp_path, before=month, now=now, sign=lambda _: ("k", b"s"))
    )
    told = list(office.told)
    office.told.clear()
    office.work()
    later = {one.id for one in office.told}
    assert later
    assert later < {one.id for one in told}
    office.told.clear()
    office.desk.replay_since(office.house.acme, made.webhook, since=since)
    office.work()
    assert {one.id for one in office.told} == later
