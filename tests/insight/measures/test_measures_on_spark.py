"""The same measures on Spark: one session, in this process, for this module only."""

from pathlib import Path

import pytest

from restante.settings import Settings
from restante.wiring.analytics import Wanted, measure, open_engine
from tests.insight.measures.story import PERIOD, Story

SITES = 20

FOR_FEW_ROWS = """
spark.sql.codegen.wholeStage false
spark.sql.codegen.factoryMode NO_CODEGEN
spark.sql.adaptive.enabled false
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
"""
"""Compiling took a minute of processor for a few hundred rows."""


@pytest.mark.filterwarnings(
    # Spark's bridge to Java leaves a socket to the garbage collector.
    "ignore:unclosed <socket:ResourceWarning",
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
)
def test_spark_measures_what_duckdb_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spark-defaults.conf").write_text(FOR_FEW_ROWS)
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    Story(SITES, seed=5).write(tmp_path / "events")
    found = {}
    for name in ("duckdb", "spark"):
        with open_engine(Settings(measures_engine=name, spark_master="local[1]")) as engine:
            assert engine.name == name
            found[name] = measure(engine, tmp_path / "events", Wanted(PERIOD)).to_pylist()
    assert len(found["duckdb"]) == len(found["spark"]) == SITES
    for ours, theirs in zip(found["duckdb"], found["spark"], strict=True):
        assert set(ours) == set(theirs)
        for name, value in ours.items():
            assert theirs[name] == pytest.approx(value), (ours["of"], name)
