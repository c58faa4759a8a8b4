"""Ciw: a node without a queue for each locker; arrivals and stays are those of the question."""

import json
import sys
import time
from importlib import import_module
from typing import Any

MISSING = 3


def main() -> None:
    """Answer the question on standard input."""
    try:
        ciw: Any = import_module("ciw")
    except ModuleNotFoundError as error:
        sys.stderr.write(f"there is no {error.name}")
        raise SystemExit(MISSING) from None
    question = json.load(sys.stdin)
    distribution: Any = ciw.dists.Distribution

    class Given(distribution):  # type: ignore[misc]
        """Numbers in the order in which individuals come."""

        def __init__(self, numbers: list[float]) -> None:
            super().__init__()
            self.numbers: list[float] = numbers
            self.place = 0

        def sample(self, t: Any = None, ind: Any = None) -> float:  # noqa: ARG002 - Ciw's own
            if ind is not None:
                return self.numbers[int(ind.id_number) - 1]
            self.place += 1
            return self.numbers[self.place - 1] if self.place <= len(self.numbers) else 1e12

    began = time.process_time()
    events = turned_away = 0
    for parcels in question["lockers"]:
        times = [at for at, _ in parcels]
        gaps = [after - before for before, after in zip([0.0, *times], times, strict=False)]
        network = ciw.create_network(
            arrival_distributions=[Given(gaps)],
            service_distributions=[Given([stay for _, stay in parcels])],
            number_of_servers=[question["rooms"]],
            queue_capacities=[0],
        )
        simulation = ciw.Simulation(network)
        simulation.simulate_until_max_time(1e9)
        records = simulation.get_all_records()
        served = sum(one.record_type == "service" for one in records)
        turned_away += len(parcels) - served
        events += len(parcels) + served
    seconds = time.process_time() - began
    json.dump({"events": events, "turned_away": turned_away, "seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    main()
