"""Choices that keep rules about sites alone: found, or proven not to be there, by a small program.

min  sum_j w_j y_j   over y that keep S2, S3, S6, S7 and S8
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from .arrays import Group
from .distances import Floats
from .kernel.state import Rules


class NoChoice(ValueError):
    """No choice of sites keeps all rules; says which ones are at odds."""


def is_plain(rules: Rules, groups: Sequence[Group]) -> bool:
    """Tell whether rules say no more than which sites are held, and how many are open."""
    return not groups and (rules.accessible_share <= 0.0 or bool((rules.is_held < 0).any()))


def cheapest_choice(
    rules: Rules,
    groups: Sequence[Group],
    worth: Floats,
    *,
    room: Floats | None = None,
    demand: float = 0.0,
    gap: float = 1e-6,
) -> tuple[NDArray[np.bool_], float]:
    """Choose sites of least worth that keep all rules.

    Parameters
    ----------
    room
        What each site can take; together at least ``demand``.
    gap
        How far from the least worth the choice may be, as a share.

    Returns
    -------
    tuple
        Which are open, and below what the worth of no choice is.

    Raises
    ------
    NoChoice
        When there is none, proven.
    """
    many = len(worth)
    lower = (rules.is_held > 0).astype(float)
    upper = (rules.is_held >= 0).astype(float)
    matrix, least, most = rows_of(rules, groups)
    if room is not None:
        matrix.append(np.minimum(room, demand) / demand)
        least.append(1.0)
        most.append(np.inf)
    scale = max(float(np.abs(worth).max(initial=0.0)), 1e-12)
    found = milp(
        worth / scale,
        integrality=np.ones(many),
        bounds=Bounds(lower, upper),
        constraints=LinearConstraint(np.array(matrix), least, most),
        options={"mip_rel_gap": gap},
    )
    if found.x is None:
        named = "; ".join(f"{g.least} to {g.most} {g.says}" for g in groups)
        raise NoChoice(
            f"no choice keeps all rules: {rules.least} to {rules.most} sites"
            + (f"; {named}" if named else "")
            + (f"; {rules.accessible_share:.0%} accessible" if rules.accessible_share > 0 else "")
            + ("; room for all demand" if room is not None else "")
            + ". Loosen one of them"
        )
    bound = found.mip_dual_bound if found.mip_dual_bound is not None else found.fun
    return found.x > 0.5, float(bound) * scale


def rows_of(rules: Rules, groups: Sequence[Group]) -> tuple[list[Floats], list[float], list[float]]:
    """Write rules that count sites as rows of a program: from least to most."""
    many = len(rules.fixed)
    matrix = [np.ones(many)]
    least, most = [float(rules.least)], [float(rules.most)]
    if rules.accessible_share > 0:
        matrix.append(rules.is_accessible - rules.accessible_share)
        least.append(0.0)
        most.append(np.inf)
    for group in groups:
        matrix.append(np.bincount(group.members, minlength=many).astype(float))
        least.append(float(group.least))
        most.append(float(group.most))
    return matrix, least, most
