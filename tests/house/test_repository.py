"""What is committed works on any machine and says nothing about the one it was written on."""

import os
import re

from tests.house.repository import ROOT, committed_files, name_of
from tests.shifts import LONGEST, TOGETHER

FOLDERS = ("work", "root", r"home/[a-z]\w*", r"Users/[A-Za-z]\w*")
FOLDERS_OF_MACHINES = re.compile(rf"(?<![\w.:/-])/(?:{'|'.join(FOLDERS)})/".encode())

HOSTS = (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    (r"registry\.npmjs", "org"),
    (r"registry\.yarnpkg", "com"),
    (r"proxy\.golang", "org"),
    ("crates", "io"),
    ("jsr", "io"),
    ("unpkg", "com"),
    (r"cdn\.jsdelivr", "net"),
    (r"cdnjs\.cloudflare", "com"),
)
"""In two parts, so that this file does not name them either."""
HOSTS_OF_REGISTRIES = re.compile("|".join(rf"\b{name}\.{top}" for name, top in HOSTS).encode())
PRIVATE_KEYS = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")

LARGE_BYTES = 5_000_000
"""Nothing larger belongs into a repository (chosen)."""


def lines_with(pattern: re.Pattern[bytes]) -> list[str]:
    found = []
    for path in committed_files():
        for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
            if match := pattern.search(line):
                found.append(f"{name_of(path)}:{number}: {match[0].decode()}")
    return found


def test_no_committed_file_names_a_folder_of_somebodys_machine():
    assert not lines_with(FOLDERS_OF_MACHINES)


def test_no_committed_file_names_the_host_of_a_registry():
    assert not lines_with(HOSTS_OF_REGISTRIES)


def test_no_committed_file_holds_a_private_key():
    assert not lines_with(PRIVATE_KEYS)


def test_nothing_committed_is_larger_than_it_should_be():
    large = {name_of(p): p.stat().st_size for p in committed_files()}
    assert not {name: size for name, size in large.items() if size > LARGE_BYTES}


def test_what_a_machine_runs_is_the_test_command_of_the_readme():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^make test\b", readme, re.MULTILINE)
    assert re.search(r"\bmake test\b", script.read_text(encoding="utf-8"), re.MULTILINE)


def test_tests_that_take_longest_are_where_they_are_named():
    gone = [name for name in (*LONGEST, *TOGETHER) if not (ROOT / name).exists()]
    assert not gone, f"name them anew in tests/shifts.py: {gone}"


def test_every_make_command_that_is_written_down_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        text = path.read_text(encoding="utf-8")
        named = re.findall(r"(?:^|`)make ([a-z][a-z-]+)", text, re.MULTILINE)
        assert set(named) <= targets, f"{name_of(path)} names a make target that does not exist"
