"""The catalogue of facts: every tag, its sentence and its fields.

Read from the source rather than from the classes, because the meaning of a field is the string
that stands below it.
"""

import ast
import inspect
import textwrap

from restante.core.value import Fact

from .machines import fact_types

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


def sentence(struct: type[object]) -> str:
    """Read the first paragraph of a docstring as one line."""
    text = inspect.cleandoc(struct.__doc__ or "").split("\n\n")[0]
    return " ".join(text.split())


def section(tag: str, fact: type[Fact]) -> str:
    """Write one fact."""
    module = fact.__module__
    lines = [f"({anchor(tag)})=", f"## `{tag}`", "", sentence(fact), ""]
    lines += [f"`{module}.{fact.__name__}`", ""]
    fields = read_fields(fact)
    if fields:
        lines += ["| field | type | default | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{name}` | {code(kind)} | {code(default)} | {meaning} |"
            for name, kind, default, meaning in fields
        ]
    else:
        lines.append("No fields beside `at`.")
    return "\n".join(lines) + "\n"


def code(text: str) -> str:
    """Set text in code style, with bars that do not end a table's cell; nothing stays nothing."""
    return "`" + text.replace("|", "\\|") + "`" if text else ""


def read_fields(struct: type[object]) -> list[tuple[str, str, str, str]]:
    """Read name, type, default and meaning of the fields a class itself declares."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(struct)))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef)).body
    fields = []
    for node, below in zip(body, [*body[1:], None], strict=True):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        default = ast.unparse(node.value) if node.value is not None else ""
        fields.append((node.target.id, ast.unparse(node.annotation), default, text_of(below)))
    return fields


def text_of(node: ast.stmt | None) -> str:
    """Read the string that stands below a field, as one line."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return " ".join(str(node.value.value).split()).replace("|", "\\|").replace("``", "`")
    return ""
