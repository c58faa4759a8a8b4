"""How a site stands among its like, and why it does worse.

S1. Like sites are of the same kind and of about the same size: among all of a kind, ordered by
    compartments, the quarter a site is in (all of them where fewer than :data:`LIKE_LEAST`).
S2. A site's percentile is the share of its like that use their compartments less; ties count half.
S3. An underperformer is below the percentile asked for. Its likely cause is the first that holds of
    :data:`CAUSES`, in that order: what breaks or blocks use comes before what is merely little
    wanted. A cause is a hint where to look; no more is known.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, Final, NamedTuple

LIKE_LEAST: Final = 8
"""Fewer sites than this are not split by size. Chosen."""

DAYS_NEW: Final = 60
"""A site younger than this is still being found by people. Chosen."""

Row = Mapping[str, Any]


class Standing(NamedTuple):
    """Where a site stands.

    Attributes
    ----------
    like
        Sites it is compared with, itself included.
    percentile
        Of its utilisation among them, 0 to 100; ``None`` where none was in service.
    cause
        Likely, where it is below what was asked for; else empty.
    says
        The figures behind the cause, beside the median of its like.
    """

    site: str
    like: int
    percentile: float | None
    cause: str = ""
    says: str = ""


class Cause(NamedTuple):
    """A likely cause: when it holds, given the site's row and medians of its like."""

    name: str
    measure: str
    holds: Callable[[float, float], bool]
    says: str


CAUSES: Final = (
    Cause(
        "doors_fail",
        "door_failures",
        lambda mine, like: mine > max(0.02, 3 * like),
        "openings fail: have locks and the line of the board looked at",
    ),
    Cause(
        "full",
        "full_time",
        lambda mine, like: mine > max(0.10, 1.5 * like),
        "sizes are often full: it is wanted, and its sizes are wrong or too few",
    ),
    Cause(
        "turned_away",
        "turn_away_rate",
        lambda mine, like: mine > max(0.05, 2 * like),
        "couriers are turned away: look at the reasons, it may be closed to them",
    ),
    Cause(
        "slow_collection",
        "dwell_median",
        lambda mine, like: mine > max(36.0, 1.4 * like),
        "parcels wait long: people may not pass there, or not be told",
    ),
    Cause(
        "never_collected",
        "overdue",
        lambda mine, like: mine > max(0.15, 2 * like),
        "many parcels go back: its recipients may not want it or not find it",
    ),
)
"""Bounds are chosen: clearly apart from the median of like sites, and bad in themselves."""

NEW: Final = "new"
LITTLE_DEMAND: Final = "little_demand"


def stand(
    rows: Sequence[Row], sites: Mapping[str, Row], *, until: int, below: float = 20.0
) -> tuple[Standing, ...]:
    """Tell where each site stands.

    Parameters
    ----------
    rows
        Measures by site, ``of`` being the site.
    sites
        Rows of the table of sites, by site.
    until
        End of the period, seconds.
    below
        Percentile under which a cause is looked for.

    Returns
    -------
    tuple
        In the order of the rows.
    """
    groups = _likes(rows, sites)
    return tuple(_stand(row, groups[str(row["of"])], sites, until, below) for row in rows)


def _likes(rows: Sequence[Row], sites: Mapping[str, Row]) -> dict[str, list[Row]]:
    by_kind: dict[str, list[Row]] = {}
    for row in rows:
        by_kind.setdefault(str(sites.get(str(row["of"]), {}).get("kind", "")), []).append(row)
    found: dict[str, list[Row]] = {}
    for same in by_kind.values():
        ordered = sorted(same, key=lambda row: (row["compartments"], str(row["of"])))
        parts = 4 if len(ordered) >= 4 * LIKE_LEAST else 1
        for part in range(parts):
            like = ordered[part * len(ordered) // parts : (part + 1) * len(ordered) // parts]
            found.update({str(row["of"]): like for row in like})
    return found


def _stand(
    row: Row, like: list[Row], sites: Mapping[str, Row], until: int, below: float
) -> Standing:
    name, mine = str(row["of"]), row["utilisation"]
    if mine is None:
        return Standing(name, len(like), None)
    others = [one["utilisation"] for one in like if one["utilisation"] is not None]
    less = sum(other < mine for other in others) + sum(other == mine for other in others) / 2
    percentile = 100.0 * less / len(others)
    standing = Standing(name, len(like), round(percentile, 1))
    if percentile >= below or len(others) < 2:
        return standing
    for cause in CAUSES:
        value, usual = row[cause.measure], _median(like, cause.measure)
        if value is not None and usual is not None and cause.holds(value, usual):
            says = f"{cause.measure} is {value:.3g}, of like sites {usual:.3g}: {cause.says}"
            return standing._replace(cause=cause.name, says=says)
    opened = sites.get(name, {}).get("opened_at")
    if opened is not None and until - opened < DAYS_NEW * 86_400:
        days = (until - opened) // 86_400
        return standing._replace(cause=NEW, says=f"opened {days} days before the period's end")
    usual = _median(like, "utilisation") or 0.0
    says = f"utilisation is {mine:.3g}, of like sites {usual:.3g}, and nothing else stands out"
    return standing._replace(cause=LITTLE_DEMAND, says=says)


def _median(rows: Sequence[Row], name: str) -> float | None:
    values = [row[name] for row in rows if row[name] is not None]
    return median(values) if values else None
