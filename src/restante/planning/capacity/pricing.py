"""A site's table of prices from a network alone: weeks are drawn, learnt from, and judged apart."""

from typing import Final

import msgspec

from ...core.value import Value
from .admission import BEST_FIT, decide_by, decide_simply
from .hindsight import best_in_hindsight
from .history import History, Shape, draw_history, shape_of
from .policy import Policy
from .problem import Network
from .simulate import Progress
from .training import train

SEED_APART: Final = 10_000
"""Weeks that a policy is judged on have seeds so much higher than those it was made from."""

WEEKS_TOGETHER: Final = 4
"""Weeks of one history."""

JUDGED: Final = 4
"""Histories it is judged on."""


class PricedSite(Value):
    """A policy, and what it accepts of what the parcels of other weeks are worth."""

    site: str
    policy: Policy
    accepted: float
    best_fit: float
    hindsight: float
    """The optimum, had one known: an upper bound."""


def price_site(
    network: Network,
    site: str,
    weeks: int = 48,
    seed: int = 1,
    *,
    forecast_log_sd: float = 0.7,
    peak: float = 1.0,
    progress: Progress = lambda _share, _word: None,
) -> PricedSite:
    """Make a site's policy and judge it on weeks it was not made from.

    Parameters
    ----------
    weeks
        To learn from.
    forecast_log_sd
        Error of the forecast of a stay, of its logarithm.
    peak
        What the site's arrivals are multiplied by.

    Raises
    ------
    BadProblem
        When there is no such site, or too little comes to it to learn from.
    """
    known = network.site(site)
    busier = msgspec.structs.replace(
        known, parcels_per_day=known.parcels_per_day * peak, neighbours=()
    )
    alone = msgspec.structs.replace(network, sites=(busier,))
    shape = shape_of(alone, site)

    def draw(number: int) -> History:
        return draw_history(
            alone, site, weeks=WEEKS_TOGETHER, seed=number, forecast_log_sd=forecast_log_sd
        )

    learnt = [draw(seed + n) for n in range(max(1, weeks // WEEKS_TOGETHER))]
    policy = train(learnt, shape, name=site, progress=progress)
    tests = [draw(SEED_APART + seed + n) for n in range(JUDGED)]
    whole = sum(_worth(one, shape) for one in tests)
    ours = sum(decide_by(policy, one, shape).value * _worth(one, shape) for one in tests)
    best = sum(decide_simply(BEST_FIT, one, shape).value * _worth(one, shape) for one in tests)
    most = sum(best_in_hindsight(one, shape).value for one in tests)
    return PricedSite(
        site=site,
        policy=policy,
        accepted=round(ours / whole, 4),
        best_fit=round(best / whole, 4),
        hindsight=round(most / whole, 4),
    )


def _worth(history: History, shape: Shape) -> float:
    return float(shape.values[history.of_class].sum())
