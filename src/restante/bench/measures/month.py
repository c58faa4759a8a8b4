"""A month of a network as event tables, drawn by a seed: columns at once, no parcel one by one.

G1. Each compartment takes parcels one after the other, as a locker does: nothing lies on anything.
    Gaps between a parcel and the next make occupancy what was asked for, on average.
G2. Deposits fall into couriers' hours, stays are log-normal about the median of lockers in mixed
    areas (31.6 h on average, over 60 % within a day: TØI for PostNord Norway), as long as a hold
    allows. Sites differ in how busy they are.
G3. Two doors a parcel, a session for each recipient and one for each courier's round, and a
    turn-away for every few hundred parcels.

It knows the tables' columns and nothing of the journal.
"""

import datetime as dt
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...insight.measures import tables
from ...operations.event_fold import Kept
from ...wiring.event_files import EventFiles, schema_of

DAY: Final = 86_400
SIZES: Final = (("S", 0.5), ("M", 0.35), ("L", 0.15))
DWELL_MEDIAN_H: Final = 20.0
DWELL_SIGMA: Final = 0.9
HOLD_H: Final = 72.0
TURNED_AWAY: Final = 0.003
ROUND_PARCELS: Final = 25
"""Parcels a courier puts in at one site in one visit."""

Ints = NDArray[np.int64]


class Month(NamedTuple):
    """What was made."""

    visits: int
    rows: int
    from_at: int
    until: int


def make_month(
    folder: Path,
    *,
    sites: int,
    days: int = 30,
    compartments: int = 120,
    busy: float = 0.7,
    seed: int = 1,
) -> Month:
    """Write the event tables of a network with one locker at each site into an empty folder.

    Parameters
    ----------
    busy
        Share of a compartment's time that a parcel lies in it, on average over the sites.
    """
    dice = np.random.default_rng(seed)
    begin = int(dt.datetime(2026, 11, 1, tzinfo=dt.UTC).timestamp())
    until = begin + days * DAY
    visits = _visits(dice, sites, compartments, busy, begin, until)
    files = EventFiles(folder)
    page = files.write(
        None, {table.name: [] for table in tables.BY_DAY}, Kept(at=until), [], "month"
    )
    columns = {
        tables.VISITS: visits,
        tables.TURN_AWAYS: _turn_aways(dice, visits),
        tables.SESSIONS: _sessions(dice, visits),
        tables.DOORS: _doors(visits),
        tables.CAPACITY: _capacity(sites, compartments, begin),
    }
    rows = 0
    for table, found in columns.items():
        rows += len(found["position"])
        _write(files, table, found, until)
    files.write_sites(
        (_site(i), f"Site {i}", "locker", f"zone-{i % 25:02d}", 50 + i / 1e3, 20 + i / 1e3, begin)
        for i in range(sites)
    )
    inside = visits["ended_at"] >= until
    files.write_open(page, _table(tables.VISITS, _opened(_some(visits, inside))))
    return Month(len(visits["position"]), rows, begin, until)


