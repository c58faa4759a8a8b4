"""What a caller reads when something did not work: RFC 9457 problem documents.

P1  Every error is a problem document, whoever raised it.
P2  ``code`` is stable: a :class:`~restante.core.refusal.Reason`, or a :class:`Trouble` of this
    door. ``type`` is the address of the page that explains it.
P3  ``what_to_do`` says how to go on; no problem repeats a code, a contact or a key.

References
----------
RFC 9457, Problem Details for HTTP APIs.
"""

from enum import StrEnum
from typing import Annotated, Final, NamedTuple

import msgspec

from ..core.refusal import Reason
from ..core.value import Value
from ..notices.texts import REFUSALS

MEDIA_TYPE: Final = "application/problem+json"
PAGES: Final = "/api/v1/problems/"
"""Where the page of each code is."""


class Trouble(StrEnum):
    """What can be wrong with a request, or with us, beyond what the rules refuse."""

    MALFORMED = "malformed"
    INVALID = "invalid"
    UNUSABLE = "unusable"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    ARCHIVED = "archived"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    BODY_TOO_LARGE = "body_too_large"
    MEDIA_TYPE_UNKNOWN = "media_type_unknown"
    TOO_MANY_REQUESTS = "too_many_requests"
    IDEMPOTENCY_KEY_MISSING = "idempotency_key_missing"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    IDEMPOTENCY_KEY_BUSY = "idempotency_key_busy"
    CONFLICT = "conflict"
    OVERLOADED = "overloaded"
    OUTCOME_UNKNOWN = "outcome_unknown"
    STORAGE_FULL = "storage_full"
    STORAGE_DAMAGED = "storage_damaged"
    INTERNAL = "internal"


class Fault(Value):
    """One thing that is wrong in a request."""

    path: Annotated[
        str,
        msgspec.Meta(
            description="Where: `body.size.length_mm`, `query.limit`, `header.idempotency-key`.",
            examples=["body.size.length_mm"],
        ),
    ]
    message: Annotated[
        str,
        msgspec.Meta(
            description="What is expected there.", examples=["Expected `int` >= 1, got `str`"]
        ),
    ]


class Problem(Value, omit_defaults=False):
    """Why a request did not work, and what to do about it (RFC 9457)."""

    type: Annotated[
        str,
        msgspec.Meta(
            description="Address of the page that explains the code.",
            examples=["/api/v1/problems/site_full"],
            extra_json_schema={"format": "uri-reference"},
        ),
    ]
    title: Annotated[str, msgspec.Meta(description="The same for all problems with this code.")]
    status: Annotated[
        int, msgspec.Meta(description="The HTTP status again.", ge=400, le=599, examples=[409])
    ]
    detail: Annotated[str, msgspec.Meta(description="What exactly, this time.")]
    instance: Annotated[
        str, msgspec.Meta(description="Path of the request.", examples=["/api/v1/parcels"])
    ]
    code: Annotated[
        str,
        msgspec.Meta(
            description="Stable and meant for programs; new codes may come.",
            examples=["site_full"],
        ),
    ]
    what_to_do: Annotated[str, msgspec.Meta(description="How to go on, for people.")]
    errors: Annotated[
        tuple[Fault, ...],
        msgspec.Meta(description="Each thing that is wrong in the request; often empty."),
    ] = ()
    request_id: Annotated[
        str,
        msgspec.Meta(
            description="Name it when you ask us; also in the header `Request-Id`.",
            examples=["q01jd3zv6n8k2m4p6r8t0w2y4a6"],
        ),
    ] = ""


class Explained(NamedTuple):
    """What is always true of a code."""

    status: int
    title: str
    what_to_do: str


class ProblemRaised(Exception):
    """A problem of this door, on its way to the caller.

    Parameters
    ----------
    code
        What kind.
    detail
        What exactly.
    errors
        Each thing that is wrong in the request.
    headers
        What the answer carries beside the document.
    """

    def __init__(
        self,
        code: Trouble | Reason,
        detail: str,
        *,
        errors: tuple[Fault, ...] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}


