"""One parcel has one key, whatever the scanner or the person makes of its label."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from restante.partners import Label, LabelKind, LabelScheme, Malformed, parse_label
from restante.partners.label import make_s10, make_sscc, s10_check_digit

SSCC = "395271010000000743"


@pytest.mark.parametrize(
    "scan",
    [
        SSCC,
        f"00{SSCC}",
        f"  {SSCC[:9]} {SSCC[9:]}\r\n",
        f"]C100{SSCC}",
        f"]C100{SSCC}42012345\x1d43221",
        f"]d2\x1d00{SSCC}43221",
        f"42012345\x1d00{SSCC}",
        f"]C142012345<GS>00{SSCC}",
        f"(00){SSCC}",
        f"(00) {SSCC} (4322) 1",
        f"https://id.example.com/00/{SSCC}",
        f"HTTPS://ID.EXAMPLE.COM/some/where/00/{SSCC}?4322=1&4308=%2B491713920012",
        f"]Q3https://id.example.com/00/{SSCC}#shop",
    ],
)
def test_every_way_of_scanning_an_sscc_gives_the_same_key(scan: str) -> None:
    label = parse_label(scan)
    assert (label.kind, label.value, label.sscc, label.s10) == (LabelKind.SSCC, SSCC, SSCC, None)


def test_the_scheme_says_how_it_was_written() -> None:
    assert parse_label(SSCC).scheme is LabelScheme.BARE
    assert parse_label(f"]C100{SSCC}43221").scheme is LabelScheme.ELEMENT_STRING
    assert parse_label(f"https://a.example/00/{SSCC}").scheme is LabelScheme.DIGITAL_LINK


@pytest.mark.parametrize("scan", ["RR473124829DE", "rr 473 124 829 de", "]C0RR473124829DE"])
def test_a_postal_number_is_read_in_any_case_and_spacing(scan: str) -> None:
    label = parse_label(scan)
    assert (label.kind, label.s10) == (LabelKind.S10, "RR473124829DE")


def test_the_postal_check_digit_follows_the_published_vector() -> None:
    assert s10_check_digit("47312482") == 9


def test_postal_remainders_of_ten_and_eleven_become_zero_and_five() -> None:
    digits = {s10_check_digit(f"{serial:08d}") for serial in range(200)}
    assert digits == set(range(10))
    assert s10_check_digit("00000000") == 5


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("kestrel-00042-a", "KESTREL-00042-A"),
        ("pk/0007/4711", "PK/0007/4711"),
        ("01234567890123",) * 2,
    ],
)
def test_a_carriers_own_number_is_kept_in_upper_case(typed: str, key: str) -> None:
    assert parse_label(typed) == Label(kind=LabelKind.CARRIER, value=key)


@pytest.mark.parametrize(
    ("scan", "advice"),
    [
        ("", "scan the barcode"),
        ("AB12", "6 to 40"),
        ("A" * 41, "6 to 40"),
        ("KESTREL?0001", "6 to 40"),
        ("ŻÓŁW123456", "letters A to Z"),
        (SSCC[:-1] + "4", "check digit"),
        (f"00{SSCC[:-1]}4", "check digit"),
        (f"]C100{SSCC[:-1]}443221", "check digit"),
        (f"https://a.example/00/{SSCC[:-1]}4", "check digit"),
        ("RR473124820DE", "check digit"),
        ("]E05012345678900", "product"),
        ("]C10195012345678903", "transport label"),
        ("https://shop.example/track/4711", "names no parcel"),
        ("https://id.example.com/01/09521234543213", "transport label"),
        ("(01)09521234543213", "transport label"),
        ("(banana)", "type the (00) part"),
        ("1" * 5000, "scan one label at a time"),
    ],
)
def test_what_cannot_be_a_label_is_refused_with_advice(scan: str, advice: str) -> None:
    with pytest.raises(Malformed, match=advice.replace("(", r"\(").replace(")", r"\)")) as caught:
        parse_label(scan, path="rows[3].label")
    assert caught.value.path == "rows[3].label"


def test_the_handoff_hints_of_a_transport_label_are_kept() -> None:
    flags = "43221\x1d43230\x1d43252612241830\x1d"
    sizes = "3302001250331200035033220002203333000120"
    hints = parse_label(f"]d200{SSCC}{flags}{sizes}").hints
    assert (hints.may_leave, hints.needs_signature) == (True, False)
    assert hints.deliver_not_after == "2026-12-24T18:30"
    assert hints.weight_g == 12_500
    assert (hints.length_mm, hints.width_mm, hints.height_mm) == (3_500, 2_200, 120)
    assert hints.is_complete


def test_a_day_without_hours_stays_a_day() -> None:
    assert parse_label(f"]C100{SSCC}43252612249999").hints.deliver_not_after == "2026-12-24"


@pytest.mark.parametrize(
    "scan",
    [
        f"]C100{SSCC}4325261399",
        f"00{SSCC}43252699999999",
        f"(00){SSCC}(9999)x",
        f"https://a.example/00/{SSCC}?4322=maybe",
    ],
)
def test_an_unreadable_tail_does_not_stop_a_parcel_with_a_sure_number(scan: str) -> None:
    label = parse_label(scan)
    assert label.value == SSCC
    assert not label.hints.is_complete


PERSONAL = ("Zofia", "Ringstr", "491713920012")


@pytest.mark.parametrize(
    "scan",
    [
        f"]C100{SSCC}4301Zofia Wojcik\x1d4302Ringstr. 7\x1d4308+491713920012\x1d43221",
        f"(00){SSCC}(4301)Zofia(4302)Ringstr.7(4322)1",
        f"https://a.example/00/{SSCC}?4301=Zofia&4302=Ringstr&4308=%2B491713920012",
        f"]C100{SSCC[:-1]}44301Zofia\x1d4302Ringstr. 7",
        "]C14301Zofia\x1d4302Ringstr. 7",
        "https://a.example/?4301=Zofia&4302=Ringstr",
        "(4301)Zofia(4302)Ringstr",
    ],
)
def test_addresses_on_a_label_are_neither_kept_nor_repeated(scan: str) -> None:
    try:
        said = repr(parse_label(scan))
    except Malformed as malformed:
        said = f"{malformed} {malformed.__cause__} {malformed.__context__}"
    assert not [word for word in PERSONAL if word in said]


@example("\x81\x1d")
@example("]C1\x1d")
@given(st.text(max_size=60) | st.text(alphabet="0123456789]C1d2()\x1d/:htps?=&ABZ", max_size=60))
def test_any_text_is_a_label_or_malformed(text: str) -> None:
    try:
        label = parse_label(text)
    except Malformed:
        return
    assert parse_label(label.value).value == label.value


@given(st.integers(0, 10**17 - 1), st.integers(0, 10**8 - 1))
def test_numbers_we_make_are_numbers_we_read(sscc: int, serial: int) -> None:
    assert parse_label(make_sscc(f"{sscc:017d}")).kind is LabelKind.SSCC
    assert parse_label(make_s10("CA", f"{serial:08d}", "PL")).kind is LabelKind.S10
