"""Whose key a request carries, and what it may do.

K1  Unknown, wrong, revoked and expired keys get one answer.
K2  A key of a partner whose kind is ``operator`` acts for the network; its scopes still bind it.
K3  There is no default key. Without one there are the reference pages, and what a locker's machine
    asks for: it proves itself in the body.
K4  The last use of a key is written at most once a minute.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from ..access import ApiKey, Denied, Scope, check_api_key, read_key_id
from ..core.ids import PartnerId
from ..core.value import MINUTE, UtcSeconds
from ..journal.ledger import Ledger, Operation
from ..journal.port import RowChange
from ..views import Principal
from ..views.key_tables import KEY_USES
from .problem import ProblemRaised, Trouble

OPERATOR_KIND: Final = "operator"
"""Kind of the partner that is the network itself (K2)."""

CHALLENGE: Final = 'Bearer realm="restante"'

USE_SECONDS: Final = MINUTE
"""How exact the last use of a key is (K4)."""


class Asker(NamedTuple):
    """Who presented a valid key."""

    principal: Principal
    key: ApiKey


STRANGER: Final = Asker(
    Principal.of_locker(""),
    ApiKey(
        key_id="",
        digest=b"",
        partner=PartnerId(""),
        scopes=frozenset(),
        label="",
        created_at=UtcSeconds(0),
    ),
)
"""Who asks where no key is needed: a machine that proves itself in the body."""


def authenticate(
    authorization: str,
    now: UtcSeconds,
    *,
    find_key: Callable[[str], ApiKey | None],
    read_kind: Callable[[PartnerId], str],
) -> Asker:
    """Find out whose key the header ``Authorization`` carries.

    Parameters
    ----------
    find_key
        Finds the row that a key's id names.
    read_kind
        Tells what kind of partner somebody is.

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
    kept = None if key_id is None else find_key(key_id)
    try:
        key = check_api_key(presented, kept, now)
    except Denied:
        raise _unauthenticated("this API key is not valid") from None
    if read_kind(key.partner) == OPERATOR_KIND:
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


def _unauthenticated(detail: str) -> ProblemRaised:
    return ProblemRaised(Trouble.UNAUTHENTICATED, detail, headers={"www-authenticate": CHALLENGE})
