"""A parcel nobody announced, at the kiosk of a locker that is alone: how large, and its receipt."""

from collections.abc import Mapping

from ...core import session
from .desk import Act, Desk, Part
from .menus import HELP, TAKES_LABELS, make_button, turn_to
from .screen import Button, ScreenName, Tone


class UnannouncedParcels(Part):
    """Asking for the size, showing the receipt; depositing itself is the courier's part."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._label = ""
        self._page = 0

    def reset(self) -> None:
        """Forget the label."""
        self._label = ""
        self._page = 0

    def actions(self) -> Mapping[str, Act]:
        """Say what its buttons do."""
        return {"size": self._choose, "more_sizes": lambda _: self._turn()}

    def buttons(self) -> tuple[Button, ...] | None:
        """List the sizes that are free, or the ways on from the receipt."""
        match self.desk.name:
            case ScreenName.SIZE:
                return self._sizes()
            case ScreenName.RECEIPT:
                return (make_button("scan_next", tone=Tone.MAIN), make_button("finish"), HELP)
            case _:
                return None

    def values(self) -> Mapping[str, str]:
        """Give what the receipt's code holds, and the label it is for."""
        deposit = self.controller.deposit_in_hand
        if self.desk.name is not ScreenName.RECEIPT or deposit is None:
            return {"label": self._label}
        receipt = self.controller.receipts.address_for(deposit.parcel)
        return {"label": self._label, "receipt": receipt}

    def take_scan(self, text: str) -> bool:
        """Take a label that is on no list, while the locker is alone."""
        visit = self.desk.visit
        is_courier = visit is not None and visit.role is session.Role.COURIER
        if not is_courier or self.desk.name not in TAKES_LABELS:
            return False
        if not self.controller.may_bring_unannounced(text):
            return False
        self._label = text.strip()
        self._page = 0
        self.desk.go(ScreenName.SIZE)
        return True

    def _sizes(self) -> tuple[Button, ...]:
        sizes = tuple(
            Button(name=f"size:{one}", text="button.size", values={"size": one})
            for one in self.controller.size_classes()
        )
        cancel = Button(name="scan_next", text="button.cancel", tone=Tone.TOOL)
        return (*turn_to(sizes, self._page, "more_sizes"), cancel, HELP)

    def _turn(self) -> None:
        self._page += 1

    def _choose(self, size: str) -> None:
        self.desk.purpose = "deposit"
        self.desk.opened(self.controller.deposit_unannounced(self._label, size))
