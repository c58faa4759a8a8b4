"""What a policy is made from and judged by: weeks of parcels at one site, and how long they stayed.

Also what a forecaster said of each, since a policy is never told how long a parcel will stay.
"""

from typing import NamedTuple

import msgspec
import numpy as np

from ..entry import BadProblem
from .problem import Network
from .simulate import play_once
from .stream import Floats, Ints, draw_stream

ROOMY: int = 100_000
"""So many compartments turn nobody away: stays are then those of all parcels that were wanted."""


class Shape(NamedTuple):
    """A site's kinds of compartments, and the classes of parcels that come."""

    room: Ints
    """Count of compartments by kind, in the order in which they are given away."""
    masks: Ints
    """Kinds that a class goes into, as bits."""
    values: Floats
    """What taking a parcel of a class in is worth."""
    kinds: tuple[str, ...]


class History(NamedTuple):
    """Parcels in the order in which they came."""

    at_h: Floats
    """From Monday 0:00."""
    of_class: Ints
    stay_h: Floats
    expected_h: Floats
    """What was forecast of ``stay_h`` when it came."""

    def __len__(self) -> int:
        return len(self.at_h)


def shape_of(network: Network, site: str) -> Shape:
    """Take the shape of one site of a network."""
    one = network.site(site)
    place = {kind: n for n, kind in enumerate(network.kinds)}
    masks = [sum(1 << place[kind] for kind in set(c.goes_into)) for c in network.parcels]
    return Shape(
        np.array([one.compartments.get(kind, 0) for kind in network.kinds]),
        np.array(masks),
        np.array([c.value for c in network.parcels]),
        network.kinds,
    )


def draw_history(
    network: Network, site: str, *, weeks: int, seed: int, forecast_log_sd: float
) -> History:
    """Draw what comes to a site and how long it stays, where nobody is turned away.

    Parameters
    ----------
    forecast_log_sd
        How far the forecast of a stay is off: a normal error of its logarithm, before the policy
        learns what a forecast is worth.
    """
    if forecast_log_sd < 0:
        raise BadProblem("", "the error of a forecast is 0 or more")
    one = network.site(site)
    roomy = msgspec.structs.replace(
        one, compartments=dict.fromkeys(network.kinds, ROOMY), neighbours=()
    )
    alone = msgspec.structs.replace(network, sites=(roomy,), is_booked=False, starts_on="")
    stream = draw_stream(alone, days=7 * weeks, seed=seed)
    played = play_once(alone, stream, 7 * weeks)
    stays = played.fate.out_at - played.fate.in_at
    return History(
        played.wanted.put_in_at,
        played.wanted.kind,
        stays,
        forecast_stays(stays, log_sd=forecast_log_sd, seed=seed),
    )


def forecast_stays(stay_h: Floats, *, log_sd: float, seed: int) -> Floats:
    """Tell of stays what a forecaster of some error would."""
    errors = np.random.default_rng([seed, 11]).standard_normal(len(stay_h))
    expected: Floats = stay_h * np.exp(log_sd * errors)
    return expected
