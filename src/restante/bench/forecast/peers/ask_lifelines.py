"""lifelines: how long parcels stay, by Cox's model and a Weibull one."""

import json
import sys
import time
import warnings
from importlib import import_module
from typing import Any

MISSING = 3


def main() -> None:
    """Answer the question on standard input."""
    warnings.simplefilter("ignore")
    try:
        pandas: Any = import_module("pandas")
        numpy: Any = import_module("numpy")
        library: Any = import_module("lifelines")
    except ModuleNotFoundError as error:
        sys.stderr.write(f"there is no {error.name}")
        raise SystemExit(MISSING) from None
    question = json.load(sys.stdin)
    frame = pandas.DataFrame(question["learned"])
    frame.columns = [f"f{i}" for i in frame.columns]
    asked = pandas.DataFrame(question["asked"])
    asked.columns = frame.columns
    frame["stayed"] = [slots + 0.5 for slots in question["slots"]]
    frame["collected"] = 1
    began, cpu_began = time.perf_counter(), time.process_time()
    model = getattr(library, question["model"])(penalizer=0.01)
    model.fit(frame, "stayed", "collected")
    times = numpy.arange(question["horizon"]) + 0.99
    curves = model.predict_survival_function(asked, times=times).T.to_numpy()
    answer = {
        "curves": curves.round(5).tolist(),
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu_began,
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
