"""The words, in every language spoken here.

English texts are the keys; ``locale/<language>/LC_MESSAGES/notices.po`` holds the others. The
catalogs are compiled in memory, so that no binary file can grow stale.
"""

import gettext
import io
from functools import lru_cache
from importlib.resources import files
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from ..core.refusal import Reason

LANGUAGES: Final = ("en", "de", "pl", "es")
"""The first is the one everything falls back to."""


def pick_language(wanted: str) -> str:
    """Choose a language that is spoken here: the wanted one, its base, or English."""
    base = wanted.replace("_", "-").split("-")[0].lower()
    return base if base in LANGUAGES else LANGUAGES[0]


@lru_cache(maxsize=len(LANGUAGES))
def translations(language: str) -> gettext.NullTranslations:
    """Give the catalog of a language; English is its own."""
    if language == LANGUAGES[0]:
        return gettext.NullTranslations()
    source = files(__package__) / "locale" / language / "LC_MESSAGES" / "notices.po"
    with source.open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def refusal_text(reason: Reason, language: str) -> str:
    """Say to a person why not, and what to do."""
    return translations(pick_language(language)).gettext(REFUSALS[reason])


REFUSALS: Final[dict[Reason, str]] = {
    Reason.ALREADY_ANNOUNCED: "This parcel was announced before with other details. Cancel it first or use another label.",
    Reason.NOT_ANNOUNCED: "We do not know this parcel. Check the number or ask its sender.",
    Reason.NOT_POSSIBLE_NOW: "This is not possible now. Reload to see how things stand.",
    Reason.PARCEL_CANCELLED: "This parcel was cancelled.",
    Reason.PARCEL_ENDED: "This parcel has already left us.",
    Reason.PARCEL_IN_COMPARTMENT: "The parcel already lies in a compartment.",
    Reason.NOT_HELD: "The parcel is not in a compartment.",
    Reason.NOT_OVERDUE: "The parcel may still be collected by its recipient; it is taken back only when its time has passed.",
    Reason.HOLD_EXPIRED: "The time to collect has passed. Ask the sender what happens next.",
    Reason.HOLD_NOT_EXPIRED: "The time to collect has not passed yet.",
    Reason.EXTENSION_LIMIT: "The time was extended as often as it can be.",
    Reason.PARCEL_TOO_LARGE: "The measures are wrong or too large. Check length, width and height in millimeters.",
    Reason.PARCEL_TOO_HEAVY: "The weight is wrong or too high. Check it in grams.",
    Reason.SITE_UNKNOWN: "We have no such site. Choose one from the list of sites.",
    Reason.SITE_FULL: "There is no room at this site at that time. Choose another site or another time.",
    Reason.SITE_CLOSED: "The site is closed at that time. Choose another site or another time.",
    Reason.NOTHING_FITS: "No compartment of this site is large and strong enough. Choose another site.",
    Reason.NO_REACHABLE_COMPARTMENT: "No low door of this site takes the parcel. Choose another site.",
    Reason.BOOKING_UNKNOWN: "There is no such booking. It may have ended; book again.",
    Reason.BOOKING_EXPIRED: "The booking has expired. Book again.",
    Reason.BOOKING_CONSUMED: "The parcel is already inside, so the booking cannot change.",
    Reason.WRONG_SITE: "The parcel is expected at another site.",
    Reason.NOT_EXPECTED: "This parcel is not expected here. Check the label, or take it back to the depot.",
    Reason.COMPARTMENT_UNKNOWN: "This locker has no such compartment.",
    Reason.COMPARTMENT_OCCUPIED: "There is a parcel in this compartment.",
    Reason.COMPARTMENT_OUT_OF_SERVICE: "This compartment is out of service.",
    Reason.DOOR_OPEN: "Another door is open. Close it first.",
    Reason.SESSION_ACTIVE: "Somebody else is using the locker. Wait until they have finished.",
    Reason.NO_SESSION: "You have been signed out. Start again.",
    Reason.NOT_YOUR_PARCEL: "This parcel belongs to somebody else.",
    Reason.ACCESS_DENIED: "This code does not open anything here. Check the code and the place, or ask for help.",
    Reason.TOO_MANY_ATTEMPTS: "Too many wrong codes. Wait a little, scan the QR code, or ask for help.",
    Reason.GRANT_UNKNOWN: "There is no such permission.",
    Reason.GRANT_REVOKED: "This code was replaced by a newer one.",
    Reason.GRANT_CONSUMED: "This code was used already.",
    Reason.GRANT_NOT_YET: "This code is not valid yet.",
    Reason.GRANT_EXPIRED: "This code has expired.",
    Reason.TOO_MANY_OPENINGS: "The door was opened too often. Wait five minutes or ask for help.",
    Reason.ORDER_EXPIRED: "It took too long to reach the locker. Ask again.",
    Reason.ORDER_REPLAYED: "The locker has answered this before. Ask again.",
    Reason.NOT_PRESENT: "That is not what the locker shows now. Stand in front of it and try again.",
    Reason.OFFLINE_BUDGET_SPENT: "The locker has had no connection for too long to open this door. Your parcel is safe; ask for help or come back later.",
    Reason.TIME_UNKNOWN: "The locker does not know what time it is. It works again when its connection is back.",
}
"""What people read for each reason, in English; a test checks that none is missing."""
