"""How the documentation is built: Sphinx, Markdown through MyST, the Furo theme.

``make docs`` treats every warning as an error, so an undefined word of the glossary, a broken
link or a page in no table of contents fails.
"""

import re

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

import restante

project = "restante"
author = "the restante contributors"
copyright = "the restante contributors, Apache License 2.0"
release = version = restante.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
root_doc = "index"
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"restante {release}"
html_static_path = ["_static"]
html_show_sphinx = False

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300

autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_param = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True

nitpick_ignore_regex = [
    # Types of libraries, which have documentation of their own.
    ("py:.*", r"(msgspec|sqlalchemy|litestar|typing|collections|enum)\..*"),
    # Rooms that the reference does not show; their modules are read in the source.
    ("py:.*", r"restante\.(?!core|clock).*"),
    # Names within their own module: written for whoever reads the source.
    ("py:.*", r"\w+"),
]


RULE = re.compile(r"^(R\d+) {1,2}(?=\S)")
"""How a module with rules numbers them: tests, comments and pages cite the number."""


def show_rules(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Turn the numbered rules of a docstring into a list."""
    shown: list[str] = []
    for line in lines:
        if set(line) == {"-"} and shown and shown[-1] == "Rules":
            shown[-1:] = [".. rubric:: Rules", ""]
        elif RULE.match(line):
            shown.append(RULE.sub(r"* **\1** ", line))
        elif shown and line.startswith("    ") and any(s.startswith("* **R") for s in shown):
            shown.append("  " + line.strip())
        else:
            shown.append(line)
    lines[:] = shown


def setup(app: Sphinx) -> None:
    """Show rules as lists, and sequence diagrams as their source: nothing is fetched for them."""
    app.add_lexer("mermaid", TextLexer)
    app.connect("autodoc-process-docstring", show_rules, priority=400)
