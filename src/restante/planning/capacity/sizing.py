"""How many columns of which kind a site needs, and whether columns stand where they should.

A locker is a set of modules from the catalogue; exactly one of each needed module (the screen's).
Wanted is the cheapest set whose share turned away at the first try is at most a target.

Z1  The first guess is the cheapest set that the modified offered load lets pass (:mod:`.loss`).
Z2  From there, sets are judged by simulation alone, all on the same parcels and people: modules
    are added where that lowers the share most, then left out or exchanged where that is cheaper
    and the target still holds.
Z3  The answer is judged again on parcels that had no part in the search. Only when the whole 95 %
    interval lies below the target does it hold; else a module is added and it is judged anew.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations_with_replacement, islice
from typing import Final

import msgspec
import numpy as np

from ...core.value import Value
from ..entry import BadProblem
from .changes import NO_CHANGES
from .fate import FIRST_TRY, make_fate, make_state
from .history import ROOMY
from .kernel import play
from .loss import LossTable, erlang_loss
from .problem import HOURS_OF_DAY, HOURS_OF_WEEK, CapacitySite, Module, Network
from .simulate import Mean, Progress, Span, mean_of, play_once
from .stream import Floats, Ints, draw_stream
from .tables import Places, Rules, Wanted, make_places, make_rules, make_wanted

COLUMNS_MAX: Final = 14
"""Columns of one locker beside the needed ones (the longest in streets have about so many)."""

SETS_MAX: Final = 40_000
"""Sets of one length that the first guess looks through."""

TRIED_MAX: Final = 12
"""Cheaper sets that are played in one step of the search, the most promising ones."""

JUDGED_RUNS: Final = 3
"""The answer is judged on so many times as many runs as the search used."""

Columns = tuple[str, ...]
"""Names of modules, sorted, without the needed ones."""


class SiteSize(Value):
    """What a site needs."""

    site: str
    parcels_per_day: float
    columns: tuple[str, ...]
    """Names of modules, with the needed ones."""
    compartments: dict[str, int]
    cost: float
    turned_away: Mean
    """Share at the first try, on parcels that had no part in the search."""
    target: float
    holds: bool
    """Whether the whole interval lies below the target."""
    guess: float
    """What the modified offered load said of this set."""
    erlang: float
    """What Erlang's formula says of the mean load: a check that formulas alone mislead."""
    now: Mean | None = None
    """Share of the site as it is, on the same parcels; none where it has no compartment."""


class Sizes(Value):
    """Sizes of all sites that were asked about."""

    name: str
    target: float
    days: int
    runs: int
    seed: int
    sites: tuple[SiteSize, ...]


class Move(Value):
    """A column that should stand elsewhere."""

    column: str
    origin: str
    to: str
    saves: Mean
    """Parcels a day that are no longer turned away."""


class Moves(Value):
    """How columns should be moved, in this order."""

    name: str
    days: int
    runs: int
    seed: int
    turned_away_before: Mean
    """Parcels a day at all sites."""
    turned_away_after: Mean
    moves: tuple[Move, ...]


