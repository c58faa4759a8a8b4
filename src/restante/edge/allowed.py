"""What the centre's list lets this locker do, indexed for the questions asked at the door.

Rules
-----
A1  What the centre took away is gone, except a collected parcel's grant while its re-open window
    runs: such an entry is *ended* and opens nothing but its own compartment again.
A2  A grant without a recipient stands alone; grants of one recipient open in one visit.
"""

from collections.abc import Iterable, Mapping

from ..core.grant import Grant
from ..core.ids import CourierId, GrantId, ParcelId, PartnerId, SiteId
from ..core.risk import RiskClass
from ..core.value import UtcSeconds, Value
from ..link.message import (
    CollectGrant,
    CourierPass,
    ExpectedParcel,
    ListEntry,
    PinVerifier,
    ServiceOrder,
    SiteNote,
)


class Listed(Value):
    """An entry as the locker keeps it."""

    entry: ListEntry
    is_ended: bool = False
    """The centre took it away; it stays for the re-open window (A1)."""


class AllowedList:
    """The list as the door asks it; replaced as a whole when the list changes."""

    def __init__(self, listed: Mapping[str, Listed], site: SiteId) -> None:
        self.listed = dict(listed)
        self._site = site
        self._by_label: dict[str, ExpectedParcel] = {}
        self._parcels: dict[ParcelId, ExpectedParcel] = {}
        self._grants: dict[GrantId, CollectGrant] = {}
        self._pins: dict[str, list[PinVerifier]] = {}
        self._couriers: dict[str, CourierPass] = {}
        self.orders: dict[str, ServiceOrder] = {}
        self.note: SiteNote | None = None
        for key, one in self.listed.items():
            self._index(key, one)

    def _index(self, key: str, one: Listed) -> None:
        match one.entry:
            case ExpectedParcel() as parcel:
                self._parcels[parcel.parcel] = parcel
                if not one.is_ended:
                    self._by_label[parcel.label] = parcel
            case CollectGrant() as grant:
                self._grants[grant.grant] = grant
            case PinVerifier() as pin:
                self._pins.setdefault(pin.selector, []).append(pin)
            case CourierPass() as courier:
                self._couriers[courier.login] = courier
            case ServiceOrder() as order:
                self.orders[key] = order
            case SiteNote() as note:
                self.note = note

    def find_parcel(self, label: str) -> ExpectedParcel | None:
        """Find the parcel a label names."""
        return self._by_label.get(label)

    def parcel(self, parcel: ParcelId) -> ExpectedParcel | None:
        """Find a parcel by id."""
        return self._parcels.get(parcel)

    def risk_of(self, parcel: ParcelId) -> RiskClass:
        """Tell a parcel's class of risk; low when nobody has said."""
        found = self._parcels.get(parcel)
        return RiskClass.LOW if found is None else found.risk

    def overdue(self, partner: PartnerId) -> tuple[ExpectedParcel, ...]:
        """List a partner's parcels that shall be taken out."""
        return tuple(
            parcel
            for parcel in self._parcels.values()
            if parcel.is_overdue and parcel.partner == partner
        )

    def grant(self, grant: GrantId) -> Grant | None:
        """Find a grant as the rules want it; whether it was used here is not in it."""
        found = self._grants.get(grant)
        return None if found is None else self._rule_grant(found)

    def grants_of_same_recipient(self, grant: GrantId) -> tuple[Grant, ...]:
        """Find a grant and all others of its recipient (A2), itself first."""
        found = self._grants.get(grant)
        if found is None:
            return ()
        others = (
            other
            for other in self._grants.values()
            if found.recipient and other.recipient == found.recipient and other.grant != grant
        )
        return tuple(self._rule_grant(one) for one in (found, *others))

    def recipient_of(self, grant: GrantId) -> str:
        """Tell the pseudonym of whom a grant is for; empty when not said."""
        found = self._grants.get(grant)
        return "" if found is None else found.recipient

    def pins(self, selector: str) -> tuple[PinVerifier, ...]:
        """List the verifiers a typed selector may mean."""
        return tuple(self._pins.get(selector, ()))

    def courier(self, login: str) -> CourierPass | None:
        """Find a courier by the number typed."""
        return self._couriers.get(login)

    def attempt_keys(self) -> frozenset[str]:
        """Name everything whose wrong tries are worth remembering."""
        couriers = (courier_key(one.courier) for one in self._couriers.values())
        pins = (pin.grant for pins in self._pins.values() for pin in pins)
        return frozenset((*couriers, *pins))

    def grant_ids(self) -> frozenset[GrantId]:
        """Name every grant on the list, ended ones too."""
        return frozenset(self._grants)

    def is_closed(self, at: UtcSeconds) -> bool:
        """Whether the site takes no deposits now."""
        note = self.note
        if note is None or note.closed_from is None:
            return False
        return at >= note.closed_from and (note.closed_until is None or at < note.closed_until)

    def _rule_grant(self, found: CollectGrant) -> Grant:
        return Grant(
            grant=found.grant,
            parcel=found.parcel,
            site=self._site,
            purpose=found.purpose,
            valid_from=found.valid_from,
            valid_until=found.valid_until,
        )


def courier_key(courier: CourierId) -> str:
    """Name a courier among the keys of attempts."""
    return f"courier:{courier}"


def keys_kept_while_reopening(
    grants: Iterable[GrantId], listed: Mapping[str, Listed]
) -> frozenset[str]:
    """Name the entries that must outlive their removal (A1)."""
    kept: set[str] = set()
    for grant in grants:
        kept.update((f"grant/{grant}", f"pin/{grant}"))
        one = listed.get(f"grant/{grant}")
        if one is not None and isinstance(one.entry, CollectGrant):
            kept.add(f"parcel/{one.entry.parcel}")
    return frozenset(kept)
