"""A small town lives through bad luck: nothing is lost, no door opens unasked, all sides agree.

Every story is played from a seed on virtual time; ``seeds.txt`` keeps those that once failed. A
failing seed is printed with what befell it and can be played alone:
``pytest tests/simulation/test_world.py -k "[7]"``.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from restante.core.ids import parcel_stream
from restante.core.parcel import NoticeSent
from restante.edge.boards.simulated import Fault
from restante.sim.report import Tally
from tests.simulation.bad_luck import Story, play
from tests.simulation.watch import check_agreement, check_handoffs

SHORT_SEEDS = (1, 2)
CAMPAIGN = int(os.environ.get("SIMULATION_SEEDS", "1"))
"""Longer stories; set the variable to some hundreds for a night."""
LUCK = {
    "link cut",
    "power cut",
    "power cut in a visit",
    "power cut at an open door",
    "door forced",
    "board silent",
    "provider away",
    "clock set wrong",
    *(f"door {fault}" for fault in Fault),
}
ENDS = {"Collected", "Returned"}


def kept_seeds() -> list[int]:
    """Read the seeds that once failed."""
    lines = (Path(__file__).parent / "seeds.txt").read_text().splitlines()
    return [int(line.split()[0]) for line in lines if line and not line.startswith("#")]


def check(story: Story) -> None:
    """Check everything that must be so when a healed town has come to rest."""
    tally, town = story.tally, story.town
    assert tally.lost == 0, story
    assert tally.verify == "ok", story
    assert story.watch.look_count > 100
    check_agreement(town)
    assert check_handoffs(town) == tally.collected
    for mail in story.mails.values():
        doubled = [key for key, count in Counter(mail.keys).items() if count > 1]
        assert not doubled, story
    sent = sum(len(mail.keys) for mail in story.mails.values())
    assert sent == tally.notices_sent == count_noted(story)


def count_noted(story: Story) -> int:
    """Count the notices that parcels remember."""
    journal = story.town.office.journal
    streams = [parcel_stream(name) for name in story.watch.files()]
    facts = [one.fact for stream in streams for one in journal.read(stream)]
    return sum(isinstance(fact, NoticeSent) for fact in facts)


@pytest.fixture(scope="module")
def reach() -> Iterator[Counter[str]]:
    """Add up what befell the stories of this module, and print it in the end."""
    total: Counter[str] = Counter()
    yield total
    print("reach:", ", ".join(f"{name} {count}" for name, count in sorted(total.items())))


@pytest.mark.parametrize("seed", sorted({*SHORT_SEEDS, *kept_seeds()}))
def test_a_town_with_bad_luck_loses_nothing_and_opens_no_door_unasked(
    tmp_path: Path, seed: int, reach: Counter[str]
) -> None:
    story = play(tmp_path, seed)
    print(story)
    try:
        check(story)
    finally:
        story.town.close()
    reach.update(story.luck)
    reach.update(story.ends)
    reach["stories"] += 1
    reach["wrong codes"] += story.tally.wrong_codes_refused
    reach["refused notices"] += sum(mail.refused_count for mail in story.mails.values())


def test_the_stories_reach_every_kind_of_bad_luck_and_every_end(reach: Counter[str]) -> None:
    if reach["stories"] < len(SHORT_SEEDS):
        pytest.skip("only some of the stories were asked for")
    missing = (LUCK | ENDS | {"wrong codes", "refused notices"}) - {
        k for k, n in reach.items() if n
    }
    assert not missing, f"never met: {sorted(missing)}"


def test_one_seed_always_plays_the_same_life(tmp_path: Path) -> None:
    def tally(name: str, seed: int) -> Tally:
        story = play(tmp_path / name, seed, parcels=8, hours=9)
        story.town.close()
        return story.tally

    assert tally("once", 5) == tally("again", 5)
    assert tally("once more", 5) != tally("another", 6)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 100 + CAMPAIGN))
def test_a_campaign_of_longer_stories_finds_nothing(tmp_path: Path, seed: int) -> None:
    story = play(tmp_path, seed, parcels=60, pause_minutes=8)
    print(story)
    try:
        check(story)
    finally:
        story.town.close()
