"""What ``restante plan sites`` draws: a map page, a chart of walks, a chart of the frontier."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .output import fail

if TYPE_CHECKING:
    from ..planning.siting import Problem, Result
    from ..planning.siting.frontier import Point


def check_drawing(problem: "Problem", map_file: Path | None, chart_file: Path | None) -> None:
    """Say what stands in the way of drawing before the search."""
    for file in (map_file, chart_file):
        if file is not None and not file.parent.is_dir():
            fail(f"{file}: there is no folder {file.parent}; make it first")
    if map_file is not None:
        from ..planning.siting.geojson import NoPositions, check_positions

        try:
            from ..web import site_map  # noqa: F401

            check_positions(problem)
        except ModuleNotFoundError as error:
            fail(f"a map page needs {error.name}: install restante[server]")
        except NoPositions as error:
            fail(f"--map: {error}")
    if chart_file is not None:
        try:
            import matplotlib  # noqa: F401
        except ModuleNotFoundError as error:
            fail(f"a chart needs {error.name}: install restante[insight]")


def draw_map(problem: "Problem", result: "Result", file: Path, title: str) -> None:
    """Write a page with a map that opens offline."""
    from ..planning.siting.geojson import make_geojson
    from ..web.site_map import write_site_map_file

    page = write_site_map_file(make_geojson(problem, result), title=title)
    file.write_text(page, encoding="utf-8")


def draw_walks(problem: "Problem", result: "Result", file: Path) -> None:
    """Draw which share of people walks at most how far, for each kind of area."""
    axes, save = _axes("metres to walk", "share of demand served within")
    cells = result.assignment.cells
    areas = sorted({cell.area for cell in problem.cells if cell.area})
    for area in ["", *areas]:
        total = sum(c.demand for c in problem.cells if not area or c.area == area)
        pairs = sorted(
            (meters, demand)
            for cell, meters, demand in zip(
                cells, result.assignment.meters, result.assignment.demand, strict=True
            )
            if not area or problem.cells[cell].area == area
        )
        reached, shares = 0.0, []
        for _, demand in pairs:
            reached += demand
            shares.append(reached / total if total else 0.0)
        axes.step([meters for meters, _ in pairs], shares, where="post", label=area or "all")
    axes.set_ylim(0, 1.02)
    for meters in (500, 1_000):
        axes.axvline(meters, color="0.8", linewidth=0.8, zorder=0)
    if areas:
        axes.legend(frameon=False)
    save(file)


def draw_frontier(points: "Sequence[Point]", file: Path) -> None:
    """Draw the mean walk, and what is proven of the cost, against the number of sites."""
    axes, save = _axes("open sites", "mean walk in metres")
    told = [point for point in points if point.result.service]
    counts = [point.sites for point in told]
    axes.plot(
        counts,
        [point.result.service[0].meters_mean for point in told],
        marker="o",
        markersize=3,
        label="mean",
    )
    axes.plot(
        counts,
        [point.result.service[0].meters_p90 for point in told],
        marker="o",
        markersize=3,
        label="9 of 10 within",
    )
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    save(file)


def _axes(across: str, up: str):  # type: ignore[no-untyped-def]
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.2), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.spines[["top", "right"]].set_visible(False)
    return axes, lambda file: figure.savefig(file, format="png", metadata={"Software": None})
