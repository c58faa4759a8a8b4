"""What is installed is what was tested: everything locked, with hashes, and no host named."""

import re
import tomllib
from typing import Any

import pytest

from tests.house.repository import ROOT

FILES = (
    *("runtime", "edge", "dev", "postgres", "telemetry", "archive", "bench", "planning"),
    "cluster",
)
PEERS = "peers"
"""Other planners, compared in a virtual environment of their own: no list agrees with theirs."""

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)(?: ; (.*?))? \\$")


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def name_in(requirement: str) -> str:
    return normalized(re.split(r"[\s\[<>=!~;]", requirement.strip(), maxsplit=1)[0])


def wanted(file: str) -> set[str]:
    lines = (ROOT / "requirements" / f"{file}.in").read_text(encoding="utf-8").splitlines()
    return {name_in(line) for line in lines if line.strip() and line[0] not in "#-"}


def locked(file: str) -> dict[str, set[str]]:
    """Read name -> versions of a lock file."""
    pins: dict[str, set[str]] = {}
    for line in (ROOT / "requirements" / f"{file}.txt").read_text(encoding="utf-8").splitlines():
        if found := PIN.match(line):
            pins.setdefault(normalized(found[1]), set()).add(found[2])
    return pins


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def names_of(*extras: str) -> set[str]:
    table = project()
    requirements = [*table["project"]["dependencies"], *table["build-system"]["requires"]]
    for extra in extras:
        requirements += table["project"]["optional-dependencies"][extra]
    return {name_in(requirement) for requirement in requirements}


def test_the_runtime_wants_what_the_project_declares():
    assert wanted("runtime") == names_of("server", "edge")


def test_a_locker_wants_what_the_project_declares_for_it():
    assert wanted("edge") == names_of("edge")


def test_the_database_wants_what_the_project_declares_for_it():
    extra = project()["project"]["optional-dependencies"]["postgres"]
    assert wanted("postgres") == {name_in(requirement) for requirement in extra}


def test_traces_want_what_the_project_declares_for_them():
    extra = project()["project"]["optional-dependencies"]["telemetry"]
    assert wanted("telemetry") == {name_in(requirement) for requirement in extra}


def test_archives_want_what_the_project_declares_for_them():
    extra = project()["project"]["optional-dependencies"]["archive"]
    assert wanted("archive") == {name_in(requirement) for requirement in extra}


def test_charts_want_what_the_project_declares_for_them():
    extra = project()["project"]["optional-dependencies"]["bench"]
    assert wanted("bench") == {name_in(requirement) for requirement in extra}


def test_planning_wants_what_the_project_declares_for_it():
    extra = project()["project"]["optional-dependencies"]["planning"]
    assert wanted("planning") == {name_in(requirement) for requirement in extra}


def test_a_cluster_wants_what_the_project_declares_for_it():
    extra = project()["project"]["optional-dependencies"]["cluster"]
    assert wanted("cluster") == {name_in(requirement) for requirement in extra}


def test_no_peer_that_cannot_live_beside_us_is_in_the_list_we_develop_with():
    assert not {"ortools", "pyvroom"} & set(locked("dev"))


@pytest.mark.parametrize("file", [*FILES, PEERS])
def test_everything_wanted_is_locked(file: str):
    assert wanted(file) <= set(locked(file)), "run `make lock`"


def test_the_lists_agree_on_every_version():
    runtime, edge, dev, postgres, telemetry, archive, bench, planning, cluster = map(locked, FILES)
    assert all(runtime[name] == versions for name, versions in edge.items())
    assert all(dev[name] == versions for name, versions in postgres.items())
    assert all(dev[name] == versions for name, versions in archive.items())
    assert all(dev[name] == versions for name, versions in bench.items())
    assert all(dev[name] == versions for name, versions in planning.items())
    assert all(dev[name] == versions for name, versions in cluster.items())
    assert all(dev[name] == versions for name, versions in telemetry.items())
    assert all(dev[name] == versions for name, versions in runtime.items())


@pytest.mark.parametrize("file", [*FILES, PEERS])
def test_every_pin_has_a_hash_and_no_line_names_a_host(file: str):
    text = (ROOT / "requirements" / f"{file}.txt").read_text(encoding="utf-8")
    blocks = [block for block in re.split(r"\n(?=\S)", text) if not block.startswith("#")]
    assert blocks
    for block in blocks:
        assert PIN.match(block.splitlines()[0]), block
        assert "--hash=sha256:" in block, block
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash=)", text, re.MULTILINE), (
        "options name places; packages do not"
    )
