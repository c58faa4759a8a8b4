"""Write examples/manifest.csv and examples/manifest_with_mistakes.csv, the same every time.

Nobody in these files exists: names are put together by chance, e-mails end in the example
domains of RFC 2606, and phones come from ranges that regulators keep free for fiction
(Bundesnetzagentur, Post- och telestyrelsen, Ofcom, NANPA 555-01xx). SSCCs use GS1's example
prefix 952.
"""

import argparse
import csv
import io
import random
import unicodedata
from pathlib import Path
from typing import Final

from restante.partners.label import make_s10, make_sscc

SEED: Final = 20261120
PARCELS: Final = 300
SITES: Final = 40
HEADER: Final = (
    "label", "reference", "site", "recipient_name", "email", "phone", "language", "length_mm",
    "width_mm", "height_mm", "weight_g", "keep_upright", "low_door", "hold_hours",
)  # fmt: skip

PEOPLE: Final = {
    "de": (
        ("Lena", "Jonas", "Käthe", "Björn", "Annelie", "Moritz", "Aylin", "Emre", "Hannelore",
         "Ulf", "Thị Mai", "Sönke", "Grete", "Ferdinand"),
        ("Möller", "Großmann", "Weiß", "Yıldırım", "Schäfer", "Nguyễn", "von der Heide", "Kröger",
         "Öztürk", "Lindqvist", "Petersen", "Bäcker", "Jürgens"),
    ),
    "en": (
        ("Ada", "Oliver", "Siobhán", "Priya", "Kwame", "Zoë", "Rhys", "Aoife", "Noor", "Θεοδώρα",
         "Chloé", "Tomáš", "Marguerite", "Ifeanyi", "Олена", "Jun"),
        ("O'Connell", "Whitlock", "Adeyemi", "Patel", "Llewellyn", "Haddad", "St. John", "Brontë",
         "Okafor", "Dvořák", "Smith-Ng", "Коваленко", "Tanaka", "Παπαδάκη"),
    ),
    "pl": (
        ("Agnieszka", "Łukasz", "Świętosława", "Paweł", "Małgorzata", "Jędrzej", "Zofia",
         "Stanisław", "Bożena", "Michał"),
        ("Wójcik", "Szczęsny", "Zielińska", "Żuławski", "Dąbrowska", "Brzęczyszczykiewicz",
         "Gąsior", "Kaźmierczak", "Ślusarczyk"),
    ),
    "es": (
        ("María José", "Íñigo", "Lucía", "Joaquín", "Begoña", "Andrés", "Itziar", "Núria", "Xavier",
         "Martín"),
        ("Muñoz Ibáñez", "García Núñez", "Etxeberria", "Peña", "Castaño Ruiz", "Puig i Soler",
         "Rodríguez", "Vázquez Otero"),
    ),
}  # fmt: skip
LANGUAGE_WEIGHTS: Final = {"de": 44, "en": 28, "pl": 16, "es": 12}

SIZES: Final = (
    # share, length, width, height (mm), grams per cubic decimeter
    (14, (210, 350), (150, 250), (12, 35), (150, 420)),
    (36, (200, 340), (140, 260), (40, 120), (110, 420)),
    (34, (300, 450), (220, 350), (100, 185), (70, 300)),
    (12, (380, 560), (280, 370), (180, 300), (50, 180)),
    (4, (500, 600), (320, 370), (280, 395), (40, 120)),
)
"""Chosen after the usual classes: letterbox, shoe, boot, suitcase. All fit a door of 410 mm."""


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "examples")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "manifest.csv").write_bytes(make_manifest(chosen.seed))
    (chosen.out / "manifest_with_mistakes.csv").write_bytes(make_manifest_with_mistakes())


def make_manifest(seed: int = SEED) -> bytes:
    """Make 300 rows without a mistake: UTF-8, commas, the header names we document."""
    dice = random.Random(seed)
    sites = [f"site-{number:02d}" for number in range(1, SITES + 1)]
    # A few sites carry much of the load, as in every real network: weight ~ 1 / rank**0.4.
    ranks = dice.sample(range(1, SITES + 1), SITES)
    weights = [rank**-0.4 for rank in ranks]
    rows = [
        _make_row(dice, number, dice.choices(sites, weights)[0]) for number in range(1, PARCELS + 1)
    ]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(rows)
    return buffer.getvalue().encode()


