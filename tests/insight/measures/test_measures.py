"""Every measure is what counting one by one gives, for each site, each zone and the network."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from restante.insight.measures.catalogue import MEASURES
from restante.settings import Settings
from restante.wiring.analytics import Wanted, measure, open_engine
from restante.wiring.event_files import BadEvents
from tests.insight.measures.story import PERIOD, Story

SITES = 45

Measured = Callable[[Path, Wanted], dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def story() -> Story:
    return Story(SITES, seed=11)


@pytest.fixture(scope="module")
def folder(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("events")
    story.write(folder)
    return folder


@pytest.fixture(scope="module")
def measured() -> Iterator[Measured]:
    def measured(folder: Path, wanted: Wanted) -> dict[str, dict[str, Any]]:
        rows = measure(engine, folder, wanted).to_pylist()
        return {row.pop("of"): row for row in rows}

    with open_engine(Settings()) as engine:
        yield measured


def test_each_site_is_measured_as_counting_one_by_one_does(
    measured: Measured, story: Story, folder: Path
) -> None:
    found = measured(folder, Wanted(PERIOD))
    assert list(found) == story.sites
    for site in story.sites:
        expected = story.expect({site})
        assert set(found[site]) == set(expected)
        for name, value in expected.items():
            assert found[site][name] == pytest.approx(value), (site, name)
    # The story is rich enough to tell something of every measure.
    for one in MEASURES:
        assert len({row[one.name] for row in found.values()}) > 3, one.name


@pytest.mark.parametrize("by", ["zone", "network"])
def test_groups_are_measured_anew_and_not_averaged(
    measured: Measured, story: Story, folder: Path, by: str
) -> None:
    found = measured(folder, Wanted(PERIOD, by))
    groups = {
        f"zone-{i}" if by == "zone" else "network": set(
            story.sites[i::3] if by == "zone" else story.sites
        )
        for i in range(3)
    }
    assert set(found) == set(groups)
    for name, sites in groups.items():
        for measure_name, value in story.expect(sites).items():
            assert found[name][measure_name] == pytest.approx(value), (name, measure_name)


def test_only_the_sites_asked_for_are_counted(
    measured: Measured, story: Story, folder: Path
) -> None:
    some = (story.sites[3], story.sites[4])
    found = measured(folder, Wanted(PERIOD, "network", sites=some))
    assert found["network"]["deposits"] == story.expect(set(some))["deposits"]
    zone = measured(folder, Wanted(PERIOD, "network", zones=("zone-1",)))
    assert zone["network"]["sites"] == SITES // 3


def test_a_period_without_anything_has_no_shares_and_no_zero_for_them(
    measured: Measured, folder: Path
) -> None:
    long_ago = PERIOD._replace(from_at=0, until=86_400)
    found = measured(folder, Wanted(long_ago, "network"))["network"]
    assert found["deposits"] == 0
    assert found["occupancy"] is None
    assert found["dwell_median"] is None


def test_a_folder_without_event_tables_says_how_to_make_them(
    measured: Measured, tmp_path: Path
) -> None:
    with pytest.raises(BadEvents, match="restante measures export"):
        measured(tmp_path, Wanted(PERIOD))
