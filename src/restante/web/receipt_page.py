"""The page a phone's camera opens from a locker's receipt code, and what takes the receipt in.

R1. Opening the address changes nothing: cameras, messengers and mail scanners open addresses too.
    The page's form takes the receipt in; a script sends it at once, a button does where none runs.
R2. A receipt is a signed statement, taken in any number of times with the same outcome.
R3. Nothing personal is shown, because anybody can point a camera at the screen.
"""

from collections.abc import Sequence
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from restante.access import Denied, read_receipt
from restante.operations.receipts import BadReceipt, take_receipt

from .parts import Parts
from .session import WebRequest


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of receipts' addresses."""
    pages, centre = parts.pages, parts.centre

    def show(request: WebRequest, status_code: int, **context: Any) -> Response[Any]:
        given = {"receipt": None, "label": "", "here": ""} | context
        return pages.render(request, "start/receipt.html", status_code=status_code, **given)

    @get("/r/{text:str}", sync_to_thread=True)
    def look_at(request: WebRequest, text: FromPath[str]) -> Response[Any]:
        try:
            label = read_receipt(text).receipt.label
        except Denied:
            return show(request, 404)
        return show(request, 200, label=label)

    @post("/r/{text:str}", sync_to_thread=True, status_code=200)
    def take_in(request: WebRequest, text: FromPath[str]) -> Response[Any]:
        try:
            done = centre.committer.run(take_receipt(centre.means, text=text))
        except BadReceipt:
            return show(request, 404)
        return show(request, 200, receipt=done)

    return [look_at, take_in]