class Trial:
    """One site, played with any set of columns on the same parcels and people.

    Parameters
    ----------
    seed
        Another seed for another sample.
    """

    def __init__(
        self, network: Network, site: CapacitySite, span: Span, seed: int, *, peak: float = 1.0
    ) -> None:
        busier = msgspec.structs.replace(
            site, parcels_per_day=site.parcels_per_day * peak, neighbours=()
        )
        self.network = msgspec.structs.replace(network, sites=(busier,))
        self.site, self.span = busier, span
        self._begin = span.warm_days * HOURS_OF_DAY
        self._places: Places = make_places(self.network, span.all_days)
        self.rules: Rules = make_rules(self.network, span.all_days)
        self._wanted: list[Wanted] = []
        for n in range(span.runs):
            stream = draw_stream(self.network, days=span.all_days, seed=seed * 1_000_003 + n)
            self._wanted.append(make_wanted(self.network, stream, self._places, NO_CHANGES))
        self._known: dict[tuple[int, ...], Floats] = {}
        self.modules = {one.name: one for one in network.modules}

    def room_of(self, columns: Columns) -> dict[str, int]:
        """Count compartments of a set of columns and the needed ones."""
        counts: Counter[str] = Counter()
        for module in self.needed():
            counts.update(module.compartments)
        for name in columns:
            counts.update(self.modules[name].compartments)
        return {kind: counts[kind] for kind in self.network.kinds if counts[kind]}

    def needed(self) -> list[Module]:
        """List the modules that every locker has."""
        return [one for one in self.network.modules if one.is_needed]

    def cost_of(self, columns: Columns) -> float:
        """Add up what a set costs, with the needed modules."""
        own = sum(self.modules[name].cost for name in columns)
        return own + sum(one.cost for one in self.needed())

    def shares(self, columns: Columns) -> Floats:
        """Play a set of columns; share turned away at the first try, by run."""
        return self.play(self.room_of(columns))

    def play(self, compartments: dict[str, int]) -> Floats:
        """Play any compartments."""
        room = np.array([[compartments.get(kind, 0) for kind in self.network.kinds]])
        key = tuple(room[0].tolist())
        if key not in self._known:
            ends = np.array([0, int(room.sum())])
            places = self._places._replace(room=room, heap_from=ends)
            self._known[key] = np.array([self._turned_away(places, one) for one in self._wanted])
        return self._known[key]

    def _turned_away(self, places: Places, wanted: Wanted) -> float:
        fate = make_fate(len(wanted))
        play(make_state(places, self.rules, len(wanted)), places, self.rules, wanted, fate)
        counts = wanted.put_in_at >= self._begin
        return float((fate.outcome[counts] != FIRST_TRY).mean()) if counts.any() else 0.0


def size_sites(
    network: Network,
    stop: Span = Span(),  # noqa: B008 - a tuple never changes
    seed: int = 1,
    *,
    target: float = 0.02,
    sites: Sequence[str] = (),
    peak: float = 1.0,
    progress: Progress = lambda _share, _word: None,
) -> Sizes:
    """Find the cheapest columns of each site for a share turned away.

    Parameters
    ----------
    stop
        Days and runs of the search; the answer is judged on three times as many runs.
    target
        Share of parcels without room at the first try, above 0 and below 1.
    sites
        Ids; all sites when empty.
    peak
        What the sites' arrivals are multiplied by: size for a peak week.

    Raises
    ------
    BadProblem
        When there is no module, or the target cannot be meant.
    """
    _refuse(network, target)
    wanted = [network.site(name) for name in sites] if sites else list(network.sites)
    sized = []
    for n, site in enumerate(wanted):
        progress(n / len(wanted), site.id)
        sized.append(_size(network, site, stop, seed, target, peak))
    return Sizes(
        name=network.name, target=target, days=stop.days, runs=stop.runs, seed=seed,
        sites=tuple(sized),
    )  # fmt: skip


def _refuse(network: Network, target: float) -> None:
    if not 0 < target < 1:
        raise BadProblem("", f"a target of {target:g} cannot be meant; give a share as 0.02")
    if not any(not one.is_needed for one in network.modules):
        raise BadProblem("modules", "there is no column to choose; list the catalogue's modules")
    for n, one in enumerate(network.parcels):
        if not any(set(one.goes_into) & set(m.compartments) for m in network.modules):
            raise BadProblem(
                f"parcels[{n}]", f"no module has a compartment for {one.name!r}; add one that has"
            )


def _size(
    network: Network, site: CapacitySite, span: Span, seed: int, target: float, peak: float
) -> SiteSize:
    trial = Trial(network, site, span, seed, peak=peak)
    load = _load(trial, seed)
    columns = _search(trial, load, _first_guess(trial, load, target), target)
    fresh = Span(span.days, JUDGED_RUNS * span.runs, span.warm_days)
    judge = Trial(network, site, fresh, seed + 500_009, peak=peak)
    found = mean_of(judge.shares(columns))
    while found.mean + found.within > target and len(columns) < COLUMNS_MAX:
        columns = _add_best(judge, columns)
        found = mean_of(judge.shares(columns))
    rooms = trial.room_of(columns)
    return SiteSize(
        site=site.id,
        parcels_per_day=round(trial.site.parcels_per_day, 3),
        columns=(*(one.name for one in trial.needed()), *columns),
        compartments=rooms,
        cost=trial.cost_of(columns),
        turned_away=found,
        target=target,
        holds=found.mean + found.within <= target,
        guess=float(load.guess(_rooms(trial, [columns]))[0]),
        erlang=erlang_loss(load.mean_inside, sum(rooms.values())),
        now=mean_of(judge.play(site.compartments)) if site.compartments else None,
    )


