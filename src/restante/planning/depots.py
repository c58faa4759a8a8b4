"""A country's depots, planned side by side by whichever executor one has.

D1. Each depot is a problem of its own: no plan depends on which executor made it, on how many
    workers there are, or on the order in which depots were ready.
D2. A depot that fails is named, and takes no other with it; nor does a process that dies.
D3. Who cancels gets what was planned so far: depots under way end at once with the best plan they
    have, those that had not begun are left.

No clock, no processes and no network of its own: executors and stops are made by the caller.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import AbstractContextManager
from typing import Final, NamedTuple

from .routing.check import check
from .routing.engines import solve
from .routing.plain import find_obstacle
from .routing.problem import Problem
from .routing.result import Result
from .routing.solver import warm_up
from .stop import Stop

AHEAD: Final = 16
"""Depots handed out before their turn: enough to keep a machine's workers busy, few enough that
a country's tables are not all in memory at once (chosen)."""

LOST: Final = "its process died while planning it: it may need more memory than there is"

Load = Callable[[], Problem]
"""Reads or makes a depot's problem, in the process that hands out work."""

MakeStop = Callable[[], Stop]
"""Makes the stop of one depot in the process that plans it; it must be possible to pickle it."""

IsCancelled = Callable[[], bool]
"""Asked by every process now and then; it must be possible to pickle it."""

MakeExecutor = Callable[[], AbstractContextManager[Executor]]
"""Makes an executor; another one when that one's processes died."""


class DepotPlan(NamedTuple):
    """What became of one depot."""

    name: str
    result: Result | None = None
    """None where it failed, or was left because somebody cancelled."""
    failure: str = ""
    is_cut_short: bool = False
    """Somebody cancelled while it was planned: its plan is the best one until then."""


class CountryProgress(NamedTuple):
    """How far a country is."""

    done: int
    total: int
    last: DepotPlan


class CountryPlan(NamedTuple):
    """Plans of all depots, in the order they were given."""

    depots: tuple[DepotPlan, ...]

    @property
    def results(self) -> dict[str, Result]:
        """Plans by name of depot."""
        return {one.name: one.result for one in self.depots if one.result is not None}

    @property
    def failures(self) -> dict[str, str]:
        """What went wrong, by name of depot."""
        return {one.name: one.failure for one in self.depots if one.failure}

    @property
    def left(self) -> tuple[str, ...]:
        """Depots that had not begun when somebody cancelled."""
        return tuple(one.name for one in self.depots if one.result is None and not one.failure)

    @property
    def is_feasible(self) -> bool:
        """Every depot has a plan, and each serves all it must."""
        return all(one.result is not None and one.result.is_feasible for one in self.depots)

    @property
    def cost(self) -> float:
        """Of all plans there are."""
        return sum(one.cost.total for one in self.results.values())


def never() -> bool:
    """Cancel nothing."""
    return False


def solve_depots(
    depots: Mapping[str, Load],
    make_stop: MakeStop,
    seed: int,
    *,
    make_executor: MakeExecutor,
    progress: Callable[[CountryProgress], None] | None = None,
    is_cancelled: IsCancelled = never,
) -> CountryPlan:
    """Plan many depots.

    Parameters
    ----------
    depots
        By name; each is loaded when its turn is near.
    make_stop
        Budget of every depot, counted from when it begins.
    seed
        Of all chance, the same for every depot.
    make_executor
        Who plans; processes of this machine, or a cluster's.
    progress
        Is told each depot that is done, failed or left.
    """
    done: dict[str, DepotPlan] = {}

    def tell(plan: DepotPlan) -> None:
        done[plan.name] = plan
        if progress is not None:
            progress(CountryProgress(len(done), len(depots), plan))

    def submit(executor: Executor, name: str) -> "Future[DepotPlan] | None":
        try:
            problem = depots[name]()
        except (ValueError, OSError) as error:
            tell(DepotPlan(name, failure=str(error)))
            return None
        return executor.submit(plan_depot, name, problem, make_stop, seed, is_cancelled)

    lost: list[str] = []
    with make_executor() as executor:
        for name, plan in _run(executor, iter(depots), submit):
            if plan is None:
                lost.append(name)
            else:
                tell(plan)
    # Which of them made a process die is not known: one by one, each can only harm itself.
    while lost:
        with make_executor() as executor:
            is_alive = True
            while lost and is_alive:
                name = lost.pop(0)
                for _, plan in _run(executor, iter([name]), submit):
                    is_alive = plan is not None
                    tell(plan or DepotPlan(name, failure=LOST))
    return CountryPlan(tuple(done[name] for name in depots))


def plan_depot(
    name: str, problem: Problem, make_stop: MakeStop, seed: int, is_cancelled: IsCancelled
) -> DepotPlan:
    """Plan one depot, in a process of an executor; whatever goes wrong is an answer."""
    if is_cancelled():
        return DepotPlan(name)
    try:
        if find_obstacle(problem) is not None:
            warm_up()
        stop = _Cancellable(make_stop(), is_cancelled)
        result = solve(problem, stop, seed)
        found = check(problem, result)
    except Exception as error:  # noqa: BLE001 - the boundary of a process: others go on.
        return DepotPlan(name, failure=f"{type(error).__name__}: {error}")
    if not found.confirms(result):
        return DepotPlan(name, failure="its plan is not what it says: please report this mistake")
    return DepotPlan(name, result, is_cut_short=stop.was_cancelled)


class _Cancellable:
    """A stop that also ends when somebody cancels."""

    def __init__(self, stop: Stop, is_cancelled: IsCancelled) -> None:
        self._stop, self._is_cancelled = stop, is_cancelled
        self.was_cancelled = False

    def share(self, turns: int) -> float:
        """Tell the share that is used: all of it once somebody cancelled."""
        share = self._stop.share(turns)
        if share < 1.0 and (self.was_cancelled or self._is_cancelled()):
            self.was_cancelled = True
            return 1.0
        return share

    def stretch(self, turns: int) -> int:
        """Tell how many turns to make before asking again."""
        return self._stop.stretch(turns)


Submit = Callable[[Executor, str], "Future[DepotPlan] | None"]


def _run(
    executor: Executor, names: Iterator[str], submit: Submit
) -> Iterator[tuple[str, DepotPlan | None]]:
    """Keep some depots handed out until all are done; none is given for those lost."""
    waiting: dict[Future[DepotPlan], str] = {}
    is_broken = False
    while True:
        while len(waiting) < AHEAD and (name := next(names, None)) is not None:
            try:
                future = None if is_broken else submit(executor, name)
            except BrokenExecutor:
                is_broken, future = True, None
            if future is not None:
                waiting[future] = name
            elif is_broken:
                yield name, None
        if not waiting:
            return
        ready, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in ready:
            name = waiting.pop(future)
            try:
                yield name, future.result()
            except BrokenExecutor:
                is_broken = True
                yield name, None
            except Exception as error:  # noqa: BLE001 - what an executor itself may raise.
                yield name, DepotPlan(name, failure=f"{type(error).__name__}: {error}")