REASON_STATUS: Final[dict[Reason, int]] = {
    # 409: the request is right, and what it asks for contradicts how things stand.
    Reason.ALREADY_ANNOUNCED: 409,
    Reason.NOT_POSSIBLE_NOW: 409,
    Reason.PARCEL_CANCELLED: 409,
    Reason.PARCEL_ENDED: 409,
    Reason.PARCEL_IN_COMPARTMENT: 409,
    Reason.NOT_HELD: 409,
    Reason.NOT_OVERDUE: 409,
    Reason.HOLD_EXPIRED: 409,
    Reason.HOLD_NOT_EXPIRED: 409,
    Reason.EXTENSION_LIMIT: 409,
    Reason.SITE_FULL: 409,
    Reason.SITE_CLOSED: 409,
    Reason.BOOKING_UNKNOWN: 409,
    Reason.BOOKING_EXPIRED: 409,
    Reason.BOOKING_CONSUMED: 409,
    Reason.NOT_EXPECTED: 409,
    Reason.COMPARTMENT_OCCUPIED: 409,
    Reason.COMPARTMENT_OUT_OF_SERVICE: 409,
    Reason.DOOR_OPEN: 409,
    Reason.SESSION_ACTIVE: 409,
    Reason.NO_SESSION: 409,
    Reason.GRANT_REVOKED: 409,
    Reason.GRANT_CONSUMED: 409,
    Reason.GRANT_NOT_YET: 409,
    Reason.GRANT_EXPIRED: 409,
    # 422: well formed, and wrong in itself; the same request will never work.
    Reason.NOT_ANNOUNCED: 422,
    Reason.PARCEL_TOO_LARGE: 422,
    Reason.PARCEL_TOO_HEAVY: 422,
    Reason.SITE_UNKNOWN: 422,
    Reason.NOTHING_FITS: 422,
    Reason.NO_REACHABLE_COMPARTMENT: 422,
    Reason.WRONG_SITE: 422,
    Reason.COMPARTMENT_UNKNOWN: 422,
    Reason.GRANT_UNKNOWN: 422,
    # 403 and 429: at a locker's door.
    Reason.NOT_YOUR_PARCEL: 403,
    Reason.ACCESS_DENIED: 403,
    Reason.TOO_MANY_ATTEMPTS: 429,
    Reason.TOO_MANY_OPENINGS: 429,
    Reason.ORDER_EXPIRED: 409,
    Reason.ORDER_REPLAYED: 409,
    Reason.NOT_PRESENT: 403,
    Reason.OFFLINE_BUDGET_SPENT: 409,
    Reason.TIME_UNKNOWN: 409,
}
"""The HTTP status of every refusal."""

