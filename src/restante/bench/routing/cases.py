"""What is planned: generated cities, and published instances with what is best known of them.

Published instances are not ours to ship. A folder holds them as they are published, or packed:
``vrpdo-dumez/*.txt``, ``vrpdo-tilk/*.txt``, ``cvrp-x/*.vrp``, ``vrptw/*.vrp``, ``gvrp/*.vrp``,
``vrprdl/*.txt``; beside them ``bks_dumez.csv`` and ``bks_tilk.csv`` with the columns ``inst``,
``bks_k`` and ``bks``, and ``.sol`` beside ``.vrp``.
"""

import csv
import re
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from ...planning.routing.formats import READERS, Instance
from .city import make_city


class Known(NamedTuple):
    """The best plan that was published."""

    vehicles: int
    cost: float


class Case(NamedTuple):
    """A problem to plan."""

    group: str
    name: str
    instance: Instance
    fewest_first: bool
    """A plan with fewer vehicles is better, whatever it costs."""
    known: Known | None
    proven: bool
    """Nothing can be better than what is known."""


class Group(NamedTuple):
    """Problems that are told together, planned for as long."""

    name: str
    seconds: float
    parcels: int = 0
    """Of a generated city."""
    city_seeds: tuple[int, ...] = ()
    folder: str = ""
    pattern: str = ""
    """Of the names of published instances."""
    written_as: str = ""
    table: str = ""
    """File of best known values."""


GROUPS: Final = {
    group.name: group
    for group in (
        Group("city200", 30, parcels=200, city_seeds=(1, 2, 4)),
        Group("city1000", 30, parcels=1000, city_seeds=(1, 2)),
        *(
            Group(f"tilk{n}", s, folder="vrpdo-tilk", pattern=rf"[A-Z]+_{n}[a-z]+_\d+\.txt",
                  written_as="vrpdo", table="bks_tilk.csv")
            for n, s in ((25, 5), (50, 10))
        ),
        *(
            Group(f"dumez{n}", s, folder="vrpdo-dumez", pattern=rf"[A-Z]+_{n}_\d+\.txt",
                  written_as="vrpdo", table="bks_dumez.csv")
            for n, s in ((50, 10), (100, 20), (200, 20), (400, 60))
        ),
        Group("cvrp", 40, folder="cvrp-x", pattern=r".*\.vrp", written_as="cvrp"),
        Group("vrptw", 40, folder="vrptw", pattern=r".*\.vrp", written_as="vrptw"),
        Group("gvrp", 40, folder="gvrp", pattern=r".*\.vrp", written_as="gvrp"),
        Group("vrprdl", 20, folder="vrprdl", pattern=r"instance_\d+-triangle\.txt",
              written_as="vrprdl"),
    )
}  # fmt: skip
"""By name."""


class NoInstances(ValueError):
    """A published set was asked for and is not there; says where it was looked for."""


def find_cases(
    names: Sequence[str], folder: Path | None, only: Sequence[str] = ()
) -> Iterator[Case]:
    """Make the cases of some groups.

    Parameters
    ----------
    folder
        Where published instances are; without it only cities can be had.
    only
        Names of cases, such as ``U_50_1``; without it all.

    Raises
    ------
    NoInstances
        When a published set is asked for and not there.
    """
    for name in names:
        group = GROUPS[name]
        if group.parcels:
            for seed in group.city_seeds:
                if not only or f"{name}_{seed}" in only:
                    instance = Instance(make_city(group.parcels, seed), None)
                    yield Case(name, f"{name}_{seed}", instance, False, None, False)
        elif folder is None:
            raise NoInstances(
                f"{name} is a published set: say where it is with --instances, or in"
                " RESTANTE_ROUTING_INSTANCES"
            )
        else:
            yield from _published(group, folder, only)


def _published(group: Group, folder: Path, only: Sequence[str]) -> Iterator[Case]:
    files = {
        name: text
        for name, text in _files(folder, group.folder)
        if re.fullmatch(group.pattern, name) and (not only or Path(name).stem in only)
    }
    if not files and not only:
        raise NoInstances(f"{folder} has no {group.folder} with files of {group.name}")
    table = _table(folder / group.table) if group.table else {}
    for name in sorted(files, key=_in_order):
        stem = Path(name).stem
        instance = READERS[group.written_as](files[name], stem)
        known, proven = table.get(stem, (None, False))
        if known is None and group.pattern.endswith(".vrp"):
            known = _solution((folder / group.folder / name).with_suffix(".sol"))
        yield Case(group.name, stem, instance, group.written_as == "vrpdo", known, proven)


def _in_order(name: str) -> list[tuple[int, str]]:
    return [(int(part) if part.isdigit() else -1, part) for part in re.split(r"(\d+)", name)]


def _files(folder: Path, inner: str) -> Iterator[tuple[str, str]]:
    packed = folder / f"{inner}.tar.xz"
    if (folder / inner).is_dir():
        for path in (folder / inner).iterdir():
            if path.suffix in {".txt", ".vrp"}:
                yield path.name, path.read_text(encoding="latin-1")
    elif packed.is_file():
        with tarfile.open(packed) as archive:
            for member in archive:
                held = archive.extractfile(member) if member.isfile() else None
                if held is not None:
                    yield Path(member.name).name, held.read().decode("latin-1")


def _table(path: Path) -> dict[str, tuple[Known | None, bool]]:
    if not path.is_file():
        raise NoInstances(f"{path} with the best known values is missing")
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["inst"]: (Known(int(float(row["bks_k"])), float(row["bks"])), row.get("opt") == "Y")
            for row in csv.DictReader(file)
            if row["bks"]
        }


def _solution(path: Path) -> Known | None:
    if not path.is_file():
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    cost = [line.split()[-1] for line in lines if line.lower().startswith("cost")]
    vehicles = sum(line.lower().startswith("route") for line in lines)
    return Known(vehicles, float(cost[0])) if cost else None
