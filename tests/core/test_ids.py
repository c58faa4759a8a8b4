"""Ids sort by time, survive being read aloud, and name streams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.core import ids
from restante.core.ids import encode_id
from restante.core.refusal import Reason, Refused

TIMES = st.integers(0, 2**48 - 1)
CHANCE = st.binary(min_size=10, max_size=10)


@given(TIMES, CHANCE, TIMES, CHANCE)
def test_ids_sort_by_time(early: int, a: bytes, late: int, b: bytes):
    first, second = encode_id("p", early, a), encode_id("p", late, b)
    assert len(first) == 27
    assert first[0] == "p"
    assert set(first[1:]) <= set(ids.ALPHABET)
    if early != late:
        assert (first < second) is (early < late)
    else:
        assert (first == second) is (a == b)


@pytest.mark.parametrize("at_ms", [-1, 2**48])
def test_an_id_needs_a_time_that_can_be_written(at_ms: int):
    with pytest.raises(ValueError, match="at_ms"):
        encode_id("p", at_ms, bytes(10))


@pytest.mark.parametrize("size", [9, 11])
def test_an_id_needs_enough_chance(size: int):
    with pytest.raises(ValueError, match="entropy"):
        encode_id("p", 0, bytes(size))


def test_streams_are_named_by_kind_and_owner():
    assert ids.parcel_stream(ids.ParcelId("p-1")) == "parcel/p-1"
    assert ids.site_stream(ids.SiteId("site-07")) == "site/site-07"
    assert ids.locker_stream(ids.LockerId("locker-07")) == "locker/locker-07"
    assert ids.remote_stream(ids.LockerId("locker-07")) == "remote/locker-07"
    assert ids.fleet_stream("campus") == "fleet/campus"
    assert ids.dispatch_stream(ids.PartnerId("acme")) == "dispatch/acme"
    assert ids.split_stream(ids.StreamName("parcel/p-1")) == ("parcel", "p-1")


def test_a_refusal_says_its_reason_and_what_exactly():
    assert str(Refused(Reason.SITE_FULL)) == "site_full"
    assert str(Refused(Reason.SITE_FULL, "until Monday")) == "site_full: until Monday"
