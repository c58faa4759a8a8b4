"""Where sites stand and how far people walk, now and then, as two drawings and as tables.

M1. Whoever cannot see the drawing, or colors, loses nothing: every site stands in a table, and how
    many people walk how far does, too. Steps of walking differ in lightness, sites in shape.
M2. Many cells are drawn as squares of a grid, each with the mean walk of its demand.

The same drawings stand in the console and in a file that opens without a network
(:func:`write_site_map_file`). It is given an answer's GeoJSON and must not know where that comes
from.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from markupsafe import Markup

from .ground import WIDTH, Ground
from .map_file import write_file

SQUARES_ACROSS: Final = 64
"""Squares of the grid over a drawing's width; an eye tells no more apart."""

STEPS_M: Final = (250.0, 500.0, 1_000.0)
"""Walks at which the color changes; above the last, and where nobody walks, there is one more."""

FARTHER_M: Final = 10_000.0
"""What a walk counts that nobody makes, in the mean of a square."""

STEP_NAMES: Final = ("up to 250 m", "up to 500 m", "up to 1 km", "farther, or not at all")

LOOKS: Final = {
    "stays": "stands, stays",
    "new": "new",
    "closed": "stands, closes",
    "free": "not chosen",
}
_MARKS: Final = {
    "stays": Markup('<rect x="-7" y="-7" width="14" height="14" rx="3"/>'),
    "new": Markup('<path d="M0 -11 10 0 0 11 -10 0Z"/>'),
    "closed": Markup('<path d="M-8 -8 8 8M8 -8 -8 8"/>'),
    "free": Markup('<circle r="3.5"/>'),
}


class Cell(NamedTuple):
    """A cell with a place; walks in metres, ``None`` where nobody walks."""

    at: Sequence[float]
    demand: float
    before_m: float | None
    after_m: float | None


class SiteRow(NamedTuple):
    """A site as the table tells it."""

    id: str
    look: str
    """Key of :data:`LOOKS`."""
    size: str
    demand: float
    meters: float | None
    is_accessible: bool
    host: str


class SiteMap(NamedTuple):
    """Both drawings, and the sites."""

    before: Markup | None
    """``None`` where nothing stands now, or nothing has a place."""
    after: Markup | None
    """``None`` where nothing has a place."""
    rows: tuple[SiteRow, ...]
    """Candidates that are not chosen are in no table."""


def make_site_map(geojson: Mapping[str, Any]) -> SiteMap:
    """Draw sites and walks.

    Parameters
    ----------
    geojson
        As :func:`restante.planning.siting.geojson.make_geojson` writes it.
    """
    cells, sites = [], []
    for feature in geojson["features"]:
        told = feature["properties"]
        at = feature["geometry"]["coordinates"] if feature["geometry"] else None
        if told["kind"] != "cell":
            sites.append((_row(told), at))
        elif at is not None:
            cells.append(Cell(at, told["demand"], told["meters_before"], told["meters"]))
    rows = tuple(row for row, _ in sorted(sites, key=_order) if row.look != "free")
    placed = [(row.look, row.id, at) for row, at in sites if at is not None]
    if not placed or not cells:
        return SiteMap(None, None, rows)
    ground = Ground(geojson["bbox"])
    standing = [("stays", name, at) for look, name, at in placed if look in {"stays", "closed"}]
    before = [(cell, cell.before_m) for cell in cells]
    after = [(cell, cell.after_m) for cell in cells]
    return SiteMap(
        before=_draw(ground, before, standing, "Walks now") if standing else None,
        after=_draw(ground, after, placed, "Walks then"),
        rows=rows,
    )


def write_site_map_file(geojson: Mapping[str, Any], *, title: str) -> str:
    """Write a page that opens from a file and asks nobody for anything."""
    # What is as usual is left out of an answer's JSON.
    answer = {"says": "", "cost": None, "bound": None, "gap": None, **geojson["answer"]}
    return write_file(
        "routes/site_map_file.html",
        title=title,
        map=make_site_map(geojson),
        legend=legend(),
        answer=answer,
    )


def _order(entry: tuple[SiteRow, Any]) -> tuple[int, float]:
    row, _ = entry
    return list(LOOKS).index(row.look), -row.demand


def _row(told: Mapping[str, Any]) -> SiteRow:
    look = {"closed": "closed", "candidate": "free"}.get(told["kind"])
    return SiteRow(
        id=told["id"],
        look=look or ("new" if told["standing"] == "new" else "stays"),
        size=told.get("size", ""),
        demand=told.get("demand", 0.0),
        meters=told.get("meters"),
        is_accessible=told["is_accessible"],
        host=told["host"],
    )


def _draw(
    ground: Ground,
    cells: Sequence[tuple[Cell, float | None]],
    sites: Iterable[tuple[str, str, Sequence[float]]],
    title: str,
) -> Markup:
    """Draw squares by their walks, and marks above them."""
    parts = list(_squares(ground, cells))
    # What matters most lies on top.
    for look, name, at in sorted(sites, key=lambda one: list(LOOKS).index(one[0]), reverse=True):
        parts.append(
            Markup('<g class="site-mark site-{}" transform="translate({})"><g class="route-mark">'
                   "<title>{}: {}</title>{}</g></g>").format(
                look, ground.place(at), name, LOOKS[look], _MARKS[look]
            )
        )  # fmt: skip
    return Markup(
        '<svg class="route-drawing" viewBox="0 0 {} {}" data-width="{}" data-height="{}"'
        ' role="img" aria-label="{}">{}</svg>'
    ).format(WIDTH, ground.height, WIDTH, ground.height, title, Markup("").join(parts))


def _squares(ground: Ground, cells: Sequence[tuple[Cell, float | None]]) -> Iterator[Markup]:
    side = WIDTH / SQUARES_ACROSS
    demand: dict[tuple[int, int], float] = defaultdict(float)
    way: dict[tuple[int, int], float] = defaultdict(float)
    for cell, walk in cells:
        x, y = ground.xy(cell.at)
        square = int(x // side), int(y // side)
        demand[square] += cell.demand
        way[square] += cell.demand * (FARTHER_M if walk is None else walk)
    most = max(demand.values()) or 1.0
    for (column, row), weight in demand.items():
        if weight <= 0:
            continue
        step = bisect_left(STEPS_M, way[column, row] / weight)
        # Area tells demand, so a side its root.
        wide = side * (0.25 + 0.75 * (weight / most) ** 0.5)
        left, top = (column + 0.5) * side - wide / 2, (row + 0.5) * side - wide / 2
        yield Markup('<rect class="walk walk-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}"'
                     ' height="{:.1f}"/>').format(step, left, top, wide, wide)  # fmt: skip


def legend() -> Sequence[tuple[str, Markup, str]]:
    """Tell marks and steps: class, drawing, words."""
    marks = [(f"site-mark site-{look}", _MARKS[look], words) for look, words in LOOKS.items()]
    square = Markup('<rect x="-10" y="-10" width="20" height="20"/>')
    return [*marks, *((f"walk walk-{n}", square, words) for n, words in enumerate(STEP_NAMES))]
