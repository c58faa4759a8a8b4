"""The page of measures: each with its unit, meaning and formula, and the tables they come from."""

from restante.insight.emissions import FACTORS
from restante.insight.measures import tables
from restante.insight.measures.catalogue import MEASURES, PARTS
from restante.insight.measures.standing import CAUSES, DAYS_NEW, LIKE_LEAST
from restante.insight.measures.told import TOLD
from tools.reference.structs import plain

HEAD = """# Measures

How a network does. `restante measures show` computes every measure for the network, its zones or
its sites; `docs/howto/measure-a-network.md` says how. A period is half-open; where nothing was
there to measure, a value is empty and never 0. A share is a number from 0 to 1.
"""

TOLD_HEAD = """
## Measures that need to be told something

Prices and assumptions are told in a file (`--assumptions`). What CO2e is made of is explained in
`docs/explanation/emissions.md`.
"""

PARTS_HEAD = """
## What formulas are made of

Sums over the event tables, of a site, of all sites of a zone, or of all sites. Medians and
percentiles are computed anew for each group, not averaged.
"""

STANDING = f"""
## How a site stands among its like

`percentile` is the share of like sites that use their compartments less (`utilisation`); equal
ones count half. Like sites are of the same kind; where there are {4 * LIKE_LEAST} or more of a
kind, they are split into four by their number of compartments. A site below the 20th percentile
gets the first likely cause that holds, a hint where to look:
"""

FACTORS_HEAD = """
## Emission factors

Rows of the house. An operator's own rows, told in the file of assumptions under the same names,
come first. `ttw` is what leaves the vehicle, `wtw` includes the making of fuel or current.
"""

TABLES_HEAD = f"""
## Event tables

What measures are computed from, made by `restante measures export`: Parquet files, one for each
table and UTC day, `<table>/day=2026-11-03/<table>.parquet`, format {tables.FORMAT}. Times are
seconds since 1970 in UTC. Nothing of a person is in them: parcels have the pseudonymous ids they
have in the journal. Visits that have not ended are in one file beside them; `events.json` says how
far a folder goes, and rows beyond its position belong to a run that has not ended.
"""


def write_page() -> str:
    """Write every measure, part, cause, factor and table."""
    return "\n".join(
        [
            HEAD,
            _table(
                ("measure", "unit", "meaning", "formula"),
                [(f"`{one.name}`", one.unit, one.says, one.formula) for one in MEASURES],
            ),
            TOLD_HEAD,
            _table(
                ("measure", "unit", "meaning", "formula"),
                [(f"`{one.name}`", one.unit, one.says, one.formula) for one in TOLD],
            ),
            PARTS_HEAD,
            _table(("part", "meaning"), [(f"`{name}`", says) for name, says in PARTS]),
            STANDING,
            _table(
                ("cause", "looked at", "meaning"),
                [
                    *((f"`{one.name}`", f"`{one.measure}`", one.says) for one in CAUSES),
                    ("`new`", "`opened_at`", f"registered fewer than {DAYS_NEW} days before"),
                    ("`little_demand`", "`utilisation`", "nothing else stands out"),
                ],
            ),
            FACTORS_HEAD,
            _table(
                ("factor", "kg CO2e", "per", "covers", "source", "year", "region", "note"),
                [
                    (f"`{one.name}`", f"{one.kg_co2e:g}", one.unit, one.covers, one.source,
                     str(one.year), one.region, one.note)
                    for one in FACTORS
                ],
            ),
            TABLES_HEAD,
            *(_event_table(table) for table in tables.ALL),
        ]
    )  # fmt: skip


def _event_table(table: tables.EventTable) -> str:
    rows: list[tuple[str, ...]] = [
        (f"`{one.name}`", f"`{one.kind}`", one.meaning) for one in table.columns
    ]
    where = "" if table.is_by_day else " One file, about no day."
    return f"### `{table.name}`\n\n{plain(table.meaning)}{where}\n\n" + _table(
        ("column", "type", "meaning"), rows
    )


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
