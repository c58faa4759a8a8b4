"""Power cuts: record a story once, then cut it anywhere and look at what is left."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import Random
from time import monotonic
from typing import NamedTuple

from tests.power.checks import check_remains
from tests.power.disk import Disk, Loss, Op, read_recording, write_files
from tests.power.fuse import TOLD
from tests.power.plants import planted
from tests.power.syscalls import run_recorded
from tests.power.told import read_told
from tests.programs import (
    KILLED_SECONDS_MAX,
    Overdue,
    killed_after,
    run_program,
    wait_for_end,
    wait_until,
)

ROOT = Path(__file__).resolve().parents[2]
MOUNT_SECONDS_MAX = 20
MOUNTED_SECONDS_MAX = 200
"""How long one mounted file system is used: less than a test may take, for who waits for its server
hears of nothing else."""
CUTS_PER_STORY = 25


class Place(NamedTuple):
    """Where and how the power goes."""

    story: int
    at: int
    """So many things were done before."""
    loss: Loss
    whose: str
    """``locker``, ``centre`` or ``both``; the other one is killed."""
    cut: int

    def __str__(self) -> str:
        return f"{self.story}.{self.cut} ({self.loss} of {self.whose} after {self.at})"


@cache
def can_mount() -> bool:
    """Whether a file system of our own can be mounted here, and keeps what is written to it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            with mounted(Path(folder), seconds=MOUNT_SECONDS_MAX) as mount:
                path = mount / "tried"
                with path.open("wb") as file:
                    file.write(b"x")
                    os.fsync(file.fileno())
                return path.read_bytes() == b"x"
        except (OSError, Overdue):
            return False


@contextmanager
def mounted(folder: Path, *, seconds: float = MOUNTED_SECONDS_MAX) -> Iterator[Path]:
    """Mount a recording file system; its recording is ``folder/recording`` afterwards.

    Whoever uses a file of it waits for its server. That is killed when it takes too long, which
    ends every wait with an error.

    Raises
    ------
    tests.programs.Overdue
        When it cannot be mounted, or was used for longer than ``seconds``.
    """
    mount, said = folder / "mount", folder / "said"
    mount.mkdir()
    with said.open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.power.fuse", mount, folder / "recording"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    try:
        with killed_after(server, seconds, what="a file system of our own does its work"):
            wait_until(
                lambda: mount.is_mount() or server.poll() is not None,
                what="a file system of our own is mounted",
                seconds=MOUNT_SECONDS_MAX,
            )
            if server.poll() is not None:
                raise OSError(f"cannot mount: {said.read_text(errors='replace')[-4000:]}")
            yield mount
            done = run_program(["fusermount3", "-u", mount], seconds=MOUNT_SECONDS_MAX)
            if done.code:
                raise OSError(f"cannot unmount: {done.said}")
            wait_for_end(server, MOUNT_SECONDS_MAX, "unmounted, it has not ended")
    finally:
        # After a failure somebody may still hold a file; what was recorded is of no use then.
        server.kill()
        if wait_for_end(server, KILLED_SECONDS_MAX, "killed, it is not gone"):
            run_program(["fusermount3", "-u", "-z", mount], seconds=MOUNT_SECONDS_MAX)


def record(story: int, plant: str = "", *, by_mounting: bool | None = None) -> list[Op]:
    """Play a story in a process of its own and keep everything it did and told.

    Parameters
    ----------
    by_mounting
        Through a file system of our own, or by reading system calls; what is possible here when
        not given.
    """
    mounts = can_mount() if by_mounting is None else by_mounting
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        if not mounts:
            files = folder / "files"
            files.mkdir()
            told = str(files / TOLD)
            return run_recorded(play_command(files, story, told, "--plant", plant), files, ROOT)
        with mounted(folder) as mount:
            play(mount, story, str(mount / TOLD), "--plant", plant)
        return read_recording(folder / "recording")


def play(folder: Path, story: int, told: str, *more: str) -> None:
    """Play a story to its end."""
    done = run_program(play_command(folder, story, told, *more), cwd=ROOT)
    if done.code:
        raise RuntimeError(f"story {story} ended with {done.code}: {done.said[-4000:]}")


def play_command(folder: Path, story: int, told: str, *more: str) -> list[str]:
    return [sys.executable, "-m", "tests.power.play", str(folder), str(story), told, *more]


def choose(ops: list[Op], story: int, cut: int) -> Place:
    """Draw a place: half of them anywhere, half right after something was told."""
    dice = Random(f"cut {story} {cut}")
    begun = next(place for place, op in enumerate(ops) if op.kind == "told")
    at = dice.randint(begun, len(ops))
    if dice.random() < 0.5:
        told = [place for place, op in enumerate(ops) if op.kind == "told" and place >= begun]
        at = min(len(ops), dice.choice(told) + dice.choice((1, 1, 2, 3)))
    whose = dice.choice(("locker", "centre", "both"))
    return Place(story, at, dice.choice(list(Loss)), whose, cut)


def cut_at(ops: list[Op], place: Place) -> list[str]:
    """Cut the power at a place, start again, and name what is broken."""
    disk = Disk()
    for op in ops[: place.at]:
        disk.play(op)
    told = [op.content for op in ops[: place.at] if op.kind == "told"]
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        write_files(remains(disk, place), folder)
        (folder / "centre").mkdir(exist_ok=True)
        return check_remains(folder, read_told(told), place.story)


def remains(disk: Disk, place: Place) -> dict[str, bytes]:
    """Tell what is left of one machine's or of both machines' files."""
    killed = disk.files()
    cut = disk.cut(place.loss, Random(f"loss {place.story} {place.cut}"))
    files: dict[str, bytes] = {}
    for machine in ("locker", "centre"):
        left = cut if place.whose in (machine, "both") else killed
        files.update({path: one for path, one in left.items() if path.startswith(machine)})
    # Shared memory of running programs: it is on no disk.
    return {path: one for path, one in files.items() if not path.endswith("-shm")}


class Finding(NamedTuple):
    """A promise that was broken, and where."""

    place: Place
    broken: list[str]
    seconds: float
    """Since the campaign began."""


def campaign(
    cuts: int, *, first_story: int = 0, plant: str = "", stops_early: bool = False
) -> tuple[list[Finding], list[Place]]:
    """Cut the power so many times, over as many stories as that needs."""
    began = monotonic()
    found: list[Finding] = []
    places: list[Place] = []
    for story in range(first_story, first_story + -(-cuts // CUTS_PER_STORY)):
        ops = record(story, plant)
        for cut in range(min(CUTS_PER_STORY, cuts - len(places))):
            place = choose(ops, story, cut)
            places.append(place)
            with planted(plant):
                broken = cut_at(ops, place)
            if broken:
                found.append(Finding(place, broken, monotonic() - began))
                if stops_early:
                    return found, places
    return found, places
