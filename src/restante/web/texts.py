"""The words of the public pages, in every language spoken here.

English texts stand in templates and modules and are the keys; ``locale/<language>/LC_MESSAGES/
web.po`` holds the others. The catalogs are compiled in memory, so that no binary file can grow
stale. It must not know which pages exist.
"""

import gettext
import io
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES: Final[dict[str, str]] = {
    "en": "English",
    "de": "Deutsch",
    "pl": "Polski",
    "es": "Español",
}
"""Tag and name in the language itself; the first is what everything falls back to."""

_COUNTS_TRIED: Final = 102
"""Every plural rule of Unicode repeats within a hundred (CLDR plural rules)."""


@lru_cache(maxsize=len(LANGUAGES))
def catalog(language: str) -> gettext.NullTranslations:
    """Give the catalog of a language; English is its own.

    Raises
    ------
    KeyError
        When the language is not spoken here.
    """
    if language not in LANGUAGES:
        raise KeyError(f"there are no texts in {language!r}, only in {', '.join(LANGUAGES)}")
    if language == "en":
        return gettext.NullTranslations()
    source = files(__package__) / "locale" / language / "LC_MESSAGES" / "web.po"
    with source.open("rb") as file:
        texts = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, texts)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def catalogs() -> dict[str, gettext.NullTranslations]:
    """Give all catalogs by language."""
    return {language: catalog(language) for language in LANGUAGES}


@lru_cache(maxsize=len(LANGUAGES))
def element_words(language: str) -> Mapping[str, str | Mapping[str, str]]:
    """Give the texts of the elements for ``js/words.js``; English ones are in that file."""
    if language == "en":
        return {}
    texts = catalog(language)
    _, ngettext = texts.gettext, texts.ngettext
    return {
        "time.days": _forms(language, lambda n: ngettext("{n} day", "{n} days", n)),
        "time.hours": _forms(language, lambda n: ngettext("{n} hour", "{n} hours", n)),
        "time.minutes": _forms(language, lambda n: ngettext("{n} minute", "{n} minutes", n)),
        "time.left": _("{span} left"),
        "time.over": _("{span} over"),
        "time.now": _("less than a minute left"),
        "toast.dismiss": _("Dismiss"),
        "scan.camera": _("Use the camera"),
        "scan.stop": _("Stop the camera"),
        "scan.watching": _("The camera is looking for a code."),
        "scan.refused": _("The camera is not available. Allow it in the browser, or type."),
    }


def _forms(language: str, choose: Callable[[int], str]) -> Mapping[str, str]:
    """Name each plural form by its category, as ``Intl.PluralRules`` does."""
    rule = Locale(language).plural_form
    forms: dict[str, str] = {}
    for count in range(_COUNTS_TRIED):
        forms.setdefault(str(rule(count)), choose(count))
    forms.setdefault("other", choose(0))
    return forms
