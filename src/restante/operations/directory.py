"""Register sites, lockers, partners and couriers: what exists, told by people, not by facts.

R1. A site's capacity follows from the layouts of its lockers and from what they report to be out
    of service; a site without lockers (a counter) is told its capacity.
R2. A locker's list is told of every change that concerns it, with a fact for the version.
"""

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from ..access import ApiKey, Pin, Scope, Secret, make_api_key, make_verifier
from ..core import site as capacity
from ..core.ids import (
    ActorId,
    CourierId,
    LockerId,
    PartnerId,
    SiteId,
    locker_stream,
    site_stream,
)
from ..core.locker import Locker
from ..core.site import ListNoted, SetCapacity, Supply
from ..core.size import CompartmentSpec
from ..core.value import FOREVER, UtcSeconds, Value
from ..journal.ledger import Ledger, Operation
from ..journal.port import RowChange, Scalar
from ..link.message import CourierPass, SiteNote
from ..views.principal import NotFound, Principal, Role
from ..views.tables import (
    API_KEYS,
    COURIER_LOGINS,
    COURIERS,
    LIST_BODIES,
    LOCKERS,
    PARTNERS,
    SITES,
)
from .lookup import find_locker_row, find_site_row
from .means import Means
from .recording import decide_room

SITE_KINDS: Final = ("locker", "counter", "parcel_room")
LOGIN_DIGITS: Final = range(4, 9)
"""How many digits a courier's number may have."""

_LAYOUT: Final = msgspec.json.Decoder(tuple[CompartmentSpec, ...])
_NAMES: Final = msgspec.json.Decoder(tuple[str, ...])


class BadEntry(ValueError):
    """What shall be registered is incomplete or contradicts itself; the message says how."""


class SiteEntry(Value):
    """What people are told about a site."""

    site: SiteId
    name: str
    kind: str = "locker"
    """``locker``, ``counter`` or ``parcel_room``."""
    address: str = ""
    place: str = ""
    """How to find it: ``left of the entrance``."""
    latitude: float = 0.0
    longitude: float = 0.0
    zone: str = "UTC"
    """IANA time zone."""
    opening_hours: str = "24/7"
    """In the notation of OpenStreetMap."""
    help_phone: str = ""
    language: str = "en"


def register_site(
    means: Means, principal: Principal, entry: SiteEntry, *, cause: str = ""
) -> Operation[None]:
    """Add a site, or describe it anew; its lockers and capacity stay."""
    principal.need_role(Role.OPERATOR)
    _check_site(entry)
    # Keys are drawn once and kept by the keyring; a refused operation wastes a pepper, no more.
    means.keyring.make_peppers([entry.site])

    def run(ledger: Ledger) -> None:
        before = ledger.row(SITES.name, (entry.site,))
        values: dict[str, Scalar] = {
            name: getattr(entry, name) for name in entry.__struct_fields__ if name != "site"
        }
        values["lockers"] = "[]" if before is None else before["lockers"]
        values["opened_at"] = ledger.now if before is None else before["opened_at"]
        ledger.put(RowChange(SITES.name, (entry.site,), values))
        put_site_note(ledger, entry.site, values)
        note_list(ledger, entry.site, ("site",), by=principal.actor, cause=cause)

    return Operation((site_stream(entry.site),), run, ((SITES.name, (entry.site,)),))


