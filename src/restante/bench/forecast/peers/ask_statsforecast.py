"""statsforecast: one of its models on all series, with intervals of its own.

Models that know no intervals get conformal ones, as the library offers them.
"""

import json
import sys
import time
import warnings
from importlib import import_module
from typing import Any

MISSING = 3
CONFORMAL = ("CrostonSBA", "SeasonalExponentialSmoothingOptimized")
"""They give a point only."""


def main() -> None:
    """Answer the question on standard input."""
    warnings.simplefilter("ignore")
    try:
        pandas: Any = import_module("pandas")
        numpy: Any = import_module("numpy")
        library: Any = import_module("statsforecast")
        models: Any = import_module("statsforecast.models")
        intervals: Any = import_module("statsforecast.utils")
    except ModuleNotFoundError as error:
        sys.stderr.write(f"there is no {error.name}")
        raise SystemExit(MISSING) from None
    question = json.load(sys.stdin)
    horizon, name = question["horizon"], question["model"]
    values = numpy.asarray(question["values"], dtype=float)
    series, days = values.shape
    frame = pandas.DataFrame(
        {
            "unique_id": numpy.repeat(numpy.arange(series), days),
            "ds": numpy.tile(pandas.date_range(question["first_day"], periods=days), series),
            "y": values.ravel(),
        }
    )
    parts = {} if name == "CrostonSBA" else {"season_length": 7}
    if name in CONFORMAL:
        parts["prediction_intervals"] = intervals.ConformalIntervals(h=horizon, n_windows=2)
    began, cpu_began = time.perf_counter(), time.process_time()
    forecaster = library.StatsForecast(models=[getattr(models, name)(**parts)], freq="D", n_jobs=1)
    found = forecaster.forecast(df=frame, h=horizon, level=[80, 90])
    found = found.sort_values(["unique_id", "ds"])

    def column(ending: str) -> Any:
        names = [one for one in found.columns if one.endswith(ending)]
        return numpy.maximum(found[names[0]].to_numpy().reshape(series, horizon), 0.0)

    middle = column(name)
    quantiles = {0.1: column("lo-80"), 0.5: middle, 0.9: column("hi-80"), 0.95: column("hi-90")}
    answer = {
        "mean": middle.round(4).tolist(),
        "quantiles": [quantiles[one].round(4).tolist() for one in question["quantiles"]],
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu_began,
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