def _load(trial: Trial, seed: int) -> LossTable:
    """Play the site with room for all, and count who is inside."""
    kinds = trial.network.kinds
    roomy = msgspec.structs.replace(trial.site, compartments=dict.fromkeys(kinds, ROOMY))
    network = msgspec.structs.replace(trial.network, sites=(roomy,), is_booked=False)
    days, begin = trial.span.all_days, trial.span.warm_days * HOURS_OF_DAY
    shift = (network.first_weekday * HOURS_OF_DAY) % HOURS_OF_WEEK
    classes = len(network.parcels)
    inside, arrivals = np.zeros((2, classes, HOURS_OF_WEEK))
    times = np.bincount((np.arange(begin, days * 24) + shift) % HOURS_OF_WEEK, minlength=168)
    runs = min(trial.span.runs, 4)
    for n in range(runs):
        stream = draw_stream(network, days=days, seed=seed * 1_000_003 + n)
        played = play_once(network, stream, days)
        of, fate = played.wanted.kind, played.fate
        hours = np.arange(begin, days * HOURS_OF_DAY)
        week = (hours + shift) % HOURS_OF_WEEK
        for one in range(classes):
            came = np.sort(fate.in_at[of == one])
            left = np.sort(fate.out_at[of == one])
            standing = np.searchsorted(came, hours + 1) - np.searchsorted(left, hours + 1)
            inside[one] += np.bincount(week, standing, minlength=HOURS_OF_WEEK)
            fresh = np.searchsorted(came, hours + 1) - np.searchsorted(came, hours)
            arrivals[one] += np.bincount(week, fresh, minlength=HOURS_OF_WEEK)
    scale = runs * np.maximum(times, 1)
    masks, unions = trial.rules.masks, trial.rules.unions
    return LossTable(inside / scale, arrivals / scale, masks, unions)


def _first_guess(trial: Trial, load: LossTable, target: float) -> Columns:
    """Find the cheapest set that the modified offered load lets pass (Z1)."""
    names = _choices(trial)
    best: tuple[float, float, Columns] | None = None
    for count in range(COLUMNS_MAX + 1):
        sets = list(islice(combinations_with_replacement(names, count), SETS_MAX))
        losses = load.guess(_rooms(trial, sets))
        for columns, loss in zip(sets, losses.tolist(), strict=True):
            if loss <= target:
                found = (trial.cost_of(columns), loss, columns)
                best = found if best is None else min(best, found)
        if best is not None and count > len(best[2]):
            break
    return best[2] if best is not None else (names[0],) * COLUMNS_MAX


def _rooms(trial: Trial, sets: Sequence[Columns]) -> Ints:
    """Count compartments by kind, for each set of columns."""
    names = _choices(trial)
    kinds = trial.network.kinds
    own = {one.name: one.compartments for one in trial.network.modules}
    each = np.array([[own[name].get(kind, 0) for kind in kinds] for name in names])
    counts = np.array([[columns.count(name) for name in names] for columns in sets])
    fixed = np.array([sum(m.compartments.get(kind, 0) for m in trial.needed()) for kind in kinds])
    rooms: Ints = counts.reshape(len(sets), len(names)) @ each + fixed
    return rooms


def _choices(trial: Trial) -> list[str]:
    return sorted(one.name for one in trial.network.modules if not one.is_needed)


def _search(trial: Trial, load: LossTable, columns: Columns, target: float) -> Columns:
    """Let simulation have its way with a guess (Z2)."""
    while trial.shares(columns).mean() > target and len(columns) < COLUMNS_MAX:
        columns = _add_best(trial, columns)
    while True:
        cheaper = [
            other
            for other in _cheaper(trial, load, columns)
            if trial.shares(other).mean() <= target
        ]
        if not cheaper:
            return columns
        columns = min(cheaper, key=lambda other: (trial.cost_of(other), trial.shares(other).mean()))


def _add_best(trial: Trial, columns: Columns) -> Columns:
    longer = [tuple(sorted((*columns, name))) for name in _choices(trial)]
    now = float(trial.shares(columns).mean())

    def gain_per_cost(other: Columns) -> float:
        more = max(trial.cost_of(other) - trial.cost_of(columns), 1e-9)
        return (now - float(trial.shares(other).mean())) / more

    return max(longer, key=gain_per_cost)