def register_locker(
    principal: Principal,
    *,
    locker: LockerId,
    site: SiteId,
    layout: Sequence[CompartmentSpec],
    model: str = "",
    cause: str = "",
) -> Operation[None]:
    """Add a locker to a site, or change its layout; the site's capacity follows (R1)."""
    from .configuration import follow_layout  # noqa: PLC0415 - it reads what is registered here

    principal.need_role(Role.OPERATOR)
    _check_layout(locker, layout)

    def run(ledger: Ledger) -> None:
        row = dict(find_site_row(ledger, site))
        known = ledger.row(LOCKERS.name, (locker,))
        if known is not None and known["site"] != site:
            raise BadEntry(
                f"locker {locker!r} stands at {known['site']!r}; remove it there before moving it"
            )
        values: dict[str, Scalar] = {
            "site": site,
            "model": model,
            "layout": msgspec.json.encode(tuple(layout)),
        }
        ledger.put(RowChange(LOCKERS.name, (locker,), values))
        names = [*dict.fromkeys((*read_names(row["lockers"]), locker))]
        row["lockers"] = msgspec.json.encode(names).decode()
        ledger.put(RowChange(SITES.name, (site,), row))
        count_capacity(ledger, site, by=principal.actor, cause=cause)
        put_site_note(ledger, site, row)
        note_list(ledger, site, ("site",), by=principal.actor, cause=cause)
        follow_layout(ledger, locker, by=principal.actor, cause=cause)

    rows = ((SITES.name, (site,)), (LOCKERS.name, (locker,)))
    return Operation((site_stream(site), locker_stream(locker)), run, rows)


def set_capacity(
    principal: Principal, *, site: SiteId, supply: Sequence[Supply], cause: str = ""
) -> Operation[None]:
    """Tell the capacity of a site that has no lockers, such as a counter's shelves (R1)."""
    principal.need_role(Role.OPERATOR)

    def run(ledger: Ledger) -> None:
        row = find_site_row(ledger, site)
        if read_names(row["lockers"]):
            raise BadEntry("this site has lockers; its capacity follows from their layouts")
        command = SetCapacity(at=ledger.now, supply=tuple(supply))
        decide_room(ledger, site, command, by=principal.actor, cause=cause)

    return Operation((site_stream(site),), run, ((SITES.name, (site,)),))


def register_partner(
    principal: Principal, *, partner: PartnerId, name: str, kind: str = "carrier"
) -> Operation[None]:
    """Add a partner, or rename it."""
    principal.need_role(Role.OPERATOR)
    if not partner or not name:
        raise BadEntry("partner: give an id and a name")

    def run(ledger: Ledger) -> None:
        before = ledger.row(PARTNERS.name, (partner,))
        created_at = ledger.now if before is None else before["created_at"]
        values: dict[str, Scalar] = {"name": name, "kind": kind, "created_at": created_at}
        ledger.put(RowChange(PARTNERS.name, (partner,), values))

    return Operation((), run)


def issue_api_key(
    means: Means,
    principal: Principal,
    *,
    partner: PartnerId,
    scopes: frozenset[Scope],
    label: str,
    expires_at: UtcSeconds | None = None,
) -> Operation[Secret[str]]:
    """Make an API key for a partner; the answer is the only time it is seen."""
    principal.need_role(Role.OPERATOR)

    def run(ledger: Ledger) -> Secret[str]:
        if ledger.row(PARTNERS.name, (partner,)) is None:
            raise NotFound("partner", partner)
        secret, kept = make_api_key(
            entropy=means.minter.secret_bytes,
            partner=partner,
            scopes=scopes,
            label=label,
            now=ledger.now,
            expires_at=expires_at,
        )
        ledger.put(RowChange(API_KEYS.name, (kept.key_id,), _key_values(kept)))
        return secret

    return Operation((), run, ((PARTNERS.name, (partner,)),))


def revoke_api_key(principal: Principal, *, key_id: str) -> Operation[None]:
    """Let an API key open nothing any more."""
    principal.need_role(Role.OPERATOR, Role.PARTNER)

    def run(ledger: Ledger) -> None:
        row = ledger.row(API_KEYS.name, (key_id,))
        is_own = row is not None and principal.may_see(partner=str(row["partner"]), recipient="")
        if row is None or not is_own:
            raise NotFound("api key", key_id)
        if row["revoked_at"] is None:
            values = {**row, "revoked_at": ledger.now}
            ledger.put(RowChange(API_KEYS.name, (key_id,), values))

    return Operation((), run, ((API_KEYS.name, (key_id,)),))


