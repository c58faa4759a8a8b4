"""The three bases of everything the core says: values, facts and commands.

A *value* describes (a size, a state), a *fact* has happened (past tense, never changes), a
*command* asks (imperative, may be refused). All are frozen structs. Facts and commands carry a
tag with a version, for example ``parcel.deposited.v1``: names are for ever, fields are only
added with defaults, a change of meaning is a new version.

What is frozen and made of finished parts can hold no ring, so Python's collector of rings is told
to leave all of them alone: in a centre under load its search cost two fifths of the time.
"""

from typing import Any, NewType, dataclass_transform

import msgspec

UtcSeconds = NewType("UtcSeconds", int)
"""Seconds since 1970-01-01T00:00:00Z, without leap seconds. Domain time; never local time."""

Seconds = NewType("Seconds", int)
"""A length of time."""

Millimeters = NewType("Millimeters", int)
"""A length of a real parcel or compartment."""

Grams = NewType("Grams", int)
"""A mass of a real parcel, or what a compartment carries."""

FOREVER = UtcSeconds(2**53 - 1)
"""Later than every time that can happen; the largest integer JSON carries everywhere."""

MINUTE = Seconds(60)
HOUR = Seconds(3600)
DAY = Seconds(86400)


class _KeywordOnly(msgspec.StructMeta):
    """Makes every field of every subclass keyword-only; msgspec itself does not inherit that."""

    def __new__(mcls, name: str, bases: tuple[type, ...], body: dict[str, Any], **options: Any):  # type: ignore[no-untyped-def]
        options.setdefault("kw_only", True)
        return super().__new__(mcls, name, bases, body, **options)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Value(msgspec.Struct, metaclass=_KeywordOnly, frozen=True, omit_defaults=True, gc=False):
    """What describes: a size, a window, a state. Equal when its fields are equal."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Fact(
    msgspec.Struct,
    metaclass=_KeywordOnly,
    frozen=True,
    omit_defaults=True,
    gc=False,
    tag_field="type",
):
    """What has happened. The class docstring is the sentence a custody log prints."""

    at: UtcSeconds


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Command(
    msgspec.Struct,
    metaclass=_KeywordOnly,
    frozen=True,
    omit_defaults=True,
    gc=False,
    tag_field="type",
):
    """What somebody asks for. The class docstring is what the asker wants."""

    at: UtcSeconds
