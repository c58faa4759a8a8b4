"""Messages as Standard Webhooks 1.0 wants them; its own library is the second opinion."""

import datetime as dt
import json
import random
from itertools import pairwise

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from restante.access import Secret
from restante.core.value import UtcSeconds
from restante.partners.webhook import (
    BODY_BYTES_MAX,
    PAUSES,
    RETRY_AFTER_MAX,
    TRIES_MAX,
    Answer,
    Event,
    Verdict,
    find_patience,
    find_pause,
    judge,
    make_secret,
    sign,
    write_message,
)

NOW = UtcSeconds(1_795_420_800)
EVENT = Event(
    network="restante",
    subject="parcel/p01",
    position=17,
    version=3,
    tag="parcel.deposited.v1",
    at=NOW,
    recorded_at=UtcSeconds(NOW + 2),
)


def test_the_standards_own_example_is_signed_as_it_says() -> None:
    headers = sign(
        [Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=UtcSeconds(1674087231),
        body=b'{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1674087231",
        "webhook-signature": "v1,AQG81rX2n4rTN1fkXoqILSHO9gAOcwya9dP41rhrQDI=",
    }


@pytest.mark.parametrize("seed", range(5))
def test_the_standards_library_accepts_what_we_sign(seed: int) -> None:
    secret = make_secret(random.Random(seed).randbytes)
    now = UtcSeconds(int(dt.datetime.now(dt.UTC).timestamp()))
    body = write_message(EVENT)
    headers = sign([secret], message_id="msg_1", at=now, body=body)
    assert Webhook(secret.reveal()).verify(body, headers) == json.loads(body)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret.reveal()).verify(body + b" ", headers)


def test_a_message_of_301_seconds_ago_is_not_accepted_any_more() -> None:
    secret = make_secret(random.Random(1).randbytes)
    now = int(dt.datetime.now(dt.UTC).timestamp())
    old = sign([secret], message_id="m", at=UtcSeconds(now - 301), body=b"{}")
    with pytest.raises(WebhookVerificationError):
        Webhook(secret.reveal()).verify(b"{}", old)


def test_two_secrets_make_two_signatures_and_each_is_enough() -> None:
    new, old = make_secret(random.Random(1).randbytes), make_secret(random.Random(2).randbytes)
    now = UtcSeconds(int(dt.datetime.now(dt.UTC).timestamp()))
    headers = sign([new, old], message_id="m", at=now, body=b"{}")
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (new, old):
        Webhook(secret.reveal()).verify(b"{}", headers)


def test_a_message_is_a_cloudevent_without_anything_about_people() -> None:
    body = write_message(EVENT)
    assert len(body) < BODY_BYTES_MAX
    assert json.loads(body) == {
        "specversion": "1.0",
        "id": "parcel/p01/17",
        "source": "/networks/restante",
        "type": "org.restante.parcel.deposited.v1",
        "subject": "parcel/p01",
        "time": "2026-11-23T08:00:00Z",
        "datacontenttype": "application/json",
        "sequence": "0000000003",
        "partitionkey": "p01",
        "data": {"parcel": "p01", "position": 17, "recorded_at": "2026-11-23T08:00:02Z"},
    }


def test_only_a_2xx_is_delivered_and_a_redirect_is_a_failure() -> None:
    verdicts = {code: judge(Answer(code)) for code in range(600)}
    assert {code for code, one in verdicts.items() if one is Verdict.DELIVERED} == set(
        range(200, 300)
    )
    assert [code for code, one in verdicts.items() if one is Verdict.GONE] == [410]


def test_tries_follow_the_standards_schedule_with_some_chance() -> None:
    chance = random.Random(7)
    waits = [find_pause(tries, chance) for tries in range(1, TRIES_MAX)]
    assert [*PAUSES] == [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    for wait, pause in zip(waits, PAUSES, strict=True):
        assert wait is not None
        assert pause <= wait <= pause * 1.2 + 1
    assert all(one < other for one, other in pairwise(waits) if one and other)
    assert find_pause(TRIES_MAX, chance) is None
    assert len({find_pause(5, chance) for _ in range(50)}) > 40


@pytest.mark.parametrize(
    ("code", "header", "seconds"),
    [
        (503, "120", 120),
        (429, " 7 ", 7),
        (502, "Mon, 23 Nov 2026 08:01:00 GMT", 60),
        (504, "Mon, 23 Nov 2026 07:00:00 GMT", 0),
        (503, "999999999999", RETRY_AFTER_MAX),
        (503, "soon", 0),
        (503, "-5", 0),
        (503, "", 0),
        (500, "120", 0),
        (200, "120", 0),
    ],
)
def test_a_busy_receiver_is_left_alone_for_as_long_as_it_asks_but_not_for_ever(
    code: int, header: str, seconds: int
) -> None:
    assert find_patience(Answer(code, retry_after=header), now=NOW) == seconds


def test_patience_makes_a_pause_longer_and_never_shorter() -> None:
    assert find_pause(1, random.Random(1), patience=RETRY_AFTER_MAX) == RETRY_AFTER_MAX
    long = find_pause(9, random.Random(1))
    assert long is not None
    assert find_pause(9, random.Random(1), patience=UtcSeconds(1)) == long  # type: ignore[arg-type]
