"""Receipts for parcels taken in unannounced, drawn from the facts themselves.

A receipt is no state of its own: it is made from the deposit's fact whenever it is asked for, also
after a restart, as long as the list does not know the parcel.
"""

from typing import Final

from ..access import DeviceKey, Receipt, sign_receipt
from ..core.handoff import HandoffDeposited
from ..core.ids import ParcelId
from .config import LockerConfig
from .store import LockerStore

READ_FACTS: Final = 200


class Receipts:
    """Makes one locker's receipts.

    Parameters
    ----------
    key
        The locker's own; without one there are no receipts, and the courier is told to keep the
        door's number.
    """

    def __init__(self, store: LockerStore, config: LockerConfig, key: DeviceKey | None) -> None:
        self._store = store
        self._config = config
        self._key = key

    def text_for(self, parcel: ParcelId) -> str:
        """Write the receipt of a parcel that lies inside unannounced; empty when there is none."""
        about = self._store.state.unannounced.get(parcel)
        found = self._find_deposit(parcel)
        if self._key is None or about is None or found is None:
            return ""
        seq, fact = found
        receipt = Receipt(
            locker=self._config.locker,
            site=self._config.site,
            epoch=self._store.epoch,
            seq=seq,
            parcel=parcel,
            label=about.label,
            partner=about.partner,
            courier=about.courier,
            compartment=fact.compartment,
            at=fact.at,
            clock=about.clock,
            size=about.size,
        )
        return sign_receipt(receipt, self._key)

    def address_for(self, parcel: ParcelId) -> str:
        """Give what the QR code holds: the address of the centre's page with the receipt in it."""
        text = self.text_for(parcel)
        return (self._config.address(f"r/{text}") if text else "") or text

    def _find_deposit(self, parcel: ParcelId) -> tuple[int, HandoffDeposited] | None:
        """Find the deposit's fact, newest facts first."""
        upto = self._store.version
        while upto > 0:
            first = max(1, upto - READ_FACTS + 1)
            facts = self._store.read_facts(first, upto - first + 1)
            for place in reversed(range(len(facts))):
                fact = facts[place]
                if isinstance(fact, HandoffDeposited) and fact.parcel == parcel:
                    return first + place, fact
            upto = first - 1
        return None
