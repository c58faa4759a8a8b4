"""Every set, every origin, every model in turn: what it said of days that it was not given."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from ...insight.dwell import (
    chance_of_no_show,
    fit_hazard,
    fit_kaplan_meier,
    fit_no_show,
    survival,
)
from ...insight.dwell.scores import area_under_curve, deciles, integrated_brier
from ...insight.forecast import Problem, solve
from ...insight.forecast.calendar import make_calendar
from ...insight.forecast.counts import Array
from ...insight.forecast.scores import SCORED_LEVELS, naive_scale, score
from .changshu import FILE as DELIVERIES
from .changshu import LEARN_FROM, LEARN_UNTIL, SLOTS_PER_DAY, read_deliveries
from .report import DwellLine, ForecastReport, Run, Skipped
from .sets import SAY_WHERE, SETS, Case, NoData, fill

HORIZON: Final = 14
OURS: Final = "ours"
STATISTICAL: Final = ("AutoTheta", "AutoETS", "MSTL", "SeasonalNaive", "CrostonSBA")
PEERS: Final = (*STATISTICAL, "LightGBM")
SURVIVAL_PEERS: Final = ("CoxPHFitter", "WeibullAFTFitter")
SURVIVAL_ROWS: Final = 40_000
"""More took their models minutes and did not better them."""
DWELL_SLOTS: Final = 14
PATIENCE_S: Final = 3_600.0
MISSING: Final = 3
_PEERS: Final = Path(__file__).parent / "peers"


class NoPeer(Exception):
    """A peer gave no answer; says why."""


class Plan(NamedTuple):
    """What to run."""

    sets: tuple[str, ...]
    models: tuple[str, ...]
    origins: int = 3
    """A fortnight apart, the last one a fortnight before the end."""
    data: Path | None = None
    """Folder of published sets."""
    peers: Path = Path(".venv-peers/bin/python")
    seed: int = 1
    with_dwell: bool = True


Tell = Callable[[float, str], None]


def measure_forecasts(wanted: Plan, *, tell: Tell = lambda _share, _word: None) -> ForecastReport:
    """Run what is wanted, in turns.

    Raises
    ------
    ValueError
        When a set or a model is not known; says which there are.
    """
    for name, known in (*((one, SETS) for one in wanted.sets),
                        *((one, (OURS, *PEERS)) for one in wanted.models)):  # fmt: skip
        if name not in known:
            raise ValueError(f"there is no {name!r}; there are {', '.join(known)}")
    runs: list[Run] = []
    skipped: list[Skipped] = []
    turns = len(wanted.sets) * wanted.origins * len(wanted.models)
    for name in wanted.sets:
        try:
            case = SETS[name](wanted.data)
        except NoData as reason:
            skipped.append(Skipped(name, "", str(reason)))
            continue
        silent: set[str] = set()
        for back in range(wanted.origins):
            for model in wanted.models:
                tell(len(runs) / turns, f"{name} {model}")
                if model in silent:
                    continue
                try:
                    runs.append(_run(case, model, back * HORIZON, wanted))
                except NoPeer as reason:
                    silent.add(model)
                    skipped.append(Skipped(name, model, str(reason)))
    stays: list[DwellLine] = []
    if wanted.with_dwell:
        stays = list(_measure_dwell(wanted, skipped, tell))
    return ForecastReport(tuple(runs), tuple(stays), tuple(skipped))


def _run(case: Case, model: str, back: int, wanted: Plan) -> Run:
    days = case.history.values.shape[1] - back
    known, actual = (
        case.history.values[:, : days - HORIZON],
        case.history.values[:, days - HORIZON : days],
    )
    if model == OURS:
        began, cpu_began = time.perf_counter(), time.process_time()
        history = case.history._replace(values=known)
        found = solve(Problem(history, HORIZON, case.country, case.events), wanted.seed)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu_began
        lines = [line for line in found.lines if line.level == "series"]
        mean = np.array([line.mean for line in lines])
        pick = [found.levels.index(level) for level in SCORED_LEVELS]
        quantiles = np.array([[line.quantiles[i] for line in lines] for i in pick])
    else:
        answer = _ask_forecast(case, model, known, wanted.peers)
        mean, quantiles = np.array(answer["mean"]), np.array(answer["quantiles"])
        seconds, cpu = answer["seconds"], answer["cpu_seconds"]
    scores = score(actual, mean, quantiles, SCORED_LEVELS, naive_scale(known))
    return Run(
        case.name, model, back, scores.mase, scores.pinball, scores.coverage, round(seconds, 2),
        round(cpu, 2),
    )  # fmt: skip


def _ask_forecast(case: Case, model: str, known: Array, peers: Path) -> dict[str, Any]:
    first = case.history.first
    calendar = make_calendar(
        first, known.shape[1] + HORIZON, country=case.country, events=case.events
    )
    question = {
        "model": model,
        "horizon": HORIZON,
        "first_day": first.isoformat(),
        "first_weekday": first.weekday(),
        "special": calendar.is_special.astype(int).tolist(),
        "values": fill(known, first).tolist(),
        "quantiles": SCORED_LEVELS,
    }
    return _ask("lightgbm" if model == "LightGBM" else "statsforecast", question, peers)


def _ask(module: str, question: dict[str, Any], peers: Path) -> dict[str, Any]:
    if not peers.is_file():
        raise NoPeer(f"there is no {peers}: run `make bench-forecast`, which makes it")
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    try:
        done = subprocess.run(  # noqa: S603 - our own modules.
            [str(peers), str(_PEERS / f"ask_{module}.py")],
            input=msgspec.json.encode(question),
            capture_output=True,
            timeout=PATIENCE_S,
            env={**os.environ, **dict.fromkeys(threads, "1")},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NoPeer(f"no answer after {PATIENCE_S:.0f} s") from None
    if done.returncode:
        says = done.stderr.decode(errors="replace").strip().splitlines()
        word = says[-1] if says else f"status {done.returncode}"
        raise NoPeer(word if done.returncode == MISSING else f"it failed: {word}")
    found: dict[str, Any] = msgspec.json.decode(done.stdout)
    return found


def _measure_dwell(wanted: Plan, skipped: list[Skipped], tell: Tell) -> Iterator[DwellLine]:
    if wanted.data is None or not (wanted.data / DELIVERIES).is_file():
        skipped.append(Skipped("changshu", "", f"there is no {DELIVERIES}; {SAY_WHERE}"))
        return
    tell(0.9, "how long parcels stay")
    everything = read_deliveries(wanted.data)
    learned = everything.part(LEARN_FROM, LEARN_UNTIL)
    asked = everything.part(LEARN_UNTIL, int(everything.day.max()) + 1)
    plain = fit_kaplan_meier(learned.stays.slots, learned.stays.is_collected, DWELL_SLOTS)
    curves = np.tile(plain, (asked.stays.parcels, 1))
    yield DwellLine("Kaplan-Meier", "IBS", integrated_brier(curves, asked.stays), 0.0)
    began = time.process_time()
    hazard = fit_hazard(
        learned.stays, slots_per_day=SLOTS_PER_DAY, horizon=DWELL_SLOTS, seed=wanted.seed
    )
    told = survival(hazard, asked.stays)
    spent = time.process_time() - began
    yield DwellLine(OURS, "IBS", integrated_brier(told, asked.stays), round(spent, 1))
    for model in SURVIVAL_PEERS:
        tell(0.95, f"how long parcels stay, {model}")
        pick = np.random.default_rng(0).choice(learned.stays.parcels, SURVIVAL_ROWS, replace=False)
        question = {
            "model": model,
            "learned": learned.features[pick].round(4).tolist(),
            "slots": learned.stays.slots[pick].tolist(),
            "asked": asked.features.round(4).tolist(),
            "horizon": DWELL_SLOTS,
        }
        try:
            answer = _ask("lifelines", question, wanted.peers)
        except NoPeer as reason:
            skipped.append(Skipped("changshu", model, str(reason)))
            continue
        error = integrated_brier(np.array(answer["curves"]), asked.stays)
        yield DwellLine(model, "IBS", error, round(answer["cpu_seconds"], 1))
    yield DwellLine("own rate", "no-show AUC", area_under_curve(asked.rate, asked.failed), 0.0)
    began = time.process_time()
    no_show = fit_no_show(learned.features, learned.rate, learned.failed, wanted.seed)
    chance = chance_of_no_show(no_show, asked.features, asked.rate)
    spent = round(time.process_time() - began, 1)
    yield DwellLine(OURS, "no-show AUC", area_under_curve(chance, asked.failed), spent)
    tenths = deciles(chance, asked.failed)
    errors = [abs(one.said / max(one.happened, 1e-9) - 1) for one in tenths]
    yield DwellLine(OURS, "no-show error of a tenth, mean", float(np.mean(errors)), spent)
    yield DwellLine(OURS, "no-show error of a tenth, most", float(np.max(errors)), spent)


def usual_models() -> Sequence[str]:
    """Tell who is asked if nothing else is said."""
    return (OURS, *PEERS)
