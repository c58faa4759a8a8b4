"""Facts to JSON and back, for ever."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.core.streams import KINDS
from restante.core.value import Fact, UtcSeconds
from restante.journal.codec import Codec, codec_of, make_codec
from restante.journal.port import UnknownFact
from tests.journal.golden_files import FOLDER, fact_types, golden_path
from tests.journal.story import Added, Emptied, Taken

GOLDEN = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("tag", sorted(fact_types()))
def test_every_fact_has_a_golden_file(tag: str) -> None:
    assert golden_path(tag).exists(), "run: python -m tests.journal.golden_files"


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_tag_ever_released_decodes_and_says_the_same_again(path: Path) -> None:
    codec = codec_of(KINDS)
    body = path.read_bytes()
    fact = codec.decode(path.stem, body)
    assert not isinstance(fact, UnknownFact)
    tag, again = codec.encode(fact)
    if tag == path.stem:
        assert json.loads(again) == json.loads(body)


def test_a_fact_decodes_by_the_tag_in_its_own_body() -> None:
    codec = make_codec([Added, Taken])
    fact = Added(at=UtcSeconds(5), count=3)
    assert codec.encode(fact) == ("box.added.v1", b'{"type":"box.added.v1","at":5,"count":3}')
    assert codec.decode_body(codec.encode(fact)[1]) == fact


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"box.painted.v9","at":7}',
        b'{"type":"box.added.v1","at":7}',
        b'{"type":"box.added.v1","at":7,"count":"many"}',
        b'{"at":7}',
        b"[]",
        b"",
        b"\xff\xfe{",
    ],
)
def test_what_is_not_understood_is_kept_as_it_came(body: bytes) -> None:
    codec = make_codec([Added])
    fact = codec.decode_body(body)
    assert isinstance(fact, UnknownFact)
    assert fact.body == body
    assert fact.at == (7 if b'"at":7' in body else 0)
    assert codec.encode(fact) == (fact.tag_name, body)


@given(st.binary(max_size=60))
def test_decoding_never_raises(body: bytes) -> None:
    codec = make_codec([Added])
    for fact in (codec.decode_body(body), codec.decode("box.added.v1", body)):
        assert isinstance(fact, Fact)


def test_an_old_tag_is_lifted_step_by_step_to_the_newest() -> None:
    codec = Codec(
        [Added],
        {
            "box.grew.v1": lambda old: {**old, "type": "box.grew.v2", "count": old["by"]},
            "box.grew.v2": lambda old: {**old, "type": "box.added.v1", "note": "grew"},
        },
    )
    fact = codec.decode("box.grew.v1", b'{"type":"box.grew.v1","at":5,"by":2}')
    assert fact == Added(at=UtcSeconds(5), count=2, note="grew")


def test_an_upcaster_that_stumbles_keeps_the_fact_unknown() -> None:
    codec = Codec([Added], {"box.grew.v1": lambda old: {"type": "nowhere", "x": old["gone"]}})
    body = b'{"type":"box.grew.v1","at":5}'
    assert codec.decode("box.grew.v1", body) == UnknownFact(
        at=UtcSeconds(5), tag_name="box.grew.v1", body=body
    )


def test_two_facts_cannot_share_a_tag() -> None:
    class Copied(Fact, tag="box.added.v1"):
        """A copy."""

    with pytest.raises(ValueError, match="unique"):
        make_codec([Added, Copied])


def test_a_fact_nobody_registered_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="not registered"):
        make_codec([Added]).encode(Emptied(at=UtcSeconds(1)))