_TROUBLES: Final[dict[Trouble, Explained]] = {
    Trouble.MALFORMED: Explained(
        400,
        "The request cannot be read",
        "Send what the reference describes; check quotation marks, brackets and the encoding.",
    ),
    Trouble.INVALID: Explained(
        400,
        "Something in the request is not as described",
        "Repair what errors lists; the reference describes every field.",
    ),
    Trouble.UNUSABLE: Explained(
        422,
        "Something in the request is well formed and means nothing",
        "Repair what errors lists, such as a label with a wrong check digit.",
    ),
    Trouble.UNAUTHENTICATED: Explained(
        401,
        "No valid API key",
        "Send the header Authorization: Bearer rk_... with a key that is valid; ask the operator "
        "for one.",
    ),
    Trouble.FORBIDDEN: Explained(
        403,
        "This key may not do that",
        "Use a key that has the scope named in the detail, or ask the operator for one.",
    ),
    Trouble.NOT_FOUND: Explained(
        404,
        "There is no such thing, or not for you",
        "Check the id and whose key you use; the reference lists all addresses.",
    ),
    Trouble.ARCHIVED: Explained(
        410,
        "What came after this position was moved into an archive",
        "Ask again with the position named in the detail; ask the operator for what lies before "
        "it.",
    ),
    Trouble.METHOD_NOT_ALLOWED: Explained(
        405,
        "This address does not take this method",
        "Use one of the methods in the header Allow.",
    ),
    Trouble.BODY_TOO_LARGE: Explained(
        413, "The body is too large", "Split it and send several requests."
    ),
    Trouble.MEDIA_TYPE_UNKNOWN: Explained(
        415,
        "The body is of another type than this address takes",
        "Name the right type in the header Content-Type; the reference says which.",
    ),
    Trouble.TOO_MANY_REQUESTS: Explained(
        429,
        "Too many requests",
        "Wait as many seconds as the header Retry-After says, then go on more slowly; announce "
        "many parcels in one batch.",
    ),
    Trouble.IDEMPOTENCY_KEY_MISSING: Explained(
        400,
        "The header Idempotency-Key is missing",
        "Send a text of your own that is new for every new request and the same when you repeat "
        "one, such as your order number with a date.",
    ),
    Trouble.IDEMPOTENCY_KEY_REUSED: Explained(
        422,
        "This Idempotency-Key was used for another request",
        "Use a new key for a new request; repeat a request with its key and its body unchanged.",
    ),
    Trouble.IDEMPOTENCY_KEY_BUSY: Explained(
        409,
        "A request with this Idempotency-Key is being answered",
        "Wait a second and repeat the request: the answer will be there.",
    ),
    Trouble.CONFLICT: Explained(
        503,
        "Others changed the same thing at the same moment",
        "Nothing was changed. Repeat the request after the seconds in the header Retry-After.",
    ),
    Trouble.OVERLOADED: Explained(
        503,
        "Too much is waiting to be written, or the database does not answer",
        "Nothing was changed. Repeat the request after the seconds in the header Retry-After.",
    ),
    Trouble.OUTCOME_UNKNOWN: Explained(
        503,
        "The database went away before it said whether this was written",
        "Repeat the request with the same Idempotency-Key after the seconds in the header "
        "Retry-After: it is done once, and you are told what came of it.",
    ),
    Trouble.STORAGE_FULL: Explained(
        503,
        "There is no room left to write",
        "Nothing was changed. The operator must make room; repeat the request later.",
    ),
    Trouble.STORAGE_DAMAGED: Explained(
        500,
        "The journal's own record is broken",
        "Nothing was changed. The operator must look at it before anything can be written.",
    ),
    Trouble.INTERNAL: Explained(
        500,
        "Something went wrong that is our mistake",
        "Repeat the request once; if it fails again, tell the operator the request_id.",
    ),
}


def explain(code: Trouble | Reason) -> Explained:
    """Say what is always true of a code."""
    if isinstance(code, Trouble):
        return _TROUBLES[code]
    title = str(code).replace("_", " ").capitalize()
    return Explained(REASON_STATUS[code], title, REFUSALS[code])


def codes_of(status: int) -> tuple[Trouble | Reason, ...]:
    """List the codes that come with a status."""
    every: tuple[Trouble | Reason, ...] = (*Trouble, *Reason)
    return tuple(code for code in every if explain(code).status == status)


def make_problem(
    code: Trouble | Reason,
    detail: str,
    *,
    instance: str,
    request_id: str,
    errors: tuple[Fault, ...] = (),
) -> Problem:
    """Write a problem down."""
    explained = explain(code)
    return Problem(
        type=PAGES + code.value,
        title=explained.title,
        status=explained.status,
        detail=detail or explained.title,
        instance=instance,
        code=code.value,
        what_to_do=explained.what_to_do,
        errors=errors,
        request_id=request_id,
    )
