"""How a struct is shown: its sentence, and a table of its fields.

Read from the source rather than from the classes, because the meaning of a field is the string
that stands below it.
"""

import ast
import inspect
import re
import textwrap

ROLE = re.compile(r":\w+:`[~!]?(?:[\w.]*\.)?(\w+)`")
"""A reference of Sphinx inside a docstring; on these pages the last name is enough."""


def sentence(struct: type[object]) -> str:
    """Read the first paragraph of a docstring as one line."""
    text = inspect.cleandoc(struct.__doc__ or "").split("\n\n")[0]
    return plain(text)


def field_table(struct: type[object]) -> str:
    """Write the fields a class itself declares as a table; nothing when it declares none."""
    fields = read_fields(struct)
    if not fields:
        return ""
    lines = ["| field | type | default | meaning |", "|---|---|---|---|"]
    lines += [
        f"| `{name}` | {code(kind)} | {code(default)} | {meaning} |"
        for name, kind, default, meaning in fields
    ]
    return "\n".join(lines)


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
        return plain(str(node.value.value)).replace("|", "\\|")
    return ""


def plain(text: str) -> str:
    """Turn the markup of docstrings into Markdown, on one line."""
    return ROLE.sub(r"`\1`", " ".join(text.split())).replace("``", "`")
