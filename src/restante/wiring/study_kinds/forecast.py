"""What comes: parcels of every site in the days ahead."""

from datetime import date
from typing import Any

import msgspec

from ...insight.forecast import Event, Gaps, Problem, read_history, solve
from ...insight.forecast.result import Forecast, Line
from ..search_worker import Teller
from . import Answer, Order


class ToldEvent(msgspec.Struct):
    """Days of which more or less is expected."""

    name: str
    first: date
    last: date
    factor: float = 1.0


class Question(msgspec.Struct):
    """What is asked."""

    history: str
    """CSV, as ``restante forecast`` takes it."""
    days: int = 14
    country: str = ""
    gaps: Gaps = Gaps.ZERO
    events: tuple[ToldEvent, ...] = ()
    name: str = ""


def read(text: bytes) -> tuple[Question, Problem]:
    """Read a :class:`Question`."""
    try:
        question = msgspec.json.decode(text, type=Question)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
    problem = Problem(
        history=read_history(question.history, gaps=question.gaps),
        horizon=question.days,
        country=question.country,
        events=tuple(Event(one.name, one.first, one.last, one.factor) for one in question.events),
    )
    return question, problem


def name_of(problem: tuple[Question, Problem]) -> str:
    """Tell what it is called."""
    question, told = problem
    return question.name or f"{question.days} days of {len(told.history.sites)} sites"


def search(problem: tuple[Question, Problem], order: Order, teller: Teller) -> Answer:
    """Forecast."""

    def show(share: float, _word: str) -> None:
        teller.tell(share=share, cost=float("inf"))

    found = solve(problem[1], order.seed, progress=show)
    return Answer(_figures(found), found.to_json(), _drawn(found, problem[1]))


def _figures(found: Forecast) -> dict[str, Any]:
    scores = found.backtest.by_level.get("network")
    return {
        "model": found.model,
        "first": found.first.isoformat(),
        "days": found.days,
        "says": list(found.says),
        "parcels": sum(sum(line.mean) for line in found.lines if line.level == "network"),
        "mase": None if scores is None else scores.mase,
        "pinball": None if scores is None else scores.pinball,
        "covered_95": None if scores is None else scores.coverage.get("0.95"),
    }


def _drawn(found: Forecast, problem: Problem) -> dict[str, Any]:
    """Tell what pages draw: the network's days with what was, and sites by what they await."""
    values = problem.history.values
    network = [line for line in found.lines if line.level == "network"]
    sites = [line for line in found.lines if line.level == "site"]
    sites = sites or [line for line in found.lines if line.level == "series"]
    known = [None if is_unknown else float(total) for total, is_unknown in _totals(values)]
    return {
        "first_known": problem.history.first.isoformat(),
        "known": known,
        "first": found.first.isoformat(),
        "levels": list(found.levels),
        "network": [_line(line) for line in network],
        "sites": [_line(line) for line in sorted(sites, key=lambda one: -sum(one.mean))],
        "backtest": msgspec.to_builtins(found.backtest),
        "new_sites": list(found.new_sites),
    }


def _totals(values: Any) -> Any:
    import numpy as np

    return zip(np.nansum(values, axis=0), np.isnan(values).all(axis=0), strict=True)


def _line(line: Line) -> dict[str, Any]:
    return {"site": line.site, "mean": line.mean, "quantiles": line.quantiles}
