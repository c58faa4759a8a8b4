"""What access says when it says no.

Whoever stands at the door hears one answer, :class:`Denied`, whatever was wrong: a stranger must
not learn whether a code exists, has expired or belongs to another site. Why it was denied is for
the operator's journal only and travels beside the message, never in it.
"""

from enum import StrEnum


class Why(StrEnum):
    """The true cause of a denial; stable values for the journal, never for the screen."""

    NOT_A_CREDENTIAL = "not_a_credential"
    """It does not have the shape of a credential of ours."""
    KEY_UNKNOWN = "key_unknown"
    """Signed with a key that is not, or is no longer, in the keyring for this purpose."""
    SIGNATURE_WRONG = "signature_wrong"
    CLAIMS_WRONG = "claims_wrong"
    """Genuine, but what it claims is incomplete or beyond what may be claimed."""
    WRONG_AUDIENCE = "wrong_audience"
    """Meant for another site."""
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """Well formed, but nobody has been given it."""
    SCOPE_MISSING = "scope_missing"


class Denied(Exception):
    """The one answer to every credential that does not open.

    Parameters
    ----------
    why
        For the operator's journal. The message is the same for every value.
    """

    def __init__(self, why: Why) -> None:
        super().__init__("access denied")
        self.why = why


class Malformed(ValueError):
    """What was typed, scanned or loaded cannot be read.

    Parameters
    ----------
    path
        Which input, for example ``pin``.
    expected
        What would have been right and what to do, for people. Never what was given: it may be
        a code with one wrong digit.
    """

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path}: {expected}")
        self.path = path
        self.expected = expected
