"""Documents say what is so: generated pages are fresh, records complete, links whole."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from restante.cli.app import app
from tests.house.repository import ROOT, SOURCE, name_of
from tools.generate_docs import NOTE, PAGES

ADR = ROOT / "docs" / "adr"
RECORDS = sorted(path for path in ADR.glob("*.md") if path.name != "index.md")
SECTIONS = ("Context", "Decision", "Consequences", "Alternatives", "Enforced by")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#:]+)(?:#[^)]*)?\)")
PAGES_OF_THE_ROOT = (
    "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md",
)  # fmt: skip

WRITTEN_BY_HAND = sorted(
    path
    for path in [*(ROOT / name for name in PAGES_OF_THE_ROOT), *(ROOT / "docs").rglob("*.md")]
    if name_of(path) not in dict(PAGES) and "_build" not in path.parts
)
CODE = re.compile(r"```(?:console|ini)\n(.*?)```|`([^`\n]+)`", re.DOTALL)
MADE = re.compile(r"(?:^|[\s;&])make ([a-z][a-z-]*)")
TYPED = re.compile(r"(?:^|[\s/;&])restante (?:--config \S+ )?([a-z]+)(?: ([a-z]+)(?![\w./-]))?")
FILE = re.compile(r"[a-z_]+(?:/[a-z_0-9]+)*(?:/|/[A-Za-z_0-9-]+\.(?:py|md|txt|csv|toml|json|sql))")
"""A folder or a file with its folder, from the root of the repository or of the package."""
IN_A_DATA_FOLDER = {"mailbox/"}


@pytest.mark.parametrize(("path", "make_page"), PAGES, ids=[path for path, _ in PAGES])
def test_a_generated_page_says_what_the_code_does(path: str, make_page: Callable[[], str]):
    text = (ROOT / path).read_text(encoding="utf-8")
    assert text == NOTE + make_page(), f"run `make docs-generate` and read what changed in {path}"


@pytest.mark.parametrize("path", [path for path, _ in PAGES])
def test_a_generated_page_can_be_found(path: str):
    index = (ROOT / path).parent / "index.md"
    assert re.search(rf"^{Path(path).stem}$", index.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_decision_is_listed_and_numbered_without_gaps():
    index = (ADR / "index.md").read_text(encoding="utf-8")
    assert [path.name[:4] for path in RECORDS] == [f"{n + 1:04}" for n in range(len(RECORDS))]
    for path in RECORDS:
        assert re.search(rf"^{path.stem}$", index, re.MULTILINE), f"list {path.stem}"


@pytest.mark.parametrize("path", RECORDS, ids=[path.stem for path in RECORDS])
def test_a_decision_says_all_a_newcomer_needs(path: Path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.name[:4]}. ")
    assert re.search(r"^Status: .+ · Area: .+ · Date: \d{4}-\d{2}-\d{2}$", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == list(SECTIONS)
    decision = text.split("## Decision")[1].split("##")[0]
    assert decision.strip().startswith("> "), "one sentence that can be quoted"


@pytest.mark.parametrize("name", PAGES_OF_THE_ROOT)
def test_every_link_of_a_page_at_the_root_leads_somewhere(name: str):
    text = (ROOT / name).read_text(encoding="utf-8")
    broken = [link for link in LINK.findall(text) if not (ROOT / link).exists()]
    assert not broken, f"{name}: {broken}"


@pytest.mark.parametrize("path", WRITTEN_BY_HAND, ids=name_of)
def test_every_command_that_is_written_down_exists(path: Path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    root = typer.main.get_command(app)
    commands = {name: set(getattr(one, "commands", ())) for name, one in root.commands.items()}
    wrong = [f"make {name}" for code in codes_of(path) for name in MADE.findall(code)
             if name not in targets]  # fmt: skip
    for code in codes_of(path):
        for name, below in TYPED.findall(code):
            if name not in commands or (commands[name] and below and below not in commands[name]):
                wrong.append(f"restante {name} {below}".strip())
    assert not wrong, f"{name_of(path)}: {wrong}"


@pytest.mark.parametrize("path", WRITTEN_BY_HAND, ids=name_of)
def test_every_file_that_is_named_exists(path: Path):
    named = {code for code in codes_of(path) if FILE.fullmatch(code)} - IN_A_DATA_FOLDER
    absent = [
        name
        for name in sorted(named)
        if not any((folder / name).exists() for folder in (ROOT, SOURCE, path.parent))
    ]
    assert not absent, f"{name_of(path)}: {absent}"


def codes_of(path: Path) -> list[str]:
    """Read what a page sets as code: commands, names of files."""
    return [a or b for a, b in CODE.findall(path.read_text(encoding="utf-8"))]


def test_the_map_of_the_house_in_the_architecture_is_the_one_that_is_checked():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    layers = re.search(r"^layers = \[(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    assert layers is not None
    checked = [set(re.findall(r"[a-z]+", line)) for line in re.findall(r'"(.+?)"', layers[1])]
    drawn = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("```text\n")[1]
    shown = [
        set(re.findall(r"[a-z]+", re.split(r"\s{2,}", line)[0]))
        for line in drawn.split("```")[0].splitlines()
    ]
    assert shown == checked


def test_the_readme_shows_only_what_a_newcomer_needs():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for heading in ("Try it", "What works", "What does not work yet", "What it is not for"):
        assert f"\n## {heading}\n" in readme, f"{name_of(ROOT / 'README.md')} lost {heading!r}"
    assert len(readme.splitlines()) < 120
