"""``restante whatif``: a network as it is beside one that is changed."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .capacity_files import read_hours, read_sites
from .output import RESULT, fail, print_json, progress

if TYPE_CHECKING:
    from ..planning.capacity import Changes, Comparison, Network

_File = Annotated[
    Path | None,
    typer.Argument(help="A network: JSON, or sites as CSV; the demo city if absent."),
]
_Peak = Annotated[float, typer.Option(help="So many times as many parcels.", min=0.01)]
_Outage = Annotated[
    list[str] | None,
    typer.Option(help="A locker out, as SITE:7d or SITE:7d@10 from day 10 on; again for more."),
]
_Close = Annotated[
    list[str] | None, typer.Option(help="A site closed for good, as SITE or SITE@10.")
]
_Earlier = Annotated[str, typer.Option(help="Reminders so much earlier, as 12h.")]
_Reward = Annotated[
    str,
    typer.Option(help="A reward for early collection, as 24h:1.5: urge times 1.5 for 24 h."),
]
_Storm = Annotated[
    list[str] | None, typer.Option(help="A day of storm: a date, or a counted day from 0.")
]
_Redirect = Annotated[
    float | None,
    typer.Option(help="Share of parcels that may go to a neighbour when full.", min=0, max=1),
]
_Out = Annotated[Path | None, typer.Option(help="Write the whole comparison into this JSON file.")]
_Chart = Annotated[Path | None, typer.Option(help="Draw shares before and after into this PNG.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

PER_HUNDRED = {"first_try", "turned_away", "elsewhere", "later", "gone_back", "overdue",
               "occupancy", "occupancy_peak"}  # fmt: skip


def whatif(
    file: _File = None,
    peak: _Peak = 1.0,
    outage: _Outage = None,
    close: _Close = None,
    reminders_earlier: _Earlier = "",
    reward: _Reward = "",
    storm: _Storm = None,
    redirect: _Redirect = None,
    days: Annotated[int, typer.Option(help="Days that are counted.", min=1, max=365)] = 28,
    runs: Annotated[int, typer.Option(help="Pairs of runs; more tell more.", min=2)] = 8,
    seed: Annotated[int, typer.Option(help="Of all chance.", min=0)] = 1,
    out: _Out = None,
    chart: _Chart = None,
    as_json: _Json = False,
) -> None:
    """Simulate a network as it is and changed, on the same parcels and people.

    What is printed is the difference, with its 95 % interval of confidence.
    """
    network = read_sites(file)
    from ..planning.capacity import BadProblem, Span, compare

    try:
        changes = _changes(network, peak, outage or [], close or [], reminders_earlier, reward,
                           storm or [], redirect, days)  # fmt: skip
        with progress("playing", total=1.0) as tell:
            found = compare(
                network, changes, Span(days, runs), seed, other=_other(network, redirect),
                progress=tell,
            )  # fmt: skip
    except BadProblem as error:
        fail(str(error))
    if out is not None:
        import msgspec

        out.write_bytes(msgspec.json.encode(found))
    if chart is not None:
        from .capacity_drawing import draw_comparison

        draw_comparison(found, chart)
    if as_json:
        print_json(found)
    else:
        RESULT.print(_text(found), highlight=False, markup=False)


def _changes(
    network: "Network", peak: float, outage: list[str], close: list[str], earlier: str,
    reward: str, storm: list[str], redirect: float | None, days: int,
) -> "Changes":  # fmt: skip
    from ..planning.capacity import Changes, Shut
    from ..planning.capacity.simulate import WARM_DAYS

    shut = []
    for said in outage:
        site, _, rest = said.rpartition(":")
        length, _, day = rest.partition("@")
        if not site:
            fail(f"--outage is {said!r}; write a site and how long, as {network.sites[0].id}:7d")
        out_h = read_hours(length, "--outage")
        if out_h % 24 or not out_h:
            fail(f"--outage is {said!r}; a locker is out for whole days, as {site}:7d")
        shut.append(Shut(site=site, from_day=_day(day, said, WARM_DAYS), days=round(out_h / 24)))
    for said in close:
        site, _, day = said.partition("@")
        shut.append(Shut(site=site, from_day=_day(day, said, WARM_DAYS)))
    reward_h, factor = 0.0, 1.0
    if reward:
        length, _, times = reward.partition(":")
        reward_h = read_hours(length, "--reward")
        try:
            factor = float(times)
        except ValueError:
            fail(f"--reward is {reward!r}; write how long and how much stronger, as 24h:1.5")
    changes = Changes(
        peak=peak,
        shut=tuple(shut),
        reminders_earlier_h=read_hours(earlier, "--reminders-earlier") if earlier else 0.0,
        reward_factor=factor,
        reward_h=reward_h,
        storms=tuple(str(WARM_DAYS + int(day)) if day.isdigit() else day for day in storm),
    )
    _refuse_uncounted(network, changes, days)
    if changes == Changes() and redirect is None:
        fail("nothing is changed; say what, for example --peak 1.5")
    return changes


def _refuse_uncounted(network: "Network", changes: "Changes", days: int) -> None:
    """Refuse what would happen when nobody counts: it would seem to change nothing."""
    from ..planning.capacity.simulate import WARM_DAYS

    last = WARM_DAYS + days - 1
    asked = [("--storm", day) for day in changes.storm_days(network)]
    asked += [("--outage or --close", one.from_day) for one in changes.shut]
    for option, day in asked:
        if not WARM_DAYS <= day <= last:
            first = network.first_day
            counted = f"0 to {days - 1}"
            if first is not None:
                begin, end = (first + timedelta(days=n) for n in (WARM_DAYS, last))
                counted += f", which is {begin} to {end}"
            fail(f"{option}: that day is not counted; counted are days {counted}")


def _day(said: str, whole: str, usual: int) -> int:
    """Number a day after the warm ones, which are not counted."""
    if not said:
        return usual
    if not said.isdigit():
        fail(f"{whole!r}: after @ comes a day from 0, such as @10")
    return usual + int(said)


def _other(network: "Network", redirect: float | None) -> "Network | None":
    if redirect is None:
        return None
    import msgspec

    habits = msgspec.structs.replace(network.habits, redirect_share=redirect)
    return msgspec.structs.replace(network, habits=habits)


def _text(found: "Comparison") -> str:
    from ..planning.capacity import MEASURES

    what = "; ".join(found.says) or "as said"
    lines = [
        f"{found.name or 'network'}: {what}",
        f"{found.runs} pairs of runs of {found.days} days, seed {found.seed};"
        " in brackets the half width of the 95 % interval",
        "",
        f"{'':52}{'as it is':>18}{'changed':>18}{'difference':>20}",
    ]
    for name, one in found.measures.items():
        share = name in PER_HUNDRED
        word = MEASURES[name]
        columns = [_figure(one.base, share), _figure(one.changed, share),
                   _figure(one.difference, share, signed=True)]  # fmt: skip
        mark = "" if one.is_clear else "  not clear"
        lines.append(f"{word[:51]:52}{columns[0]:>18}{columns[1]:>18}{columns[2]:>20}{mark}")
    return "\n".join(lines)


def _figure(mean: Any, share: bool, *, signed: bool = False) -> str:
    scale, unit = (100.0, " %") if share else (1.0, "")
    sign = "+" if signed else ""
    return f"{mean.mean * scale:{sign}.2f}{unit} ({mean.within * scale:.2f})"
