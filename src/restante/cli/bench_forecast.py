"""``restante bench forecast``: our forecasts beside those of other programs, on the same days."""

from pathlib import Path
from typing import Annotated

import typer

from .output import RESULT, fail, print_json, progress

_Sets = Annotated[
    str, typer.Option(help="Of bixi, uci, generated; all of which there are data if absent.")
]
_Models = Annotated[
    str,
    typer.Option(
        help="Of ours, AutoTheta, AutoETS, MSTL, SeasonalNaive, CrostonSBA, LightGBM; all if"
        " absent."
    ),
]
_Origins = Annotated[
    int, typer.Option(help="Fortnights at the end that are forecast, one by one.", min=1, max=6)
]
_Data = Annotated[
    Path | None,
    typer.Option(
        envvar="RESTANTE_FORECAST_DATA",
        help="Folder of published sets; without it, only what is made up is forecast.",
    ),
]
_Peers = Annotated[
    Path, typer.Option(help="Python with the other programs; `make bench-forecast` makes it.")
]
_Seed = Annotated[int, typer.Option(help="Of all chance.", min=0)]
_Dwell = Annotated[bool, typer.Option(help="Measure how long parcels stay, too.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def bench_forecast(
    sets: _Sets = "bixi,uci,generated",
    models: _Models = "",
    origins: _Origins = 3,
    data: _Data = None,
    peers: _Peers = Path(".venv-peers/bin/python"),
    seed: _Seed = 1,
    dwell: _Dwell = True,
    as_json: _Json = False,
) -> None:
    """Forecast published and made-up days with our models and with others.

    Each is given the same days and asked for the same fortnight, one after the other, on one
    thread; published sets that are not there are named and left out.
    """
    try:
        from ..bench.forecast.run import Plan, measure_forecasts, usual_models
    except ModuleNotFoundError as error:
        fail(f"forecasts need {error.name}: install restante[insight]")
    plan = Plan(
        sets=_words(sets),
        models=_words(models) or tuple(usual_models()),
        origins=origins,
        data=data,
        peers=peers,
        seed=seed,
        with_dwell=dwell,
    )
    try:
        with progress("forecasting", total=1.0) as tell:
            report = measure_forecasts(plan, tell=tell)
    except ValueError as error:
        fail(str(error))
    if as_json:
        print_json(report.as_object())
    else:
        RESULT.print(report.text(), highlight=False, markup=False)


def _words(said: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in said.split(",") if word.strip())
