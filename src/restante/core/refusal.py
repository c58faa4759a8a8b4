"""Why a rule said no.

Reasons are stable public values: each has an HTTP status (:mod:`restante.api.problem`), a text
for people in every language (:mod:`restante.notices`) and a line in the reference. A test checks
that all three exist.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A closed list; a new member is a minor change, a changed meaning a major one."""

    # What a parcel is and where it stands.
    ALREADY_ANNOUNCED = "already_announced"
    NOT_ANNOUNCED = "not_announced"
    NOT_POSSIBLE_NOW = "not_possible_now"
    PARCEL_CANCELLED = "parcel_cancelled"
    PARCEL_ENDED = "parcel_ended"
    PARCEL_IN_COMPARTMENT = "parcel_in_compartment"
    NOT_HELD = "not_held"
    NOT_OVERDUE = "not_overdue"
    HOLD_EXPIRED = "hold_expired"
    HOLD_NOT_EXPIRED = "hold_not_expired"
    EXTENSION_LIMIT = "extension_limit"
    PARCEL_TOO_LARGE = "parcel_too_large"
    PARCEL_TOO_HEAVY = "parcel_too_heavy"
    # Capacity of a site.
    SITE_UNKNOWN = "site_unknown"
    SITE_FULL = "site_full"
    SITE_CLOSED = "site_closed"
    NOTHING_FITS = "nothing_fits"
    NO_REACHABLE_COMPARTMENT = "no_reachable_compartment"
    BOOKING_UNKNOWN = "booking_unknown"
    BOOKING_EXPIRED = "booking_expired"
    BOOKING_CONSUMED = "booking_consumed"
    # At the locker.
    WRONG_SITE = "wrong_site"
    NOT_EXPECTED = "not_expected"
    COMPARTMENT_UNKNOWN = "compartment_unknown"
    COMPARTMENT_OCCUPIED = "compartment_occupied"
    COMPARTMENT_OUT_OF_SERVICE = "compartment_out_of_service"
    DOOR_OPEN = "door_open"
    SESSION_ACTIVE = "session_active"
    NO_SESSION = "no_session"
    NOT_YOUR_PARCEL = "not_your_parcel"
    # Permission to open.
    ACCESS_DENIED = "access_denied"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    GRANT_UNKNOWN = "grant_unknown"
    GRANT_REVOKED = "grant_revoked"
    GRANT_CONSUMED = "grant_consumed"
    GRANT_NOT_YET = "grant_not_yet"
    GRANT_EXPIRED = "grant_expired"
    TOO_MANY_OPENINGS = "too_many_openings"
    # Orders to open from afar.
    ORDER_EXPIRED = "order_expired"
    ORDER_REPLAYED = "order_replayed"
    NOT_PRESENT = "not_present"
    # Without the centre.
    OFFLINE_BUDGET_SPENT = "offline_budget_spent"
    TIME_UNKNOWN = "time_unknown"


class Refused(Exception):
    """A rule said no; nothing was recorded.

    Parameters
    ----------
    reason
        The stable public value.
    detail
        What exactly, in English, for logs and problem details; never personal data or codes.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail
