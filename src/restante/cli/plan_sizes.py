"""``restante plan sizes``: how many columns of which kind each site needs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .capacity_files import read_sites
from .output import RESULT, fail, print_json, progress

if TYPE_CHECKING:
    from ..planning.capacity.sizing import Moves, Sizes

_File = Annotated[
    Path | None,
    typer.Argument(help="A network: JSON, or sites as CSV; the demo city if absent."),
]
_Target = Annotated[
    float, typer.Option(help="Share of parcels without room at the first try, at most.")
]
_Sites = Annotated[list[str] | None, typer.Option("--site", help="Only this site; again for more.")]
_Chart = Annotated[Path | None, typer.Option(help="Draw the shares by site into this PNG file.")]
_Move = Annotated[
    bool,
    typer.Option("--move", help="Buy nothing: find columns that are worth more at other sites."),
]


def sizes(
    file: _File = None,
    target: _Target = 0.02,
    site: _Sites = None,
    peak: Annotated[float, typer.Option(help="So many times as many parcels.", min=0.01)] = 1.0,
    move: _Move = False,
    days: Annotated[int, typer.Option(help="Days that are counted.", min=1, max=365)] = 28,
    runs: Annotated[int, typer.Option(help="Runs of the search.", min=2)] = 4,
    seed: Annotated[int, typer.Option(help="Of all chance.", min=0)] = 1,
    out: Annotated[Path | None, typer.Option(help="Write the answer into this JSON file.")] = None,
    chart: _Chart = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find how many columns of which kind each site needs, from the catalogue of modules.

    Formulas give a first guess, simulation the answer, with its 95 % interval on parcels that had
    no part in the search. With --move nothing is bought: columns change places.
    """
    network = read_sites(file)
    from ..planning.capacity import BadProblem, Span
    from ..planning.capacity.sizing import move_columns, size_sites

    span = Span(days, runs)
    found: Sizes | Moves
    try:
        with progress("sizing", total=1.0) as tell:
            if move:
                found = move_columns(network, span, seed, progress=tell)
            else:
                found = size_sites(
                    network, span, seed, target=target, sites=site or (), peak=peak, progress=tell
                )
    except BadProblem as error:
        fail(str(error))
    if out is not None:
        import msgspec

        out.write_bytes(msgspec.json.encode(found))
    if chart is not None:
        _draw(found, chart)
    if as_json:
        print_json(found)
    else:
        RESULT.print(_text(found), highlight=False, markup=False)


def _draw(found: "Sizes | Moves", chart: Path) -> None:
    from ..planning.capacity.sizing import Moves
    from .capacity_drawing import draw_sizes

    if isinstance(found, Moves):
        fail("--chart draws shares by site; it has nothing to draw with --move")
    draw_sizes(found, chart)


def _text(found: "Sizes | Moves") -> str:
    from ..planning.capacity.sizing import Moves

    return _text_of_moves(found) if isinstance(found, Moves) else _text_of_sizes(found)


def _text_of_sizes(found: "Sizes") -> str:
    lines = [
        f"{found.name or 'network'}: at most {found.target:.1%} without room at the first try;"
        f" {found.days} days, seed {found.seed}, 95 % intervals",
        f"{'site':12}{'parcels/day':>12}{'as it is':>18}{'found':>18}{'columns':>9}  which",
    ]
    for one in found.sites:
        now = "" if one.now is None else _share(one.now)
        which = ", ".join(f"{one.columns.count(name)} {name}" for name in sorted(set(one.columns)))
        holds = "" if one.holds else "  TARGET NOT REACHED: more columns than a locker has"
        lines.append(
            f"{one.site:12}{one.parcels_per_day:>12.1f}{now:>18}{_share(one.turned_away):>18}"
            f"{len(one.columns):>9}  {which}{holds}"
        )
    lines.append(f"cost of all: {sum(one.cost for one in found.sites):g}")
    return "\n".join(lines)


def _text_of_moves(found: "Moves") -> str:
    before, after = found.turned_away_before, found.turned_away_after
    lines = [
        f"{found.name or 'network'}: parcels without room a day {before.mean:.1f}"
        f" ({before.within:.1f}) as it is, {after.mean:.1f} ({after.within:.1f}) after"
        f" {len(found.moves)} moves"
    ]
    lines += [
        f"  {one.column} from {one.origin} to {one.to}: saves {one.saves.mean:.2f}"
        f" ({one.saves.within:.2f}) a day"
        for one in found.moves
    ]
    if not found.moves:
        lines.append("  no move is clearly worth it; more --runs tell smaller differences apart")
    return "\n".join(lines)


def _share(mean: Any) -> str:
    return f"{100 * mean.mean:.2f} % ({100 * mean.within:.2f})"
