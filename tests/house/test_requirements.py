"""What is installed is what was tested: everything locked, with hashes, and no host named."""

import re
import tomllib
from typing import Any

import pytest

from tests.house.repository import ROOT

EXTRAS = (
    *("postgres", "telemetry", "archive", "bench", "planning", "cluster", "insight", "spark"),
    "notebook",
)
"""Extras that come on top of the runtime, each with a list of its own."""

FILES = ("runtime", "edge", "dev", *EXTRAS)
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


@pytest.mark.parametrize("name", EXTRAS)
def test_an_extra_wants_what_the_project_declares_for_it(name: str):
    extra = project()["project"]["optional-dependencies"][name]
    assert wanted(name) == {name_in(requirement) for requirement in extra}


def test_no_peer_that_cannot_live_beside_us_is_in_the_list_we_develop_with():
    assert not {"ortools", "pyvroom"} & set(locked("dev"))


@pytest.mark.parametrize("file", [*FILES, PEERS])
def test_everything_wanted_is_locked(file: str):
    assert wanted(file) <= set(locked(file)), "run `make lock`"


@pytest.mark.parametrize("file", ["runtime", "edge", *EXTRAS])
def test_the_lists_agree_on_every_version(file: str):
    developed_with = locked("dev" if file != "edge" else "runtime")
    assert {name: developed_with[name] for name in locked(file)} == locked(file)


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
