"""Every public file, planned for a moment at the command line, and its plan computed again.

What a plan costs and keeps is computed here from the text of the file and from the definition of
its format: nothing of ours reads it. Files are looked for in ``RESTANTE_ROUTING_INSTANCES``, and
the tests are skipped without it.
"""

import json
import math
import os
import re
import tarfile
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from restante.cli.app import app

FOLDER = os.environ.get("RESTANTE_ROUTING_INSTANCES")
SECONDS = 2.0
PATTERNS = {"cvrp": "cvrp-x/*.vrp", "vrptw": "vrptw/*.vrp", "gvrp": "gvrp/*.vrp",
            "vrprdl": "vrprdl/*.txt"}  # fmt: skip
PACKED = {"vrpdo": ("vrpdo-dumez.tar.xz", "vrpdo-tilk.tar.xz")}

Stops = Sequence[tuple[int, int]]
"""Of one route: the customer and the node at which it is served."""


class Judged(NamedTuple):
    cost: float
    vehicles: int
    broken: list[str]


def files() -> Iterator[Any]:
    if FOLDER is None:
        mark = pytest.mark.skip(reason="set RESTANTE_ROUTING_INSTANCES to a folder of instances")
        yield pytest.param("", "", marks=mark)
        return
    for written_as, pattern in PATTERNS.items():
        for path in sorted(Path(FOLDER).glob(pattern)):
            yield pytest.param(written_as, str(path), id=path.stem)
    for written_as, archives in PACKED.items():
        for archive in archives:
            with tarfile.open(Path(FOLDER) / archive) as packed:
                names = sorted(one for one in packed.getnames() if re.search(r"_\d+\.txt$", one))
            for name in names:
                yield pytest.param(
                    written_as, f"{Path(FOLDER) / archive}!{name}", id=Path(name).stem
                )


