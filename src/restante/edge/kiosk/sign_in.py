"""Signing in at the kiosk: a scan or a typed code, for recipients and couriers alike."""

from collections.abc import Callable, Mapping

from ...core import session
from ..scan import ScanKind, classify_scan
from .desk import Act, Desk, Part
from .screen import ScreenName


class SignIn(Part):
    """Until somebody has signed in.

    Parameters
    ----------
    begin
        Told who has signed in.
    """

    def __init__(self, desk: Desk, begin: Callable[[session.Active], None]) -> None:
        super().__init__(desk)
        self._begin = begin
        self._login = ""

    def reset(self) -> None:
        """Forget the courier's number."""
        self._login = ""

    def actions(self) -> Mapping[str, Act]:
        """Say what its buttons do."""
        return {
            "collect": lambda _: self.desk.go(ScreenName.CODE),
            "courier": lambda _: self.desk.go(ScreenName.COURIER),
        }

    def take_scan(self, text: str) -> bool:
        """Sign in with what was scanned or typed, whoever it is."""
        if self.desk.visit is not None:
            return False
        screen = self.desk.name
        if screen is ScreenName.COURIER and text.strip().isdigit():
            self._login = text.strip()
            self.desk.go(ScreenName.COURIER_PIN)
        elif screen is ScreenName.COURIER_PIN and text.strip()[:3].upper() != "RS1":
            self._begin(self.controller.sign_in_courier(self._login, text))
        else:
            self._take_code(text)
        return True

    def _take_code(self, text: str) -> None:
        scan = classify_scan(text)
        match scan.kind:
            case ScanKind.TOKEN:
                self._begin(self.controller.sign_in_with_token(scan.text))
            case ScanKind.PIN:
                self._begin(self.controller.sign_in_with_pin(scan.text))
            case _ if self.desk.name is ScreenName.CODE:
                self._begin(self.controller.sign_in_with_pin(text))
            case ScanKind.LABEL:
                self.desk.message = "message.label_before_sign_in"
            case _:
                self.desk.message = "message.unreadable"
