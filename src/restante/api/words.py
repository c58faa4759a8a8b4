"""Types that several documents share: ids, sizes, pages. Descriptions are what callers read."""

from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..core.size import LENGTH_MM_MAX, WEIGHT_G_MAX, ParcelSize
from ..core.value import Grams, Millimeters, Value
from ..views.queries import LIMIT_DEFAULT
from .endpoint import ID_PATTERN

LIMIT_MAX: Final = 500
"""Items on one page."""

Id: TypeAlias = Annotated[str, Meta(pattern=ID_PATTERN, examples=["site-07"])]
"""An id as it may stand in an address."""

ParcelName: TypeAlias = Annotated[
    str,
    Meta(
        pattern=ID_PATTERN,
        description="Id of a parcel, as the announcement gave it.",
        examples=["p01jd3zv6n8k2m4p6r8t0w2y4a6"],
    ),
]
SiteName: TypeAlias = Annotated[
    str, Meta(pattern=ID_PATTERN, description="Id of a site.", examples=["site-07"])
]
Length: TypeAlias = Annotated[
    int, Meta(ge=1, le=LENGTH_MM_MAX, description="Millimeters.", examples=[300])
]
Weight: TypeAlias = Annotated[
    int, Meta(ge=1, le=WEIGHT_G_MAX, description="Grams.", examples=[1200])
]
Limit: TypeAlias = Annotated[
    int, Meta(ge=1, le=LIMIT_MAX, description="Items on one page.", examples=[100])
]
Cursor: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=300,
        description="`next_cursor` of the page before; leave it out for the first page.",
    ),
]
Text: TypeAlias = Annotated[str, Meta(max_length=200)]


class Request(Value, forbid_unknown_fields=True):
    """What is read from a request: a field nobody knows is a mistake, not noise."""


class Document(Value, omit_defaults=False):
    """What is written into an answer: every field is always there."""


class Size(Request, omit_defaults=False):
    """Outer measures of a packed parcel."""

    length_mm: Length
    width_mm: Length
    height_mm: Length
    weight_g: Weight
    keep_upright: Annotated[
        bool, Meta(description="Only turns around the vertical axis are allowed.")
    ] = False


class PageQuery(Request):
    """Which page of a list."""

    cursor: Cursor | UnsetType = UNSET
    limit: Limit = LIMIT_DEFAULT


def parcel_size(size: Size) -> ParcelSize:
    """Take measures into the house."""
    return ParcelSize(
        length_mm=Millimeters(size.length_mm),
        width_mm=Millimeters(size.width_mm),
        height_mm=Millimeters(size.height_mm),
        weight_g=Grams(size.weight_g),
        keep_upright=size.keep_upright,
    )


def show_size(size: ParcelSize) -> Size:
    """Show measures to a caller."""
    return msgspec.convert(msgspec.structs.asdict(size), Size)
