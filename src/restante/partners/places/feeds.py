"""Carriers' feeds of points: where lockers and pickup points are, theirs or ours.

Three shapes of JSON are understood by what is in them: the points of InPost (``items`` with
``name``, ``location``, ``type``), the neutral feed this house publishes (``data.points`` or
``points`` with ``id``, ``location``, ``kind``), and GeoJSON. Whoever fetches a feed asks its owner
first; nothing is fetched here.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from ..csv_text import decode_text, file_problem
from ..manifest_row import ProblemCode, RowProblem
from .candidates import Candidates, CandidateStatus, read_candidates
from .table import LATITUDE, LONGITUDE, TABLE_BYTES_MAX

_OPERATING: Final = frozenset({"operating", "open", "active", ""})
_HINT: Final = "write a list of points, each with an id and a location of latitude and longitude"


class _Point(NamedTuple):
    id: str
    latitude: float
    longitude: float
    host: str
    is_accessible: bool
    is_operating: bool


class _BadPointError(Exception):
    def __init__(self, code: ProblemCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def read_feed(content: bytes) -> Candidates:
    """Read a feed of points as sites that exist.

    Points that are not in operation are left out, without a word: they are not there.

    Returns
    -------
    Candidates
        Status ``existing``; problems name points by their place in the feed, from 1.
    """
    text, problem = decode_text(content, bytes_max=TABLE_BYTES_MAX)
    if problem is not None:
        return _nothing(problem)
    try:
        document = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        return _nothing(_bad(0, ProblemCode.NOT_A_FEED, f"the file is not JSON ({error})"))
    if isinstance(document, dict) and document.get("type") == "FeatureCollection":
        found = read_candidates(content)
        return found._replace(statuses=(CandidateStatus.EXISTING,) * len(found.ids))
    points = _points_of(document)
    if points is None:
        return _nothing(_bad(0, ProblemCode.NOT_A_FEED, "the file has no list of points"))
    return _read(points)


def _points_of(document: Any) -> list[Any] | None:
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        for name in ("items", "points", "data"):
            found = document.get(name)
            if isinstance(found, list):
                return found
            if isinstance(found, dict):
                return _points_of(found)
    return None


def _read(points: list[Any]) -> Candidates:
    problems: list[RowProblem] = []
    kept: dict[str, _Point] = {}
    for number, point in enumerate(points, start=1):
        try:
            found = _point(point)
            if found.id in kept:
                raise _BadPointError(ProblemCode.ID_TWICE, f"has the id {found.id!r} of another")
        except _BadPointError as bad:
            problems.append(_bad(number, bad.code, str(bad)))
            continue
        if found.is_operating:
            kept[found.id] = found
    count = len(kept)
    return Candidates(
        ids=tuple(kept),
        lat=np.array([one.latitude for one in kept.values()], dtype=np.float64),
        lon=np.array([one.longitude for one in kept.values()], dtype=np.float64),
        fixed_cost=np.zeros(count),
        capacity=np.full(count, np.nan),
        is_accessible=np.array([one.is_accessible for one in kept.values()], dtype=bool),
        hosts=tuple(one.host for one in kept.values()),
        statuses=(CandidateStatus.EXISTING,) * count,
        problems=tuple(problems),
        row_count=len(points),
    )


def _point(point: Any) -> _Point:
    if not isinstance(point, dict):
        raise _BadPointError(ProblemCode.NOT_A_FEED, "is no object")
    id_ = point.get("id") or point.get("name")
    if not isinstance(id_, str | int) or not str(id_):
        raise _BadPointError(ProblemCode.MISSING, "has neither id nor name")
    place = point.get("location")
    place = place if isinstance(place, dict) else point
    latitude = _degrees(place, ("latitude", "lat"), LATITUDE)
    longitude = _degrees(place, ("longitude", "lon", "lng"), LONGITUDE)
    if latitude == longitude == 0:
        raise _BadPointError(ProblemCode.OUT_OF_RANGE, "lies at 0, 0, where no locker is")
    return _Point(
        str(id_),
        latitude,
        longitude,
        str(point.get("operator") or point.get("brand") or point.get("partner_id") or ""),
        point.get("easy_access_zone") is True
        or point.get("easy_access") is True
        or point.get("wheelchair") in (True, "yes"),
        str(point.get("status") or "").casefold() in _OPERATING,
    )


def _degrees(
    place: Mapping[str, Any], names: tuple[str, ...], bounds: tuple[float, float]
) -> float:
    value = next((place[name] for name in names if place.get(name) is not None), None)
    if value is None:
        raise _BadPointError(ProblemCode.MISSING, f"has no {names[0]}")
    try:
        number = float(value)
    except (TypeError, ValueError):
        says = f"has a {names[0]} that is no number"
        raise _BadPointError(ProblemCode.NOT_A_NUMBER, says) from None
    if not bounds[0] <= number <= bounds[1]:
        says = f"has a {names[0]} that is not between {bounds[0]:.0f} and {bounds[1]:.0f}"
        raise _BadPointError(ProblemCode.OUT_OF_RANGE, says)
    return number


def _bad(number: int, code: ProblemCode, reason: str) -> RowProblem:
    return file_problem(code, reason, _HINT, number)


def _nothing(problem: RowProblem) -> Candidates:
    none = np.zeros(0)
    return Candidates((), none, none, none, none, none.astype(bool), (), (), (problem,))