def _make_row(dice: random.Random, number: int, site: str) -> tuple[str | int, ...]:
    language = dice.choices(tuple(LANGUAGE_WEIGHTS), tuple(LANGUAGE_WEIGHTS.values()))[0]
    first_names, last_names = PEOPLE[language]
    name = f"{dice.choice(first_names)} {dice.choice(last_names)}"
    channels = dice.choices(("both", "email", "phone"), (52, 38, 10))[0]
    email = "" if channels == "phone" else _make_email(dice, name, number)
    phone = "" if channels == "email" else _make_phone(dice)
    length_mm, width_mm, height_mm, weight_g = _make_size(dice)
    keep_upright = height_mm >= 40 and dice.random() < 0.05
    needs_low_door = dice.random() < 0.04
    hold_hours = dice.choices(("", "72", "168"), (88, 8, 4))[0]
    return (
        _make_label(dice, number, weight_g), f"ORD-{70_000 + number * 7}", site, name, email, phone,
        language, length_mm, width_mm, height_mm, weight_g, "yes" if keep_upright else "",
        "yes" if needs_low_door else "", hold_hours,
    )  # fmt: skip


def _make_size(dice: random.Random) -> tuple[int, int, int, int]:
    chosen = dice.choices(SIZES, [size[0] for size in SIZES])[0]
    _, lengths, widths, heights, densities = chosen
    length_mm, width_mm = dice.randint(*lengths), dice.randint(*widths)
    height_mm = dice.randint(*heights)
    liters = length_mm * width_mm * height_mm / 1e6
    weight_g = round(liters * dice.uniform(*densities))
    return length_mm, width_mm, height_mm, max(40, min(weight_g, 19_500))


def _make_label(dice: random.Random, number: int, weight_g: int) -> str:
    sscc = make_sscc(f"3952{7_101:04d}{number * 37:09d}")
    serial = f"{47_300_000 + number * 613:08d}"
    kind = dice.choices(
        ("sscc", "ai", "element", "symbology", "readable", "link", "s10", "carrier"),
        (22, 6, 14, 8, 5, 13, 16, 16),
    )[0]
    match kind:
        case "sscc":
            return sscc
        case "ai":
            return f"00{sscc}"
        case "element":
            return f"00{sscc}403+1{dice.randint(10, 99)}\x1d43221\x1d3303{weight_g:06d}"
        case "symbology":
            return f"]C100{sscc}4322{dice.randint(0, 1)}"
        case "readable":
            return f"(00){sscc}(4323)0"
        case "link":
            return f"https://id.example.com/00/{sscc}?4322=1&3303={weight_g:06d}"
        case "s10":
            service = dice.choice(("CA", "CE", "CX", "HA", "HC", "EE"))
            return make_s10(service, serial, dice.choice(("DE", "PL", "ES", "FR", "NL", "SE")))
        case _:
            return dice.choice(
                (
                    f"DGH{number * 7919 % 10**8:08d}",
                    f"KESTREL-{number:05d}-{dice.choice('ABCDEF')}",
                    f"{10**13 + number * 1_299_709}",
                    f"PK/{number:04d}/{dice.randint(1000, 9999)}",
                )
            )


def _make_email(dice: random.Random, name: str, number: int) -> str:
    bare = unicodedata.normalize("NFKD", name.casefold().replace("ł", "l").replace("ß", "ss"))
    words = "".join(char if char.isascii() else " " * char.isspace() for char in bare).split()
    letters = [word for word in ("".join(filter(str.isalpha, word)) for word in words) if word]
    local = ".".join(letters) if len(letters) > 1 else "recipient"
    return f"{local}{number}@example.{dice.choice(('com', 'org', 'net'))}"


