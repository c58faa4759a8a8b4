"""The engine measures run on, named by a setting: DuckDB in this process, or Spark.

Expressions are the same for both. Spark runs in this process (``local[2]``) or on the cluster
whose master the setting names, which must see the folder of the event tables under the same path.
"""

import datetime as dt
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ..core.value import DAY
from ..insight.measures import tables
from ..insight.measures.catalogue import compute
from ..insight.measures.parts import KEY, Period, Tables, make_parts
from ..insight.measures.standing import stand
from ..insight.measures.told import Said, add_told
from ..settings import BadSetting, Settings
from .event_files import BadEvents, EventFiles


class Engine(NamedTuple):
    """Where expressions run."""

    name: str
    read: Callable[[str, Sequence[str]], Any]
    """Name of a table and its Parquet files to an Ibis table."""
    run: Callable[[Any], Any]
    """An Ibis expression to an Arrow table."""


class Wanted(NamedTuple):
    """What shall be measured."""

    period: Period
    by: str = "site"
    """``site``, ``zone`` or ``network``."""
    sites: tuple[str, ...] = ()
    """Only these; empty for all."""
    zones: tuple[str, ...] = ()
    """Only sites of these; empty for all."""


@contextmanager
def open_engine(settings: Settings) -> Iterator[Engine]:
    """Start the engine the settings name, and end it when done with.

    Raises
    ------
    BadSetting
        When it is not installed or cannot be started.
    """
    try:
        import ibis
    except ImportError as error:
        raise BadSetting("measures need ibis: install restante[insight]") from error
    if settings.measures_engine == "duckdb":
        connection = ibis.duckdb.connect()
        try:
            yield Engine(
                "duckdb",
                lambda name, paths: _read_duckdb(connection, name, paths),
                connection.to_pyarrow,
            )
        finally:
            connection.disconnect()
        return
    with _spark(settings) as (session, connection):
        yield Engine(
            "spark",
            lambda name, paths: _read_spark(session, connection, name, paths),
            # Spark makes Arrow by itself; Ibis would go by way of pandas.
            lambda expression: session.sql(connection.compile(expression)).toArrow(),
        )


def _read_duckdb(connection: Any, name: str, paths: Sequence[str]) -> Any:
    return connection.read_parquet(list(paths), table_name=name, hive_partitioning=False)


def _read_spark(session: Any, connection: Any, name: str, paths: Sequence[str]) -> Any:
    session.read.parquet(*paths).createOrReplaceTempView(name)
    return connection.table(name)


@contextmanager
def _spark(settings: Settings) -> Iterator[tuple[Any, Any]]:
    try:
        import ibis
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise BadSetting("measures_engine: install restante[spark], and Java 17") from error
    builder = SparkSession.builder.master(settings.spark_master).appName("restante measures")
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }
    if settings.spark_master.startswith("local"):
        # Nobody else talks to a session in this process, and a month is a few partitions.
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        options |= {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.sql.shuffle.partitions": "2",
        }
    for name, value in options.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:
        raise BadSetting(
            f"spark_master: {settings.spark_master} cannot be started: {error}"
        ) from error
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield session, ibis.pyspark.connect(session)
    finally:
        _end_spark(session)


def _end_spark(session: Any) -> None:
    """Stop a session, and in this process also its machine, which Spark would leave running."""
    from pyspark import SparkContext

    gateway: Any = SparkContext._gateway
    session.stop()
    machine = getattr(gateway, "proc", None)
    gateway.shutdown()
    SparkContext._gateway = SparkContext._jvm = None
    if machine is not None:
        machine.stdin.close()
        machine.wait()


def open_tables(engine: Engine, folder: Path, period: Period) -> Tables:
    """Open the event tables of a folder, as far as a period needs them.

    Raises
    ------
    BadEvents
        When the folder holds none.
    """
    files = EventFiles(folder)
    page = files.read_page()
    if page is None:
        raise BadEvents(
            f"{folder} holds no event tables: make them with 'restante measures export'"
        )
    since, until = _day_of(period.from_at), _day_of(period.until)

    def read(table: tables.EventTable, since: str = since, until: str = until) -> Any:
        found = engine.read(table.name, files.paths(table, since, until))
        if not table.is_by_day:
            return found
        # What is beyond the page belongs to a run that has not ended.
        return found.filter(found.position <= page.position)

    ended = read(tables.VISITS, until="9999-12-31")
    inside = engine.read("open_visits", [str(files.folder / page.open_visits)])
    return Tables(
        visits=ended.union(inside),
        turn_aways=read(tables.TURN_AWAYS),
        sessions=read(tables.SESSIONS),
        doors=read(tables.DOORS),
        capacity=read(tables.CAPACITY, since=""),
        sites=read(tables.SITES),
    )


def measure(engine: Engine, folder: Path, wanted: Wanted) -> Any:
    """Measure a network's sites.

    Returns
    -------
    pyarrow.Table
        One row for each site, zone or the network: ``of``, ``sites`` and every measure.

    Raises
    ------
    BadEvents
        When there is nothing to measure.
    """
    found = open_tables(engine, folder, wanted.period)
    groups = _groups(found.sites, wanted)
    return engine.run(compute(make_parts(found, wanted.period, groups), wanted.period))


def measure_rows(
    engine: Engine, folder: Path, wanted: Wanted, said: Said | None = None
) -> list[dict[str, Any]]:
    """Measure as :func:`measure` does, and add how sites stand and what an operator has told of.

    Sites stand among all sites of the network, whichever are asked for.
    """
    if wanted.by != "site":
        rows: list[dict[str, Any]] = measure(engine, folder, wanted).to_pylist()
    else:
        of_all = measure(engine, folder, wanted._replace(sites=(), zones=())).to_pylist()
        sites = read_sites(folder)
        stands = stand(of_all, sites, until=wanted.period.until)
        rows = [
            {**row, "percentile": one.percentile, "cause": one.cause, "why": one.says}
            for row, one in zip(of_all, stands, strict=True)
            if _is_wanted(sites[str(row["of"])], wanted)
        ]
    if said is None:
        return rows
    return add_told(rows, said, days=wanted.period.seconds / DAY)


def read_sites(folder: Path) -> dict[str, dict[str, Any]]:
    """Read the table of sites, by site."""
    from pyarrow import parquet

    files = EventFiles(folder)
    rows = parquet.ParquetFile(files.paths(tables.SITES)[0]).read().to_pylist()
    return {row["site"]: row for row in rows}


def _is_wanted(site: dict[str, Any], wanted: Wanted) -> bool:
    return (not wanted.sites or site["site"] in wanted.sites) and (
        not wanted.zones or site["zone"] in wanted.zones
    )


def _groups(sites: Any, wanted: Wanted) -> Any:
    import ibis

    if wanted.sites:
        sites = sites.filter(sites.site.isin(wanted.sites))
    if wanted.zones:
        sites = sites.filter(sites.zone.isin(wanted.zones))
    keys = {"site": sites.site, "zone": sites.zone, "network": ibis.literal("network")}
    return sites.select(sites.site, **{KEY: keys[wanted.by]})


def _day_of(at: int) -> str:
    return (dt.date(1970, 1, 1) + dt.timedelta(days=at // DAY)).isoformat()
