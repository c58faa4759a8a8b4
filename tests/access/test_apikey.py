"""API keys of partners and links of recipients."""

import secrets

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.access import (
    ApiKey,
    Denied,
    Scope,
    Why,
    check_api_key,
    make_api_key,
    make_link_token,
    read_key_id,
    read_link_token,
    redact_text,
)
from restante.core.ids import PartnerId
from restante.core.value import UtcSeconds

from .conftest import NOON

LATER = UtcSeconds(NOON + 100)
SECRET, KEPT = make_api_key(
    entropy=secrets.token_bytes,
    partner=PartnerId("shop-a"),
    scopes=frozenset({Scope.PARCELS_READ}),
    label="warehouse",
    now=NOON,
    expires_at=LATER,
)
KEY = SECRET.reveal()


def why(key: str, kept: ApiKey | None, now: int = NOON, needed: Scope | None = None) -> Why:
    with pytest.raises(Denied) as caught:
        check_api_key(key, kept, UtcSeconds(now), needed)
    return caught.value.why


def test_a_key_leads_to_its_row_and_opens_it() -> None:
    assert read_key_id(KEY) == KEPT.key_id
    assert check_api_key(KEY, KEPT, NOON, Scope.PARCELS_READ) is KEPT


def test_the_kept_row_does_not_hold_the_key() -> None:
    written = msgspec.json.encode(KEPT)
    assert KEY.rsplit("_", 1)[1].encode() not in written
    assert msgspec.json.decode(written, type=ApiKey) == KEPT


def test_a_wrong_unknown_expired_revoked_or_too_narrow_key_is_denied() -> None:
    assert why(KEY[:-1] + ("0" if KEY[-1] != "0" else "1"), KEPT) is Why.UNKNOWN
    assert why(KEY, None) is Why.UNKNOWN
    assert why("nobody", None) is Why.UNKNOWN
    assert why(KEY, KEPT, now=LATER) is Why.EXPIRED
    assert why(KEY, KEPT, needed=Scope.LOCKERS_OPEN) is Why.SCOPE_MISSING
    revoked = msgspec.structs.replace(KEPT, revoked_at=NOON)
    assert why(KEY, revoked) is Why.REVOKED


@given(st.text())
def test_any_other_text_names_no_row(text: str) -> None:
    assert read_key_id(text) is None
    assert why(text, KEPT) is Why.UNKNOWN


def test_a_text_that_utf8_cannot_hold_is_merely_wrong() -> None:
    assert why("\udcff", KEPT) is Why.UNKNOWN


def test_keys_and_links_never_repeat_and_are_scrubbed_from_logs() -> None:
    links = [make_link_token(secrets.token_bytes)[0].reveal() for _ in range(200)]
    assert len(set(links)) == 200
    for text in [KEY, *links]:
        assert text not in redact_text(f"GET /c/{text}?x")


def test_a_link_is_found_by_its_digest() -> None:
    token, digest = make_link_token(secrets.token_bytes)
    assert read_link_token(token.reveal()) == digest
    assert digest != read_link_token("rl_" + "A" * 22)
    for text in ("", "rl_short", token.reveal() + "x", token.reveal()[3:]):
        with pytest.raises(Denied):
            read_link_token(text)
