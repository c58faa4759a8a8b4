"""What no plan of a problem costs less than: a linear program of ways between places.

Model
-----
Sets: parcels ``P``, options ``O`` that some vehicle reaches, places ``J``, limits ``L``, kinds of
vehicles ``K``. Variables, all at least 0: ``x(o)`` share of an option, ``out(p)`` share of an
optional parcel left out, ``y(j)`` visits of a place, ``z(i, j)`` ways from where trips begin to
places, between places, and to where trips end; ``u`` trips, ``w(k)`` vehicles of a kind. Minimize
what ways, service, vehicles, penalties and prizes cost, each at the cheapest vehicle's price and
the fastest hour's speed, subject to: every parcel served or out; limits; as many ways into a place
as out of it and as visits of it; as many trips as begin and end; loads that trips hold; hours and
range that vehicles have; the vehicles there are. Then, of sets of places found where a solution
breaks them: ways into the set are no fewer than the share of any parcel served in it, nor than the
loads served in it need trips. The number of vehicles is whole, so it is rounded up.

Every plan is a solution, so none costs less. What it does not know: which vehicle goes where,
waiting, breaks, and that a vehicle does one thing after the other; of windows only that nobody goes
from a place to one that has closed by then. Of all ways only those to near places are written down
at first; others are added until none could make it cheaper. Where :data:`ROUNDS_MAX` rounds do not
do for that, the weaker answer before is given. Where a vehicle is under way there is none.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .numbering import Numbered
from .preflight import Preflight
from .problem import Vehicle

NEAR_MAX = 8
"""Places to which ways are written down at first, from each place (chosen)."""

CUT_ROUNDS_MAX = 24
"""How often sets of places are looked for, in small problems (chosen)."""

CUT_WORK_MAX = 1_500
"""Times places: larger problems are looked at less often (docs/explanation/routes.md)."""

QUICK_PLACES_MAX = 300
"""Places up to which half a second of a core does (docs/explanation/routes.md)."""

ROUNDS_MAX = 40
"""How often ways are added after the same sets (chosen)."""

PRECISION = 1e-7
"""What a linear program's answer may be too high, as a share of it."""

THRESHOLDS = (1e-6, 0.2, 0.4, 0.6)
"""Of ways kept when places hang together: sets that do are looked at."""


def find_bound(numbered: Numbered, looked: Preflight) -> float | None:
    """Find a cost that no plan is below, or nothing where it is not known."""
    bound = begin_bound(numbered, looked)
    return None if bound is None else bound.improve()


def begin_bound(numbered: Numbered, looked: Preflight) -> "Bound | None":
    """Begin to look for a cost that no plan is below; nothing where there is none."""
    is_out = any(vehicle.under_way is not None for vehicle in numbered.problem.vehicles)
    if is_out or looked.unplaceable or not looked.options:
        return None
    return Bound(numbered, looked)


def is_quick(numbered: Numbered, looked: Preflight) -> bool:
    """Tell whether the bound is found in less than a second."""
    return len({numbered.choices[o].place for o in looked.options}) <= QUICK_PLACES_MAX


class _Kind(NamedTuple):
    """Vehicles that a bound need not tell apart."""

    fixed: float
    hours_s: float
    range_m: float
    trips: int
    capacity: tuple[float, ...]


def _kind_of(vehicle: Vehicle, capacity: Iterable[float]) -> _Kind:
    hours_s = vehicle.shift_ends_at - vehicle.shift_starts_at
    if vehicle.shift_s_max is not None:
        hours_s = min(hours_s, vehicle.shift_s_max)
    range_m = math.inf if vehicle.range_m is None else vehicle.range_m
    held = tuple(float(room) for room in capacity)
    return _Kind(vehicle.cost_fixed, hours_s, range_m, vehicle.trips_max, held)


