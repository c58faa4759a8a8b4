"""Sums that measures are made of, by site, zone or network: Ibis expressions over event tables.

P1. A part adds up: the network's is the sum of its sites', except for medians and percentiles,
    which are computed anew for each group.
P2. A period is half-open. A visit counts for occupancy as far as it lies in the period, for
    deposits when it began in it, for dwell when it ended in it.
P3. What a site had in service is counted second by second from the table of capacity, and a size
    is full while no fewer parcels lie in it than compartments of it are in service.

The names of the columns are those of :mod:`.tables`.
"""

from typing import Any, Final, NamedTuple

from .tables import ROOM_REASONS, End

DAY_S: Final = 86_400
HOUR_S: Final = 3_600
NEVER: Final = 1 << 60
"""Later than any time: where something has not happened yet."""

KEY: Final = "of"
"""The column that says what a row is about: a site, a zone, or the network."""


class Period(NamedTuple):
    """From a second on, up to and without another."""

    from_at: int
    until: int

    @property
    def seconds(self) -> int:
        """How long it is."""
        return self.until - self.from_at


class Tables(NamedTuple):
    """Event tables, as Ibis has them; visits are those that have ended and those that have not."""

    visits: Any
    turn_aways: Any
    sessions: Any
    doors: Any
    capacity: Any
    sites: Any


def make_parts(tables: Tables, period: Period, groups: Any) -> Any:
    """Compute all parts for each group.

    Parameters
    ----------
    tables
        Rows of other sites and other times may be in them.
    period
        What is measured.
    groups
        A table with the columns ``site`` and ``of``: which site counts for what. A site that is
        not there counts for nothing.

    Returns
    -------
    Table
        One row for each ``of`` of the groups, with every part; parts of nothing are 0, medians of
        nothing are empty.
    """
    visits = _visits_of(tables.visits, period)
    families = (
        _sum_visits(visits, period, groups),
        _sum_capacity(tables.capacity, period, groups),
        _sum_full(visits, tables.capacity, period, groups),
        _sum_turn_aways(visits, tables.turn_aways, period, groups),
        _sum_sessions(tables.sessions, period, groups),
        _sum_doors(tables.doors, period, groups),
    )
    parts = groups.group_by(KEY).agg(sites=groups.site.nunique())
    for family in families:
        parts = parts.left_join(family, KEY).drop(f"{KEY}_right")
    kept = {name for name in parts.columns if name.startswith("dwell_p")} | {KEY}
    return parts.mutate(
        **{name: parts[name].fill_null(0) for name in parts.columns if name not in kept}
    )


def _visits_of(visits: Any, period: Period) -> Any:
    ended = visits.ended_at.fill_null(NEVER)
    lay = visits.filter(
        visits.deposited_at.notnull(),
        visits.deposited_at < period.until,
        ended >= period.from_at,
    )
    ended = lay.ended_at.fill_null(NEVER)
    return lay.select(
        lay.site,
        lay.parcel,
        lay.size,
        lay.deposited_at,
        lay.end,
        lay.reminders,
        ended_at=ended,
    )


def _sum_visits(visits: Any, period: Period, groups: Any) -> Any:
    import ibis  # noqa: PLC0415 - heavy

    inside = ibis.least(visits.ended_at, period.until) - ibis.greatest(
        visits.deposited_at, period.from_at
    )
    visits = visits.mutate(
        occupied_s=inside,
        came=visits.deposited_at >= period.from_at,
        left=visits.ended_at < period.until,
        dwell_s=visits.ended_at - visits.deposited_at,
    )
    judged = visits.came & (visits.deposited_at < period.until - DAY_S)
    rows = visits.mutate(
        judged=judged,
        # Of those that had a day's time for it.
        soon=judged & (visits.dwell_s <= DAY_S) & (visits.end == End.COLLECTED.value),
    ).join(groups, "site")
    return rows.group_by(KEY).agg(
        deposits=rows.came.sum(),
        left=rows.left.sum(),
        collected=(rows.left & (rows.end == End.COLLECTED.value)).sum(),
        retrieved=(rows.left & (rows.end == End.RETRIEVED.value)).sum(),
        occupied_s=rows.occupied_s.sum(),
        dwell_s=ibis.ifelse(rows.left, rows.dwell_s, 0).sum(),
        dwell_p50_s=rows.dwell_s.quantile(0.5, where=rows.left),
        dwell_p90_s=rows.dwell_s.quantile(0.9, where=rows.left),
        day_judged=rows.judged.sum(),
        day_collected=rows.soon.sum(),
        reminders=ibis.ifelse(rows.left, rows.reminders, 0).sum(),
    )


def _steps(capacity: Any, period: Period) -> Any:
    """Tell how long each count of compartments stood in the period."""
    import ibis  # noqa: PLC0415 - heavy

    over = ibis.window(
        group_by=[capacity.site, capacity.size], order_by=[capacity.at, capacity.position]
    )
    steps = capacity.mutate(until=capacity.at.lead().over(over).fill_null(NEVER))
    seconds = ibis.least(steps.until, period.until) - ibis.greatest(steps.at, period.from_at)
    steps = steps.mutate(seconds=seconds, count=steps["count"].cast("int64"))
    return steps.filter(steps.seconds > 0)


