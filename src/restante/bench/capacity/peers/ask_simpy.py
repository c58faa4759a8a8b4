"""SimPy: a process for each locker's arrivals and one for each parcel inside, no resource.

A ``Resource`` would be twice as slow; a counter is the fastest way to say it in SimPy.
"""

import json
import sys
import time
from collections.abc import Generator
from importlib import import_module
from typing import Any

MISSING = 3


def main() -> None:
    """Answer the question on standard input."""
    try:
        simpy: Any = import_module("simpy")
    except ModuleNotFoundError as error:
        sys.stderr.write(f"there is no {error.name}")
        raise SystemExit(MISSING) from None
    question = json.load(sys.stdin)
    began = time.process_time()
    counts = [0, 0]
    environment = simpy.Environment()
    for parcels in question["lockers"]:
        environment.process(_arrive(environment, parcels, question["rooms"], counts))
    environment.run()
    seconds = time.process_time() - began
    json.dump({"events": counts[0], "turned_away": counts[1], "seconds": seconds}, sys.stdout)


def _arrive(
    environment: Any, parcels: list[list[float]], rooms: int, counts: list[int]
) -> Generator[Any, None, None]:
    inside = [0]
    for at, stay in parcels:
        yield environment.timeout(at - environment.now)
        counts[0] += 1
        if inside[0] < rooms:
            inside[0] += 1
            environment.process(_stay(environment, inside, stay, counts))
        else:
            counts[1] += 1


def _stay(
    environment: Any, inside: list[int], stay: float, counts: list[int]
) -> Generator[Any, None, None]:
    yield environment.timeout(stay)
    inside[0] -= 1
    counts[0] += 1


if __name__ == "__main__":
    main()
