"""Put the API together: one application of its own, mounted at ``/api/v1``.

Mounted whole, so that the pages' sessions, error pages and cross-site rules never touch it, and
an unknown address below ``/api/v1`` is answered with a problem document too.
"""

from functools import cache
from hashlib import sha256
from typing import Any, Final

from litestar import Litestar, Request, Response, asgi
from litestar.handlers import ASGIRouteHandler

from ..access import Keyring, Purpose, Secret
from ..clock import Clock, SystemClock
from .adapter import MOUNT, make_handler, make_options_handlers, problem_response
from .house import Centre, House
from .openapi import make_openapi
from .rate import STANDARD_LIMIT, RateLimit
from .reference import Written, reference_handlers, write_down
from .table import ENDPOINTS
from .translate import translate

REAL_TIME: Final = SystemClock()
"""Rates are limited in real time, whatever clock the network lives by."""

_CURSOR_CONTEXT: Final = b"restante api cursors v1"


def make_api(
    centre: Centre, *, rate_limit: RateLimit = STANDARD_LIMIT, rate_clock: Clock = REAL_TIME
) -> ASGIRouteHandler:
    """Make the route handler that mounts the API at ``/api/v1`` of a larger application.

    Parameters
    ----------
    rate_limit
        For each key.
    rate_clock
        What the limit is measured by.
    """
    app = make_api_app(centre, rate_limit=rate_limit, rate_clock=rate_clock)
    return asgi(MOUNT, is_mount=True, copy_scope=True)(app)


def make_api_app(
    centre: Centre, *, rate_limit: RateLimit = STANDARD_LIMIT, rate_clock: Clock = REAL_TIME
) -> Litestar:
    """Make the API as an application whose addresses begin at its root."""
    house = House(
        centre,
        rate_limit=rate_limit,
        rate_clock=rate_clock,
        cursor_key=_cursor_key(centre.means.keyring),
    )
    # First, because an address gets a standard answer to OPTIONS with its first handler otherwise.
    handlers = make_options_handlers(ENDPOINTS)
    handlers += [make_handler(endpoint, house) for endpoint in ENDPOINTS]

    def close() -> None:
        house.close()

    return Litestar(
        [*handlers, *reference_handlers(_reference())],
        openapi_config=None,
        logging_config=None,
        exception_handlers={Exception: _explain_failure(house)},
        on_shutdown=[close],
    )


@cache
def _reference() -> Written:
    # A process that makes the API more than once, as its tests do, writes it down once.
    return write_down(make_openapi())


def _explain_failure(house: House) -> Any:
    # What fails before an endpoint is reached: unknown addresses, wrong methods.
    def explain(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        known = request.scope["state"].get("request_id")
        request_id = str(known) if known else house.means.minter.make("q")
        return problem_response(request, translate(error, request_id=request_id), request_id)

    return explain


def _cursor_key(keyring: Keyring) -> Secret[bytes]:
    # Ed25519 signatures are deterministic and this one is never published, so all processes with
    # the same keys have the same secret and no key of its own needs to be kept.
    signature = keyring.current(Purpose.HEAD).sign(_CURSOR_CONTEXT)
    return Secret(sha256(signature).digest())