def _sum_capacity(capacity: Any, period: Period, groups: Any) -> Any:
    rows = _steps(capacity, period).join(groups, "site")
    return rows.group_by(KEY).agg(capacity_s=(rows["count"] * rows.seconds).sum())


def _sum_full(visits: Any, capacity: Any, period: Period, groups: Any) -> Any:
    """Count compartment-seconds in service of sizes of which none was free.

    Parcels that come and leave, and compartments that come into and out of service, are changes of
    two running sums, of parcels inside and compartments in service. Changes of one second are in
    no order: no time passes between them.
    """
    import ibis  # noqa: PLC0415 - heavy

    # Fractions add up a fifth faster than whole numbers, which DuckDB widens to 128 bits.
    steps = _steps(capacity, period)
    slots = steps.distinct(on=["site", "size"]).select("site", "size")
    # Numbers sort several times as fast as the names of sites do.
    slots = slots.mutate(slot=ibis.row_number().over(order_by=[slots.site, slots.size]))
    steps = steps.join(slots, ["site", "size"])
    before = steps["count"].lag().over(group_by=steps.slot, order_by=[steps.at, steps.position])
    served = steps.select(
        steps.slot,
        at=ibis.greatest(steps.at, period.from_at),
        inside=ibis.literal(0, "float64"),
        room=(steps["count"] - before.fill_null(0)).cast("float64"),
    )
    lay = visits.join(slots, ["site", "size"])
    came = lay.select(
        lay.slot,
        at=ibis.greatest(lay.deposited_at, period.from_at),
        inside=ibis.literal(1, "float64"),
        room=ibis.literal(0, "float64"),
    )
    left = lay.filter(lay.ended_at < period.until)
    left = left.select(
        left.slot,
        at=left.ended_at,
        inside=ibis.literal(-1, "float64"),
        room=ibis.literal(0, "float64"),
    )
    changes = came.union(left).union(served)
    over = ibis.window(group_by=changes.slot, order_by=changes.at)
    until_now = ibis.cumulative_window(group_by=changes.slot, order_by=changes.at)
    run = changes.select(
        changes.slot,
        changes.at,
        inside=changes.inside.sum().over(until_now),
        room=changes.room.sum().over(until_now),
        until=changes.at.lead().over(over).fill_null(period.until),
    )
    run = run.filter(run.room > 0, run.inside >= run.room)
    full = run.group_by("slot").agg(full_s=((run.until - run.at) * run.room).sum())
    rows = full.join(slots, "slot").join(groups, "site")
    return rows.group_by(KEY).agg(full_s=rows.full_s.sum())


def _sum_turn_aways(visits: Any, turn_aways: Any, period: Period, groups: Any) -> Any:
    """Count turn-aways, and of whose parcels; a parcel that was tried twice is one parcel."""
    import ibis  # noqa: PLC0415 - heavy

    tried = turn_aways.filter(turn_aways.at >= period.from_at, turn_aways.at < period.until).mutate(
        is_room=turn_aways.why.isin(ROOM_REASONS)
    )
    nameless = tried.parcel == ""
    # A label that was not expected there names no parcel: each try counts for one.
    named = ibis.ifelse(nameless, tried.position.cast("string"), tried.parcel)
    tried = tried.mutate(parcel=named)
    first = tried.group_by(["site", "parcel"]).agg(
        tries=tried.count(),
        room_tries=tried.is_room.sum(),
        first_at=tried.at.min(),
    )
    put_in = visits.filter(visits.deposited_at >= period.from_at)
    put_in = put_in.group_by(["site", "parcel"]).agg(put_in_at=put_in.deposited_at.max())
    pairs = first.left_join(put_in, ["site", "parcel"]).drop("site_right", "parcel_right")
    rows = pairs.join(groups, "site")
    came_later = rows.put_in_at.notnull() & (rows.put_in_at >= rows.first_at)
    return rows.group_by(KEY).agg(
        turn_aways=rows.tries.sum(),
        room_turn_aways=rows.room_tries.sum(),
        second_attempts=came_later.sum(),
        never_in=(~came_later).sum(),
        unmet=((rows.room_tries > 0) & ~came_later).sum(),
    )


def _sum_sessions(sessions: Any, period: Period, groups: Any) -> Any:
    import ibis  # noqa: PLC0415 - heavy

    rows = sessions.filter(sessions.ended_at >= period.from_at, sessions.ended_at < period.until)
    rows = rows.mutate(seconds=rows.ended_at - rows.started_at).join(groups, "site")
    is_courier = rows.role == "courier"
    return rows.group_by(KEY).agg(
        recipient_visits=(~is_courier).sum(),
        recipient_s=ibis.ifelse(is_courier, 0, rows.seconds).sum(),
        courier_visits=is_courier.sum(),
        courier_s=ibis.ifelse(is_courier, rows.seconds, 0).sum(),
        courier_parcels=ibis.ifelse(is_courier, rows.deposits + rows.retrievals, 0).sum(),
    )


def _sum_doors(doors: Any, period: Period, groups: Any) -> Any:
    rows = doors.filter(doors.ended_at >= period.from_at, doors.ended_at < period.until)
    rows = rows.join(groups, "site")
    return rows.group_by(KEY).agg(
        openings=(rows.outcome != "forced").sum(),
        failed_openings=rows.outcome.isin(("failed", "uncertain")).sum(),
        forced_doors=(rows.outcome == "forced").sum(),
    )