def register_courier(
    means: Means,
    principal: Principal,
    *,
    courier: CourierId,
    partner: PartnerId,
    name: str,
    login: str,
    pin: Pin,
    sites: Sequence[SiteId],
    valid_until: UtcSeconds = FOREVER,
    cause: str = "",
) -> Operation[None]:
    """Let a courier sign in at sites by typing a number and a PIN, in place of those before.

    Parameters
    ----------
    login
        4 to 8 digits, nobody else's.
    """
    principal.need_role(Role.OPERATOR)
    if not login.isascii() or not login.isdecimal() or len(login) not in LOGIN_DIGITS:
        raise BadEntry("login: 4 to 8 digits")
    # Before the transaction: hashing is slow on purpose, and each site has a pepper of its own.
    bodies = {
        site: msgspec.json.encode(
            CourierPass(
                courier=courier,
                partner=partner,
                login=login,
                verifier=make_verifier(pin, means.keyring.pepper(site), means.cost).encode(),
                valid_until=valid_until,
            )
        )
        for site in dict.fromkeys(sites)
    }
    key = f"courier/{courier}"

    def run(ledger: Ledger) -> None:
        before = ledger.row(COURIERS.name, (courier,))
        _take_login(ledger, courier, login, None if before is None else before["login"])
        dropped = set() if before is None else set(read_names(before["sites"])) - set(bodies)
        values: dict[str, Scalar] = {
            "partner": partner,
            "name": name,
            "login": login,
            "sites": msgspec.json.encode([*bodies]).decode(),
            "valid_until": valid_until,
        }
        ledger.put(RowChange(COURIERS.name, (courier,), values))
        for site, body in bodies.items():
            find_site_row(ledger, site)
            ledger.put(RowChange(LIST_BODIES.name, (site, key), {"body": body}))
            note_list(ledger, site, (key,), by=principal.actor, cause=cause)
        for gone in sorted(dropped):
            ledger.put(RowChange(LIST_BODIES.name, (gone, key), None))
            note_list(ledger, SiteId(gone), (), gone=(key,), by=principal.actor, cause=cause)

    return Operation([site_stream(site) for site in bodies], run)


def _take_login(ledger: Ledger, courier: CourierId, login: str, before: Scalar) -> None:
    holder = ledger.row(COURIER_LOGINS.name, (login,))
    if holder is not None and holder["courier"] != courier:
        raise BadEntry("login: another courier has this number; choose another")
    if before is not None:
        ledger.put(RowChange(COURIER_LOGINS.name, (before,), None))
    ledger.put(RowChange(COURIER_LOGINS.name, (login,), {"courier": courier}))


def dismiss_courier(
    principal: Principal, *, courier: CourierId, cause: str = ""
) -> Operation[None]:
    """Let a courier sign in nowhere any more."""
    principal.need_role(Role.OPERATOR)
    key = f"courier/{courier}"

    def run(ledger: Ledger) -> None:
        row = ledger.row(COURIERS.name, (courier,))
        if row is None:
            raise NotFound("courier", courier)
        for site in read_names(row["sites"]):
            ledger.put(RowChange(LIST_BODIES.name, (site, key), None))
            note_list(ledger, SiteId(site), (), gone=(key,), by=principal.actor, cause=cause)
        values = {**row, "sites": "[]", "valid_until": ledger.now}
        ledger.put(RowChange(COURIERS.name, (courier,), values))

    return Operation((), run)


