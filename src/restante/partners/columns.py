"""Which column of a manifest means what: names, aliases in four languages, units.

Headers are compared without case, accents, spaces and punctuation, so ``Länge (cm)``,
``laenge_cm`` and ``LÄNGE CM`` are one name. A length or weight must name its unit.
"""

import re
import unicodedata
from enum import StrEnum
from typing import Final

from ..core.value import Value


class Field(StrEnum):
    """What a column may tell us, in the order problems are reported."""

    LABEL = "label"
    SITE = "site"
    RECIPIENT_NAME = "recipient_name"
    EMAIL = "email"
    PHONE = "phone"
    LANGUAGE = "language"
    LENGTH = "length"
    WIDTH = "width"
    HEIGHT = "height"
    WEIGHT = "weight"
    KEEP_UPRIGHT = "keep_upright"
    NEEDS_LOW_DOOR = "needs_low_door"
    HIGH_VALUE = "high_value"
    EXPECTED_ON = "expected_on"
    EXPECTED_FROM = "expected_from"
    HOLD_HOURS = "hold_hours"
    REFERENCE = "reference"


MEASURES: Final = (Field.LENGTH, Field.WIDTH, Field.HEIGHT, Field.WEIGHT)
REQUIRED: Final = (Field.LABEL, Field.SITE, Field.RECIPIENT_NAME, *MEASURES)
"""Besides these, a row needs an e-mail or a phone."""

UNITS: Final = {"mm": 1, "cm": 10, "m": 1000, "g": 1, "kg": 1000}
"""Millimeters or grams in one of the unit."""
LENGTH_UNITS: Final = ("mm", "cm", "m")
WEIGHT_UNITS: Final = ("g", "kg")

ALIASES: Final[dict[Field, tuple[str, ...]]] = {
    Field.LABEL: (
        "label", "parcel_label", "barcode", "sscc", "tracking", "tracking_number", "parcel_number",
        "sendungsnummer", "paketnummer", "etikett", "strichcode",
        "etykieta", "kod_kreskowy", "numer_przesylki", "numer_paczki",
        "etiqueta", "codigo_de_barras", "numero_de_seguimiento", "numero_de_envio",
    ),
    Field.SITE: (
        "site", "site_id", "locker", "pickup_point", "standort", "abholort", "paketautomat",
        "punkt", "punkt_odbioru", "automat", "paczkomat", "sitio", "punto", "punto_de_recogida",
        "taquilla",
    ),
    Field.RECIPIENT_NAME: (
        "recipient_name", "recipient", "name", "empfanger", "empfaenger", "empfangername",
        "odbiorca", "imie_i_nazwisko", "nazwa_odbiorcy", "destinatario", "nombre",
        "nombre_del_destinatario",
    ),
    Field.EMAIL: ("email", "e_mail", "mail", "e_mail_adresse", "adres_e_mail", "correo",
                  "correo_electronico"),
    Field.PHONE: ("phone", "phone_number", "mobile", "telefon", "telefonnummer", "handy",
                  "mobilnummer", "numer_telefonu", "telefon_komorkowy", "telefono", "movil"),
    Field.LANGUAGE: ("language", "lang", "sprache", "jezyk", "idioma"),
    Field.LENGTH: ("length", "lange", "laenge", "dlugosc", "largo", "longitud"),
    Field.WIDTH: ("width", "breite", "szerokosc", "ancho"),
    Field.HEIGHT: ("height", "hohe", "hoehe", "wysokosc", "alto", "altura"),
    Field.WEIGHT: ("weight", "gewicht", "waga", "masa", "peso"),
    Field.KEEP_UPRIGHT: ("keep_upright", "upright", "this_side_up", "aufrecht", "nicht_kippen",
                         "nie_przewracac", "gora", "vertical", "este_lado_arriba"),
    Field.NEEDS_LOW_DOOR: ("needs_low_door", "low_door", "reach", "niedriges_fach", "unteres_fach",
                           "niska_skrytka", "puerta_baja"),
    Field.HIGH_VALUE: ("high_value", "valuable", "wertvoll", "hoher_wert", "wartosciowa",
                       "duza_wartosc", "valioso", "alto_valor"),
    Field.EXPECTED_ON: ("expected_on", "expected_date", "delivery_date", "liefertag",
                        "lieferdatum", "data_dostawy", "fecha_de_entrega"),
    Field.EXPECTED_FROM: ("expected_from", "expected_at", "lieferung_ab", "lieferzeit",
                          "dostawa_od", "entrega_desde"),
    Field.HOLD_HOURS: ("hold_hours", "hold", "lagerfrist_stunden", "czas_odbioru_godziny",
                       "horas_de_espera"),
    Field.REFERENCE: ("reference", "ref", "order", "order_number", "referenz", "bestellnummer",
                      "numer_zamowienia", "referencia", "numero_de_pedido"),
}  # fmt: skip

_FIELD_OF: Final = {alias: field for field, aliases in ALIASES.items() for alias in aliases}
_WITHOUT_MARK: Final = str.maketrans({"ł": "l", "ß": "ss", "ø": "o", "æ": "ae"})


class Column(Value):
    """A column that we understand.

    Attributes
    ----------
    header
        As written in the file, shortened for messages.
    unit
        One of :data:`UNITS` for measures, otherwise empty. An empty unit of a measure is a mistake.
    """

    index: int
    field: Field
    header: str
    unit: str = ""


def match_column(index: int, header: str) -> Column | None:
    """Say what a header means, or ``None`` when it is not one of ours."""
    name = normalize_header(header)
    shown = header.strip()[:40]
    field = _FIELD_OF.get(name)
    if field is not None:
        return Column(index=index, field=field, header=shown)
    stem, _, unit = name.rpartition("_")
    field = _FIELD_OF.get(stem)
    units = WEIGHT_UNITS if field is Field.WEIGHT else LENGTH_UNITS
    if field in MEASURES and unit in units:
        return Column(index=index, field=field, header=shown, unit=unit)
    return None


def normalize_header(header: str) -> str:
    """Write a header in lower case ASCII words joined by ``_``."""
    folded = unicodedata.normalize("NFKD", header.casefold().translate(_WITHOUT_MARK))
    bare = "".join(char for char in folded if not unicodedata.combining(char))
    return re.sub(r"[^a-z0-9]+", "_", bare).strip("_")


def preferred_header(field: Field) -> str:
    """Name the header we document for a field."""
    if field is Field.WEIGHT:
        return "weight_g"
    return f"{field}_mm" if field in MEASURES else str(field)
