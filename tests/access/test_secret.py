"""A secret is never seen, whatever turns it into text or bytes."""

import copy
import io
import json
import logging
import pickle
import traceback

import msgspec
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from restante.access import MASK, Pin, Secret, parse_pin, redact, redact_text

CANARY = "12-345678"


def shown(secret: Secret[str]) -> list[str]:
    return [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>40}",
        "%s %r" % (secret, secret),  # noqa: UP031
        "{:>30}".format(secret),  # noqa: UP032
        repr([secret]),
        repr({"code": secret}),
        json.dumps({"code": secret}, default=str),
        msgspec.json.encode({"code": secret}, enc_hook=str).decode(),
    ]


def test_a_secret_shows_only_its_mask() -> None:
    for text in shown(Secret(CANARY)):
        assert CANARY not in text
        assert MASK in text


def test_the_mask_does_not_tell_the_length() -> None:
    assert repr(Secret("a")) == repr(Secret("a" * 100)) == repr(Secret(b"x"))


@pytest.mark.parametrize(
    "encode",
    [
        json.dumps,
        msgspec.json.encode,
        msgspec.msgpack.encode,
        msgspec.to_builtins,
        pickle.dumps,
        list,
        bytes,
        vars,
        hash,
    ],
)
def test_a_secret_refuses_to_become_bytes_parts_or_a_key(encode: object) -> None:
    with pytest.raises(TypeError) as caught:
        encode(Secret(CANARY))  # type: ignore[operator]
    assert CANARY not in str(caught.value)


def test_a_struct_that_holds_a_secret_hides_it_and_refuses_to_be_encoded() -> None:
    pin = parse_pin(CANARY)
    assert "345678" not in repr(pin)
    with pytest.raises(TypeError):
        msgspec.json.encode(pin)
    assert isinstance(pin, Pin)


def test_a_traceback_with_a_secret_in_it_shows_the_mask() -> None:
    secret = Secret(CANARY)
    try:
        raise RuntimeError(f"no door for {secret}", secret)
    except RuntimeError as error:
        printed = "".join(
            traceback.TracebackException.from_exception(error, capture_locals=True).format()
        )
    assert "345678" not in printed.replace(f'CANARY = "{CANARY}"', "")


def test_a_standard_log_shows_the_mask(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logging.getLogger("door").info("typed %s %r", Secret(CANARY), parse_pin(CANARY))
    assert "345678" not in caplog.text


def test_copies_are_the_same_secret() -> None:
    secret = Secret(CANARY)
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret


def test_secrets_are_equal_to_equal_secrets_only() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != Secret(b"a")
    assert Secret("a") != "a"
    assert Secret("ä\udcff") == Secret("ä\udcff")


def test_a_secret_of_a_secret_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="reveal"):
        Secret(Secret("a"))  # type: ignore[type-var]


@pytest.mark.parametrize(
    "code",
    [
        "12-345678",
        "12 345678",
        "12345678",
        "12-34567890",
        "1234567890",
        "12\u2013345678",
        "RS1.QA24J8G14S249P7BDD0Q0M3IL80M8P",
        "rs1.qa24j8g14s249p7bdd0q0m3il80m8p",
        "rk_0123456789abc_0123456789abcdefghjkmnpqrstvwxyz",
        "rl_AbCdEfGhIjKlMnOpQrStUv",
        "$argon2id-rs1$m=19456,t=2,p=1$e=1,s=12$AAAAAAAAAAAAAAAAAAAAAA",
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "typed {}.", "code={}, door A3", '{{"x": "{}"}}', "/c/{}?a=1"]
)
def test_what_looks_like_a_code_is_scrubbed_wherever_it_stands(code: str, around: str) -> None:
    scrubbed = redact_text(around.format(code))
    assert code not in scrubbed
    assert MASK in scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "p01h455vb4pex5vsknk084sn02q deposited in A3",
        "2026-11-20T13:05:01Z",
        "00340434161094015902",
        "locker-07 epoch 3 sequence 1234567",
        "took 12.345678 s",
        "site-12 has 345 parcels",
    ],
)
def test_ordinary_texts_stay_readable(text: str) -> None:
    assert redact_text(text) == text


def test_redact_reaches_nested_values_and_named_fields() -> None:
    event = {
        "event": f"typed {CANARY}",
        "pin": "zzz",
        "Authorization": "Bearer whatever",
        "deep": [{"codes": (Secret(CANARY), CANARY, 5)}],
        "raw": b"12-345678",
        "error": ValueError(CANARY),
        "count": 12345678,
    }
    scrubbed = dict(redact(None, "info", event))
    assert "345678" not in repr({**scrubbed, "count": 0})
    assert scrubbed["pin"] == scrubbed["Authorization"] == MASK
    assert scrubbed["count"] == 12345678


def test_a_whole_log_line_with_a_traceback_comes_out_clean() -> None:
    out = io.StringIO()
    log = structlog.wrap_logger(
        structlog.PrintLogger(out),
        processors=[
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(),
        ],
    )
    try:
        raise RuntimeError(f"cannot open for {CANARY}")
    except RuntimeError:
        log.exception("failed", code=Secret(CANARY), tried=CANARY)
    assert "cannot open" in out.getvalue()
    assert CANARY not in out.getvalue()


@given(st.recursive(st.text() | st.integers() | st.binary(), st.lists, max_leaves=20))
def test_redact_survives_any_log_event(content: object) -> None:
    redact(None, "info", {"event": content})
