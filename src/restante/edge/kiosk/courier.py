"""A courier at the kiosk: labels in, doors open, parcels taken back, compartments looked into."""

from collections.abc import Mapping

from ...core import session
from ...core.content import Content
from ...core.ids import CompartmentId, ParcelId
from .desk import Act, Desk, Part
from .menus import STILL_INSIDE, TAKES_LABELS, retrieve_buttons, scan_buttons
from .screen import Button, ScreenName


class Courier(Part):
    """Depositing, retrieving, looking."""

    purposes = frozenset({"deposit", "retrieve", "look"})

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._deposited_count = 0
        self._page = 0

    def reset(self) -> None:
        """Begin counting anew."""
        self._deposited_count = 0
        self._page = 0

    def actions(self) -> Mapping[str, Act]:
        """Say what its buttons do."""
        return {
            "other": lambda _: self._other("door_failed"),
            "problem": lambda _: self.desk.go(ScreenName.PROBLEM),
            "does_not_fit": lambda _: self._other("does_not_fit"),
            "dirty": lambda _: self._other("dirty"),
            "damaged": lambda _: self._other("damaged"),
            "changed_mind": lambda _: self._other("empty"),
            "still_open": lambda _: self.desk.go(ScreenName.PUT_IN),
            "retrieve": self._retrieve,
            "retrievals": lambda _: self._list_retrievals(),
            "more": lambda _: self._turn_page(),
            "look": self._look,
            "found_empty": lambda _: self._found_empty(),
            "undo": lambda _: self._undo(),
            "scan_next": lambda _: self.desk.go(ScreenName.SCAN),
        }

    def buttons(self) -> tuple[Button, ...] | None:
        """List what may be done between parcels."""
        match self.desk.name:
            case ScreenName.SCAN:
                return scan_buttons(self.controller)
            case ScreenName.RETRIEVE:
                return retrieve_buttons(self.controller, self._page)
            case _:
                return None

    def values(self) -> Mapping[str, str]:
        """Say how many parcels were deposited."""
        return {"count": str(self._deposited_count)}

    def begin(self, visit: session.Active) -> bool:
        """Ask for the first label."""
        if visit.role is not session.Role.COURIER:
            return False
        self.desk.go(ScreenName.SCAN)
        return True

    def take_scan(self, text: str) -> bool:
        """Take a label wherever one may be scanned."""
        visit = self.desk.visit
        is_courier = visit is not None and visit.role is session.Role.COURIER
        if not is_courier or self.desk.name not in TAKES_LABELS:
            return False
        self.desk.purpose = "deposit"
        self.desk.opened(self.controller.deposit(text))
        return True

    def again(self) -> None:
        """Open the same door again, for the same purpose."""
        door = self.desk.door
        if self.desk.purpose == "deposit":
            self.desk.opened(self.controller.open_again())
        elif self.desk.purpose == "retrieve" and door is not None:
            self._retrieve(self.controller.state.compartments[door].parcel or "")
        elif door is not None:
            self._look(door)

    def door_shut(self, content: Content) -> bool:
        """Count the parcel, or say what seems wrong."""
        match self.desk.name:
            case ScreenName.TAKE_BACK if content in STILL_INSIDE:
                self.desk.go(ScreenName.STILL_EMPTY)
            case ScreenName.TAKE_BACK:
                is_more = bool(self.controller.retrievable())
                self.desk.go(ScreenName.RETRIEVE if is_more else ScreenName.SCAN)
            case ScreenName.PUT_IN | ScreenName.PROBLEM if self.controller.is_deposited():
                self._deposited_count += 1
                deposit = self.controller.deposit_in_hand
                has_receipt = deposit is not None and deposit.unannounced is not None
                self.desk.go(ScreenName.RECEIPT if has_receipt else ScreenName.SCAN)
                self.desk.message = "message.deposited"
            case ScreenName.PUT_IN | ScreenName.PROBLEM:
                self.desk.go(ScreenName.STILL_EMPTY)
            case ScreenName.LOOK:
                self.desk.go(ScreenName.LOOKED)
            case _:
                return False
        return True

    def resume(self, visit: session.Active) -> bool:
        """Offer the next compartment, or ask for the next label."""
        if visit.role is not session.Role.COURIER:
            return False
        deposit = self.controller.deposit_in_hand
        if deposit is not None and deposit.compartment is None:
            self.desk.purpose = "deposit"
            self.desk.opened(self.controller.offer_again())
        else:
            self.desk.go(ScreenName.SCAN)
        return True

    def _other(self, why: str) -> None:
        if self.desk.purpose != "deposit":
            self.desk.go(ScreenName.SCAN)
            return
        self.controller.reject_compartment(why)
        is_open = self.desk.door in self.controller.state.open_doors()
        if is_open:
            self.desk.go(ScreenName.SHUT_FIRST)
        elif why == "empty":
            self.desk.go(ScreenName.SCAN)
        else:
            self.desk.opened(self.controller.offer_again())

    def _undo(self) -> None:
        deposit = self.controller.deposit_in_hand
        if deposit is not None:
            self._retrieve(deposit.parcel)

    def _list_retrievals(self) -> None:
        self._page = 0
        self.desk.go(ScreenName.RETRIEVE)

    def _turn_page(self) -> None:
        self._page += 1

    def _retrieve(self, parcel: str) -> None:
        self.desk.purpose = "retrieve"
        self.desk.opened(self.controller.retrieve(ParcelId(parcel)))

    def _look(self, name: str) -> None:
        self.desk.purpose = "look"
        self.desk.opened(self.controller.look_into(CompartmentId(name)))

    def _found_empty(self) -> None:
        if self.desk.door is not None:
            self.controller.found_empty(self.desk.door)
        self.desk.go(ScreenName.SCAN)
