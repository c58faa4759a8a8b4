"""Documents say what is so: generated pages are fresh, records complete, links whole."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.repository import ROOT, name_of
from tools.generate_docs import NOTE, PAGES

ADR = ROOT / "docs" / "adr"
RECORDS = sorted(path for path in ADR.glob("*.md") if path.name != "index.md")
SECTIONS = ("Context", "Decision", "Consequences", "Alternatives", "Enforced by")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#:]+)(?:#[^)]*)?\)")
PAGES_OF_THE_ROOT = (
    "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md",
)  # fmt: skip


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