def _make_phone(dice: random.Random) -> str:
    two = f"{dice.randint(5, 99):02d}"
    return dice.choices(
        (f"+49 171 39200{two}", f"+49 176 040690{two}", f"+46 70 174 06 {two}",
         f"+44 20 7946 09{two}", f"+1 202 555 01{two}"),
        (45, 25, 12, 10, 8),
    )[0]  # fmt: skip


def make_manifest_with_mistakes() -> bytes:
    """Make a file as people send it: BOM, ``;``, CRLF, German headers, many kinds of mistakes."""
    ssccs = [make_sscc(f"39527102{number:09d}") for number in range(1, 30)]
    wrong = ssccs[3][:-1] + str((int(ssccs[3][-1]) + 1) % 10)
    post = make_s10("CE", "47312482", "PL")
    header = (
        "Sendungsnummer;Referenz;Standort;Empfänger;E-Mail;Telefon;Sprache;Länge (cm);Breite (cm);"
        "Höhe (cm);Gewicht (kg);Aufrecht;Niedriges Fach;Liefertag;Bemerkung"
    )
    rows = (
        f"{ssccs[0]};A-1;site-01;Lena Großmann;lena@example.com;;de;30;20;12,5;1,2;;;2026-12-01;",
        f"{post};A-2;SITE-02;Paweł Żuławski;;0171 3920012;pl;25,5;18;4;0,45;nein;ja;;",
        f"{wrong};A-3;site-03;Ada Whitlock;ada@example.org;;en;30;20;10;1;;;;",
        f"{ssccs[4]};A-4;site-04;Íñigo Peña;inigo@example;;es;30;20;10;1;;;;",
        f"{ssccs[5]};A-5;site-05;Zofia Wójcik;;12345;pl;30;20;10;1;;;;",
        f"{ssccs[6]};A-6;site-06;Noor Haddad;;;en;30;20;10;1;;;;",
        f"{ssccs[7]};A-7;site-99;Jonas Weiß;jonas@example.net;;de;30;20;10;1;;;;",
        f"{ssccs[8]};A-8;site-08;;bjorn@example.net;;de;30;20;10;1;;;;",
        f"(00){ssccs[0]};A-9;site-09;Lena Großmann;lena@example.com;;de;30;20;10;1;;;;",
        f"{ssccs[10]};A-10;site-10;Grete Bäcker;grete@example.com;;de;30 cm;20;10;1;;;;",
        f"{ssccs[11]};A-11;site-11;Ulf Kröger;ulf@example.com;;de;30;20;10;1200;;;;",
        f"{ssccs[12]};A-12;site-12;Emre Öztürk;emre@example.com;;tr;30;20;10;1;;;;",
        f"{ssccs[13]};A-13;site-13;Begoña Puig;begona@example.com;;es;30;20;10;1;vielleicht;;;",
        f"{ssccs[14]};A-14;site-14;Chloé Brontë;chloe@example.com;;en;30;20;10;1;;;24.12.2026;",
        f'{ssccs[15]};A-15;site-15;"Rhys ""Red"" Llewellyn";rhys@example.com;;en;30;20;10;1;ja;;;',
        f"{ssccs[16]};A-16;site-16;Haddad; Noor;noor@example.com;;en;30;20;10;1;;;",
        f"{ssccs[17]};A-17;site-17;\"Aoife O'Connell;aoife@example.com;;en;30;20;10;1;;;;",
        f"{ssccs[18]};A-18;site-18;Kwame Okafor;kwame@example.com;;en;;20;0;1;;;;",
        "",
        "KESTREL?0001;A-19;site-19;Priya Patel;priya@example.com;;en;30;20;10;1;;;;",
        "https://id.example.com/00/" + ssccs[20] + "?4322=1;A-20;site-20;Jun Tanaka;"
        "jun@example.com;+46 70 174 06 12;en;40;30;20;3,75;;;2026-12-02;'=vorsichtig",
        f"{ssccs[21]};A-21;site-21;Lucía Muñoz;lucia@example.com;;es;30;20;10;1;;;;",
    )
    return "\r\n".join((header, *rows, "")).encode("utf-8-sig")


if __name__ == "__main__":
    main()
