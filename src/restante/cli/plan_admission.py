"""``restante plan admission``: what an hour in a compartment is worth at a site."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .capacity_files import read_sites
from .output import RESULT, fail, print_json, progress

if TYPE_CHECKING:
    from ..planning.capacity.policy import Policy

_Site = Annotated[str, typer.Option("--site", help="Which site; the first if absent.")]
_Error = Annotated[
    float,
    typer.Option(help="Error of the forecast of a stay, of its logarithm; 0.7 was measured.",
                 min=0.0, max=3.0),
]  # fmt: skip


def admission(
    file: Annotated[
        Path | None,
        typer.Argument(help="A network: JSON, or sites as CSV; the demo city if absent."),
    ] = None,
    site: _Site = "",
    forecast_error: _Error = 0.7,
    peak: Annotated[float, typer.Option(help="So many times as many parcels.", min=0.01)] = 1.0,
    weeks: Annotated[int, typer.Option(help="Weeks to learn from.", min=4, max=520)] = 48,
    seed: Annotated[int, typer.Option(help="Of all chance.", min=0)] = 1,
    out: Annotated[Path | None, typer.Option(help="Write the table into this JSON file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make a site's table of prices, and tell what it accepts beside best-fit and hindsight.

    The table is judged on weeks it was not made from. Nothing uses it by itself yet.
    """
    network = read_sites(file)
    from ..planning.capacity import BadProblem
    from ..planning.capacity.pricing import price_site

    try:
        with progress("learning", total=1.0) as tell:
            found = price_site(
                network, site or network.sites[0].id, weeks, seed,
                forecast_log_sd=forecast_error, peak=peak, progress=tell,
            )  # fmt: skip
    except BadProblem as error:
        fail(str(error))
    if out is not None:
        out.write_bytes(found.policy.to_json())
    told = {
        "site": found.site,
        "accepted": found.accepted,
        "best_fit": found.best_fit,
        "hindsight": found.hindsight,
        "strength": found.policy.strength,
        "crowding": found.policy.crowding,
        "dearest": _dearest(found.policy),
    }
    if as_json:
        print_json(told)
    else:
        RESULT.print(_text(told), highlight=False, markup=False)


def _dearest(policy: "Policy") -> list[str]:
    """Say what the dearest hours are worth, one for each kind."""
    found = []
    for kind, name in enumerate(policy.kinds):
        hour = max(range(len(policy.bids)), key=lambda h: policy.bids[h][kind])
        if policy.strength and policy.bids[hour][kind] > 0:
            found.append(policy.explain(hour, name))
    return found


def _text(told: dict[str, Any]) -> str:
    lines = [
        f"{told['site']}: accepts {told['accepted']:.1%} of what parcels are worth; best-fit"
        f" {told['best_fit']:.1%}, with hindsight {told['hindsight']:.1%}"
    ]
    if not told["strength"]:
        lines.append("  room is never scarce enough here: the policy is best-fit")
    return "\n".join([*lines, *(f"  {says}" for says in told["dearest"])])
