"""LightGBM: one model of all series, a Poisson mean and one model for each quantile."""

import json
import sys
import time
from importlib import import_module
from typing import Any

MISSING = 3
ROUNDS = 200


def main() -> None:
    """Answer the question on standard input."""
    try:
        numpy: Any = import_module("numpy")
        library: Any = import_module("lightgbm")
    except ModuleNotFoundError as error:
        sys.stderr.write(f"there is no {error.name}")
        raise SystemExit(MISSING) from None
    question = json.load(sys.stdin)
    horizon = question["horizon"]
    values = numpy.asarray(question["values"], dtype=float)
    series, days = values.shape
    weekday = (question["first_weekday"] + numpy.arange(days + horizon)) % 7
    special = numpy.asarray(question["special"])
    sums = numpy.cumsum(numpy.pad(values, ((0, 0), (1, 0))), axis=1)

    def look(origin: int) -> Any:
        means = [(sums[:, origin] - sums[:, origin - n]) / n for n in (7, 28)]
        rows = []
        for step in range(horizon):
            day = origin + step
            weeks = [day - 7 * (step // 7 + 1 + back) for back in range(4)]
            same = values[:, [week for week in weeks if week >= 0]]
            constant = (weekday[day], step, special[day])
            rows.append(
                numpy.column_stack(
                    [*means, same[:, 0], same.mean(1), numpy.tile(constant, (series, 1))]
                )
            )
        return numpy.stack(rows, axis=1).reshape(series * horizon, -1)

    began, cpu_began = time.perf_counter(), time.process_time()
    origins = range(max(35, days - 180), days - horizon + 1, 3)
    table = numpy.concatenate([look(origin) for origin in origins])
    target = numpy.concatenate([values[:, o : o + horizon].ravel() for o in origins])
    if len(target) > 200_000:
        pick = numpy.random.default_rng(0).choice(len(target), 200_000, replace=False)
        table, target = table[pick], target[pick]
    ahead = look(days)

    def fit(**parts: Any) -> Any:
        model = library.LGBMRegressor(
            n_estimators=ROUNDS, learning_rate=0.05, num_leaves=31, min_child_samples=100,
            verbosity=-1, n_jobs=1, **parts,
        )  # fmt: skip
        found = model.fit(table, target).predict(ahead)
        return numpy.maximum(found, 0.0).reshape(series, horizon).round(4).tolist()

    answer = {
        "mean": fit(objective="poisson"),
        "quantiles": [fit(objective="quantile", alpha=one) for one in question["quantiles"]],
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu_began,
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
