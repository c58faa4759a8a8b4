"""Which exception of the house becomes which problem.

One function with one ``match``: what is not listed is our own mistake, logged with its traceback
and shown as ``internal`` without any detail.
"""

import traceback

import structlog
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
)
from litestar.exceptions import ValidationException as LitestarInvalid
from litestar.status_codes import HTTP_413_REQUEST_ENTITY_TOO_LARGE

from ..core.refusal import Refused
from ..journal.committer import Closed, Overloaded
from ..journal.port import Archived, Busy, Conflict, Damaged, Full, Unsure
from ..operations.announce import BadParcel
from ..operations.contacts import BadContact
from ..operations.orders import BadOrder
from ..operations.receipts import BadReceipt
from ..operations.webhooks import BadWebhook
from ..partners.label import Malformed as BadLabel
from ..views import Forbidden, NotFound
from .problem import Fault, ProblemRaised, Trouble

RETRY_SECONDS = 1
"""After a conflict or a full queue: a transaction takes milliseconds (chosen)."""

RETRY_SECONDS_UNSURE = 5
"""After a commit whose answer was lost: somebody must take over (chosen)."""

RETRY_SECONDS_FULL = 60
"""After a full disk: a person must make room (chosen)."""

_LOG = structlog.get_logger(__name__)


def translate(error: Exception, *, request_id: str) -> ProblemRaised:
    """Say publicly what went wrong."""
    match error:
        case ProblemRaised():
            return error
        case Refused():
            return ProblemRaised(error.reason, error.detail)
        case NotFound() | NotFoundException():
            detail = str(error) if isinstance(error, NotFound) else "there is nothing here"
            return ProblemRaised(Trouble.NOT_FOUND, detail)
        case Archived():
            return ProblemRaised(
                Trouble.ARCHIVED,
                f"events up to position {error.floor} are archived: go on with after={error.floor}",
                errors=(Fault(path="query.after", message=f"Expected `int` >= {error.floor}"),),
            )
        case Forbidden():
            return ProblemRaised(Trouble.FORBIDDEN, str(error))
        case BadParcel() | BadContact() | BadOrder() | BadReceipt() | BadLabel() | BadWebhook():
            return _misfit(error)
        case HTTPException():
            return _of_framework(error)
        case _:
            return _of_storage(error, request_id)


def _misfit(
    error: BadParcel | BadContact | BadOrder | BadReceipt | BadLabel | BadWebhook,
) -> ProblemRaised:
    field, _, message = str(error).partition(": ")
    path = f"body.contact.{field}" if isinstance(error, BadContact) else f"body.{field}"
    fault = Fault(path=path, message=message)
    return ProblemRaised(Trouble.UNUSABLE, f"{path}: {message}", errors=(fault,))


def _of_framework(error: HTTPException) -> ProblemRaised:
    if isinstance(error, MethodNotAllowedException):
        allowed = dict(error.headers or {})
        return ProblemRaised(
            Trouble.METHOD_NOT_ALLOWED,
            "this address does not take this method",
            headers={"allow": allowed.get("allow", "")},
        )
    if error.status_code == HTTP_413_REQUEST_ENTITY_TOO_LARGE:
        return ProblemRaised(Trouble.BODY_TOO_LARGE, "the body is too large")
    if isinstance(error, LitestarInvalid | ClientException):
        return ProblemRaised(Trouble.MALFORMED, "the request cannot be read")
    return ProblemRaised(Trouble.INTERNAL, "")


def _of_storage(error: Exception, request_id: str) -> ProblemRaised:
    soon = {"retry-after": str(RETRY_SECONDS)}
    match error:
        case Conflict():
            return ProblemRaised(Trouble.CONFLICT, "nothing was changed", headers=soon)
        case Unsure():
            _LOG.error("outcome_unknown", request_id=request_id, detail=str(error))
            later = {"retry-after": str(RETRY_SECONDS_UNSURE)}
            return ProblemRaised(Trouble.OUTCOME_UNKNOWN, "it may be written or not", headers=later)
        case Overloaded() | Closed() | Busy():
            return ProblemRaised(Trouble.OVERLOADED, "nothing was changed", headers=soon)
        case Full():
            _LOG.error("storage_full", request_id=request_id, detail=str(error))
            later = {"retry-after": str(RETRY_SECONDS_FULL)}
            return ProblemRaised(Trouble.STORAGE_FULL, "nothing was changed", headers=later)
        case Damaged():
            _LOG.error("storage_damaged", request_id=request_id, detail=str(error))
            return ProblemRaised(Trouble.STORAGE_DAMAGED, "nothing was changed")
        case _:
            # Places and kind only: messages and values of variables may hold contacts or codes.
            places = "".join(traceback.format_tb(error.__traceback__))
            _LOG.error(
                "api_failed", request_id=request_id, error=type(error).__name__, trace=places
            )
            return ProblemRaised(Trouble.INTERNAL, "")
