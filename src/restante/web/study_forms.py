"""What people fill in to ask for a study, made into what its search reads.

F1. Whatever cannot be meant is refused before anything is kept, with words that name the field.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from restante.operations.searches import SECONDS_MAX, BadSearch
from restante.operations.studies import AskedStudy, StudyDesk

from .fields import read_number
from .study_words import KINDS

SEED: Final = 1


class Given(NamedTuple):
    """What came with a form."""

    fields: Mapping[str, str]
    files: Mapping[str, bytes]

    def text(self, name: str, default: str = "") -> str:
        """Read a field."""
        return self.fields.get(name, "").strip() or default

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """Read a number.

        Raises
        ------
        BadSearch
            When it is none, or out of range.
        """
        return read_number(self.fields, name, default, low, high)

    def file(self, name: str, what: str) -> str:
        """Read an uploaded text.

        Raises
        ------
        BadSearch
            When there is none, or it is no text.
        """
        content = self.files.get(name, b"")
        if not content:
            raise BadSearch(f"Choose {what} first.")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise BadSearch(f"{what}: write it in UTF-8.") from None


def ask(desk: StudyDesk, kind: str, given: Given) -> AskedStudy:
    """Make a study of what was filled in.

    Raises
    ------
    BadSearch
        When it cannot be meant.
    """
    if desk.missing:
        raise BadSearch(desk.missing)
    source = given.text("from", "network")
    problem = msgspec.json.encode(_PROBLEMS[kind](desk, given, source))
    name = desk.check_study(kind, problem)
    return AskedStudy(
        kind=kind,
        problem=problem,
        title=given.text("title") or f"{KINDS[kind].name}: {name}",
        source=source,
        seconds=given.number("seconds", 30, 1, SECONDS_MAX),
        seed=round(given.number("seed", SEED, 0, 2**31 - 1)),
    )


def _network(desk: StudyDesk, given: Given, source: str) -> msgspec.Raw:
    """Describe lockers and what comes to them: those here, those of a file, or the demo city's."""
    if source == "file":
        text = given.file("network", "a file with sites")
        is_object = text.lstrip().startswith("{")
        return msgspec.Raw(text.encode() if is_object else msgspec.json.encode(text))
    if source == "city":
        return msgspec.Raw(b"{}")
    if desk.network is None:
        raise BadSearch("This network cannot be described here: use a file.")
    return msgspec.Raw(desk.network.capacity()[0])


def _whatif(desk: StudyDesk, given: Given, source: str) -> dict[str, Any]:
    changes: dict[str, Any] = {"peak": given.number("peak", 1.0, 0.01, 100)}
    if site := given.text("out_site"):
        days = round(given.number("out_days", 7, 1, 365))
        changes["shut"] = [{"site": site, "from_day": _WARM_DAYS, "days": days}]
    if earlier := given.number("reminders_earlier_h", 0, 0, 720):
        changes["reminders_earlier_h"] = earlier
    if given.number("reward_factor", 1.0, 1.0, 10) != 1.0:
        changes["reward_factor"] = given.number("reward_factor", 1.0, 1.0, 10)
        changes["reward_h"] = given.number("reward_h", 24, 1, 720)
    if storm := given.number("storm_day", 0, 0, 365):
        changes["storms"] = [str(_WARM_DAYS + round(storm) - 1)]
    asked: dict[str, Any] = {
        "network": _network(desk, given, source),
        "changes": changes,
        "days": round(given.number("days", 28, 1, 365)),
        "runs": round(given.number("runs", 8, 2, 100)),
    }
    if given.text("redirect"):
        asked["redirect_share"] = given.number("redirect", 0, 0, 100) / 100
    return asked


def _sites(desk: StudyDesk, given: Given, source: str) -> dict[str, Any] | msgspec.Raw:
    if source == "problem":
        return msgspec.Raw(given.file("problem", "a problem as JSON").encode())
    more: dict[str, Any] = {"name": given.text("title")}
    if given.text("sites_max"):
        more["sites_max"] = round(given.number("sites_max", 1, 1, 100_000))
    match given.text("objective", "median"):
        case "coverage":
            more["objective"] = {
                "type": "coverage",
                "radius_m": given.number("radius_m", 500, 1, 1e5),
            }
        case "gradual" | "choice" as wanted:
            more["objective"] = {"type": wanted}
    standing: list[dict[str, Any]] = []
    if given.text("keep") and desk.network is not None:
        standing = msgspec.json.decode(
            desk.network.sites(may_close=given.text("keep") == "may_close")
        )
    return {
        "cells": given.file("cells", "a table of cells"),
        "candidates": given.file("candidates", "a table of candidates"),
        "standing": standing,
        "given": more,
    }


def _sizes(desk: StudyDesk, given: Given, source: str) -> dict[str, Any]:
    site = given.text("site")
    return {
        "network": _network(desk, given, source),
        "target": given.number("target", 2, 0.01, 99) / 100,
        "sites": [site] if site else [],
        "peak": given.number("peak", 1.0, 0.01, 100),
        "days": round(given.number("days", 28, 1, 365)),
        "runs": round(given.number("runs", 4, 2, 100)),
    }


def _forecast(desk: StudyDesk, given: Given, source: str) -> dict[str, Any]:
    if source == "file":
        history = given.file("history", "a CSV with what came")
    elif desk.network is None:
        raise BadSearch("This network cannot be described here: use a file.")
    else:
        history = desk.network.history()
    return {
        "history": history,
        "days": round(given.number("days", 14, 1, 400)),
        "country": given.text("country").upper(),
        "gaps": given.text("gaps", "zero"),
        "name": given.text("title"),
    }


_WARM_DAYS: Final = 7
"""Days a simulation plays before it counts; see ``restante.planning.capacity.simulate``."""

_PROBLEMS: Final = {"sites": _sites, "whatif": _whatif, "sizes": _sizes, "forecast": _forecast}
