"""The page a phone's camera opens from a locker's receipt code: it takes the receipt in.

Reading the address is enough: a receipt is a signed statement, taken in any number of times with
the same outcome, so a form in between would only cost a courier in the rain one more touch.
Nothing personal is shown, because anybody can point a camera at the screen.
"""

from collections.abc import Sequence
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from restante.operations.receipts import BadReceipt, take_receipt

from .parts import Parts
from .session import WebRequest


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handler of receipts' addresses."""
    pages, centre = parts.pages, parts.centre

    @get("/r/{text:str}", sync_to_thread=True)
    def take_in(request: WebRequest, text: FromPath[str]) -> Response[Any]:
        try:
            done = centre.committer.run(take_receipt(centre.means, text=text))
        except BadReceipt:
            done = None
        status_code = 200 if done is not None else 404
        return pages.render(
            request, "start/receipt.html", status_code=status_code, receipt=done, here=""
        )

    return [take_in]
