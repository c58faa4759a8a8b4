"""Whether nobody will come: the chance that a first attempt fails.

W1. The plain model is each recipient's own rate, shrunk toward that of all (:mod:`.past`).
W2. Trees see the same counts, and day, hour, size and load beside them.
W3. Trees that do not beat the plain rate on the last days before, do not ship.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .stays import Array, BadStays

ROUNDS, LEARNING_RATE, LEAVES, LEAF_ROWS, PULL = 80, 0.06, 15, 1000, 50.0
"""Few, large and shrunk leaves: failing is rare, and finer trees said of tenths of all cases what
was not so (measured: docs/explanation/forecasts.md)."""
ROWS_LEAST: Final = 2_000
CHECKED_SHARE: Final = 0.15
"""The last share of days, on which trees are checked against the plain rate."""


class NoShow(NamedTuple):
    """A model that was learned."""

    model: Any
    """None where the plain rate was no worse."""
    says: str


def fit_no_show(features: Array, rate: Array, failed: NDArray[np.bool_], seed: int) -> NoShow:
    """Learn when first attempts fail.

    Parameters
    ----------
    features
        Shape (parcels, features), oldest first.
    rate
        Each recipient's own, as it was known.
    failed
        What came of it.
    seed
        Of all chance.

    Raises
    ------
    BadStays
        When there is nothing to learn from.
    """
    if len(failed) < ROWS_LEAST or not failed.any() or failed.all():
        raise BadStays(
            f"{len(failed)} deliveries, {int(failed.sum())} failed: it takes {ROWS_LEAST},"
            " some of each kind"
        )
    cut = round(len(failed) * (1 - CHECKED_SHARE))
    trial = _fit(features[:cut], failed[:cut], seed)
    trees = brier(_ask(trial, features[cut:]), failed[cut:])
    plain = brier(rate[cut:], failed[cut:])
    if trees >= plain:
        return NoShow(
            None,
            f"trees did not beat each recipient's own rate on the last days (Brier {trees:.5f}"
            f" against {plain:.5f}), so they are not used",
        )
    return NoShow(_fit(features, failed, seed), "")


def chance_of_no_show(no_show: NoShow, features: Array, rate: Array) -> Array:
    """Tell how likely first attempts fail."""
    return rate if no_show.model is None else _ask(no_show.model, features)


def chance_at_first_attempt(no_show: Array, room: Array) -> Array:
    """Tell how likely a first attempt succeeds: there is room, and somebody comes in time."""
    found: Array = room * (1.0 - no_show)
    return found


def brier(chance: Array, happened: NDArray[np.bool_]) -> float:
    """Tell the mean squared error of probabilities."""
    return float(((chance - happened) ** 2).mean())


def _fit(features: Array, failed: NDArray[np.bool_], seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - heavy.
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

    model = HistGradientBoostingClassifier(
        max_iter=ROUNDS,
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAF_ROWS,
        l2_regularization=PULL,
        early_stopping=False,
        random_state=seed,
    )
    with threadpool_limits(limits=1):
        return model.fit(features, failed)


def _ask(model: Any, features: Array) -> Array:
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    with threadpool_limits(limits=1):
        found: Array = model.predict_proba(features)[:, 1]
    return found
