"""Deliveries of a town, published: how long parcels waited, and whether anybody was there.

Home deliveries in slots, seven a day, stand in for stays in a locker: the deposit is reconstructed
as receipt less the slots between.
"""

import csv
import io
import lzma
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...insight.dwell import Stays, count_past, make_stays
from ...insight.dwell.stays import Array

FILE: Final = "changshu_deliveries_2024.csv.xz"
SLOTS_PER_DAY: Final = 7
LEARN_FROM, LEARN_UNTIL = 30, 200
"""Days: those before only fill counts of what was before, those after are tested on."""
USUAL_RATE, USUAL_STAY = 0.042, 1.3


class Deliveries(NamedTuple):
    """All of them, oldest first."""

    day: NDArray[np.int64]
    stays: Stays
    features: Array
    """For the first attempt, which knows no slot to come."""
    rate: Array
    failed: NDArray[np.bool_]

    def part(self, first: int, until: int) -> "Deliveries":
        """Keep days from the first up to the other."""
        which = (self.day >= first) & (self.day < until)
        return Deliveries(
            self.day[which],
            self.stays.pick(which),
            self.features[which],
            self.rate[which],
            self.failed[which],
        )


def read_deliveries(folder: Path) -> Deliveries:
    """Read the published table."""
    with lzma.open(folder / FILE) as packed:
        rows = csv.DictReader(io.TextIOWrapper(packed, encoding="utf-8"))
        names = ("uid", "day", "wslot", "x", "y", "grams", "vol", "delta", "redel")
        table = np.array([[float(row[name]) for name in names] for row in rows])
    table = table[np.lexsort((table[:, 2], table[:, 1]))]
    uid, day, moment, x, y, grams, volume, delta, again = table.T
    whole = np.int64
    arrived = (moment % 10 - delta).astype(whole)
    slot_of_day = arrived % SLOTS_PER_DAY
    weekday = ((moment // 10 - 1).astype(whole) + arrived // SLOTS_PER_DAY) % 7
    failed = again > 0
    past = count_past(
        uid.astype(whole), day.astype(whole), failed, delta.astype(whole),
        rate=USUAL_RATE, mean_stay=USUAL_STAY,
    )  # fmt: skip
    known = np.column_stack(
        [x, y, np.log1p(np.maximum(grams, 0)), np.log1p(100 * np.maximum(volume, 0)), past.table()]
    )
    stays = make_stays(known, slot_of_day, weekday, delta.astype(whole))
    features = np.column_stack([weekday, slot_of_day, known])
    return Deliveries(day.astype(whole), stays, features, past.rate, failed)
