"""A country's depots are planned side by side, the same by whichever executor."""

import functools
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import distributed
import msgspec
import pytest

from restante.planning.depots import (
    LOST,
    CountryPlan,
    CountryProgress,
    DepotPlan,
    Load,
    never,
    solve_depots,
)
from restante.planning.routing import BadProblem, MaxIterations, Problem, Stop, check
from restante.wiring.executors import FileFlag, NoCluster, Workers, cluster, processes
from tests.planning.fatal_stops import ITERATIONS, KillsAlways, KillsOnce
from tests.planning.routing.city import make_city

replace = msgspec.structs.replace
budget = functools.partial(MaxIterations, ITERATIONS)


def plain(seed: int, parcels: int = 12) -> Problem:
    """Make a depot whose routes share nothing, so that no kernel is compiled for it."""
    city = make_city(seed, parcels=parcels, vehicles=3)
    places = tuple(replace(one, free=None, parcels_max=None) for one in city.places)
    return replace(city, name=f"depot {seed}", places=places, service_levels=())


def country(count: int) -> dict[str, Load]:
    return {f"depot {seed}": functools.partial(plain, seed) for seed in range(count)}


def one_thread() -> AbstractContextManager[Executor]:
    return ThreadPoolExecutor(1)


@pytest.fixture(scope="module")
def here() -> CountryPlan:
    """Plan five depots one after the other, to compare with."""
    return solve_depots(country(5), budget, 7, make_executor=one_thread)


@pytest.fixture(scope="module")
def machine() -> Iterator[Workers]:
    with processes(2) as workers:
        yield workers


@pytest.fixture(scope="module")
def machines() -> Iterator[Workers]:
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1",
            dashboard_address="127.0.0.1:0", worker_dashboard_address="127.0.0.1:0",
            silence_logs=50,
        ) as scheduler,
        cluster(scheduler.scheduler_address) as workers,
    ):  # fmt: skip
        yield workers


def test_plans_are_those_of_each_depot_in_their_order(here: CountryPlan):
    assert [one.name for one in here.depots] == [f"depot {seed}" for seed in range(5)]
    assert here.is_feasible
    assert not here.failures
    assert not here.left
    for seed in range(5):
        found = check(plain(seed), here.results[f"depot {seed}"])
        assert found.is_feasible
    assert here.cost == pytest.approx(sum(one.cost.total for one in here.results.values()))


@pytest.mark.parametrize("where", ["machine", "machines"])
def test_plans_are_the_same_whoever_makes_them(
    where: str, here: CountryPlan, request: pytest.FixtureRequest
):
    workers: Workers = request.getfixturevalue(where)
    told: list[CountryProgress] = []
    made = solve_depots(
        country(5), budget, 7, make_executor=workers.make_executor, progress=told.append,
        is_cancelled=workers.is_cancelled,
    )  # fmt: skip
    assert made == here
    assert [one.done for one in told] == [1, 2, 3, 4, 5]
    assert {one.last.name for one in told} == set(country(5))


def broken() -> Problem:
    raise BadProblem("places[3]", "it is not there")


class Faulty:
    """A stop that fails as a mistake of ours would."""

    def share(self, turns: int) -> float:
        raise ZeroDivisionError(f"after {turns} turns")

    def stretch(self, turns: int) -> int:
        return 1


def faulty_for_two(_: object = None) -> Stop:
    return Faulty()


def test_a_depot_that_fails_is_named_and_others_are_planned(here: CountryPlan):
    depots = country(3) | {"no depot": broken} | {"depot 4": functools.partial(plain, 4)}
    made = solve_depots(depots, budget, 7, make_executor=one_thread)
    assert made.failures == {"no depot": "places[3]: it is not there"}
    assert not made.is_feasible
    assert made.results == {name: here.results[name] for name in depots if name != "no depot"}
    made = solve_depots(country(2), faulty_for_two, 7, make_executor=one_thread)
    assert made.failures == dict.fromkeys(country(2), "ZeroDivisionError: after 0 turns")


def test_a_process_that_dies_takes_no_depot_with_it(
    here: CountryPlan, machine: Workers, tmp_path: Path
):
    kills = KillsOnce(str(tmp_path / "killed"))
    made = solve_depots(country(2), kills, 7, make_executor=machine.make_executor)
    assert (tmp_path / "killed").exists()
    assert made.results == {name: here.results[name] for name in country(2)}
    made = solve_depots(country(1), KillsAlways(), 7, make_executor=machine.make_executor)
    assert made.failures == {"depot 0": LOST}


class CancelsItself:
    """A stop that cancels the country when its depot is half planned."""

    def __init__(self, flag: FileFlag) -> None:
        self.flag, self.own = flag, MaxIterations(400)

    def share(self, turns: int) -> float:
        if turns >= 200:
            self.flag.set()
        return self.own.share(turns)

    def stretch(self, turns: int) -> int:
        return self.own.stretch(turns)


def test_who_cancels_gets_what_was_planned_so_far(tmp_path: Path):
    flag = FileFlag(str(tmp_path / "cancelled"))
    made = solve_depots(
        country(4), functools.partial(CancelsItself, flag), 7, make_executor=one_thread,
        is_cancelled=flag.is_set,
    )  # fmt: skip
    first = made.depots[0]
    assert first.is_cut_short
    assert first.result is not None
    assert 200 <= first.result.iterations < 400
    assert check(plain(0), first.result).is_feasible
    assert made.left == ("depot 1", "depot 2", "depot 3")


def test_workers_of_a_cluster_see_that_somebody_cancelled(machines: Workers):
    # Last of its fixture: a flag stays raised.
    assert not machines.is_cancelled()
    machines.cancel()
    made = solve_depots(
        country(2), budget, 7, make_executor=machines.make_executor,
        is_cancelled=machines.is_cancelled,
    )  # fmt: skip
    assert made.depots == (DepotPlan("depot 0"), DepotPlan("depot 1"))


def test_a_country_s_tables_are_not_all_in_memory_at_once():
    loaded: list[int] = []
    most = 0

    def load(seed: int) -> Problem:
        loaded.append(seed)
        return plain(seed % 2, parcels=2)

    def watch(at: CountryProgress) -> None:
        nonlocal most
        most = max(most, len(loaded) - at.done)

    depots: dict[str, Load] = {f"{i}": functools.partial(load, i) for i in range(24)}
    made = solve_depots(
        depots, functools.partial(MaxIterations, 1), 1, make_executor=one_thread, progress=watch,
        is_cancelled=never,
    )  # fmt: skip
    assert len(made.results) == 24
    assert most < 17


def test_a_cluster_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("restante.wiring.executors.CONNECT_SECONDS", 0.2)
    says = r"no Dask scheduler answers at tcp://127\.0\.0\.1:1 "
    with pytest.raises(NoCluster, match=says), cluster("tcp://127.0.0.1:1"):
        pass


@contextmanager
def empty_cluster() -> Iterator[str]:
    with distributed.LocalCluster(
        n_workers=0,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs=50,
    ) as scheduler:
        yield scheduler.scheduler_address


def test_a_cluster_without_workers_is_named():
    with (
        empty_cluster() as address,
        pytest.raises(NoCluster, match="has no worker: start"),
        cluster(address),
    ):
        pass