def unpack(where: str, folder: Path) -> Path:
    archive, _, name = where.partition("!")
    if not name:
        return Path(archive)
    with tarfile.open(archive) as packed:
        member = packed.extractfile(name)
        assert member is not None
        path = folder / Path(name).name
        path.write_bytes(member.read())
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("written_as", "where"), list(files()))
def test_a_plan_costs_and_keeps_what_the_format_says(
    written_as: str, where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = unpack(where, tmp_path), tmp_path / "plan.json"
    app(["plan", "routes", str(path), "--format", written_as, "--seconds", str(SECONDS),
         "--seed", "1", "--json", "--out", str(out)], standalone_mode=False)  # fmt: skip
    told = json.loads(capsys.readouterr().out)
    judged = JUDGES[written_as](path.read_text(encoding="latin-1"), path.stem, routes_of(out))
    assert set(told) >= {"feasible", "vehicles", "cost", "unserved", "seconds", "iterations"}
    assert told["cost"] == pytest.approx(judged.cost, rel=1e-9)
    assert told["vehicles"] == judged.vehicles
    assert told["feasible"] == (not judged.broken), judged.broken
    assert told["violations"] or not judged.broken
    assert isinstance(told["iterations"], int)
    assert told["unserved"] == 0 or not told["feasible"]


def routes_of(out: Path) -> list[Stops]:
    """Read customers and nodes of a plan, by the numbers in their names."""
    return [
        [
            (number(served["parcel"]), number(visit["place"]))
            for visit in route["visits"]
            for served in visit["served"]
        ]
        for route in json.loads(out.read_bytes())["routes"]
    ]


def number(name: str) -> int:
    return int(name.rpartition(" ")[2])


# ── VRPLIB: CVRP, VRPTW, GVRP ─────────────────────────────────────────────────────────────────


def vrplib(text: str) -> tuple[dict[str, str], dict[str, list[list[float]]]]:
    fields: dict[str, str] = {}
    tables: dict[str, list[list[float]]] = {}
    name = ""
    for line in text.splitlines():
        if re.match(r"[A-Z_]+_SECTION", line):
            name = line.split()[0].rstrip(":")
            tables[name] = []
        elif re.match(r"[A-Z_]+\s*:", line):
            word, _, said = line.partition(":")
            fields[word.strip()] = said.strip()
        elif name and line.strip() not in {"", "-1", "EOF"}:
            tables[name].append([float(word) for word in line.split()])
    return fields, tables


def judge_vrplib(text: str, name: str, routes: list[Stops], written_as: str) -> Judged:
    del name
    fields, tables = vrplib(text)
    at = {int(row[0]): (row[1], row[2]) for row in tables["NODE_COORD_SECTION"]}
    demand = {int(row[0]): row[1] for row in tables["DEMAND_SECTION"]}
    depot = int(tables["DEPOT_SECTION"][0][0])
    window = {int(row[0]): row[1:] for row in tables.get("TIME_WINDOW_SECTION", [])}
    each = {int(row[0]): row[1] for row in tables.get("SERVICE_TIME_SECTION", [])}
    service = float(fields.get("SERVICE_TIME", 0))

    def far(a: int, b: int) -> float:
        length = math.dist(at[a], at[b])
        return math.floor(10 * length) / 10 if written_as == "vrptw" else math.floor(length + 0.5)

    broken, cost, groups = [], 0.0, {(i,) for i in at if i != depot}
    if written_as == "gvrp":
        rows = tables["MUTUALLY_EXCLUSIVE_GROUP_SECTION"]
        groups = {tuple(int(x) for x in row[1:]) for row in rows} - {(depot,)}
    for stops in routes:
        nodes = [node for _, node in stops]
        cost += sum(far(a, b) for a, b in pairwise([depot, *nodes, depot]))
        load = sum(demand[node] for node in nodes)
        if load > float(fields["CAPACITY"]):
            broken.append(f"a load of {load}")
        now = 0.0
        for a, b in pairwise([depot, *nodes, depot]):
            if not window:
                break
            # Nobody leaves before the depot opens; who is early waits.
            now = max(now, window[depot][0]) + far(a, b)
            if now > window[b][1] + 1e-6:
                broken.append(f"{b} at {now}")
            now = max(now, window[b][0]) + (0 if b == depot else each.get(b, service))
    visited = [node for stops in routes for _, node in stops]
    broken += [f"group {x}" for x in groups if sum(node in x for node in visited) != 1]
    if "VEHICLES" in fields and len(routes) > int(fields["VEHICLES"]):
        broken.append("too many vehicles")
    return Judged(cost, len(routes), broken)


# ── VRPRDL: a car's boot, wherever it stands ──────────────────────────────────────────────────


def judge_vrprdl(text: str, name: str, routes: list[Stops]) -> Judged:
    del name
    head, _, schedules = text.partition("Customer schedules")
    _, _, until, capacity = [int(word) for word in re.findall(r"\d+", head)][:4]
    legs = re.findall(r"\(\s*(\d+)\s*,\s*(\d+)\s*\)\s+([\d.]+)", schedules)
    far = {(int(a), int(b)): float(c) for a, b, c in legs}
    boots: dict[int, tuple[int, dict[int, list[tuple[float, float]]]]] = {}
    for line in schedules.splitlines():
        found = re.findall(r"(\d+)\s*\[\s*(\d+)\s*,\s*(\d+)\s*\]", line)
        if found:
            words = line.split()
            stands: dict[int, list[tuple[float, float]]] = {}
            for node, since, to in found:
                stands.setdefault(int(node), []).append((float(since), float(to)))
            boots[int(words[0])] = (int(words[1]), stands)
    customers = sorted(boots)[1:-1]
    broken, cost = [], 0.0
    for stops in routes:
        now, here = 0.0, 0
        for customer, node in stops:
            cost += far[here, node] if here != node else 0.0
            now += far[here, node] if here != node else 0.0
            windows = [one for one in boots[customer][1].get(node, []) if now <= one[1] + 1e-6]
            if not windows:
                broken.append(f"{customer} at {node} at {now}")
                break
            now, here = max(now, min(windows)[0]), node
        cost += far[here, 0] if here else 0.0
        if now + (far[here, 0] if here else 0.0) > until + 1e-6:
            broken.append("back too late")
        if sum(boots[customer][0] for customer, _ in stops) > capacity:
            broken.append("a load")
    served = sorted(customer for stops in routes for customer, _ in stops)
    if served != customers:
        broken.append("not each is served once")
    return Judged(cost, len(routes), broken)


# ── VRPDO: delivery options ───────────────────────────────────────────────────────────────────


def judge_vrpdo(text: str, name: str, routes: list[Stops]) -> Judged:
    tables: dict[str, list[list[float]]] = {}
    head = ""
    for line in text.splitlines()[1:]:
        words = line.split()
        if words and words[0].isalpha():
            head, tables[words[0]] = words[0], []
        elif words:
            tables[head].append([float(word) for word in words])
    fleet, capacity = tables["VEHICLE"][0][:2]
    # Tilk et al., known by the width of windows in their names, count in tenths and round up.
    unit = 10.0 if re.search(r"(small|medium|large)", name) else 1.0
    places = {int(row[0]): row for row in tables["LOCATION"]}
    demand = {int(row[0]): row[1] for row in tables["CUSTOMER"]}
    options = {(int(row[2]), int(row[1])): (row[3], row[4]) for row in tables["OPTION"]}
    best = min(row[3] for row in tables["OPTION"])

    def far(a: int, b: int) -> float:
        length = math.dist(places[a][1:3], places[b][1:3])
        return math.ceil(10 * length) if unit == 10.0 else length

    broken, cost = [], 0.0
    levels, held = [0, 0, 0], dict.fromkeys(places, 0)
    for stops in routes:
        now, here = 0.0, 0
        for customer, node in stops:
            _, _, _, _, ready, due, _, prepare = places[node][:8]
            if here != node:
                cost += far(here, node)
                now += far(here, node) + unit * prepare
            now = max(now, unit * ready)
            if now > unit * due + 1e-6:
                broken.append(f"{customer} at {node} at {now}")
            liked, service = options[customer, node]
            now, here = now + unit * service, node
            levels[int(liked - best)] += 1
            held[node] += 1
        cost += far(here, 0)
        if now + far(here, 0) > unit * places[0][5] + 1e-6:
            broken.append("back too late")
        if sum(demand[customer] for customer, _ in stops) > capacity:
            broken.append("a load")
    for node, count in held.items():
        if 0 <= places[node][3] < count:
            broken.append(f"{count} at {node}")
    count = len(demand)
    if levels[0] < math.ceil(0.8 * count - 1e-9) or sum(levels[:2]) < math.ceil(0.9 * count - 1e-9):
        broken.append(f"levels {levels}")
    if sorted(customer for stops in routes for customer, _ in stops) != sorted(demand):
        broken.append("not each is served once")
    if len(routes) > fleet:
        broken.append("too many vehicles")
    return Judged(cost, len(routes), broken)


JUDGES = {
    **{one: partial(judge_vrplib, written_as=one) for one in ("cvrp", "vrptw", "gvrp")},
    "vrprdl": judge_vrprdl,
    "vrpdo": judge_vrpdo,
}
