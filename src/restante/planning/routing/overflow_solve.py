"""The best sending of tomorrow's parcels, by linear programs solved one after the other."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import highspy
import numpy as np
from numpy.typing import NDArray

from .overflow import Evening
from .overflow_room import Limit

NOTHING = 1e-7
"""Reduced costs and prices closer to 0 than this are 0: the solver's own tolerance."""

Numbers = NDArray[np.float64]


class Sending(NamedTuple):
    """Which offer every parcel takes, and what room is worth."""

    offers: list[int | None]
    """For each parcel the number of its offer; None where it is kept back."""
    limits: list[Limit]
    counts: list[int]
    """Parcels sent, for each limit."""
    prices: list[float]
    """How much less the moves would cost if each limit had room for one more."""


def send(evening: Evening) -> Sending:
    """Find the best sending (see :mod:`.overflow` for what is best)."""
    model = _Model(evening)
    prices: Numbers = np.zeros(len(model.limits))
    for i, aim in enumerate(model.aims()):
        values, reduced, duals = model.minimize(aim)
        if i == COST:
            prices = -duals[len(evening.parcels) :]
        model.keep_best(reduced, duals)
    offers = model.offers_of(values)
    counts = [sum(k in model.using[p][o] for p, o in enumerate(offers) if o is not None)
              for k in range(len(model.limits))]  # fmt: skip
    return Sending(offers, model.limits, counts, [max(0.0, float(x)) for x in prices])


COST = 2
"""Which of the aims is the cost of moves."""


class _Model:
    def __init__(self, evening: Evening) -> None:
        self.evening, self.limits = evening, evening.limits()
        at: dict[str, list[int]] = {}
        for k, limit in enumerate(self.limits):
            at.setdefault(limit.place, []).append(k)
        self.using: list[list[list[int]]] = []
        self.columns: list[tuple[int, int | None]] = []
        rows: list[list[tuple[int, float]]] = [[] for _ in evening.parcels]
        rows += [[] for _ in self.limits]
        self.chances: list[float] = []
        for p, parcel in enumerate(evening.parcels):
            size, mine = evening.rank_of(parcel), []
            for o, offer in enumerate(parcel.offers):
                limits = [k for k in at.get(offer.place, ())
                          if (self.limits[k].size or 0) <= size]  # fmt: skip
                mine.append(limits)
                rows[p].append((len(self.columns), 1.0))
                for k in limits:
                    rows[len(evening.parcels) + k].append((len(self.columns), 1.0))
                self.columns.append((p, o))
                self.chances.append(0.0)
            self.using.append(mine)
            rows[p].append((len(self.columns), 1.0))
            self.columns.append((p, None))
            self.chances.append(1.0)
        self.senders = len(self.columns)
        for k, limit in enumerate(self.limits):
            wanted = len(rows[len(evening.parcels) + k])
            for m in range(limit.room + 1, min(len(limit.risks) - 1, wanted) + 1):
                rows[len(evening.parcels) + k].append((len(self.chances), -1.0))
                self.chances.append(limit.risk(m))
        self.lower = np.zeros(len(self.chances))
        self.upper = np.ones(len(self.chances))
        ones, infinite = np.ones(len(evening.parcels)), highspy.kHighsInf
        room = np.array([float(limit.room) for limit in self.limits])
        self.row_lower = np.concatenate([ones, np.full(len(room), -infinite)])
        self.row_upper = np.concatenate([ones, room])
        self.rows = rows

    def aims(self) -> list[Numbers]:
        """What is minimized, the most important first, a cost for every variable."""
        count = len(self.chances)
        again, cost, early = np.zeros(count), np.zeros(count), np.zeros(count)
        parcels = self.evening.parcels
        # Who booked first is the dearest to move; the id decides where even that is the same.
        order = sorted(range(len(parcels)), key=lambda p: (-parcels[p].booked_at, parcels[p].id))
        turn = {p: (i + 1) / len(parcels) for i, p in enumerate(order)}
        for i, (p, o) in enumerate(self.columns):
            if o == 0:
                continue
            again[i] = parcels[p].moved_before
            cost[i] = 0.0 if o is None else self.evening.cost_of(parcels[p], o)
            early[i] = turn[p]
        for i, (p, o) in enumerate(self.columns):
            if o == 0:
                cost[i] = self.evening.cost_of(parcels[p], 0)
        return [np.array(self.chances), again, cost, early]

    def minimize(self, cost: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Solve; give values, reduced costs and prices of rows."""
        program: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        program.setOptionValue("output_flag", False)
        program.setOptionValue("threads", 1)
        # A corner of the program is wanted, not a point between corners.
        program.setOptionValue("solver", "simplex")
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(cost), len(self.rows)
        model.col_cost_ = cost
        model.col_lower_, model.col_upper_ = self.lower, self.upper
        model.row_lower_, model.row_upper_ = self.row_lower, self.row_upper
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.cumsum([0, *map(len, self.rows)]).astype(np.int32)
        model.a_matrix_.index_ = np.array([i for row in self.rows for i, _ in row], dtype=np.int32)
        model.a_matrix_.value_ = np.array([x for row in self.rows for _, x in row])
        program.passModel(model)
        program.run()
        found = program.getSolution()
        return np.array(found.col_value), np.array(found.col_dual), np.array(found.row_dual)

    def keep_best(self, reduced: Numbers, duals: Numbers) -> None:
        """Leave only what is best for the aims so far: complementary slackness."""
        stays_down, stays_up = reduced > NOTHING, reduced < -NOTHING
        self.upper = np.where(stays_down, self.lower, self.upper)
        self.lower = np.where(stays_up, self.upper, self.lower)
        is_used_up = np.abs(duals) > NOTHING
        self.row_lower = np.where(is_used_up, self.row_upper, self.row_lower)

    def offers_of(self, values: Numbers) -> list[int | None]:
        """Read which offer every parcel takes."""
        offers: list[int | None] = [None] * len(self.evening.parcels)
        for (p, o), value in zip(self.columns, values[: self.senders], strict=True):
            if value > 0.5:
                offers[p] = o
        return offers


def without_room(limits: Sequence[Limit], counts: Sequence[int]) -> list[int]:
    """Name the limits that more are sent to than the stated risk allows."""
    return [k for k, (limit, n) in enumerate(zip(limits, counts, strict=True)) if n > limit.room]
