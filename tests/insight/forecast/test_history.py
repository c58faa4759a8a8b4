"""A history says what is wrong with it, by row, and what to do."""

from datetime import date, timedelta

import numpy as np
import pytest

from restante.insight.forecast import BadHistory, Gaps, read_history
from tests.insight.forecast.towns import make_town, write_csv

DAYS = [date(2025, 3, 3) + timedelta(i) for i in range(50)]


def rows(*more: str, skip: int = -1) -> str:
    """Fifty good days of one site, and what else is said."""
    good = [f"a,{day},{i % 7}" for i, day in enumerate(DAYS) if i != skip]
    return "\n".join(["site,date,parcels", *good, *more])


def test_a_history_is_read_as_it_was_written():
    town = make_town(sites=3, days=60)
    found = read_history(write_csv(town))
    assert found.first == town.first
    assert found.series == town.series
    assert (found.values == town.values).all()


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("b,2025-03-03,nan", "row 52: parcels 'nan' is no number"),
        ("b,2025-03-03,", "row 52: parcels '' is no number"),
        ("b,2025-03-03,inf", "row 52: parcels 'inf' is no number"),
        ("b,2025-03-03,-4", "row 52: parcels -4 is negative"),
        ("b,03.03.2025,4", "row 52: date '03.03.2025' is no day; write 2025-11-28"),
        ("b,2025-02-30,4", "row 52: date '2025-02-30' is no day"),
        ("a,2025-03-04,4", "row 52: says again what row 3 said of a 2025-03-04"),
        (",2025-03-04,4", "row 52: names no site"),
        ("b,2025-03-04", "row 52: has 2 cells, the heading 3"),
        ("b,2025-03-04,1e9", "row 52: parcels 1e.09 is more than a site ever had"),
    ],
)
def test_a_bad_row_is_named_by_its_number(row: str, says: str):
    with pytest.raises(BadHistory, match=says):
        read_history(rows(row))


def test_every_bad_row_is_named_at_once():
    with pytest.raises(BadHistory) as told:
        read_history(rows("b,x,1", "b,2025-03-04,-1"))
    assert str(told.value).splitlines()[0].startswith("row 52")
    assert str(told.value).splitlines()[1].startswith("row 53")


def test_of_thousands_of_bad_rows_only_some_are_told():
    with pytest.raises(BadHistory, match="and 988 more like these"):
        read_history(rows(*(f"b,{i},1" for i in range(1000))))


def test_a_gap_must_be_explained():
    with pytest.raises(BadHistory, match=r"site a has no row for 2025-03-13(.|\n)*--gaps zero"):
        read_history(rows(skip=10))
    assert read_history(rows(skip=10), gaps=Gaps.ZERO).values[0, 10] == 0
    assert np.isnan(read_history(rows(skip=10), gaps=Gaps.CLOSED).values[0, 10])


def test_before_its_first_day_a_site_did_not_exist():
    late = [f"b,{day},3" for day in DAYS[30:]]
    found = read_history(rows(*late), gaps=Gaps.ZERO)
    assert np.isnan(found.values[1, :30]).all()
    assert (found.values[1, 30:] == 3).all()


def test_too_few_days_are_refused():
    short = "\n".join(["site,date,parcels", *(f"a,{day},1" for day in DAYS[:20])])
    with pytest.raises(BadHistory, match="20 days; it takes 42 at least"):
        read_history(short)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "column 'site' is missing"),
        ("site,date,parcels", "no rows"),
        ("site,date,count\na,2025-03-03,1", "column 'parcels' is missing"),
        ("site,date,parcels,colour\n", "there is a column 'colour'"),
        ("site,date,date,parcels\n", "twice"),
    ],
)
def test_a_heading_says_what_is_wanted(text: str, says: str):
    with pytest.raises(BadHistory, match=says):
        read_history(text)


def test_what_a_full_locker_turned_away_is_demand_too():
    lines = [f"a,{day},5,{9 if i == 3 else ''}" for i, day in enumerate(DAYS)]
    found = read_history("\n".join(["site,date,parcels,requests", *lines]))
    assert found.values[0, 3] == 9
    assert found.values[0, 4] == 5
    assert found.asked_share == 1 / 50


def test_fewer_requests_than_parcels_cannot_be():
    with pytest.raises(BadHistory, match="row 2: says 2 requests and 5 parcels"):
        read_history("site,date,parcels,requests\na,2025-03-03,5,2")


def test_hours_and_sizes_are_kept_apart_and_added_up():
    lines = [f"a;{day};{hour};{size};2" for day in DAYS for hour in (9, 17) for size in "SM"]
    found = read_history("\n".join(["site;date;hour;size;parcels", *lines]))
    assert [one.size for one in found.series] == ["M", "S"]
    assert (found.values == 4).all()
    assert found.hourly is not None
    assert found.hourly[0, 0, 9] == 2
    assert found.hourly[0, 0, 10] == 0