class _Ways:
    """What ways cost at least, how long and how far they are; places of ``J`` by number.

    Row and column ``len(J)`` are where trips begin, and where they end.
    """

    def __init__(self, numbered: Numbered, places: Sequence[int]) -> None:
        problem = numbered.problem
        preparation = np.array([place.preparation_s for place in problem.places])
        fastest = max([1.0, *(change.factor for change in problem.speeds)])
        metres = problem.distances_m.values
        seconds = problem.durations_s.values / fastest + preparation[None, :]
        np.fill_diagonal(seconds, 0.0)
        begins = sorted(set(numbered.start) | set(numbered.load))
        ends = sorted(set(numbered.end) | set(numbered.load))
        per_m = min(vehicle.cost_per_km for vehicle in problem.vehicles) / 1000
        per_s = min(vehicle.cost_per_hour for vehicle in problem.vehicles) / 3600
        self.metres = _between(metres, places, begins, ends)
        self.seconds = _between(seconds, places, begins, ends)
        self.cost = _between(per_m * metres + per_s * seconds, places, begins, ends)
        np.fill_diagonal(self.cost, math.inf)
        self.per_s = per_s


def _between(
    table: NDArray[np.float64], places: Sequence[int], begins: Sequence[int], ends: Sequence[int]
) -> NDArray[np.float64]:
    rows = table[np.array(places)]
    inner = np.concatenate([rows[:, places], rows[:, ends].min(axis=1)[:, None]], axis=1)
    first = np.append(table[np.array(begins)][:, places].min(axis=0), 0.0)
    found: NDArray[np.float64] = np.concatenate([inner, first[None, :]])
    return found


