"""What if: a network as it is beside one that is changed, on the same parcels and people.

Both are played on the same streams (common random numbers), so the difference of each pair of runs
is what the change did and not what chance did; its interval of confidence is that of paired runs.
"""

from collections.abc import Sequence

import numpy as np

from ...core.value import Value
from .changes import NO_CHANGES, Changes
from .problem import Network
from .simulate import MEASURES, Mean, Progress, Span, mean_of, measures_of
from .stream import draw_stream


class Difference(Value):
    """One measure before and after."""

    base: Mean
    changed: Mean
    difference: Mean
    """Of pairs of runs: narrower than the two intervals let expect."""
    is_clear: bool
    """Whether the interval of the difference leaves out zero."""


class Comparison(Value):
    """A network as it is, and as it would be."""

    name: str
    days: int
    runs: int
    seed: int
    says: tuple[str, ...]
    measures: dict[str, Difference]


def compare(
    network: Network,
    changes: Changes,
    stop: Span = Span(),  # noqa: B008 - a tuple never changes
    seed: int = 1,
    *,
    other: Network | None = None,
    progress: Progress = lambda _share, _word: None,
) -> Comparison:
    """Play a network as it is and changed, on common random numbers.

    Parameters
    ----------
    other
        Another layout of the same sites, where that is what is changed: parcels and people stay
        the same, sites are matched by their order.
    """
    rows: list[tuple[Sequence[float], Sequence[float]]] = []
    changed = network if other is None else other
    for n in range(stop.runs):
        progress(n / stop.runs, f"pair {n + 1} of {stop.runs}")
        stream = draw_stream(network, days=stop.all_days, seed=seed * 1_000_003 + n,
                             level=max(1.0, changes.peak))  # fmt: skip
        rows.append(
            (
                measures_of(network, stream, stop, NO_CHANGES),
                measures_of(changed, stream, stop, changes),
            )
        )
    table = np.array(rows)
    measures = {
        name: _difference(table[:, 0, n], table[:, 1, n]) for n, name in enumerate(MEASURES)
    }
    return Comparison(
        name=network.name,
        days=stop.days,
        runs=stop.runs,
        seed=seed,
        says=changes.says(),
        measures=measures,
    )


def _difference(base: np.ndarray, changed: np.ndarray) -> Difference:
    difference = mean_of(changed - base)
    return Difference(
        base=mean_of(base),
        changed=mean_of(changed),
        difference=difference,
        is_clear=abs(difference.mean) > difference.within > 0.0,
    )
