"""The power goes: what was told to anybody is still so, and no lock was pulsed twice."""

from collections import Counter

import pytest

from tests.power import cuts
from tests.power.cuts import Place, campaign, record
from tests.power.disk import Disk, Loss, Op
from tests.power.told import read_told


def report(found: list[cuts.Finding]) -> str:
    return "\n".join(
        f"python -m tests.power.replay {one.place.story}.{one.place.cut}: "
        f"{one.place}: {'; '.join(one.broken)}"
        for one in found
    )


def check_reach(places: list[Place]) -> None:
    """Every way to lose and both machines were among them."""
    assert {place.loss for place in places} == set(Loss)
    assert {place.whose for place in places} == {"locker", "centre", "both"}
    print(Counter(f"{place.loss} of {place.whose}" for place in places))


def test_fifty_power_cuts_lose_nothing_that_was_told() -> None:
    found, places = campaign(50)
    assert not found, report(found)
    assert len(places) == 50
    check_reach(places)


def test_an_old_sqlite_without_write_ahead_log_loses_nothing_either() -> None:
    found, _ = campaign(10, first_story=50, plant="old-sqlite")
    assert not found, report(found)


@pytest.mark.slow
def test_many_cuts_under_an_old_sqlite_lose_nothing() -> None:
    found, _ = campaign(200, first_story=60, plant="old-sqlite")
    assert not found, report(found)
    found, _ = campaign(200, first_story=60, plant="old-sqlite-full", stops_early=True)
    assert found, "the harness has become blind for removals that come undone"


@pytest.mark.slow
def test_a_thousand_power_cuts_lose_nothing_that_was_told() -> None:
    found, places = campaign(1_000, first_story=100)
    assert not found, report(found)
    assert len(places) == 1_000
    check_reach(places)


def test_cuts_do_take_away_what_was_not_made_sure() -> None:
    ops = record(0)
    lost = 0
    for cut in range(60):
        place = cuts.choose(ops, 0, cut)
        disk = Disk()
        for op in ops[: place.at]:
            disk.play(op)
        killed = {path: one for path, one in disk.files().items() if not path.endswith("-shm")}
        lost += cuts.remains(disk, place) != killed
    print(f"{lost} of 60 cuts took something away")
    # Half the places lie right after something was told, when there is often nothing to lose.
    assert lost >= 15


def test_system_calls_tell_the_same_story_as_a_file_system_of_our_own() -> None:
    if not cuts.can_mount():
        # Then every other test here stands on system calls already; twice must be the same.
        assert outline(record(3)) == outline(record(3))
        return
    assert outline(record(3, by_mounting=False)) == outline(record(3, by_mounting=True))


def outline(ops: list[Op]) -> list[object]:
    """Say in which order things were made sure, named and told."""
    found: list[object] = []
    told = b""
    for op in ops:
        if op.kind == "told":
            told += op.content
            if told.endswith(b"\n"):
                found += read_told([told])
                told = b""
        elif op.kind not in ("write", "truncate") and not op.path.endswith("-shm"):
            found.append((op.kind, op.path))
    return found


# ── The disk that forgets ─────────────────────────────────────────────────────────────────────


def disk_after(*ops: Op) -> Disk:
    disk = Disk()
    for op in ops:
        disk.play(op)
    return disk


MADE = (Op("create", "a/f"), Op("write", "a/f", 0, b"x" * 1000))


def test_what_was_fsynced_survives_and_the_rest_does_not() -> None:
    disk = disk_after(
        *MADE, Op("fsync", "a/f"), Op("syncdir", "a"), Op("write", "a/f", 0, b"y" * 9)
    )
    assert disk.cut(Loss.DROP, cuts.Random(1)) == {"a/f": b"x" * 1000}
    assert disk.files() == {"a/f": b"y" * 9 + b"x" * 991}


def test_a_name_needs_its_directory_fsynced() -> None:
    disk = disk_after(*MADE, Op("fsync", "a/f"))
    assert disk.cut(Loss.DROP, cuts.Random(1)) == {}
    kept = {str(disk.cut(Loss.TORN, cuts.Random(n))) for n in range(20)}
    assert kept == {"{}", str({"a/f": b"x" * 1000})}


def test_a_rename_that_was_not_made_sure_may_be_lost() -> None:
    sure = (*MADE, Op("fsync", "a/f"), Op("syncdir", "a"))
    disk = disk_after(*sure, Op("rename", "a/f", to="a/g"))
    assert set(disk.cut(Loss.DROP, cuts.Random(1))) == {"a/f"}
    disk.play(Op("syncdir", "a"))
    assert set(disk.cut(Loss.DROP, cuts.Random(1))) == {"a/g"}


def test_a_torn_write_ends_at_a_sector() -> None:
    disk = disk_after(Op("create", "a/f"), Op("syncdir", "a"), Op("write", "a/f", 0, b"x" * 2000))
    sizes = {len(disk.cut(Loss.TORN, cuts.Random(n))["a/f"]) for n in range(60)}
    assert sizes == {0, 512, 1024, 1536, 2000}


def test_sectors_may_survive_in_any_choice() -> None:
    disk = disk_after(Op("create", "a/f"), Op("syncdir", "a"), Op("write", "a/f", 0, b"x" * 1024))
    left = {disk.cut(Loss.SCATTER, cuts.Random(n))["a/f"] for n in range(40)}
    assert left == {b"", b"x" * 512, bytes(512) + b"x" * 512, b"x" * 1024}
