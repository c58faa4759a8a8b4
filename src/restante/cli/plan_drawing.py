"""What ``restante plan routes`` shows beside figures: how the search goes, a map page, GeoJSON."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

from .output import fail

if TYPE_CHECKING:
    from ..planning.routing import Problem, Progress, Result


def word_of(at: "Progress", seconds: float) -> str:
    """Say in a few words how far a search is."""
    per_second = at.iterations / seconds if seconds > 0 else 0.0
    is_served = math.isfinite(at.cost)
    cost = f"cost {at.cost:.6g}, all served" if is_served else "not all served yet"
    gap = f", gap {at.gap:.1%}" if at.gap is not None else ""
    return f"{cost}{gap}, {at.vehicles} vehicles, {per_second:,.0f} turns/s"


class Drawing:
    """The files a plan shall be drawn into; what stands in the way is said before the search."""

    def __init__(
        self, problem: "Problem", *, map_file: Path | None, geojson_file: Path | None
    ) -> None:
        self._problem, self._map_file, self._geojson_file = problem, map_file, geojson_file
        for file in (map_file, geojson_file):
            if file is not None and not file.parent.is_dir():
                fail(f"{file}: there is no folder {file.parent}; make it first")
        if map_file is not None:
            try:
                from ..web import route_map  # noqa: F401
            except ModuleNotFoundError as error:
                fail(f"a map page needs {error.name}: install restante[server]")
        if geojson_file is not None:
            from ..planning.routing.geojson import NoPositions, positions_of

            try:
                positions_of(problem)
            except NoPositions as error:
                fail(f"--geojson: {error}; --map draws a sketch without them")

    def write(self, result: "Result", *, title: str) -> None:
        """Write the files that were asked for."""
        from ..planning.routing.geojson import NoPositions, make_geojson
        from ..planning.routing.schematic import sketch_positions

        if self._geojson_file is not None:
            told = json.dumps(make_geojson(self._problem, result), ensure_ascii=False)
            self._geojson_file.write_text(told + "\n", encoding="utf-8")
        if self._map_file is not None:
            from ..web.route_map import write_map_file

            try:
                drawn = make_geojson(self._problem, result)
            except NoPositions:
                positions = sketch_positions(self._problem)
                drawn = make_geojson(self._problem, result, positions=positions)
            self._map_file.write_text(write_map_file(drawn, title=title), encoding="utf-8")
