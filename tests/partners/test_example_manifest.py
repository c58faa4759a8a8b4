"""The example manifests are what the tool makes, and what the demo may rely on."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from restante.core.ids import SiteId
from restante.partners import LabelKind, LabelScheme, ProblemCode, read_manifest

ROOT = Path(__file__).parents[2]
SITES = [SiteId(f"site-{number:02d}") for number in range(1, 41)]


def test_the_tool_reproduces_the_files_in_the_repository(tmp_path: Path) -> None:
    tool = ROOT / "tools" / "make_example_manifest.py"
    subprocess.run([sys.executable, tool, "--out", tmp_path], check=True, cwd=ROOT)
    for name in ("manifest.csv", "manifest_with_mistakes.csv"):
        assert (tmp_path / name).read_bytes() == (ROOT / "examples" / name).read_bytes()


def test_all_300_rows_of_the_example_are_good_and_of_every_kind() -> None:
    reading = read_manifest((ROOT / "examples" / "manifest.csv").read_bytes(), sites=SITES)
    parcels = [row.parcel for row in reading.rows]
    assert (len(parcels), reading.problems) == (300, ())
    assert len({parcel.label.value for parcel in parcels}) == 300
    assert {parcel.label.kind for parcel in parcels} == set(LabelKind)
    assert {parcel.label.scheme for parcel in parcels} == set(LabelScheme)
    assert {row.contact.language for row in reading.rows} == {"en", "de", "pl", "es"}
    assert sum(parcel.needs_low_door for parcel in parcels) >= 5
    assert sum(parcel.keep_upright for parcel in parcels) >= 5
    assert max(parcel.length_mm for parcel in parcels) <= 600
    busiest = Counter(parcel.site for parcel in parcels).most_common(1)[0][1]
    assert busiest >= 3 * 300 / len(SITES)


def test_the_example_names_nobody_who_can_be_reached() -> None:
    reading = read_manifest((ROOT / "examples" / "manifest.csv").read_bytes())
    for row in reading.rows:
        email, phone = row.contact.email, row.contact.phone
        assert email is None or email.rpartition("@example.")[2] in {"com", "org", "net"}
        assert phone is None or phone.startswith(
            ("+49171392", "+4917604069", "+467017406", "+442079460", "+120255501")
        )


def test_the_example_with_mistakes_shows_many_and_keeps_the_good_rows() -> None:
    content = (ROOT / "examples" / "manifest_with_mistakes.csv").read_bytes()
    reading = read_manifest(content, sites=SITES)
    assert [row.row_number for row in reading.rows] == [2, 3, 16, 22, 23]
    assert len({problem.code for problem in reading.problems}) >= 12
    assert ProblemCode.QUOTES_BROKEN in {problem.code for problem in reading.problems}
    assert reading.row_count == 21
