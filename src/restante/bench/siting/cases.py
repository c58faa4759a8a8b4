"""What is planned: instances of OR-Library whose best cost is known, and generated cities."""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from ...planning.siting import Candidate, CandidateId, Cell, CellId, Coverage, Problem
from ...planning.siting.formats import read_capacitated, read_pmed
from ...planning.siting.formats.orlib import PUBLISHED

METERS_PER_DEGREE: Final = 2 * np.pi * 6_371_008.8 / 360


class Case(NamedTuple):
    """A problem to solve."""

    set: str
    name: str
    make: Callable[[], Problem]
    best: float | None
    """Cost of the best choice, where it is known."""
    seconds: float
    peers: tuple[str, ...] = ()
    """Others that are asked, where they can be."""


def find_cases(sets: tuple[str, ...], instances: Path | None) -> Iterator[Case]:
    """Find all cases of some sets.

    Raises
    ------
    ValueError
        When a set is not known, or needs a folder of instances that nobody named.
    """
    for name in sets:
        if name not in SETS:
            raise ValueError(f"there is no set {name!r}; there are {', '.join(SETS)}")
        if name in PUBLIC and instances is None:
            raise ValueError(f"set {name!r} needs --instances: a folder of OR-Library's files")
        yield from SETS[name](instances or Path())


def _pmed(folder: Path) -> Iterator[Case]:
    known = _known(folder / "pmedopt.txt")
    for number in range(1, 41):
        name = f"pmed{number}"
        file = folder / f"{name}.txt"
        if file.is_file():
            asked = ("spopt",) if number in (1, 20, 40) else ()
            yield Case(
                "pmed", name, functools.partial(_read_pmed, file),
                known.get((name, None)), 5.0, asked,
            )  # fmt: skip


def _cap(folder: Path) -> Iterator[Case]:
    known = _known(folder / "capopt_capacitated.txt")
    for file in sorted(folder.glob("cap*.txt")):
        name = file.stem
        if (name, None) in known:
            yield Case(
                "cap", name, functools.partial(_read_cap, file, None),
                known[name, None], 10.0,
            )  # fmt: skip
        for capacity in PUBLISHED.get(name, ()):
            yield Case(
                "cap",
                f"{name}-{capacity}",
                functools.partial(_read_cap, file, capacity),
                known.get((name, capacity)),
                30.0,
                ("highs",) if capacity == PUBLISHED[name][0] else (),
            )


def _read_pmed(file: Path) -> Problem:
    return read_pmed(file.read_text(encoding="utf-8"), file.stem)


def _read_cap(file: Path, capacity: float | None) -> Problem:
    return read_capacitated(file.read_text(encoding="utf-8"), file.stem, capacity)


def _known(file: Path) -> dict[tuple[str, int | None], float]:
    """Read a table of best costs; one of several capacities stands below its file's name."""
    known: dict[tuple[str, int | None], float] = {}
    name = ""
    for line in file.read_text().splitlines() if file.is_file() else ():
        found = re.match(r"((?:p?med|cap)\w*)?\s+([\d.]+)(?:\s+\(capacity (\d+)\))?", line)
        if found is not None:
            name = found[1] or name
            known[name, int(found[3]) if found[3] else None] = float(found[2])
    return known


def make_city(cells: int, candidates: int, sites: int, seed: int = 7) -> Problem:
    """Scatter people over a city of 20 by 20 km: 60 quarters, squares of 100 m, way 1.3 of line."""
    rng = np.random.default_rng(seed)
    side, quarters, square = 20_000.0, 60, 100.0
    middle = rng.uniform(0.08, 0.92, (quarters, 2)) * side
    wide = rng.gamma(2, 400, quarters) + 200
    weight = rng.pareto(1.5, quarters) + 0.3
    weight /= weight.sum()
    along = (np.arange(int(side / square)) + 0.5) * square
    x, y = np.meshgrid(along, along)
    dense = np.zeros_like(x)
    for at, spread, share in zip(middle, wide, weight, strict=True):
        away = (x - at[0]) ** 2 + (y - at[1]) ** 2
        dense += share / spread**2 * np.exp(-away / (2 * spread**2))
    dense += dense.mean() * 0.05
    people = rng.gamma(1.2, dense / dense.sum() * 1_000_000 / 1.2).ravel()
    kept = np.argsort(-people)[:cells]
    places = np.column_stack((x.ravel()[kept], y.ravel()[kept]))
    demand = people[kept]
    chosen = rng.choice(cells, candidates, replace=False, p=demand / demand.sum())
    stands = places[chosen] + rng.uniform(-50, 50, (candidates, 2))
    at_cells, at_stands = places / METERS_PER_DEGREE, stands / METERS_PER_DEGREE
    return Problem(
        name=f"city {cells} x {candidates}, {sites} sites",
        cells=tuple(
            Cell(id=CellId(f"c{n}"), demand=float(demand[n]), longitude=float(lon),
                 latitude=float(lat))
            for n, (lon, lat) in enumerate(at_cells)
        ),
        candidates=tuple(
            Candidate(id=CandidateId(f"s{n}"), longitude=float(lon), latitude=float(lat))
            for n, (lon, lat) in enumerate(at_stands)
        ),
        sites_min=sites,
        sites_max=sites,
    )  # fmt: skip


def with_capacities(problem: Problem, seed: int = 3) -> Problem:
    """Give each candidate one of four capacities; all sites of the mean one would just do."""
    rng = np.random.default_rng(seed)
    whole = sum(cell.demand for cell in problem.cells)
    sizes = rng.choice([0.7, 1.0, 1.6, 2.2], len(problem.candidates))
    mean = whole / problem.sites_most
    return msgspec.structs.replace(
        problem,
        name=f"{problem.name}, capacities",
        candidates=tuple(
            msgspec.structs.replace(one, capacity=float(mean * size))
            for one, size in zip(problem.candidates, sizes, strict=True)
        ),
    )


def _city(_: Path) -> Iterator[Case]:
    yield Case("city", "city-2000", lambda: make_city(2_000, 200, 30), None, 5.0,
               ("spopt", "highs"))  # fmt: skip
    yield Case("city", "city-20000", lambda: make_city(20_000, 2_000, 300), None, 30.0)


def _coverage(_: Path) -> Iterator[Case]:
    def covered() -> Problem:
        city = make_city(20_000, 2_000, 300)
        return msgspec.structs.replace(city, objective=Coverage(radius_m=500.0))

    yield Case("coverage", "coverage-20000", covered, None, 5.0, ("highs",))


def _capacity(_: Path) -> Iterator[Case]:
    yield Case(
        "capacity", "capacity-20000", lambda: with_capacities(make_city(20_000, 2_000, 300)),
        None, 120.0,
    )  # fmt: skip


SETS: Final[Mapping[str, Callable[[Path], Iterator[Case]]]] = {
    "pmed": _pmed,
    "cap": _cap,
    "city": _city,
    "coverage": _coverage,
    "capacity": _capacity,
}
"""Cases by the name of their set."""

PUBLIC: Final = ("pmed", "cap")
"""Sets that are read from OR-Library's files."""
