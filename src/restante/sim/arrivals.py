"""What partners announce: counts, sizes and people, drawn from the assumptions."""

import random
from collections.abc import Iterable, Iterator

from ..core.ids import SiteId
from ..core.size import ParcelSize
from ..core.value import Grams, Millimeters
from ..operations.contacts import Contact
from ..partners.label import make_s10, make_sscc
from ..partners.manifest_row import ManifestRow
from .letters import Consigned, draw_contact

EXAMPLE_PREFIX = "0952000"
"""Extension digit and a GS1 company prefix that exists for examples only."""

LOW_DOOR_SHARE = 0.03
"""Recipients who need a low door; chosen."""

_KINDS: tuple[tuple[int, tuple[int, int], tuple[int, int], tuple[int, int]], ...] = (
    (18, (180, 350), (120, 250), (10, 60)),
    (38, (200, 380), (150, 300), (50, 150)),
    (28, (280, 450), (200, 340), (100, 185)),
    (13, (350, 600), (250, 370), (180, 380)),
    (3, (450, 630), (300, 375), (300, 405)),
)
"""Weight of the kind, then ranges of length, width and height in mm: from large letters to the
largest compartment. Chosen so that about half need the smallest doors or the next ones."""


class Labels:
    """Prints labels that have not been used in this life."""

    def __init__(self, start: int = 0) -> None:
        self._count = start

    def next(self) -> str:
        """Print a label: mostly SSCC, every sixth an S10 of a postal operator."""
        self._count += 1
        if self._count % 6 == 0:
            return make_s10("CE", f"{self._count:08d}", "DE")
        return make_sscc(f"{EXAMPLE_PREFIX}{self._count:010d}")


def draw_parcels(
    chance: random.Random, labels: Labels, site: SiteId, count: int, *, first_number: int
) -> Iterator[Consigned]:
    """Draw parcels for a site."""
    for place in range(count):
        label = labels.next()
        yield Consigned(
            label=label,
            label_key=label,
            size=draw_size(chance),
            site=site,
            contact=draw_contact(chance, first_number + place),
            needs_low_door=chance.random() < LOW_DOOR_SHARE,
        )


def draw_size(chance: random.Random) -> ParcelSize:
    """Draw what a parcel measures and weighs."""
    kind = chance.choices(_KINDS, [kind[0] for kind in _KINDS])[0]
    length, width, height = (chance.randint(*bounds) for bounds in kind[1:])
    liters = length * width * height / 1_000_000
    weight_g = int(80 + liters * chance.uniform(60, 320))
    return ParcelSize(
        length_mm=Millimeters(length),
        width_mm=Millimeters(width),
        height_mm=Millimeters(height),
        weight_g=Grams(min(weight_g, 11_500)),
    )


def consign_rows(rows: Iterable[ManifestRow]) -> Iterator[Consigned]:
    """Turn the rows of a manifest into parcels on their way."""
    for row in rows:
        known, who = row.parcel, row.contact
        yield Consigned(
            label=known.label.value,
            label_key=known.label.value,
            size=ParcelSize(
                length_mm=known.length_mm,
                width_mm=known.width_mm,
                height_mm=known.height_mm,
                weight_g=known.weight_g,
                keep_upright=known.keep_upright,
            ),
            site=known.site,
            contact=Contact(
                name=who.name,
                email=who.email or "",
                phone=who.phone or "",
                language=who.language,
            ),
            needs_low_door=known.needs_low_door,
            hold_hours=known.hold_hours,
        )
