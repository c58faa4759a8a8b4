"""Made-up networks of which the truth is known."""

from datetime import date

import numpy as np

from restante.insight.forecast import History, Series

FIRST = date(2024, 1, 1)
"""A Monday."""
WEEKDAY = np.array([1.25, 1.2, 1.1, 1.05, 1.1, 0.75, 0.2])


def make_town(
    *, sites: int = 20, days: int = 180, seed: int = 5, level: float = 12.0, spread: float = 8.0
) -> History:
    """Make a network with a weekly rhythm, negative binomial about it."""
    chance = np.random.default_rng(seed)
    levels = level * chance.lognormal(0.0, 0.5, sites)
    weekday = WEEKDAY[(FIRST.weekday() + np.arange(days)) % 7]
    mean = levels[:, None] * weekday
    values = chance.negative_binomial(spread, spread / (spread + mean)).astype(float)
    series = tuple(Series(f"site {i:03}") for i in range(sites))
    return History(FIRST, series, values, {one.site: f"d{i % 3}" for i, one in enumerate(series)})


def write_csv(history: History) -> str:
    """Write a history as the file it is read from."""
    from datetime import timedelta

    lines = ["site,date,parcels"]
    for one, row in zip(history.series, history.values, strict=True):
        lines += [
            f"{one.site},{history.first + timedelta(i)},{parcels:.0f}"
            for i, parcels in enumerate(row)
            if not np.isnan(parcels)
        ]
    return "\n".join(lines) + "\n"
