"""Histories: what came to each site, day by day."""

from datetime import date

import numpy as np

from restante.partners.manifest_row import ProblemCode
from restante.partners.places import read_history


def test_a_history_of_days_needs_site_date_and_parcels_only():
    history = read_history(b"site,date,parcels\nb,2026-11-01,3\na,2026-11-01,0\nb,2026-11-02,5\n")
    assert history.sites == ("b", "a")
    assert history.site_of.tolist() == [0, 1, 0]
    assert history.parcels.tolist() == [3.0, 0.0, 5.0]
    assert history.hours.tolist() == [-1, -1, -1]
    assert history.first_day == date(2026, 11, 1)
    assert history.last_day == date(2026, 11, 2)
    assert np.isnan(history.requests).all()
    assert history.problems == ()


def test_hours_sizes_and_requests_are_read_where_they_stand():
    history = read_history(b"site,date,hour,size,parcels,requests\na,2026-11-01,9,S,3,4\n")
    assert history.hours.tolist() == [9]
    assert history.sizes == ("S",)
    assert history.requests.tolist() == [4.0]


def test_days_that_do_not_exist_and_times_told_twice_are_named():
    history = read_history(
        b"site,date,hour,parcels\n"
        b"a,2026-02-30,9,1\n"
        b"a,1/2/2026,9,1\n"
        b"a,2026-02-01,24,1\n"
        b"a,2026-02-01,9.5,1\n"
        b"a,2026-02-01,9,-1\n"
        b"a,2026-02-01,9,2\n"
        b"a,2026-02-01,9,3\n"
        b",2026-02-01,9,\n"
    )
    assert [(one.row_number, one.column, one.code) for one in history.problems] == [
        (2, "date", ProblemCode.NOT_A_DATE),
        (3, "date", ProblemCode.NOT_A_DATE),
        (4, "hour", ProblemCode.OUT_OF_RANGE),
        (5, "hour", ProblemCode.OUT_OF_RANGE),
        (6, "parcels", ProblemCode.OUT_OF_RANGE),
        (8, "site", ProblemCode.ID_TWICE),
        (9, "site", ProblemCode.MISSING),
        (9, "parcels", ProblemCode.MISSING),
    ]
    assert history.parcels.tolist() == [2.0]
    assert "row 7" in history.problems[5].reason


def test_a_file_without_rows_has_no_days():
    history = read_history(b"")
    assert history.first_day is None
    assert history.last_day is None
    assert history.sites == ()
