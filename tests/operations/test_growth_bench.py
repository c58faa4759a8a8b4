"""The bench of growth: a true past, a true line through figures, a chart, and no figure missing."""

import struct
import sys
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from restante.bench.growth.chart import (
    HEIGHT_PIXELS,
    WIDTH_PIXELS,
    Drawing,
    NoPainter,
    draw_growth,
)
from restante.bench.growth.fit import fit_growth
from restante.bench.growth.past import WAITING, Past, lay_out_past, live
from restante.bench.growth.run import FIGURES, Plan, Step, count_parts, measure_growth
from restante.bench.private_postgres import Server
from restante.cli.app import app
from restante.cli.bench_growth import read_number
from restante.clock import SystemClock
from restante.core.streams import KINDS
from restante.core.value import DAY
from restante.journal.tables import FACTS, OUTBOX
from restante.journal.verify import verify
from restante.settings import Settings
from restante.views.tables import CONTACTS, LIST_ENTRIES, PARCELS, WATERMARKS
from restante.wiring.record import open_journal

COPIES = 3
TINY = Plan(
    (Step(2, 100), Step(6, 300)),
    callers=3,
    operations=4,
    rounds=1,
    starts=1,
    ends_max=4,
    lag_operations=3,
)


@pytest.fixture(scope="module")
def past() -> Past:
    return live(120, SystemClock().now())


def test_a_line_over_known_figures_has_their_slope():
    fit = fit_growth([1_000, 10_000, 100_000], [2.0, 2.5, 3.0])
    assert fit is not None
    assert fit.at_first == pytest.approx(2.0)
    assert fit.per_decade == pytest.approx(0.5)
    assert fit.growth == pytest.approx(0.25)


def test_a_line_goes_between_figures_that_scatter():
    fit = fit_growth([10, 10, 1_000, 1_000], [1.0, 3.0, 2.0, 4.0])
    assert fit is not None
    assert fit.at_first == pytest.approx(2.0)
    assert fit.per_decade == pytest.approx(0.5)


def test_nothing_is_told_of_growth_where_nothing_has_grown():
    flat = fit_growth([10, 100], [7.0, 7.0])
    assert flat is not None
    assert flat.growth == 0.0
    assert fit_growth([10, 10], [1.0, 2.0]) is None


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_copied_past_is_one_that_verification_accepts(
    past: Past, database: str, tmp_path: Path, request: pytest.FixtureRequest
):
    address = ""
    if database == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        address = server.make_schema(f"growth_{SystemClock().now_ms()}")
    journal = open_journal(Settings(data_dir=tmp_path, database_url=address))
    try:
        last = lay_out_past(journal, past, COPIES)
        report = verify(journal, KINDS)
        assert report.is_sound, report.text()
        assert report.facts == last == journal.head() == COPIES * past.facts
        with journal.reading() as connection:
            times = select(FACTS.c.recorded_at).order_by(FACTS.c.position)
            recorded = list(connection.scalars(times))
            positions = select(LIST_ENTRIES.c.position)
            listed = list(connection.scalars(positions))
    finally:
        journal.close()
    assert recorded == sorted(recorded)
    assert recorded[-1] - recorded[0] > 360 * DAY
    assert len(set(listed)) > COPIES
    assert all(0 < position <= last for position in listed)


def test_of_parcels_gone_by_only_that_is_left_which_is_kept(past: Past, tmp_path: Path):
    journal = open_journal(Settings(data_dir=tmp_path))
    try:
        lay_out_past(journal, past, 1)
        with journal.reading() as connection:
            parcels = connection.scalar(select(func.count()).select_from(PARCELS)) or 0
            undone = select(func.count()).select_from(OUTBOX).where(OUTBOX.c.done_at.is_(None))
            contacts = connection.scalar(select(func.count()).select_from(CONTACTS))
            assert connection.scalar(undone) == 0
            assert connection.scalar(select(WATERMARKS.c.seq)) == past.last_seq
    finally:
        journal.close()
    gone = parcels - WAITING
    assert gone > WAITING
    # Contacts of the last thirty days are still there, those of a year are not.
    assert contacts is not None
    assert WAITING <= contacts < WAITING + gone


def test_a_tiny_run_measures_everything_and_draws_it(tmp_path: Path):
    chart = tmp_path / "growth.png"
    place = tmp_path / "files"
    place.mkdir()
    told: list[str] = []
    report = measure_growth(
        TINY, sqlite_dir=place, chart=chart, tell=lambda _done, word: told.append(word)
    )
    assert len(told) == count_parts(TINY)
    assert [size.lockers for size in report.sizes] == [2, 6]
    assert [size.memory.ends for size in report.sizes] == [2, 4]
    found = msgspec.json.decode(msgspec.json.encode(report.as_object()))
    assert set(found["growth_per_decade"]) == {figure.name for figure in FIGURES}
    for size in found["sizes"]:
        for name in ("deposit_cpu_ms", "announce_cpu_ms", "follow_cpu_ms", "notice_cpu_ms"):
            assert size[name] > 0, name
        for name in ("end_cpu_ms", "ready_s", "ready_cpu_s", "fact_bytes", "deposit_p99_ms"):
            assert size[name] > 0, name
        assert size["catch_up_facts"][0] > TINY.operations
        assert size["catch_up_notices"] == [TINY.operations]
        assert size["lag_p99_ms"] > 0
    assert "per decade" in report.text()
    assert _size_of(chart) == (WIDTH_PIXELS, HEIGHT_PIXELS)
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("said", "number"), [("250", 250), ("10k", 10_000), ("1.5M", 1_500_000), ("1e3", 1_000)]
)
def test_numbers_are_read_as_people_write_them(said: str, number: int):
    assert read_number(said) == number


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--steps", "1k"], "'' is no number; write it as 250, 10k or 1.5M"),
        (["--steps", "1k:1M", "--rows", "1M"], "give either --steps or --lockers with --rows"),
        (["--lockers", "1k,2k", "--rows", "1M,2M,3M"], "2 sizes by lockers and 3 by rows"),
        (["--steps", "0:1M"], "a size has at least one locker"),
    ],
)
def test_sizes_that_cannot_be_are_refused_before_anything_is_measured(
    arguments: list[str], why: str
):
    done = CliRunner().invoke(app, ["bench", "growth", *arguments])
    assert done.exit_code == 1
    assert why in " ".join(done.stderr.split())


def test_a_chart_without_a_painter_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(NoPainter, match=r"restante\[bench\]"):
        draw_growth(
            tmp_path / "x.png", title="x", lockers=[1, 10], drawings=[Drawing("a", "s", [1, 2])]
        )


def _size_of(picture: Path) -> tuple[int, int]:
    head = picture.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    return int(width), int(height)
