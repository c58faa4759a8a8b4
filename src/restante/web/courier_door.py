"""A courier proves who they are: number and PIN, as at a locker.

R1. A try is counted before it is judged; after five wrong ones in a row a number pauses, longer
    every time, and so does everybody from whom too many wrong tries come together.
R2. Unknown number, wrong PIN and a pause look the same, but for the word to wait, and take the
    same work.

Counts are this process's own: they slow guessing down, and the day ends nobody's shift. It must
not know requests or templates.
"""

import threading
from typing import Final

import msgspec

from restante.access import Malformed, Pin, Verifier, check_pin, parse_pin, parse_verifier
from restante.core.ids import PartnerId, SiteId
from restante.core.value import MINUTE, UtcSeconds
from restante.link.message import CourierPass
from restante.operations.accounts import NotSignedIn, Seat, pause_seconds
from restante.operations.directory import read_names
from restante.views.principal import Role
from restante.views.shown import ShownCourier
from restante.views.tables import COURIER_LOGINS, COURIERS, LIST_BODIES

from .centre import Centre

TRIES_TOGETHER_MAX: Final = 30
"""Wrong tries of all numbers together within :data:`TOGETHER_SECONDS` (chosen: a depot's
morning has fewer)."""
TOGETHER_SECONDS: Final = 10 * MINUTE

_PASS: Final = msgspec.json.Decoder(CourierPass)


class CourierDoor:
    """Lets couriers in."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._lock = threading.Lock()
        self._failed: dict[str, tuple[int, UtcSeconds]] = {}
        self._recent: list[UtcSeconds] = []

    def judge(self, login: str, text: str, *, at: UtcSeconds) -> Seat | None:
        """Say who it is; ``None`` when number and PIN do not belong together.

        Parameters
        ----------
        at
            Real time, also in a demonstration.

        Raises
        ------
        NotSignedIn
            With how long to wait.
        """
        number = login.strip()[:16]
        self._count(number, at)
        try:
            pin = parse_pin(text)
        except Malformed:
            return None
        seat = self._match(number, pin)
        if seat is not None:
            with self._lock:
                self._failed.pop(number, None)
                self._recent = self._recent[:-1]
        return seat

    def seat_of(self, courier: ShownCourier) -> Seat:
        """Seat a courier without proof; for demonstrations only."""
        return Seat(
            role=Role.COURIER,
            name=courier.courier,
            display_name=courier.name,
            partner=courier.partner,
        )

    def _count(self, number: str, at: UtcSeconds) -> None:
        with self._lock:
            count, last = self._failed.get(number, (0, at))
            wait = last + pause_seconds(count) - at
            if wait > 0:
                raise NotSignedIn(wait)
            self._recent = [one for one in self._recent if one > at - TOGETHER_SECONDS]
            if len(self._recent) >= TRIES_TOGETHER_MAX:
                raise NotSignedIn(self._recent[0] + TOGETHER_SECONDS - at)
            self._recent.append(at)
            self._failed[number] = (count + 1, at)
            if len(self._failed) > 10 * TRIES_TOGETHER_MAX:
                self._failed.pop(next(iter(self._failed)))

    def _match(self, number: str, pin: Pin) -> Seat | None:
        rows, means = self._centre.journal.rows, self._centre.means
        row = rows(COURIER_LOGINS.name, [(number,)]).get((number,))
        courier = "" if row is None else str(row["courier"])
        known = rows(COURIERS.name, [(courier,)]).get((courier,)) if courier else None
        sites = () if known is None else read_names(known["sites"])
        site = SiteId(sites[0]) if sites else self._any_site()
        if site is None:
            return None
        key = (site, f"courier/{courier}")
        kept = rows(LIST_BODIES.name, [key]).get(key)
        verifiers: tuple[Verifier, ...] = ()
        if kept is not None and isinstance(kept["body"], bytes):
            verifiers = (parse_verifier(_PASS.decode(kept["body"]).verifier),)
        found = check_pin(pin, verifiers, means.keyring.pepper(site), means.cost)
        if found is None or known is None:
            return None
        if self._centre.clock.now() >= int(known["valid_until"] or 0):
            return None
        return Seat(
            role=Role.COURIER,
            name=courier,
            display_name=str(known["name"]),
            partner=PartnerId(str(known["partner"])),
        )

    def _any_site(self) -> SiteId | None:
        found = self._centre.queries.sites(at=self._centre.clock.now(), limit=1).items
        return found[0].site if found else None
