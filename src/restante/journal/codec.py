"""Facts and states to JSON and back.

R1. A tag is a name for ever: what was written decodes in every later release, through an
    upcaster where the shape has changed (``tests/journal/golden`` holds one file for each tag).
R2. What this release does not know is kept byte for byte as an
    :class:`~restante.journal.port.UnknownFact`: an unknown tag, and also a known tag whose body
    does not fit, so that a newer peer can never stop the journal.
R3. Decoding never raises. Damage is found by hashes (:mod:`restante.journal.verify`), not here.

It learns the fact types from whoever builds it and knows none itself.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias, Union

import msgspec

from ..core.value import Fact, UtcSeconds, Value
from .numbers import LATEST, are_small
from .port import Kinds, Recorded, Stored, UnknownFact

Upcast: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""The JSON object of an old tag to that of a newer tag, with the new tag in ``type``."""

UPCASTERS: Mapping[str, Upcast] = {}
"""By old tag. Empty in the first release: no fact has changed its meaning yet."""

UPCASTS_MAX = 20
"""Steps from the oldest tag to the newest; more means two upcasters point at each other."""


class _Head(msgspec.Struct):
    type: str = ""
    at: int = 0


class Codec:
    """Encodes and decodes facts by tag.

    Parameters
    ----------
    fact_types
        Every fact this release knows; one tag each.
    upcasters
        By old tag; see :data:`UPCASTERS`.

    Raises
    ------
    ValueError
        When two facts share a tag, or a type carries none.
    """

    def __init__(
        self, fact_types: Iterable[type[Fact]], upcasters: Mapping[str, Upcast] = UPCASTERS
    ) -> None:
        self._encoder = msgspec.json.Encoder()
        self._head = msgspec.json.Decoder(_Head)
        self._decoders: dict[str, msgspec.json.Decoder[Fact]] = {}
        self._tags: dict[type[Fact], str] = {}
        self._upcasters = upcasters
        for fact_type in fact_types:
            tag = tag_of(fact_type)
            if self._tags.get(fact_type) == tag:
                continue
            if tag in self._decoders:
                raise ValueError(f"two facts carry the tag {tag!r}; tags are unique for ever")
            self._tags[fact_type] = tag
            self._decoders[tag] = msgspec.json.Decoder(fact_type)
        # Finds the tag and reads the fact in one go.
        known = tuple(self._tags) or (UnknownFact,)
        self._any: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Union[known])  # noqa: UP007 - of many

    @property
    def tags(self) -> frozenset[str]:
        """Every tag this codec decodes without an upcaster."""
        return frozenset(self._decoders)

    def encode(self, fact: Fact) -> tuple[str, bytes]:
        """Write a fact as its tag and its JSON; an unknown one as it came.

        Raises
        ------
        ValueError
            When the fact's type was not registered: it could be written but never read.
        """
        if isinstance(fact, UnknownFact):
            return fact.tag_name, fact.body
        return self.tag(fact), self._encoder.encode(fact)

    def tag(self, fact: Fact) -> str:
        """Tell a fact's tag.

        Raises
        ------
        ValueError
            When the fact's type was not registered: it could be written but never read.
        """
        tag = self._tags.get(type(fact))
        if tag is not None:
            return tag
        if isinstance(fact, UnknownFact):
            return fact.tag_name
        raise ValueError(
            f"{type(fact).__name__} is not registered with the journal; "
            "add it to the fact types of its stream's kind"
        )

    def decode(self, tag: str, body: bytes) -> Fact:
        """Read a fact; what cannot be understood comes back as an unknown fact."""
        decoder = self._decoders.get(tag)
        try:
            if decoder is not None:
                return decoder.decode(body)
            if tag in self._upcasters:
                return self._upcast(tag, body)
        except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError, ValueError):
            pass
        return self._unknown(tag, body)

    def decode_body(self, body: bytes) -> Fact:
        """Read a fact that carries its tag in its own JSON, as the link delivers it.

        One whose numbers no table keeps, or whose time no calendar has, is an unknown fact.
        """
        try:
            fact = self._any.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            pass
        else:
            if 0 <= fact.at <= LATEST and are_small(body):
                return fact
        head = self._peek(body)
        if not 0 <= head.at <= LATEST or not are_small(body):
            return UnknownFact(at=UtcSeconds(0), tag_name="", body=body)
        return self.decode(head.type, body)

    def recorded(self, stored: Stored) -> Recorded:
        """Decode a fact together with its envelope."""
        return Recorded(
            position=stored.position,
            stream=stored.stream,
            version=stored.version,
            fact=self.decode(stored.tag, stored.body),
            by=stored.by,
            cause=stored.cause,
            origin=stored.origin,
            recorded_at=stored.recorded_at,
            hash=stored.hash,
        )

    def _upcast(self, tag: str, body: bytes) -> Fact:
        content: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
        for _ in range(UPCASTS_MAX):
            step = self._upcasters.get(tag)
            if step is None:
                break
            content = step(content)
            tag = content["type"]
        return msgspec.convert(content, type=self._decoders[tag].type)

    def _unknown(self, tag: str, body: bytes) -> UnknownFact:
        return UnknownFact(at=UtcSeconds(self._peek(body).at), tag_name=tag, body=body)

    def _peek(self, body: bytes) -> _Head:
        try:
            return self._head.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return _Head()


class StateCodec(NamedTuple):
    """Encodes states, and decodes them by the kind of their stream."""

    encoder: msgspec.json.Encoder
    decoders: Mapping[str, msgspec.json.Decoder[Any]]

    def encode(self, state: Value) -> bytes:
        """Write a state as JSON, always the same bytes for the same state."""
        return self.encoder.encode(state)

    def decode(self, kind: str, body: bytes) -> Any:
        """Read a state of a stream's kind."""
        return self.decoders[kind].decode(body)


def make_codec(
    fact_types: Iterable[type[Fact]], upcasters: Mapping[str, Upcast] = UPCASTERS
) -> Codec:
    """Build a codec from every fact type there is."""
    return Codec(fact_types, upcasters)


def codec_of(kinds: Kinds) -> Codec:
    """Build the codec of all kinds of streams."""
    return Codec(fact_type for kind in kinds.values() for fact_type in kind.fact_types)


def state_codec_of(kinds: Kinds) -> StateCodec:
    """Build the codec of all states."""
    decoders = {name: msgspec.json.Decoder(kind.state_type) for name, kind in kinds.items()}
    return StateCodec(msgspec.json.Encoder(order="deterministic"), decoders)


def tag_of(fact_type: type[Fact]) -> str:
    """Read the tag a fact type carries.

    Raises
    ------
    ValueError
        When it carries none.
    """
    tag = fact_type.__struct_config__.tag
    if not isinstance(tag, str):
        raise ValueError(f"{fact_type.__name__} needs a tag such as 'parcel.deposited.v1'")
    return tag
