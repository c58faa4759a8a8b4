"""Stand before a locker of the demonstration: its screen, and hands for its doors.

The screen in the frame is the product's own kiosk; the hands are what a simulated locker lacks.
"""

from collections.abc import Callable, Sequence
from typing import Any

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from restante.core.ids import CompartmentId, LockerId

from .account import Form
from .demo_controls import DemoControls, Street
from .parts import Parts
from .session import WebRequest


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers; there are none outside a demonstration."""
    return _routes(parts, parts.demo) if parts.demo is not None else []


def _routes(parts: Parts, demo: DemoControls) -> list[ControllerRouterHandler]:
    def look(locker: str) -> Street:
        try:
            return demo.street(LockerId(locker))
        except LookupError as error:
            raise NotFoundException(f"There is no such locker: {error}.") from error

    def hands(request: WebRequest, locker: str, trouble: str = "") -> Response[Any]:
        street = look(locker)
        return parts.pages.render(request, "start/hands.html", street=street, trouble=trouble)

    @get("/demo/street/{locker:str}", sync_to_thread=True)
    def show_street(request: WebRequest, locker: FromPath[str]) -> Response[Any]:
        street = look(locker)
        return parts.pages.render(
            request, "start/street.html", is_wide=True, street=street, trouble=""
        )

    @get("/demo/street/{locker:str}/hands", sync_to_thread=True)
    def show_hands(request: WebRequest, locker: FromPath[str]) -> Response[Any]:
        return hands(request, locker)

    @post("/demo/street/{locker:str}/hands", sync_to_thread=True, status_code=200)
    def use_hands(request: WebRequest, locker: FromPath[str], data: Form) -> Response[Any]:
        name, door = LockerId(locker), CompartmentId(data.get("door", ""))
        acts: dict[str, Callable[[LockerId, CompartmentId], None]] = {
            "put_in": demo.put_in,
            "take_out": demo.take_out,
        }
        act = acts.get(data.get("act", ""))
        trouble = ""
        try:
            if act is not None:
                act(name, door)
            demo.shut(name, door)
        except LookupError as error:
            trouble = str(error)
        return hands(request, locker, trouble)

    return [show_street, show_hands, use_hands]
