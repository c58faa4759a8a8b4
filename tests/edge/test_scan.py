"""A label means the same at the locker and at the centre, however it is scanned."""

import csv
from pathlib import Path

import pytest

from restante.edge.scan import ScanKind, classify_scan, label_key
from restante.partners.label import Malformed, parse_label

MANIFEST = Path(__file__).parents[2] / "examples" / "manifest.csv"


def test_every_label_of_the_example_manifest_has_the_same_key_as_at_the_centre() -> None:
    with MANIFEST.open(encoding="utf-8-sig", newline="") as lines:
        labels = [row["label"] for row in csv.DictReader(lines)]
    assert len(labels) >= 300
    for text in labels:
        try:
            expected = parse_label(text).value
        except Malformed:
            expected = ""
        assert label_key(text) == expected, text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("12-345678", ScanKind.PIN),
        ("12 345 678", ScanKind.PIN),
        ("1234567890", ScanKind.PIN),
        ("RS1.0ABC", ScanKind.TOKEN),
        ("rs1.0abc", ScanKind.TOKEN),
        ("RS&:0abc", ScanKind.TOKEN),
        ("395271010000000743", ScanKind.LABEL),
        ("https://id.example.com/00/395271010000002228?4322=1", ScanKind.LABEL),
        ("(00)395271010000002594(4323)0", ScanKind.LABEL),
        ("395271010000000744", ScanKind.UNREADABLE),
        ("RR473124829DE", ScanKind.LABEL),
        ("https://example.com/hello", ScanKind.UNREADABLE),
        ("", ScanKind.UNREADABLE),
        ("x" * 5000, ScanKind.UNREADABLE),
    ],
)
def test_a_scan_is_told_apart_by_its_look(text: str, kind: ScanKind) -> None:
    assert classify_scan(text).kind is kind
