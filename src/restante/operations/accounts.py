"""Operators' accounts, and who is signed in at a browser.

R1. The first account is made with a token that only the machine's owner was shown; once.
R2. Passwords are stretched in the caller's thread, before the committer's turn, and an unknown
    name takes as long as a wrong password.
R3. A try is counted before it is judged. After five failures in a row an account pauses, longer
    every time, up to a quarter of an hour.
R4. A session's token is chance; only its digest is kept. It ends when idle, and in any case.

Times are passed in: a demonstration's clock runs fast, sessions do not.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..access import Secret
from ..clock import Minter
from ..core.ids import PartnerId
from ..core.value import DAY, HOUR, MINUTE, Seconds, UtcSeconds, Value
from ..journal.ledger import Ledger, Operation
from ..journal.port import RowChange, Scalar
from ..views.account_tables import OPERATORS, SETUPS, WEB_SESSIONS
from ..views.principal import Forbidden, Principal, Role

PASSWORD_MIN: Final = 10
"""Shortest password (NIST SP 800-63B asks for 8, and for no rules of composition)."""

PASSWORD_MAX: Final = 200
"""Longest: bounds the work of stretching."""

FREE_FAILURES: Final = 5
"""Wrong passwords in a row before an account pauses (chosen)."""

PAUSE_SECONDS_MAX: Final = Seconds(15 * MINUTE)
"""Longest pause; nobody can lock somebody else out for ever (OWASP Authentication)."""

IDLE_SECONDS: Final[dict[Role, Seconds]] = {
    Role.OPERATOR: Seconds(2 * HOUR),
    Role.COURIER: Seconds(4 * HOUR),
}
"""How long nobody may do anything before a session ends (chosen: a meeting, a tour's pause)."""

ABSOLUTE_SECONDS: Final[dict[Role, Seconds]] = {
    Role.OPERATOR: Seconds(12 * HOUR),
    Role.COURIER: Seconds(12 * HOUR),
}
"""How long a session may last at all: a shift (architecture 8 for couriers)."""

TOUCH_SECONDS: Final = Seconds(5 * MINUTE)
"""A session's last use is written at most this often."""

FIRST_RUN: Final = "first-run"
_TOKEN_BYTES: Final = 32
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,63}")
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODY: Final = _HASHER.hash("nobody has this password")


class BadAccount(ValueError):
    """An account cannot be made so; the message names the field and what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotSignedIn(Exception):
    """Name and password do not belong together, or the account pauses.

    Parameters
    ----------
    wait_seconds
        How long to wait before the next try counts; 0 for none.
    """

    def __init__(self, wait_seconds: int = 0) -> None:
        super().__init__("name and password do not belong together")
        self.wait_seconds = wait_seconds


class Seat(Value):
    """Who is signed in at a browser."""

    role: Role
    name: str
    """Id of the operator or courier."""
    display_name: str
    partner: PartnerId | None = None
    """For whom a courier drives."""
    started_at: UtcSeconds = UtcSeconds(0)
    seen_at: UtcSeconds = UtcSeconds(0)

    @property
    def principal(self) -> Principal:
        """Ask as this person."""
        return Principal(role=self.role, name=self.name, partner=self.partner)


def begin_setup(minter: Minter) -> tuple[Secret[str], Operation[bool]]:
    """Make a token for the first account; the operation says whether one is still wanted (R1)."""
    token = _make_token(minter, "rf_")

    def run(ledger: Ledger) -> bool:
        row = ledger.row(SETUPS.name, (FIRST_RUN,))
        if row is not None and row["used_at"] is not None:
            return False
        values: dict[str, Scalar] = {
            "digest": _digest(token.reveal()),
            "created_at": ledger.now,
            "used_at": None,
        }
        ledger.put(RowChange(SETUPS.name, (FIRST_RUN,), values))
        return True

    return token, Operation((), run)


def finish_setup(token: str, *, operator: str, name: str, password: str) -> Operation[Seat]:
    """Make the first account with the token (R1).

    Raises
    ------
    BadAccount
        When a field is wrong.
    Forbidden
        By the operation: the token is not the right one, or was used.
    """
    account = _new_account(operator, name, password)

    def run(ledger: Ledger) -> Seat:
        row = ledger.row(SETUPS.name, (FIRST_RUN,))
        kept = b"" if row is None or row["used_at"] is not None else _bytes(row["digest"])
        if row is None or not compare_digest(kept, _digest(token)):
            raise Forbidden(
                "this setup link is not valid any more; start the server again to get a new one, "
                "or ask another operator for an account"
            )
        ledger.put(RowChange(SETUPS.name, (FIRST_RUN,), {**row, "used_at": ledger.now}))
        ledger.put(RowChange(OPERATORS.name, (operator,), {**account, "created_at": ledger.now}))
        return Seat(role=Role.OPERATOR, name=operator, display_name=name)

    return Operation((), run)


def create_operator(
    principal: Principal, *, operator: str, name: str, password: str
) -> Operation[Seat]:
    """Make an account for another operator.

    Raises
    ------
    BadAccount
        When a field is wrong, or by the operation when the name is taken.
    """
    principal.need_role(Role.OPERATOR)
    account = _new_account(operator, name, password)

    def run(ledger: Ledger) -> Seat:
        if ledger.row(OPERATORS.name, (operator,)) is not None:
            raise BadAccount(
                "operator", f"there is an account {operator!r} already; choose another"
            )
        ledger.put(RowChange(OPERATORS.name, (operator,), {**account, "created_at": ledger.now}))
        return Seat(role=Role.OPERATOR, name=operator, display_name=name)

    return Operation((), run)


def count_try(operator: str, *, at: UtcSeconds) -> Operation[Mapping[str, Scalar] | None]:
    """Count a try to sign in before it is judged, and give the account it is for (R3).

    Raises
    ------
    NotSignedIn
        By the operation: the account pauses.
    """

    def run(ledger: Ledger) -> Mapping[str, Scalar] | None:
        row = ledger.row(OPERATORS.name, (operator,))
        if row is None:
            return None
        failed_count, failed_at = _number(row["failed_count"]), _number(row["failed_at"])
        pause = pause_seconds(failed_count)
        # A clock that went back must not make anybody wait longer than the pause.
        wait = min(pause, failed_at + pause - at)
        if wait > 0:
            raise NotSignedIn(wait)
        values = {**row, "failed_count": failed_count + 1, "failed_at": at}
        ledger.put(RowChange(OPERATORS.name, (operator,), values))
        return row

    return Operation((), run)


def judge_password(
    operator: str, account: Mapping[str, Scalar] | None, password: str
) -> Seat | None:
    """Say whether it is an account's password; takes as long when there is no account (R2)."""
    kept = _NOBODY if account is None else str(account["password"])
    try:
        _HASHER.verify(kept, password[: PASSWORD_MAX + 1])
    except (VerificationError, InvalidHashError):
        return None
    if account is None or account["disabled_at"] is not None:
        return None
    return Seat(role=Role.OPERATOR, name=operator, display_name=str(account["name"]))


