"""Whose key a request carries, and what it may do.

K1  Unknown, wrong, revoked and expired keys get one answer.
K2  A key of a partner whose kind is ``operator`` acts for the network; its scopes still bind it.
K3  There is no default key, and no request without one beyond the reference pages.
K4  The last use of a key is written at most once a minute.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from ..access import ApiKey, Denied, Scope, check_api_key, read_key_id
from ..core.ids import PartnerId
from ..core.value import MINUTE, UtcSeconds
from ..journal.ledger import Ledger, Operation
from ..journal.port import RowChange, Scalar
from ..views import Principal
from ..views.key_tables import KEY_USES
from ..views.tables import API_KEYS, PARTNERS
from .problem import ProblemRaised, Trouble

OPERATOR_KIND: Final = "operator"
"""Kind of the partner that is the network itself (K2)."""

CHALLENGE: Final = 'Bearer realm="restante"'

USE_SECONDS: Final = MINUTE
"""How exact the last use of a key is (K4)."""

ReadRow = Callable[[str, tuple[Scalar, ...]], Mapping[str, Scalar] | None]
"""Table and key to its row."""


class Asker(NamedTuple):
    """Who presented a valid key."""

    principal: Principal
    key: ApiKey


def authenticate(authorization: str, read_row: ReadRow, now: UtcSeconds) -> Asker:
    """Find out whose key the header ``Authorization`` carries.

    Raises
    ------
    ProblemRaised
        ``unauthenticated``, the same for every cause (K1).
    """
    scheme, _, presented = authorization.partition(" ")
    presented = presented.strip()
    if scheme.lower() != "bearer" or not presented:
        raise _unauthenticated("send an API key: Authorization: Bearer rk_...")
    key_id = read_key_id(presented)
    row = None if key_id is None else read_row(API_KEYS.name, (key_id,))
    kept = None if row is None or key_id is None else _kept(key_id, row)
    try:
        key = check_api_key(presented, kept, now)
    except Denied:
        raise _unauthenticated("this API key is not valid") from None
    partner = read_row(PARTNERS.name, (key.partner,))
    if partner is not None and partner["kind"] == OPERATOR_KIND:
        return Asker(Principal.of_operator(key.partner), key)
    return Asker(Principal.of_partner(key.partner, key.scopes), key)


def need_scope(key: ApiKey, scope: Scope) -> None:
    """Refuse a key that lacks a scope, an operator's too (K2).

    Raises
    ------
    ProblemRaised
        ``forbidden`` with the scope to ask for.
    """
    if scope not in key.scopes:
        raise ProblemRaised(
            Trouble.FORBIDDEN, f"this API key lacks the scope {scope.value}; use one that has it"
        )


def note_use(key_id: str) -> Operation[None]:
    """Write down that a key was used."""

    def run(ledger: Ledger) -> None:
        ledger.put(RowChange(KEY_USES.name, (key_id,), {"used_at": ledger.now}))

    return Operation((), run)


def _kept(key_id: str, row: Mapping[str, Scalar]) -> ApiKey:
    digest, expires_at, revoked_at = row["digest"], row["expires_at"], row["revoked_at"]
    return ApiKey(
        key_id=key_id,
        digest=digest if isinstance(digest, bytes) else b"",
        partner=PartnerId(str(row["partner"])),
        scopes=frozenset(Scope(name) for name in str(row["scopes"]).split()),
        label=str(row["label"]),
        created_at=UtcSeconds(int(row["created_at"] or 0)),
        expires_at=None if expires_at is None else UtcSeconds(int(expires_at)),
        revoked_at=None if revoked_at is None else UtcSeconds(int(revoked_at)),
    )


def _unauthenticated(detail: str) -> ProblemRaised:
    return ProblemRaised(Trouble.UNAUTHENTICATED, detail, headers={"www-authenticate": CHALLENGE})
