"""The harness finds every fault that is planted, and nothing where none is."""

from time import monotonic

import pytest

from tests.power.cuts import campaign
from tests.power.plants import PLANTS

CUTS_MAX = 400
"""Cuts a planted fault may survive; measured: the shyest was found within fifty."""


@pytest.mark.slow
def test_every_planted_fault_is_found_and_none_where_there_is_none() -> None:
    lines = []
    found_names = set()
    for name in PLANTS:
        began = monotonic()
        found, places = campaign(CUTS_MAX, plant=name, stops_early=True)
        if found:
            found_names.add(name)
            lines.append(
                f"{name}: seed {found[0].place.story}.{found[0].place.cut}, cut {len(places)}, "
                f"{monotonic() - began:.1f} s: {found[0].broken[0]}"
            )
        else:
            lines.append(f"{name}: NOT FOUND in {len(places)} cuts")
    clean, _ = campaign(100)
    lines.append(f"{len(found_names)} of {len(PLANTS)} found; none planted: {len(clean)} findings")
    print("\n".join(lines))
    assert found_names == set(PLANTS)
    assert len(PLANTS) == 11
    assert not clean
