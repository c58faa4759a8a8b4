"""What ``restante plan sites`` plans from: problems as JSON, public formats, tables of places."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from .output import fail

if TYPE_CHECKING:
    from ..planning.siting import Problem


class Format(StrEnum):
    """What a file of sites is written as."""

    JSON = "json"
    PMED = "pmed"
    ORLIB_CAP = "orlib-cap"
    CSV = "csv"
    GEOJSON = "geojson"


class Objective(StrEnum):
    """What is sought."""

    MEDIAN = "median"
    COVERAGE = "coverage"
    GRADUAL = "gradual"
    CHOICE = "choice"


class Wishes(NamedTuple):
    """What the command line says beside the file."""

    candidates: Path | None
    capacity: float | None
    sites: int | None
    objective: Objective | None
    radius_m: float
    threshold: float
    demand_min: float
    accessible_share: float
    closures: int | None
    move_m: float | None
    detour: float


def read_problem(file: Path, written_as: Format | None, wishes: Wishes) -> "Problem":
    """Read a problem, and put the wishes of the command line into it; fails with what to do."""
    try:
        return _read(file, written_as or _guess(file), wishes)
    except (ValueError, OSError) as error:
        fail(f"{file}: {error}")


def _guess(file: Path) -> Format:
    by_suffix = {".json": Format.JSON, ".csv": Format.CSV, ".geojson": Format.GEOJSON}
    found = by_suffix.get(file.suffix.lower())
    if found is None:
        names = ", ".join(Format)
        fail(f"{file}: say what it is written as: --format, one of {names}")
    return found


def _read(file: Path, written_as: Format, wishes: Wishes) -> "Problem":
    from ..planning.siting import Problem
    from ..planning.siting.formats import read_capacitated, read_pmed

    if wishes.capacity is not None and written_as is not Format.ORLIB_CAP:
        fail("--capacity is for --format orlib-cap: leave it away")
    if wishes.candidates is not None and written_as not in (Format.CSV, Format.GEOJSON):
        fail("--candidates is for --format csv and geojson: leave it away")
    match written_as:
        case Format.PMED:
            problem = read_pmed(file.read_text(encoding="utf-8"), file.stem)
        case Format.ORLIB_CAP:
            text = file.read_text(encoding="utf-8")
            problem = read_capacitated(text, file.stem, wishes.capacity)
        case Format.JSON:
            problem = Problem.from_json(file.read_bytes())
        case _:
            return _read_places(file, wishes)
    return msgspec.structs.replace(problem, **_changes(wishes))


def _changes(wishes: Wishes) -> dict[str, Any]:
    from ..planning.siting import Choice, Coverage, GradualCoverage, Median

    changes: dict[str, Any] = {}
    if wishes.sites is not None:
        changes.update(sites_min=wishes.sites, sites_max=wishes.sites)
    match wishes.objective:
        case Objective.MEDIAN:
            changes["objective"] = Median()
        case Objective.COVERAGE:
            changes["objective"] = Coverage(radius_m=wishes.radius_m)
        case Objective.GRADUAL:
            changes["objective"] = GradualCoverage(
                half_m=wishes.radius_m, reach_m=max(1_500.0, 3 * wishes.radius_m)
            )
        case Objective.CHOICE:
            changes["objective"] = Choice(
                decay_m=wishes.radius_m,
                reach_m=max(1_500.0, 3 * wishes.radius_m),
                threshold=wishes.threshold,
            )
        case None:
            pass
    if wishes.demand_min:
        changes["demand_min"] = wishes.demand_min
    if wishes.accessible_share:
        changes["accessible_share_min"] = wishes.accessible_share
    if wishes.closures is not None:
        changes["closures_max"] = wishes.closures
    if wishes.move_m is not None:
        changes["move_m"] = wishes.move_m
    return changes


def _read_places(file: Path, wishes: Wishes) -> "Problem":
    """Read cells and candidates from tables; without candidates, every cell is one."""
    from ..planning.siting import Standing, Straight
    from ..wiring.site_tables import make_site_problem

    content = file.read_bytes()
    cells, candidates = _split(content)
    if wishes.candidates is not None:
        cells, candidates = content, wishes.candidates.read_bytes()
    problem = make_site_problem(
        cells,
        candidates,
        name=file.stem,
        distances=Straight(detour=wishes.detour),
        **_changes(wishes),
    )
    if wishes.sites is None and not any(one.fixed_cost for one in problem.candidates):
        fail(
            "how many sites shall be open? Say it with --sites, or give candidates a fixed_cost:"
            " without both every candidate would be opened"
        )
    if wishes.move_m is None:
        return problem
    moving = tuple(
        msgspec.structs.replace(one, standing=Standing.MAY_MOVE)
        if one.standing is Standing.MAY_CLOSE
        else one
        for one in problem.candidates
    )
    return msgspec.structs.replace(problem, candidates=moving)


def _split(content: bytes) -> tuple[bytes, bytes]:
    """Take candidates out of GeoJSON that holds both: features whose ``kind`` is candidate."""
    if not content.lstrip().startswith(b"{"):
        return content, content
    told = json.loads(content)
    features = told.get("features") if isinstance(told, dict) else None
    if not isinstance(features, list):
        return content, content

    def is_candidate(feature: Any) -> bool:
        return isinstance(feature, dict) and (feature.get("properties") or {}).get("kind") in (
            "candidate",
            "site",
        )

    mine = [one for one in features if is_candidate(one)]
    if not mine:
        return content, content
    rest = [one for one in features if not is_candidate(one)]
    return (
        json.dumps({**told, "features": rest}).encode(),
        json.dumps({**told, "features": mine}).encode(),
    )
