"""The templates and what every one of them may call.

One environment per language. Undefined names are errors, so that a misspelled variable fails in the
first test that renders the page instead of showing an empty place to somebody.
It must not know which pages exist.
"""

from gettext import NullTranslations
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from restante.web.assets import Assets

TEMPLATE_ROOT = Path(__file__).parent / "templates"
"""Where the templates are in the package."""

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
"""Languages whose pages run from right to left; the drawing of a cabinet never turns with them."""


def make_environment(
    assets: Assets, *, language: str = "en", translations: NullTranslations | None = None
) -> Environment:
    """Make the environment that renders pages in one language.

    Parameters
    ----------
    assets
        Where style sheets and scripts are.
    language
        BCP 47 tag for the ``lang`` of the page.
    translations
        The catalog of that language; without one the English texts of the templates are shown.
    """
    environment = Environment(
        loader=PackageLoader("restante.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        translations or NullTranslations(), newstyle=True
    )
    environment.globals.update(
        asset=assets.url,
        vendor=assets.vendor_url,
        icon=lambda name, size="": _draw_icon(assets, name, size),
        language=language,
        direction="rtl" if language.split("-", maxsplit=1)[0] in RIGHT_TO_LEFT else "ltr",
    )
    return environment


def _draw_icon(assets: Assets, name: str, size: str) -> Markup:
    sprite = assets.vendor_url("lucide-static/icons.svg")
    extra = f" icon-{size}" if size else ""
    return Markup('<svg class="icon{}" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        extra, sprite, name
    )