def forget_tries(operator: str) -> Operation[None]:
    """Begin to count anew after a right password."""

    def run(ledger: Ledger) -> None:
        row = ledger.row(OPERATORS.name, (operator,))
        if row is not None:
            values = {**row, "failed_count": 0}
            ledger.put(RowChange(OPERATORS.name, (operator,), values))

    return Operation((), run)


def pause_seconds(failed_count: int) -> int:
    """Tell how long an account pauses after so many failures in a row."""
    if failed_count < FREE_FAILURES:
        return 0
    return min(PAUSE_SECONDS_MAX, 15 << min(10, failed_count - FREE_FAILURES))


def start_session(
    minter: Minter, seat: Seat, *, at: UtcSeconds, instead_of: str = ""
) -> tuple[Secret[str], Operation[None]]:
    """Sign somebody in at a browser; the session it had before ends (R4).

    Parameters
    ----------
    instead_of
        The token the browser presented, if any: what was known before signing in is worth nothing
        afterwards.
    """
    token = _make_token(minter, "rs_")

    def run(ledger: Ledger) -> None:
        if instead_of:
            ledger.put(RowChange(WEB_SESSIONS.name, (_digest(instead_of),), None))
        values: dict[str, Scalar] = {
            "role": seat.role.value,
            "name": seat.name,
            "display_name": seat.display_name,
            "partner": seat.partner,
            "started_at": at,
            "seen_at": at,
        }
        ledger.put(RowChange(WEB_SESSIONS.name, (_digest(token.reveal()),), values))

    return token, Operation((), run)


def touch_session(token: str, *, at: UtcSeconds) -> Operation[None]:
    """Note that a session is in use."""

    def run(ledger: Ledger) -> None:
        row = ledger.row(WEB_SESSIONS.name, (_digest(token),))
        if row is not None:
            ledger.put(RowChange(WEB_SESSIONS.name, (_digest(token),), {**row, "seen_at": at}))

    return Operation((), run)


def end_session(token: str) -> Operation[None]:
    """Sign out."""

    def run(ledger: Ledger) -> None:
        ledger.put(RowChange(WEB_SESSIONS.name, (_digest(token),), None))

    return Operation((), run)


def session_key(token: str) -> tuple[bytes]:
    """Name the row of a session."""
    return (_digest(token),)


def read_seat(row: Mapping[str, Scalar] | None, *, at: UtcSeconds) -> Seat | None:
    """Say who sits there; ``None`` when the session has ended (R4)."""
    if row is None:
        return None
    role = Role(str(row["role"]))
    started_at, seen_at = _number(row["started_at"]), _number(row["seen_at"])
    if at >= seen_at + IDLE_SECONDS.get(role, HOUR) or at >= started_at + ABSOLUTE_SECONDS.get(
        role, DAY
    ):
        return None
    partner = row["partner"]
    return Seat(
        role=role,
        name=str(row["name"]),
        display_name=str(row["display_name"]),
        partner=None if partner is None else PartnerId(str(partner)),
        started_at=UtcSeconds(started_at),
        seen_at=UtcSeconds(seen_at),
    )


def _new_account(operator: str, name: str, password: str) -> dict[str, Scalar]:
    if not _NAME.fullmatch(operator):
        raise BadAccount(
            "operator",
            "Use 2 to 64 small letters, digits or . _ @ + - and begin with a letter or digit.",
        )
    if not name.strip() or len(name) > 100:
        raise BadAccount("name", "Enter the name others see, up to 100 characters.")
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise BadAccount("password", f"Use {PASSWORD_MIN} to {PASSWORD_MAX} characters.")
    if operator in password.lower() or len(set(password)) < 4:
        raise BadAccount("password", "This one is easy to guess. Three or four words are better.")
    return {
        "name": name.strip(),
        "password": _HASHER.hash(password),
        "failed_count": 0,
        "failed_at": 0,
        "disabled_at": None,
    }


def _make_token(minter: Minter, prefix: str) -> Secret[str]:
    spelled = urlsafe_b64encode(minter.secret_bytes(_TOKEN_BYTES)).decode().rstrip("=")
    return Secret(prefix + spelled)


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _bytes(content: Scalar) -> bytes:
    return content if isinstance(content, bytes) else b""


def _number(content: Scalar) -> int:
    if not isinstance(content, int):
        raise TypeError(f"a column of times holds whole seconds, not {type(content).__name__}")
    return content