def _visits(
    dice: np.random.Generator, sites: int, compartments: int, busy: float, begin: int, until: int
) -> dict[str, Any]:
    boxes = sites * compartments
    mean_h = DWELL_MEDIAN_H * np.exp(DWELL_SIGMA**2 / 2)
    per_box = int((until - begin) / 3600 / mean_h * 2) + 4
    share = np.clip(dice.normal(busy, 0.15, sites), 0.1, 0.97).repeat(compartments)[:, None]
    stays = dice.lognormal(np.log(DWELL_MEDIAN_H), DWELL_SIGMA, (boxes, per_box))
    stays = np.minimum(stays, HOLD_H) * 3600
    gaps = dice.exponential(1.0, (boxes, per_box)) * stays.mean() * (1 - share) / share
    came = begin - DAY + np.cumsum(gaps + stays, axis=1) - stays
    left = came + stays
    box, _ = np.nonzero((came < until) & (left >= begin))
    kept = (came < until) & (left >= begin)
    came, left = came[kept].astype(np.int64), left[kept].astype(np.int64)
    order = np.argsort(came, kind="stable")
    box, came, left = box[order], came[order], left[order]
    count = len(box)
    named = np.array([name for name, share in SIZES for _ in range(round(share * 100))])
    size = named[(box % compartments) * 100 // compartments]
    overdue = left - came >= HOLD_H * 3600 - 1
    return {
        "parcel": np.char.add("p", np.arange(count).astype(str)),
        "partner": np.where(np.arange(count) % 3 == 0, "acme", "rival"),
        "site": _names(box // compartments),
        "locker": _names(box // compartments),
        "compartment": np.char.add("A", (box % compartments).astype(str)),
        "size": size,
        "wanted_size": size,
        "announced_at": came - DAY,
        "booked_at": came - DAY,
        "deposited_at": came,
        "hold_until": came + int(HOLD_H * 3600),
        "noticed_at": came + 5,
        "reminders": (left - came > DAY).astype(np.int32),
        "extensions": np.zeros(count, dtype=np.int32),
        "overdue_at": np.where(overdue, left - 1, -1),
        "ended_at": left,
        "end": np.where(overdue, "retrieved", "collected"),
        "position": np.zeros(count, dtype=np.int64),
    }


def _turn_aways(dice: np.random.Generator, visits: dict[str, Any]) -> dict[str, Any]:
    some = _some(visits, dice.random(len(visits["position"])) < TURNED_AWAY)
    count = len(some["position"])
    comes_back = dice.random(count) < 0.3
    return {
        "site": some["site"],
        "locker": some["locker"],
        # Three in ten are brought again and found room; the others went elsewhere.
        "parcel": np.where(comes_back, some["parcel"], np.char.add("gone-", some["parcel"])),
        "partner": some["partner"],
        "wanted_size": some["size"],
        "why": np.where(dice.random(count) < 0.9, "site_full", "not_expected"),
        "at": some["deposited_at"] - np.where(comes_back, 7_200, 0),
        "position": np.zeros(count, dtype=np.int64),
    }


def _sessions(dice: np.random.Generator, visits: dict[str, Any]) -> dict[str, Any]:
    count = len(visits["position"])
    rounds = _some(visits, np.arange(count) % ROUND_PARCELS == 0)
    few = len(rounds["position"])
    site = np.concatenate([visits["site"], rounds["site"]])
    seconds = np.concatenate([dice.integers(8, 60, count), dice.integers(200, 900, few)])
    ended = np.concatenate([visits["ended_at"], rounds["deposited_at"]])
    is_courier = np.arange(count + few) >= count
    zero = np.zeros(count + few, dtype=np.int32)
    return {
        "site": site,
        "locker": site,
        "role": np.where(is_courier, "courier", "recipient"),
        "started_at": ended - seconds,
        "ended_at": ended,
        "end": np.full(count + few, "done"),
        "deposits": np.where(is_courier, ROUND_PARCELS, 0).astype(np.int32),
        "collections": np.where(is_courier, 0, 1).astype(np.int32),
        "retrievals": zero,
        "turn_aways": zero,
        "position": np.zeros(count + few, dtype=np.int64),
    }


def _doors(visits: dict[str, Any]) -> dict[str, Any]:
    count = len(visits["position"])
    opened = np.concatenate([visits["deposited_at"], visits["ended_at"]])
    twice = {name: np.concatenate([visits[name]] * 2) for name in ("site", "locker", "compartment")}
    return {
        **twice,
        "purpose": np.repeat(["deposit", "collect"], count),
        "intended_at": opened - 20,
        "opened_at": opened - 19,
        "ended_at": opened,
        "outcome": np.where(np.arange(2 * count) % 997 == 0, "failed", "opened"),
        "position": np.zeros(2 * count, dtype=np.int64),
    }


def _capacity(sites: int, compartments: int, begin: int) -> dict[str, Any]:
    named = [name for name, _ in SIZES]
    counts = [round(share * compartments) for _, share in SIZES]
    return {
        "site": _names(np.arange(sites).repeat(len(named))),
        "size": np.tile(named, sites),
        "count": np.tile(np.array(counts, dtype=np.int32), sites),
        "at": np.full(sites * len(named), begin - 30 * DAY),
        "position": np.zeros(sites * len(named), dtype=np.int64),
    }


def _site(number: int) -> str:
    return f"site-{number:05d}"


def _names(numbers: Ints) -> Any:
    return np.array([_site(i) for i in range(int(numbers.max()) + 1)])[numbers]


def _some(columns: dict[str, Any], is_kept: Any) -> dict[str, Any]:
    return {name: column[is_kept] for name, column in columns.items()}


def _opened(columns: dict[str, Any]) -> dict[str, Any]:
    count = len(columns["position"])
    nothing = np.full(count, -1)
    return {**columns, "ended_at": nothing, "overdue_at": nothing, "end": np.full(count, "")}


def _table(table: tables.EventTable, columns: dict[str, Any]) -> Any:
    import pyarrow

    schema = schema_of(table)
    arrays = []
    for field in schema:
        column = columns[field.name]
        is_empty = column < 0 if field.name in ("ended_at", "overdue_at") else None
        arrays.append(pyarrow.array(column, type=field.type, mask=is_empty))
    return pyarrow.table(arrays, schema=schema)


def _write(files: EventFiles, table: tables.EventTable, found: dict[str, Any], until: int) -> None:
    when = found["ended_at"] if "ended_at" in found else found["at"]
    day = when // DAY
    order = np.argsort(day, kind="stable")
    found = _some(found, order)
    cuts = np.flatnonzero(np.diff(day[order])) + 1
    epoch = dt.date(1970, 1, 1)
    for rows in np.split(np.arange(len(order)), cuts):
        number = int(day[order[rows[0]]])
        if number * DAY < until:
            name = (epoch + dt.timedelta(days=number)).isoformat()
            files.write_day(table, name, _table(table, _some(found, rows)))
