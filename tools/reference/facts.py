"""The catalogue of facts: every tag, its sentence and its fields.

A fact nobody described cannot be on it: every fact of the core is.
"""

from restante.core.value import Fact

from .machines import fact_types
from .structs import field_table, sentence

HEAD = """# Facts

What has happened, and can never be changed. Every fact has a tag with a version. Fields are only
added, with defaults; a change of meaning is a new version. Whoever reads facts skips tags it does
not know and fields it does not know.

Every fact has `at` (`UtcSeconds`): when it happened, by the clock of whoever saw it. Its place in
the journal (position, stream, version, who caused it) is in the envelope, not in the fact.

"""


def write_page() -> str:
    """Write the catalogue, ordered by tag."""
    by_tag = {tag_of(fact): fact for fact in fact_types()}
    sections = [section(tag, by_tag[tag]) for tag in sorted(by_tag)]
    index = ["| tag | what it says |", "|---|---|"]
    index += [f"| [`{tag}`](#{anchor(tag)}) | {sentence(by_tag[tag])} |" for tag in sorted(by_tag)]
    return HEAD + "\n".join(index) + "\n\n" + "\n".join(sections)


def tag_of(fact: type[Fact]) -> str:
    """Read the tag of a fact."""
    return str(fact.__struct_config__.tag)


def anchor(tag: str) -> str:
    """Name the place of a tag on the page."""
    return "fact-" + tag.replace(".", "-").replace("_", "-")


def section(tag: str, fact: type[Fact]) -> str:
    """Write one fact."""
    module = fact.__module__
    lines = [f"({anchor(tag)})=", f"## `{tag}`", "", sentence(fact), ""]
    lines += [f"`{module}.{fact.__name__}`", ""]
    lines.append(field_table(fact) or "No fields beside `at`.")
    return "\n".join(lines) + "\n"
