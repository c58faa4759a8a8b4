"""Small event tables drawn by a seed, and what each measure is by counting one by one."""

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

from restante.core.value import DAY, HOUR
from restante.insight.measures import tables
from restante.insight.measures.parts import Period
from restante.operations.event_fold import Kept, Rows
from restante.wiring.event_files import EventFiles

BEGIN = 1_795_420_800
PERIOD = Period(BEGIN, BEGIN + 3 * DAY)
SIZES = ("S", "M")
COUNTS = {"S": 2, "M": 1}


class Story:
    """Rows of event tables of some sites, whose capacity changes once in the period."""

    def __init__(self, sites: int, seed: int) -> None:
        self.dice = random.Random(seed)
        self.sites = [f"site-{i:02d}" for i in range(sites)]
        self.rows: Rows = {table.name: [] for table in tables.BY_DAY}
        self.inside: list[Any] = []
        self.position = 0
        for site in self.sites:
            self._live(site)

    def write(self, folder: Path) -> None:
        files = EventFiles(folder)
        kept = Kept(at=PERIOD.until, position=self.position + 1)
        files.write(None, self.rows, kept, self.inside, "story")
        files.write_sites(
            (site, site, "locker", f"zone-{i % 3}", 50.0, 20.0, BEGIN)
            for i, site in enumerate(self.sites)
        )

    def _next(self) -> int:
        self.position += 1
        return self.position

    def _live(self, site: str) -> None:
        for size, count in COUNTS.items():
            self._add(tables.CAPACITY, (site, size, count, BEGIN - DAY))
        changed = self._when()
        self._add(tables.CAPACITY, (site, "S", self.dice.choice((0, 1, 3)), changed))
        for n in range(self.dice.randrange(15)):
            self._stay(site, f"{site}/p{n}")
        for n in range(self.dice.randrange(6)):
            parcel = self.dice.choice(("", f"{site}/p{n}", f"{site}/gone{n % 2}"))
            why = self.dice.choice(("site_full", "nothing_fits", "not_expected"))
            self._add(
                tables.TURN_AWAYS, (site, site, parcel, "acme", "S", why, self._when(beyond=True))
            )
        for _ in range(self.dice.randrange(8)):
            role = self.dice.choice(("courier", "recipient"))
            at = self._when(beyond=True)
            counts = [self.dice.randrange(4) if role == "courier" else 0 for _ in range(4)]
            self._add(
                tables.SESSIONS,
                (site, site, role, at - self.dice.randrange(1, 200), at, "done", *counts),
            )
        for _ in range(self.dice.randrange(8)):
            outcome = self.dice.choice(("opened", "opened", "failed", "uncertain", "forced"))
            at = self._when(beyond=True)
            self._add(tables.DOORS, (site, site, "A1", "collect", at - 9, at - 8, at, outcome))

    def _stay(self, site: str, parcel: str) -> None:
        came = self._when(beyond=True)
        left = came + self.dice.choice((0, HOUR, 20 * HOUR, DAY, DAY + 600, 3 * DAY))
        size = self.dice.choice(SIZES)
        end = self.dice.choice(("collected", "collected", "retrieved"))
        is_inside = left >= PERIOD.until
        row = (
            parcel, "acme", site, site, "A1", size, size, came - 9, came - 9, came, came + DAY,
            came + 5, self.dice.randrange(3), 0, None,
            None if is_inside else left, "" if is_inside else end,
        )  # fmt: skip
        if is_inside:
            self.inside.append((*row, 0))
        else:
            self._add(tables.VISITS, row)

    def _when(self, *, beyond: bool = False) -> int:
        # Minutes, so that much happens in the same second.
        around = DAY if beyond else 0
        low, high = PERIOD.from_at - around, PERIOD.until + around - 1
        return self.dice.randrange(low, high) // 600 * 600

    def _add(self, table: tables.EventTable, row: tuple[Any, ...]) -> None:
        self.rows[table.name].append((*row, self._next()))

    # ── Counting one by one ───────────────────────────────────────────────────────────────────

    def _of(self, table: tables.EventTable, sites: set[str]) -> list[dict[str, Any]]:
        names = [column.name for column in table.columns]
        rows = [*self.rows[table.name], *(self.inside if table is tables.VISITS else [])]
        found = [dict(zip(names, row, strict=True)) for row in rows]
        return [row for row in found if row["site"] in sites]

    def expect(self, sites: set[str]) -> dict[str, float | None]:
        visits = [
            visit
            for visit in self._of(tables.VISITS, sites)
            if visit["deposited_at"] < PERIOD.until
            and (visit["ended_at"] is None or visit["ended_at"] >= PERIOD.from_at)
        ]
        came = [one for one in visits if one["deposited_at"] >= PERIOD.from_at]
        left = [one for one in visits if (one["ended_at"] or PERIOD.until) < PERIOD.until]
        dwell = sorted(one["ended_at"] - one["deposited_at"] for one in left)
        collected = [one for one in left if one["end"] == "collected"]
        judged = [one for one in came if one["deposited_at"] < PERIOD.until - DAY]
        soon = [
            one
            for one in judged
            if one["end"] == "collected" and one["ended_at"] - one["deposited_at"] <= DAY
        ]
        occupied = sum(
            min(one["ended_at"] or PERIOD.until, PERIOD.until)
            - max(one["deposited_at"], PERIOD.from_at)
            for one in visits
        )
        room = self._room(sites)
        capacity = sum(room.values())
        return {
            "sites": len(sites),
            "deposits": len(came),
            "compartments": capacity / PERIOD.seconds,
            "occupancy": _share(occupied, capacity),
            "full_time": _share(self._full(visits, sites), capacity),
            "utilisation": _share(len(came) * DAY, capacity),
            "dwell_mean": _share(sum(dwell), len(dwell) * HOUR),
            "dwell_median": _quantile(dwell, 0.5),
            "dwell_p90": _quantile(dwell, 0.9),
            "collected_in_a_day": _share(len(soon), len(judged)),
            "overdue": _share(len(left) - len(collected), len(left)),
            "reminders": _share(sum(one["reminders"] for one in left), len(left)),
            **self._attempts(came, sites),
            **self._machines(sites),
        }

    def _room(self, sites: set[str]) -> dict[tuple[str, str], int]:
        """Count compartment-seconds in service by site and size."""
        steps = defaultdict(list)
        for row in self._of(tables.CAPACITY, sites):
            steps[row["site"], row["size"]].append((row["at"], row["count"]))
        room = {}
        for key, changes in steps.items():
            ends = [at for at, _ in changes[1:]] + [PERIOD.until]
            room[key] = sum(
                count * max(0, min(end, PERIOD.until) - max(at, PERIOD.from_at))
                for (at, count), end in zip(changes, ends, strict=True)
            )
        return room

    def _full(self, visits: list[dict[str, Any]], sites: set[str]) -> float:
        """Go through the period ten minutes by ten minutes, in which nothing changes."""
        total = 0.0
        for site in sites:
            steps = self._of(tables.CAPACITY, {site})
            for size in SIZES:
                here = [one for one in visits if (one["site"], one["size"]) == (site, size)]
                mine = [step for step in steps if step["size"] == size]
                for at in range(PERIOD.from_at, PERIOD.until, 600):
                    inside = sum(
                        one["deposited_at"] <= at < (one["ended_at"] or PERIOD.until)
                        for one in here
                    )
                    room = [step["count"] for step in mine if step["at"] <= at][-1]
                    total += 600 * room * (room > 0 and inside >= room)
        return total

    def _attempts(self, came: list[dict[str, Any]], sites: set[str]) -> dict[str, float | None]:
        tried = [
            row
            for row in self._of(tables.TURN_AWAYS, sites)
            if PERIOD.from_at <= row["at"] < PERIOD.until
        ]
        put_in: dict[tuple[str, str], int] = {}
        for one in came:
            put_in[one["site"], one["parcel"]] = one["deposited_at"]
        parcels = defaultdict(list)
        for row in tried:
            parcels[row["site"], row["parcel"] or row["position"]].append(row)
        again = [
            key
            for key, rows in parcels.items()
            if put_in.get(key, -1) >= min(r["at"] for r in rows)
        ]
        lost = [key for key in parcels if key not in again]
        unmet = [
            key for key in lost if any(row["why"] in tables.ROOM_REASONS for row in parcels[key])
        ]
        return {
            "turn_aways": len(tried),
            "turn_away_rate": _share(len(tried), len(tried) + len(came)),
            "first_attempt_success": _share(len(came) - len(again), len(came) + len(lost)),
            "unmet_demand": len(unmet),
        }

    def _machines(self, sites: set[str]) -> dict[str, float | None]:
        sessions = [
            row
            for row in self._of(tables.SESSIONS, sites)
            if PERIOD.from_at <= row["ended_at"] < PERIOD.until
        ]
        couriers = [row for row in sessions if row["role"] == "courier"]
        recipients = [row for row in sessions if row["role"] == "recipient"]
        doors = [
            row
            for row in self._of(tables.DOORS, sites)
            if PERIOD.from_at <= row["ended_at"] < PERIOD.until
        ]
        asked = [row for row in doors if row["outcome"] != "forced"]
        failed = [row for row in doors if row["outcome"] in ("failed", "uncertain")]
        return {
            "recipient_visit": _share(
                sum(row["ended_at"] - row["started_at"] for row in recipients), len(recipients)
            ),
            "courier_pace": _share(
                sum(row["ended_at"] - row["started_at"] for row in couriers),
                sum(row["deposits"] + row["retrievals"] for row in couriers),
            ),
            "door_failures": _share(len(failed), len(asked)),
            "forced_doors": len(doors) - len(asked),
        }


def _share(above: float, below: float) -> float | None:
    return above / below if below else None


def _quantile(values: list[int], level: float) -> float | None:
    """Between the two values next to it, in hours."""
    if not values:
        return None
    place = level * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return (values[low] + (place - low) * (values[high] - values[low])) / HOUR
