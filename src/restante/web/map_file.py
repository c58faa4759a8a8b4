"""Pages with a map that open from a file and ask nobody for anything."""

import re
from typing import Any, Final

from markupsafe import Markup

from .assets import STATIC_ROOT, Assets
from .rendering import make_environment

_FONT_FACE: Final = re.compile(r"@font-face\s*\{[^}]*\}")


def write_file(template: str, **context: Any) -> str:
    """Write a page with everything it needs inside; see ``routes/map_file_base.html``."""
    style = "\n".join(
        _FONT_FACE.sub("", _read(f"css/{name}.css")) for name in ("tokens", "app", "route-map")
    )
    return (
        make_environment(Assets())
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(_read("js/route-map.js")),  # noqa: S704 - our own file
            **context,
        )
    )


def _read(name: str) -> str:
    return (STATIC_ROOT / name).read_text(encoding="utf-8")
