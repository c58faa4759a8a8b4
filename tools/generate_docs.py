"""Write the reference pages that are made from the code.

    python tools/generate_docs.py            write every page
    python tools/generate_docs.py --check    say which are out of date, exit with status 1

To add a page: write a function that returns Markdown, list it in :data:`PAGES`, and name the page
in ``docs/reference/index.md``. A house test compares every page with what its function returns.
"""

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Started as a script: the folder of this file is on the path, the folder above is not.
    sys.path.insert(0, str(ROOT))

from tools.reference import (  # noqa: E402
    commands,
    compartments,
    custody,
    facts,
    link,
    measures,
    reasons,
    settings,
)

PAGES: tuple[tuple[str, Callable[[], str]], ...] = (
    ("docs/reference/custody.md", custody.write_page),
    ("docs/reference/compartments.md", compartments.write_page),
    ("docs/reference/facts.md", facts.write_page),
    ("docs/reference/link.md", link.write_page),
    ("docs/reference/reasons.md", reasons.write_page),
    ("docs/reference/settings.md", settings.write_page),
    ("docs/reference/measures.md", measures.write_page),
    ("docs/reference/commands.md", commands.write_page),
)
"""Path from the root of the repository, and what makes the page."""

NOTE = "<!-- Made from the code by tools/generate_docs.py: run `make docs-generate`. -->\n\n"


def write_all(*, is_check: bool) -> list[str]:
    """Make every page; write those that changed unless only checking; name those that changed."""
    changed = []
    for path, make_page in PAGES:
        file = ROOT / path
        text = NOTE + make_page()
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        changed.append(path)
        if not is_check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return changed


def main(arguments: list[str]) -> int:
    """Write or check the pages."""
    is_check = arguments == ["--check"]
    if arguments and not is_check:
        print("usage: generate_docs.py [--check]", file=sys.stderr)
        return 2
    changed = write_all(is_check=is_check)
    for path in changed:
        print(("out of date: " if is_check else "written: ") + path)
    return 1 if is_check and changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
