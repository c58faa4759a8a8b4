"""Every kind of stream remembers its own facts and passes over all others."""

import pytest
from msgspec.structs import replace

from restante.core import grant, locker, parcel, site
from restante.core.grant import Purpose
from restante.core.streams import KINDS
from restante.core.value import Fact
from tests.factories import A1, GRANT, LOCKER, NOON, PARCEL, SITE, make_about

ANNOUNCED = parcel.ParcelAnnounced(at=NOON, about=make_about())
ISSUED = grant.GrantIssued(
    at=NOON, grant=GRANT, parcel=PARCEL, site=SITE, purpose=Purpose.COLLECT, valid_from=NOON
)
STRANGE: dict[str, tuple[Fact, ...]] = {
    "parcel": (site.SiteReopened(at=NOON), locker.ControllerStarted(at=NOON, release="1.0")),
    "site": (ANNOUNCED, ISSUED),
    "locker": (ANNOUNCED, ISSUED, site.SiteReopened(at=NOON)),
    "remote": (ANNOUNCED, site.SiteReopened(at=NOON)),
    "dispatch": (ANNOUNCED, site.SiteReopened(at=NOON)),
    "fleet": (ANNOUNCED, locker.ControllerStarted(at=NOON, release="1.0")),
}


def test_the_file_of_a_parcel_holds_custody_and_grants_side_by_side():
    kind = KINDS["parcel"]
    both = kind.evolve(kind.evolve(kind.initial, ANNOUNCED), ISSUED)
    assert both.custody == parcel.DECIDER.fold([ANNOUNCED])
    assert both.grants == grant.DECIDER.fold([ISSUED])
    again = replace(ANNOUNCED, at=NOON)
    assert kind.evolve(both, again) == both


def test_a_locker_is_remembered_by_its_own_facts():
    kind = KINDS["locker"]
    installed = locker.LockerInstalled(at=NOON, locker=LOCKER, compartments=(A1,))
    assert kind.evolve(kind.initial, installed) == locker.DECIDER.fold([installed])


@pytest.mark.parametrize("name", KINDS)
def test_facts_of_other_kinds_are_passed_over(name: str):
    kind = KINDS[name]
    for fact in STRANGE[name]:
        assert kind.evolve(kind.initial, fact) == kind.initial


@pytest.mark.parametrize("name", KINDS)
def test_every_fact_of_a_kind_has_a_tag_with_a_version(name: str):
    tags = [kind.__struct_config__.tag for kind in KINDS[name].fact_types]
    assert len(set(tags)) == len(tags)
    assert all(str(tag).rpartition(".v")[2].isdigit() for tag in tags)
