"""People tell us that something is wrong; it goes into the queue of those who run the network.

What they write is not a fact and may name persons, so it lies in the queue's table only.
"""

from typing import Final

from ..core import parcel as custody
from ..core.ids import LockerId, ParcelId, SiteId, parcel_stream
from ..core.value import HOUR
from ..journal.ledger import Ledger, Operation
from ..views.principal import Principal, Role
from .lookup import find_file, find_site_row
from .matters import open_matter

WORDS_MAX: Final = 500
"""Longest description, in characters (chosen: two text messages and a bit)."""

PARCEL_TROUBLES: Final = (
    "door_did_not_open",
    "code_refused",
    "parcel_missing",
    "wrong_parcel",
    "parcel_damaged",
    "other",
)
"""What a recipient can say is wrong."""

SITE_TROUBLES: Final = (
    "no_access",
    "locker_dark",
    "no_space",
    "door_jammed",
    "parcel_damaged",
    "other",
)
"""What a courier can say is wrong at a site."""


class BadTrouble(ValueError):
    """What was told cannot be understood; the message says what to choose."""


def tell_parcel_trouble(
    principal: Principal, *, parcel: ParcelId, kind: str, words: str
) -> Operation[None]:
    """Put what is wrong with a parcel into the queue; again within the hour changes the first.

    Parameters
    ----------
    kind
        One of :data:`PARCEL_TROUBLES`.
    words
        The person's own, up to :data:`WORDS_MAX` characters.

    Raises
    ------
    BadTrouble
        When kind or words are not usable.
    NotFound
        By the operation.
    """
    detail = _check(kind, words, PARCEL_TROUBLES)

    def run(ledger: Ledger) -> None:
        state = find_file(ledger, principal, parcel).custody
        place = state.place if isinstance(state, custody.Held | custody.Overdue) else None
        open_matter(
            ledger,
            owner=parcel,
            key=_key(ledger, principal, kind),
            kind=f"told_{kind}",
            detail=detail,
            site=state.about.site if place is None else place.site,
            locker=None if place is None else place.locker,
            parcel=parcel,
            partner=state.about.partner,
        )

    return Operation((parcel_stream(parcel),), run)


def tell_site_trouble(
    principal: Principal,
    *,
    site: SiteId,
    kind: str,
    words: str,
    locker: LockerId | None = None,
) -> Operation[None]:
    """Put what a courier finds wrong at a site into the queue; see :func:`tell_parcel_trouble`.

    Parameters
    ----------
    kind
        One of :data:`SITE_TROUBLES`.
    """
    principal.need_role(Role.COURIER, Role.OPERATOR)
    detail = _check(kind, words, SITE_TROUBLES)

    def run(ledger: Ledger) -> None:
        find_site_row(ledger, site)
        open_matter(
            ledger,
            owner=site,
            key=_key(ledger, principal, kind),
            kind=f"told_{kind}",
            detail=detail,
            site=site,
            locker=locker,
            partner=principal.partner,
        )

    return Operation((), run)


def _key(ledger: Ledger, principal: Principal, kind: str) -> str:
    # One entry for each kind, person and hour: a double tap must not fill the queue. An entry
    # that somebody has dealt with in that hour is opened again.
    return f"told/{kind}/{principal.actor}/{ledger.now // HOUR}"


def _check(kind: str, words: str, kinds: tuple[str, ...]) -> str:
    if kind not in kinds:
        raise BadTrouble(f"kind: one of {', '.join(kinds)}")
    said = " ".join(words.split())
    if len(said) > WORDS_MAX:
        raise BadTrouble(f"words: at most {WORDS_MAX} characters; shorten what you wrote")
    if kind == "other" and not said:
        raise BadTrouble("words: say in a few words what is wrong")
    return said
