"""What simulated people know: parcels that were announced for them, and what notices told them."""

import random
from dataclasses import dataclass, field

from ..access import Secret
from ..core.ids import ParcelId, RecipientId, SiteId
from ..core.size import ParcelSize
from ..core.value import UtcSeconds
from ..notices import Notice
from ..operations.contacts import Contact


@dataclass
class Consigned:
    """A parcel on its way through the simulation, as the outside world sees it."""

    label: str
    """As it is printed and scanned."""
    label_key: str
    size: ParcelSize
    site: SiteId
    contact: Contact
    needs_low_door: bool = False
    hold_hours: int | None = None
    parcel: ParcelId | None = None
    """Known once announced."""
    recipient: RecipientId | None = None
    code: Secret[str] | None = None
    token: Secret[str] | None = None
    link: Secret[str] | None = None
    """Address of the parcel's own page."""
    hold_until: UtcSeconds | None = None
    is_told: bool = False
    is_gone: bool = False
    """Collected, or taken back."""
    try_count: int = 0
    """Times a courier has tried to put it in."""


@dataclass
class Letters:
    """Finds the parcel a notice speaks of."""

    by_label: dict[str, Consigned] = field(default_factory=dict)

    def read(self, notice: Notice) -> Consigned | None:
        """Learn what a notice says; ``None`` when it is about nobody here."""
        known = self.by_label.get(notice.label)
        if known is None:
            return None
        if notice.code is not None:
            known.code, known.token = notice.code, notice.token
        known.link = notice.link or known.link
        known.hold_until = notice.hold_until or known.hold_until
        return known


FIRST_NAMES = (
    "Anna Marek Zoë Jürgen Lucía Piotr Aïcha Søren Chiara Bogdan Íñigo Łucja Mehmet Fatima Hedda "
    "Noah Olena Yusuf Ingrid Rafael Małgorzata Björn Leïla Tomasz Greta Nuria Ömer Katarzyna Emil "
    "Rosa Jakub Linnea Adrián Svitlana Paweł Henrike Amina Dário Elżbieta Jonas"
).split()

LAST_NAMES = (
    "Kowalska Nowak Müller Yılmaz García Ørsted Weiß Lewandowski Martínez Haddad Schröder "
    "Wójcik Fernández Bianchi Østergaard Núñez Zielińska Krüger Lindqvist Popescu Moreau Kaya "
    "Jankowska Ibáñez Großmann Bondarenko Vargas Petersen Szymański Özdemir Castillo Brandt Łuczak "
    "Hoffmann Silva Dąbrowski Jensen Öztürk"
).split()


def draw_contact(chance: random.Random, number: int) -> Contact:
    """Draw somebody; every address lies in a domain that exists for examples only."""
    first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
    language = chance.choices(("de", "en", "pl", "es"), (6, 2, 2, 1))[0]
    return Contact(name=f"{first} {last}", email=f"r{number}@example.org", language=language)
