"""Our own search in a process of its own: a question in, a plan out, both JSON."""

import sys
import time

import msgspec

from ...planning.routing import MaxSeconds, Problem, Progress, Result, solve, warm_up
from ...planning.routing.source import Engine


class Order(msgspec.Struct, frozen=True):
    """What to plan, and how long."""

    problem: msgspec.Raw
    seconds: float
    by_cpu: bool
    """Seconds are of the processor, not on the wall."""
    seed: int
    engine: Engine | None
    """The search; without it, what is best for the problem."""


class Planned(msgspec.Struct, frozen=True):
    """A plan, and how it was found."""

    result: Result
    trace: list[tuple[float, float]]
    seconds: float
    cpu_seconds: float


def main() -> None:
    """Plan what standard input says."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    problem = Problem.from_json(bytes(order.problem))
    warm_up()
    began, cpu_began = time.perf_counter(), time.process_time()
    clock = time.process_time if order.by_cpu else time.perf_counter
    started = clock()
    trace: list[tuple[float, float]] = []

    def see(at: Progress) -> None:
        if at.cost < (trace[-1][1] if trace else float("inf")):
            trace.append((clock() - started, at.cost))

    stop = MaxSeconds(order.seconds, clock)
    result = solve(problem, stop, order.seed, progress=see, engine=order.engine)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
    sys.stdout.buffer.write(msgspec.json.encode(Planned(result, trace, seconds, cpu_seconds)))


if __name__ == "__main__":
    main()
