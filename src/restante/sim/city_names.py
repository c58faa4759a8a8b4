"""Names of streets, districts, parks and hosts: invented, in the four languages of the notices.

The city is an old trading port, so each district speaks its founders' language. None of the
names is meant to be a real place.
"""

import random
from itertools import product
from typing import Final

CITY_NAME: Final = "Doggerhaven"

LANGUAGES: Final = ("de", "en", "pl", "es")

_GERMAN: Final = tuple(
    stem + suffix
    for suffix, stem in product(
        ("straße", "weg", "gasse", "allee"),
        ("Linden", "Kranich", "Hafen", "Reeder", "Mühlen", "Ahorn", "Leuchtturm", "Segel",
         "Kirsch", "Seiler", "Möwen", "Garten", "Anker", "Quellen", "Silber", "Tauben", "Böttcher",
         "Heide", "Wacholder", "Lotsen", "Schwanen", "Birken", "Fischer", "Sternen", "Kupfer"),
    )
)  # fmt: skip
_ENGLISH: Final = tuple(
    f"{stem} {suffix}"
    for suffix, stem in product(
        ("Street", "Lane", "Row", "Road"),
        ("Heron", "Lantern", "Mariner", "Chestnut", "Saltmarsh", "Copper", "Weaver", "Orchard",
         "Plover", "Compass", "Bellfounder", "Willow", "Tallow", "Juniper", "Cartwright", "Harbor",
         "Foxglove", "Sailmaker", "Hazel", "Curlew", "Ropewalk", "Thistle", "Amber", "Quince"),
    )
)  # fmt: skip
_POLISH: Final = tuple(
    f"ulica {adjective}"
    for adjective in (
        "Bursztynowa", "Jaśminowa", "Żeglarska", "Kwiatowa", "Lipowa", "Słoneczna", "Wiślana",
        "Młyńska", "Ogrodowa", "Złota", "Piekarska", "Świerkowa", "Morska", "Klonowa", "Szkutnicza",
        "Krucza", "Wierzbowa", "Latarników", "Rybacka", "Gołębia", "Różana", "Brzozowa", "Cicha",
        "Kotwiczna", "Makowa", "Wrzosowa", "Srebrna", "Kasztanowa", "Zielona", "Mewia",
        "Szafirowa", "Jarzębinowa", "Zegarmistrzowska", "Sokola", "Źródlana", "Malinowa",
        "Orzechowa", "Jeżynowa",
    )
)  # fmt: skip
_SPANISH: Final = tuple(
    f"Calle {rest}"
    for rest in (
        "del Faro", "de la Brújula", "del Almendro", "de los Tejedores", "del Mirlo", "de la Sal",
        "del Ancla", "de las Gaviotas", "del Olivo", "de la Marea", "del Azafrán", "de los Cedros",
        "de la Cigüeña", "del Membrillo", "de la Higuera", "del Velero", "de las Acacias",
        "del Cobre", "de la Noria", "del Romero", "de los Faroles", "del Jilguero", "de la Seda",
        "del Canal", "de las Lilas", "del Timonel", "de la Espiga", "del Manantial",
        "de los Álamos",
        "del Castaño", "de la Alondra", "del Tomillo", "de los Arcos", "del Limonero",
    )
)  # fmt: skip
STREETS: Final = {"de": _GERMAN, "en": _ENGLISH, "pl": _POLISH, "es": _SPANISH}

RADIALS: Final = (
    "Nordmark Road", "Bernsteinchaussee", "aleja Portowa", "Avenida del Alba", "Eastfield Road",
    "Südheider Chaussee", "aleja Jagiellońskich Łąk", "Avenida de los Vientos", "Weststrand Road",
)  # fmt: skip
RINGS: Final = ("Wallring", "Meridian Ring", "Doggerring")
HIGH_STREETS: Final = ("Market Street", "Rathausstraße")
QUAYS: Final = ("Nordkai", "Lantern Quay")
RIVER: Final = "Silver Wend"
SQUARE: Final = "Market Square"
BRIDGES: Final = (
    "Old Bridge", "Möwenbrücke", "Most Latarników", "Puente del Alba", "Ropewalk Bridge",
    "Seilerbrücke", "Most Bursztynowy", "Puente de la Sal", "Heron Bridge", "Ankerbrücke",
)  # fmt: skip
DISTRICTS: Final = {
    "de": ("Seilerviertel", "Lindenau", "Kranichheide", "Ahornfeld", "Mühlenvorstadt", "Neuwerk",
           "Lotsenstadt", "Birkhain"),
    "en": ("Saltmarsh", "Weavers' Green", "Lantern Hill", "Orchard End", "Plover Fields",
           "Northgate", "Harborside", "Copper Row"),
    "pl": ("Nowe Młyny", "Bursztynowo", "Stare Łąki", "Zielony Brzeg", "Kwiatkowo", "Żeglarze",
           "Podgrodzie", "Lipniki"),
    "es": ("Los Almendros", "El Faro", "Puerta del Sur", "Las Lilas", "La Noria", "San Telmo",
           "Buenavista", "El Olivar"),
}  # fmt: skip
OLD_TOWN: Final = "Old Town"
PARKS: Final = (
    "Amber Gardens", "Lindenpark", "Park Latarników", "Parque del Faro", "Heron Green",
    "Rosengarten", "Skwer Różany", "Plaza de los Naranjos", "Willow Green", "Kastanienhain",
    "Ogród Jaśminowy", "Jardín del Membrillo", "Curlew Green", "Mühlenwiese", "Park Brzozowy",
    "Parque de la Noria", "Thistle Field", "Sternwiese", "Zielony Skwer", "Jardín de la Seda",
)  # fmt: skip
FORESTS: Final = ("Dogger Woods", "Kranichforst", "Las Bursztynowy", "Bosque del Alba")

LOCKER_HOSTS: Final = (
    "Supermarket", "Bakery", "Tram stop", "Library", "Pharmacy", "Bus station", "Swimming pool",
    "Garden center", "School", "Sports hall", "Bicycle shop", "Petrol station", "Clinic",
    "Market hall", "University", "Town hall", "Laundry", "Cinema", "Hardware store", "Ferry pier",
)  # fmt: skip
COUNTER_HOSTS: Final = (
    "Lindqvist Books", "Kiosk am Wall", "Wójcik Tailors", "Papelería Núñez", "Whitlock Stationers",
    "Blumen Kröger", "Sklep Różana", "Copper Kettle Café",
)  # fmt: skip


class Namer:
    """Hands out street names, each once, until a language has no more.

    Parameters
    ----------
    dice
        Shuffles the names.
    """

    def __init__(self, dice: random.Random) -> None:
        self._left = {language: list(names) for language, names in STREETS.items()}
        for names in self._left.values():
            dice.shuffle(names)
        self._count = 0

    def street(self, language: str) -> str:
        """A name nobody else has; from a neighboring language when the own ones are used up."""
        for candidate in (language, *LANGUAGES):
            if self._left[candidate]:
                return self._left[candidate].pop()
        self._count += 1
        return f"Terrace {self._count}"