def count_capacity(ledger: Ledger, site: SiteId, *, by: ActorId, cause: str = "") -> None:
    """Count what is in service at a site's lockers, within a larger operation (R1)."""
    counts: dict[bytes, Supply] = {}
    for name in read_names(find_site_row(ledger, site)["lockers"]):
        locker = LockerId(name)
        state: Locker = ledger.state(locker_stream(locker))
        for spec in read_layout(find_locker_row(ledger, locker)["layout"]):
            known = state.compartments.get(spec.id)
            serves = known is None or known.out_of_service is None
            kind = spec.kind
            key = msgspec.json.encode(kind, order="deterministic")
            before = counts.get(key, Supply(kind=kind, count=0))
            counts[key] = Supply(kind=kind, count=before.count + serves)
    supply = tuple(counts[key] for key in sorted(counts))
    command = SetCapacity(at=ledger.now, supply=supply)
    decide_room(ledger, site, command, by=by, cause=cause)


def put_site_note(ledger: Ledger, site: SiteId, row: dict[str, Scalar]) -> None:
    """Write what the site's lockers are told about it; a fact with the version comes beside."""
    state: capacity.Site = ledger.state(site_stream(site))
    ahead = [c for c in state.closures if c.until > ledger.now]
    closure = min(ahead, key=lambda c: c.from_at) if ahead else None
    note = SiteNote(
        site=site,
        name=str(row["name"]),
        zone=str(row["zone"]),
        closed_from=None if closure is None else closure.from_at,
        closed_until=None if closure is None else closure.until,
        help_phone=str(row["help_phone"]),
        expected_pickups_per_day=sum(supply.count for supply in state.supply),
    )
    body = msgspec.json.encode(note)
    ledger.put(RowChange(LIST_BODIES.name, (site, "site"), {"body": body}))


def note_list(
    ledger: Ledger,
    site: SiteId,
    keys: tuple[str, ...],
    *,
    by: ActorId,
    gone: tuple[str, ...] = (),
    cause: str = "",
) -> None:
    """Record that entries of a site's list changed (R2)."""
    fact = ListNoted(at=ledger.now, keys=keys, gone=gone)
    ledger.record(site_stream(site), fact, by=by, cause=cause)


def read_layout(column: Scalar) -> tuple[CompartmentSpec, ...]:
    """Read a locker's compartments from its row."""
    return _LAYOUT.decode(column if isinstance(column, bytes) else str(column))


def read_names(column: Scalar) -> tuple[str, ...]:
    """Read a JSON list of names from a row."""
    return _NAMES.decode(str(column))


def _key_values(kept: ApiKey) -> dict[str, Scalar]:
    return {
        "partner": kept.partner,
        "digest": kept.digest,
        "scopes": " ".join(sorted(scope.value for scope in kept.scopes)),
        "label": kept.label,
        "created_at": kept.created_at,
        "expires_at": kept.expires_at,
        "revoked_at": kept.revoked_at,
    }


def _check_site(entry: SiteEntry) -> None:
    if not entry.site or "/" in entry.site or not entry.site.isprintable():
        raise BadEntry("site: an id of printable characters without a slash, such as site-07")
    if not entry.name:
        raise BadEntry("name: what people call the site")
    if entry.kind not in SITE_KINDS:
        raise BadEntry(f"kind: one of {', '.join(SITE_KINDS)}")
    if not (-90 <= entry.latitude <= 90 and -180 <= entry.longitude <= 180):
        raise BadEntry("latitude and longitude: degrees within ±90 and ±180")
    try:
        ZoneInfo(entry.zone)
    except (KeyError, ValueError, OSError):
        raise BadEntry("zone: an IANA time zone such as Europe/Berlin") from None


def _check_layout(locker: LockerId, layout: Sequence[CompartmentSpec]) -> None:
    if not locker or "/" in locker or not locker.isprintable():
        raise BadEntry("locker: an id of printable characters without a slash, such as locker-07")
    if not layout:
        raise BadEntry("layout: at least one compartment")
    names = [spec.id for spec in layout]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise BadEntry(f"layout: compartment ids must differ; twice: {', '.join(double)}")
    for spec in layout:
        if min(spec.kind.width_mm, spec.kind.height_mm, spec.depth_mm, spec.weight_g_max) <= 0:
            raise BadEntry(f"layout: measures of {spec.id} must be positive")