class Bound:
    """A cost that no plan is below: one linear program, with the sets of places found for it."""

    def __init__(self, numbered: Numbered, looked: Preflight) -> None:
        self.numbered, self.problem = numbered, numbered.problem
        self.choices = [numbered.choices[o] for o in looked.options]
        self.x_of = {o: i for i, o in enumerate(looked.options)}
        served = sorted({choice.place for choice in self.choices})
        self.m = len(served)
        number = {place: j for j, place in enumerate(served)}
        self.place_of = np.array([number[choice.place] for choice in self.choices])
        self.parcel_of = np.array([choice.parcel for choice in self.choices])
        self.ways = _Ways(numbered, served)
        self.ways.cost[self._too_late()] = math.inf
        kinds: dict[_Kind, int] = {}
        for vehicle, capacity in zip(self.problem.vehicles, numbered.capacity, strict=True):
            kind = _kind_of(vehicle, capacity)
            kinds[kind] = kinds.get(kind, 0) + 1
        self.kinds, self.counts = list(kinds), list(kinds.values())
        self.out = len(self.choices)
        self.y = self.out + len(self.problem.parcels)
        self.u = self.y + self.m
        self.w = self.u + 1
        self.z = self.w + len(self.kinds)
        self.program = _Program(*self._columns())
        self.loads = list(self._loads())
        self._rows()
        self.arcs = np.zeros((0, 2), dtype=np.int64)
        self.written = np.zeros((self.m + 1, self.m + 1), dtype=bool)
        self.cuts: list[tuple[int, NDArray[np.bool_]]] = []
        self.best: float | None = None
        self.rounds_left = max(1, min(CUT_ROUNDS_MAX, CUT_WORK_MAX // self.m))

    def improve(self, is_enough: Callable[[], bool] = lambda: False) -> float | None:
        """Look until there is no more to find, or until it is enough; then it may go on later."""
        if self.best is None:
            self._write(self._near())
            self.best = self._solve()
        had = self.rounds_left
        while self.best is not None and self.rounds_left and not is_enough():
            self.rounds_left -= 1
            if not self._cut():
                self.rounds_left = 0
            else:
                self._hold(self._solve())
        if self.best is not None and had:
            self._hold(self._round_up())
        return self.best

    def _hold(self, found: float | None) -> None:
        if found is not None and self.best is not None:
            self.best = max(self.best, found)

    def _too_late(self) -> NDArray[np.bool_]:
        """Find ways that nobody can go, because one place opens after the next has closed."""
        m, seconds = self.m, self.ways.seconds
        begins = min(vehicle.shift_starts_at for vehicle in self.problem.vehicles)
        free, shut = np.full(m, math.inf), np.full(m, -math.inf)
        for j, one in zip(self.place_of, self.choices, strict=True):
            free[j] = min(free[j], max(one.opens_at, begins + seconds[m, j]) + one.service_s)
            shut[j] = max(shut[j], one.closes_at)
        late = np.zeros((m + 1, m + 1), dtype=bool)
        late[:m, :m] = free[:, None] + seconds[:m, :m] > shut[None, :] + 1e-6
        return late

    # ── What is said at first ─────────────────────────────────────────────────────────────────

    def _columns(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        prizes = [one.prize for one in self.problem.parcels]
        cost = np.array([
            *(one.penalty + self.ways.per_s * one.service_s for one in self.choices),
            *(0.0 if prize is None else prize for prize in prizes),
            *[0.0] * (self.m + 1),
            *(kind.fixed for kind in self.kinds),
        ])  # fmt: skip
        upper = np.full(len(cost), math.inf)
        upper[self.out : self.y] = [0.0 if prize is None else 1.0 for prize in prizes]
        upper[self.w :] = self.counts
        return cost, upper

    def _rows(self) -> None:
        say, m = self.program.say, self.m
        for j in range(m):
            say(0.0, [self.y + j], [-1.0], 0.0)  # Ways into a place: row j.
        for j in range(m):
            say(0.0, [self.y + j], [-1.0], 0.0)  # Ways out of it: row m + j.
        say(0.0, [self.u], [-1.0], 0.0)  # Trips that begin: row 2 m.
        say(0.0, [self.u], [-1.0], 0.0)  # Trips that end: row 2 m + 1.
        kinds = range(len(self.kinds))
        service = [-one.service_s for one in self.choices]
        loading = min(vehicle.load_s for vehicle in self.problem.vehicles)
        hours, far = [one.hours_s for one in self.kinds], [one.range_m for one in self.kinds]
        vehicles = [self.w + k for k in kinds]
        # Hours of vehicles, less those of ways: row 2 m + 2. Range, less ways: row 2 m + 3.
        if math.isinf(max(hours)):
            say(-math.inf, [], [], math.inf)
        else:
            say(0.0, [*vehicles, self.u, *range(self.out)],
                [*(one + loading for one in hours), -loading, *service], math.inf)  # fmt: skip
        if math.isinf(max(far)):
            say(-math.inf, [], [], math.inf)
        else:
            say(0.0, vehicles, far, math.inf)
        trips = [float(kind.trips) for kind in self.kinds]
        say(0.0, [*vehicles, self.u], [*trips, -1.0], math.inf)
        say(0.0, [self.u, *vehicles], [1.0] + [-1.0] * len(vehicles), math.inf)
        self.whole = self.program.rows
        is_required = any(parcel.prize is None for parcel in self.problem.parcels)
        say(float(is_required), vehicles, [1.0] * len(vehicles), math.inf)
        for p, options in enumerate(self.numbered.options_of):
            mine = [self.x_of[o] for o in options if o in self.x_of]
            say(1.0, [*mine, self.out + p], [1.0] * (len(mine) + 1), 1.0)
            by_place: dict[int, list[int]] = {}
            for i in mine:
                by_place.setdefault(int(self.place_of[i]), []).append(i)
            for j, here in by_place.items():
                say(0.0, [self.y + j, *here], [1.0] + [-1.0] * len(here), math.inf)
        for limit in self.numbered.limits:
            members = [self.x_of[o] for o in limit.options if o in self.x_of]
            say(-math.inf, members, [1.0] * len(members), float(limit.options_max))
        for d, carried, loads, _ in self.loads:
            held = [trips[k] * self.kinds[k].capacity[d] for k in kinds]
            say(0.0, [*vehicles, *carried], [*held, *(-one for one in loads)], math.inf)

    def _loads(self) -> Iterable[tuple[int, list[int], list[float], float]]:
        """Name loads that are limited in all vehicles, what is brought apart from what is taken."""
        is_pickup = np.array([one.is_pickup for one in self.problem.parcels])
        for d in range(self.numbered.capacity.shape[1]):
            most = max(kind.capacity[d] for kind in self.kinds)
            if not 0 < most < math.inf:
                continue
            for kind in (False, True):
                mine = np.flatnonzero(is_pickup[self.parcel_of] == kind).tolist()
                loads = [float(self.numbered.demand[self.parcel_of[i], d]) for i in mine]
                if any(loads):
                    yield d, mine, loads, most

    def _near(self) -> NDArray[np.bool_]:
        """Choose the ways to begin with: to near places, from near ones, begins and ends."""
        wanted = np.zeros((self.m + 1, self.m + 1), dtype=bool)
        wanted[self.m, :], wanted[:, self.m] = True, True
        near = min(NEAR_MAX, self.m)
        inner = self.ways.cost[: self.m, : self.m]
        rows = np.arange(self.m)[:, None]
        wanted[rows, np.argpartition(inner, near - 1, axis=1)[:, :near]] = True
        wanted[np.argpartition(inner, near - 1, axis=0)[:near, :].T, rows] = True
        np.fill_diagonal(wanted, False)
        return wanted

    def _write(self, wanted: NDArray[np.bool_]) -> None:
        """Write ways down: columns of the program."""
        new, m = np.argwhere(wanted), self.m
        i, j = new[:, 0], new[:, 1]
        each = np.ones(len(new))
        rows = np.stack([
            np.where(i == m, 2 * m, m + i), np.where(j == m, 2 * m + 1, j),
            np.full(len(new), 2 * m + 2), np.full(len(new), 2 * m + 3),
        ], axis=1)  # fmt: skip
        values = np.stack([each, each, -self.ways.seconds[i, j], -self.ways.metres[i, j]], axis=1)
        crossed = [[row for row, inside in self.cuts if inside[b] and not inside[a]]
                   for a, b in new.tolist()]  # fmt: skip
        self.program.add(self.ways.cost[i, j], [
            ([*at, *more], [*value, *[1.0] * len(more)])
            for at, value, more in zip(rows.tolist(), values.tolist(), crossed, strict=True)
        ])  # fmt: skip
        self.arcs = np.concatenate([self.arcs, new])
        self.written |= wanted

    # ── What is found out ─────────────────────────────────────────────────────────────────────

    def _solve(self) -> float | None:
        """Solve, adding ways until none is missing; nothing where that takes too long."""
        for _ in range(ROUNDS_MAX):
            found = self.program.solve()
            if found is None:
                return None
            missing = self._missing(found.prices)
            if not missing.any():
                self.shares = found.shares
                return found.cost - PRECISION * abs(found.cost)
            self._write(missing)
        return None

    def _missing(self, prices: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Find ways not written down that could make it cheaper, a few from each place."""
        m = self.m
        out_of, into = np.append(prices[m : 2 * m], prices[2 * m]), np.append(
            prices[:m], prices[2 * m + 1]
        )  # fmt: skip
        reduced = self.ways.cost - out_of[:, None] - into[None, :]
        reduced += prices[2 * m + 2] * self.ways.seconds + prices[2 * m + 3] * self.ways.metres
        for row, inside in self.cuts:
            if prices[row]:
                reduced[np.ix_(~inside, inside)] -= prices[row]
        reduced[self.written | ~np.isfinite(self.ways.cost)] = math.inf
        scale = PRECISION * float(self.ways.cost[np.isfinite(self.ways.cost)].max(initial=1.0))
        found: NDArray[np.bool_] = reduced < -scale
        if self.m > NEAR_MAX:
            least = np.partition(reduced, 4, axis=1)[:, 4]
            found &= reduced <= least[:, None]
        return found

    def _cut(self) -> bool:
        """Look for sets of places whose ways in are too few; tell whether there was one."""
        m, z = self.m, self.shares[self.z :]
        x = self.shares[: self.out]
        between = (self.arcs[:, 0] < m) & (self.arcs[:, 1] < m)
        seen = {inside.tobytes() for _, inside in self.cuts}
        fresh = []
        for least in THRESHOLDS:
            held = between & (z > least)
            graph = coo_array((z[held], (self.arcs[held, 0], self.arcs[held, 1])), shape=(m, m))
            count, part = connected_components(graph, directed=True, connection="weak")
            sets = [part == c for c in range(count)] if count > 1 else []
            strong, parts = connected_components(graph, directed=True, connection="strong")
            sets += [parts == c for c in range(strong)] if 1 < strong < m else []
            for inner in sets:
                inside = np.append(inner, False)
                if inside.tobytes() in seen or inner.sum() < 2:
                    continue
                seen.add(inside.tobytes())
                crossing = inside[self.arcs[:, 1]] & ~inside[self.arcs[:, 0]]
                fresh += list(self._broken(inside, float(z[crossing].sum()), x))
        for inside, options, shares in fresh:
            crossing = inside[self.arcs[:, 1]] & ~inside[self.arcs[:, 0]]
            columns = (self.z + np.flatnonzero(crossing)).tolist()
            row = self.program.cut([*columns, *options],
                                   [1.0] * len(columns) + [-one for one in shares])  # fmt: skip
            self.cuts.append((row, inside))
        return bool(fresh)

    def _broken(
        self, inside: NDArray[np.bool_], ways: float, x: NDArray[np.float64]
    ) -> Iterable[tuple[NDArray[np.bool_], list[int], list[float]]]:
        """Find what a set of places needs more ways for than go into it."""
        here = inside[self.place_of]
        served = np.bincount(self.parcel_of[here], x[here], len(self.problem.parcels))
        p = int(served.argmax())
        if served[p] > ways + 1e-3:
            options = np.flatnonzero(here & (self.parcel_of == p)).tolist()
            yield inside, options, [1.0] * len(options)
        for _, options, loads, most in self.loads:
            mine = [(i, load / most) for i, load in zip(options, loads, strict=True) if here[i]]
            if sum(load * x[i] for i, load in mine) > ways + 1e-3:
                yield inside, [i for i, _ in mine], [load for _, load in mine]

    def _round_up(self) -> float | None:
        """The number of vehicles is whole: if fewer than so many do not do, it is one more."""
        if not any(kind.fixed > 0 for kind in self.kinds):
            return None
        vehicles = self.shares[self.w : self.z]
        fewest = self._fewest()
        if fewest is None or fewest <= vehicles.sum() + 1e-6:
            return None
        self.program.raise_row(self.whole, float(fewest))
        return self._solve()

    def _fewest(self) -> int | None:
        """Find how many vehicles do at least."""
        self.program.ask_for_least(range(self.w, self.z))
        cost, self.ways.cost = self.ways.cost, np.where(np.isfinite(self.ways.cost), 0.0, math.inf)
        shares = self.shares
        found = self._solve()
        self.ways.cost, self.shares = cost, shares
        self.program.ask_as_before()
        return None if found is None else math.ceil(found - 1e-6)


class _Found(NamedTuple):
    cost: float
    shares: NDArray[np.float64]
    prices: NDArray[np.float64]


class _Program:
    """Minimize a sum of variables between 0 and an upper bound, subject to rows."""

    def __init__(self, cost: NDArray[np.float64], upper: NDArray[np.float64]) -> None:
        self.program: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        self.program.setOptionValue("output_flag", False)
        self.program.setOptionValue("threads", 1)
        self.program.setOptionValue("presolve", "off")
        self.rows = 0
        self.program.addCols(
            len(cost), cost, np.zeros(len(cost)), upper, 0, np.zeros(len(cost), dtype=np.int32),
            np.zeros(0, dtype=np.int32), np.zeros(0),
        )  # fmt: skip
        self.cost = cost.tolist()

    def say(self, lower: float, index: list[int], value: list[float], upper: float) -> None:
        """Add a row."""
        self.program.addRow(lower, upper, len(index), index, value)
        self.rows += 1

    def cut(self, index: list[int], value: list[float]) -> int:
        """Add a row that is at least 0; tell its number."""
        self.say(0.0, index, value, math.inf)
        return self.rows - 1

    def add(self, cost: NDArray[np.float64], columns: list[tuple[list[int], list[float]]]) -> None:
        """Add variables, each with the rows it stands in and how often."""
        count = len(columns)
        starts = np.cumsum([0, *(len(index) for index, _ in columns)])
        self.program.addCols(
            count, cost, np.zeros(count), np.full(count, math.inf), int(starts[-1]),
            starts[:-1].astype(np.int32),
            np.array([i for index, _ in columns for i in index], dtype=np.int32),
            np.array([one for _, value in columns for one in value], dtype=float),
        )  # fmt: skip
        self.cost += cost.tolist()

    def raise_row(self, row: int, lower: float) -> None:
        """Ask more of a row."""
        self.program.changeRowBounds(row, lower, math.inf)

    def ask_for_least(self, index: range) -> None:
        """Minimize the sum of some variables instead, until told otherwise."""
        for i in range(len(self.cost)):
            self.program.changeColCost(i, float(i in index))

    def ask_as_before(self) -> None:
        """Minimize costs again."""
        for i, cost in enumerate(self.cost):
            self.program.changeColCost(i, cost)

    def solve(self) -> _Found | None:
        """Find the least sum, if there is one."""
        self.program.run()
        if self.program.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = self.program.getSolution()
        return _Found(
            float(self.program.getInfo().objective_function_value),
            np.array(solution.col_value),
            np.array(solution.row_dual),
        )