def _cheaper(trial: Trial, load: LossTable, columns: Columns) -> list[Columns]:
    """List cheaper sets near by, the most promising ones: a column less, others instead."""
    names = _choices(trial)
    found: set[Columns] = set()
    for place in range(len(columns)):
        rest = columns[:place] + columns[place + 1 :]
        found.add(rest)
        found |= {tuple(sorted((*rest, name))) for name in names}
        for other in range(place, len(rest)):
            fewer = rest[:other] + rest[other + 1 :]
            found |= {tuple(sorted((*fewer, name))) for name in names}
    cost = trial.cost_of(columns)
    sets = sorted(other for other in found if trial.cost_of(other) < cost)
    if not sets:
        return []
    losses = load.guess(_rooms(trial, sets))
    return [sets[n] for n in np.argsort(losses, kind="stable")[:TRIED_MAX]]


def move_columns(
    network: Network,
    stop: Span = Span(),  # noqa: B008 - a tuple never changes
    seed: int = 1,
    *,
    moves_max: int = 10,
    progress: Progress = lambda _share, _word: None,
) -> Moves:
    """Find columns that would be worth more at other sites, best first.

    A move is proposed only where the whole interval of what it saves lies above zero. Every site
    keeps one column beside the needed ones.

    Raises
    ------
    BadProblem
        When sites do not say which columns they have.
    """
    needed = {one.name for one in network.modules if one.is_needed}
    without = [one.id for one in network.sites if not one.columns]
    if without:
        raise BadProblem(f"site {without[0]}", "it does not say its columns; list their names")
    trials, columns = [], []
    for n, site in enumerate(network.sites):
        progress(0.5 * n / len(network.sites), site.id)
        trials.append(Trial(network, site, stop, seed))
        columns.append(tuple(sorted(name for name in site.columns if name not in needed)))

    def total() -> Mean:
        return mean_of(
            np.sum([_lost(one, own) for one, own in zip(trials, columns, strict=True)], axis=0)
        )

    before, moves = total(), list[Move]()
    for turn in range(moves_max):
        progress(0.5 + 0.5 * turn / moves_max, f"move {turn + 1}")
        best = _best_move(trials, columns)
        if best is None:
            break
        origin, to, name, saves = best
        columns[origin] = _without(columns[origin], name)
        columns[to] = tuple(sorted((*columns[to], name)))
        moves.append(
            Move(column=name, origin=trials[origin].site.id, to=trials[to].site.id, saves=saves)
        )
    return Moves(
        name=network.name, days=stop.days, runs=stop.runs, seed=seed, turned_away_before=before,
        turned_away_after=total(), moves=tuple(moves),
    )  # fmt: skip


_Found = tuple[int, int, str, Mean]


def _lost(trial: Trial, columns: Columns) -> Floats:
    """Play a site; parcels a day that are turned away, by run."""
    lost: Floats = trial.shares(columns) * trial.site.parcels_per_day
    return lost


def _best_move(trials: Sequence[Trial], columns: Sequence[Columns]) -> _Found | None:
    best: _Found | None = None
    for name in sorted({name for standing in columns for name in standing}):
        gives: list[tuple[Floats, int]] = []
        takes: list[tuple[Floats, int]] = []
        for n, (trial, standing) in enumerate(zip(trials, columns, strict=True)):
            now = _lost(trial, standing)
            if name in standing and len(standing) > 1:
                gives.append((_lost(trial, _without(standing, name)) - now, n))
            if len(standing) < COLUMNS_MAX:
                longer = tuple(sorted((*standing, name)))
                takes.append((now - _lost(trial, longer), n))
        for dear, origin in sorted(gives, key=lambda one: float(one[0].mean()))[:3]:
            for worth, to in sorted(takes, key=lambda one: -float(one[0].mean()))[:3]:
                saves = mean_of(worth - dear)
                is_clear = origin != to and saves.mean - saves.within > 0
                if is_clear and (best is None or saves.mean > best[3].mean):
                    best = (origin, to, name, saves)
    return best


def _without(columns: Columns, name: str) -> Columns:
    place = columns.index(name)
    return columns[:place] + columns[place + 1 :]
