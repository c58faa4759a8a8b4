"""Make a policy from weeks of parcels: learn what forecasts are worth, price room, tune, check.

T1  What a forecast is worth is learnt from what it said and what came: parcels are put into
    classes by their forecast, and each class has the survival curve that was seen.
T2  An hour in a compartment is priced by the dual of its room in a linear program that knows who
    comes, and of stays what the classes know (:func:`.hindsight.price_room`).
T3  Strength, scarcity, crowding and the level of each kind's prices are tuned by playing the same
    weeks.
T4  A policy that is not better than best-fit on the weeks it was made from has strength 0.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np

from ..entry import BadProblem
from .admission import BEST_FIT, decide_simply, decide_with
from .hindsight import price_room
from .history import History, Shape
from .policy import BLOCKS, LOOK_HOURS, VERSION, Policy, Tables, lay_out
from .problem import HOURS_OF_WEEK
from .stream import Floats

STAY_CLASSES: Final = 20
"""Classes of forecasts; with 10 of them 0.1 points less were accepted."""

PRICED_WEEKS: Final = 32
"""Weeks that are priced at most; all are played in tuning."""

STRENGTHS: Final = (0.0, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5)
SCARCITIES: Final = (0.0, 0.1, 0.2, 0.35, 0.5, 1.0)
CROWDINGS: Final = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
KIND_FACTORS: Final = (0.8, 0.9, 1.1, 1.2)
"""What is tried in tuning."""

Progress = Callable[[float, str], None]


def train(
    histories: Sequence[History],
    shape: Shape,
    *,
    name: str = "",
    progress: Progress = lambda _share, _word: None,
) -> Policy:
    """Make a policy for a site.

    Parameters
    ----------
    histories
        Each of some whole weeks that begin on a Monday, with the forecasts of the time.

    Raises
    ------
    BadProblem
        When there are too few parcels to learn from.
    """
    parcels = sum(len(history) for history in histories)
    if parcels < 20 * STAY_CLASSES:
        raise BadProblem(
            "", f"{parcels} parcels are too few to learn from; give {20 * STAY_CLASSES} or more"
        )
    edges = _edges(histories)
    survival = _survival(histories, edges)
    priced = _to_price(histories)
    bids = np.zeros((HOURS_OF_WEEK, len(shape.room)))
    for n, history in enumerate(priced):
        progress(0.8 * n / len(priced), f"pricing {n + 1} of {len(priced)}")
        classes = np.searchsorted(edges, history.expected_h)
        bids += price_room(history, shape, classes, survival) / len(priced)
    policy = Policy(
        version=VERSION,
        kinds=shape.kinds,
        edges_h=_row(edges),
        survival=tuple(_row(curve) for curve in survival),
        bids=tuple(_row(row) for row in bids),
        usual=_as_usual(np.zeros((HOURS_OF_WEEK, len(shape.room), BLOCKS))),
        strength=1.0,
        scarcity=0.1,
        name=name,
        trained_on=f"{parcels} parcels in {len(histories)} histories",
    )
    progress(0.85, "learning what is usual")
    policy = _learn_usual(policy, histories, shape)
    return _tune(policy, histories, shape, progress)


def _edges(histories: Sequence[History]) -> Floats:
    expected = np.concatenate([history.expected_h for history in histories])
    inner = np.arange(1, STAY_CLASSES) / STAY_CLASSES
    return np.unique(np.quantile(expected, inner))


def _survival(histories: Sequence[History], edges: Floats) -> Floats:
    stays = np.concatenate([history.stay_h for history in histories])
    expected = np.concatenate([history.expected_h for history in histories])
    classes = np.searchsorted(edges, expected)
    hours = np.arange(LOOK_HOURS)
    curves = np.zeros((len(edges) + 1, LOOK_HOURS))
    for of in range(len(curves)):
        known = np.sort(stays[classes == of])
        if len(known):
            curves[of] = 1.0 - np.searchsorted(known, hours, side="right") / len(known)
    return curves


def _to_price(histories: Sequence[History]) -> list[History]:
    chosen: list[History] = []
    weeks = 0.0
    for history in histories:
        if weeks >= PRICED_WEEKS:
            break
        chosen.append(history)
        weeks += float(history.at_h[-1]) / HOURS_OF_WEEK if len(history) else 0.0
    return chosen


def _learn_usual(policy: Policy, histories: Sequence[History], shape: Shape) -> Policy:
    """Play twice, the second time with what the first one found usual."""
    for _ in range(2):
        seen = sum(
            (decide_with(lay_out(policy), history, shape, learns=True).seen
             for history in histories),
            start=np.zeros((HOURS_OF_WEEK, len(shape.room), BLOCKS + 1)),
        )  # fmt: skip
        times = seen[:, :, BLOCKS:]
        whole = seen[:, :, :BLOCKS].sum(axis=0) / np.maximum(times.sum(axis=0), 1)
        mean = seen[:, :, :BLOCKS] / np.maximum(times, 1)
        # Where little was seen at an hour, what is usual over the week stands for it.
        usual = np.where(times > 5, mean, whole)
        policy = msgspec.structs.replace(policy, usual=_as_usual(usual))
    return policy


def _tune(policy: Policy, histories: Sequence[History], shape: Shape, progress: Progress) -> Policy:
    """Change one number at a time while more value is accepted (T3, T4)."""

    def score(tables: Tables) -> float:
        return sum(
            decide_with(tables, history, shape).value * len(history) for history in histories
        )

    best = lay_out(policy)._replace(strength=1.0, scarcity=0.1, crowding=0.0)
    most = score(best)
    grids = (("strength", STRENGTHS), ("crowding", CROWDINGS), ("scarcity", SCARCITIES))
    for turn in range(2):
        for n, (field, grid) in enumerate(grids):
            progress(0.9 + 0.1 * (3 * turn + n) / 6, f"tuning {field}")
            for number in grid:
                tried = _with(best, field, number)
                found = score(tried)
                if found > most:
                    best, most = tried, found
    factors = np.ones(len(shape.room))
    for kind in range(len(factors)):
        for factor in KIND_FACTORS:
            blocks = best.blocks.copy()
            blocks[:, kind] *= factor / factors[kind]
            tried = best._replace(blocks=blocks)
            found = score(tried)
            if found > most:
                best, most = tried, found
                factors[kind] = factor
    simple = sum(
        decide_simply(BEST_FIT, history, shape).value * len(history) for history in histories
    )
    if most <= simple:
        return msgspec.structs.replace(policy, strength=0.0, scarcity=0.0, crowding=0.0)
    return msgspec.structs.replace(
        policy,
        bids=tuple(_row(row) for row in np.array(policy.bids) * factors),
        strength=best.strength,
        scarcity=best.scarcity,
        crowding=best.crowding,
    )


def _with(tables: Tables, field: str, number: float) -> Tables:
    changed = tables._asdict()
    changed[field] = number
    return Tables(**changed)


def _row(numbers: Floats) -> tuple[float, ...]:
    return tuple(round(float(number), 6) for number in numbers)


def _as_usual(table: Floats) -> tuple[tuple[tuple[float, ...], ...], ...]:
    return tuple(tuple(tuple(round(float(x), 4) for x in row) for row in kinds) for kinds in table)
