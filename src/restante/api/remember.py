"""Requests that may be repeated: one effect, one answer, kept with the effect.

I1  An answer is written in the transaction of what it answers, so that a repeated request after
    any crash finds both or neither.
I2  The same key with another request is refused, never answered.
I3  Refusals and failures are not kept: nothing happened, and a repeated request is decided anew.
I4  Keys belong to a partner; two partners may use the same text.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec

from ..core.value import DAY, Seconds, Value
from ..journal.ledger import Ledger, Operation
from ..journal.port import RowChange, Scalar
from ..views.tables import ANSWERS
from .problem import Fault, ProblemRaised, Trouble

KEY_LENGTH_MAX: Final = 200
KEY_PATTERN: Final = "^[!-~]{1,200}$"
"""Printable ASCII without spaces."""

ANSWER_SECONDS: Final = Seconds(8 * DAY)
"""How long answers are kept at least; couriers may be without a network for a week."""


class Kept(Value):
    """An answer as it is kept."""

    status: int
    document: msgspec.Raw


class Remembered(Exception):
    """The request was answered before; nothing happens again."""

    def __init__(self, kept: Kept) -> None:
        super().__init__("answered before")
        self.kept = kept


class Asking(NamedTuple):
    """Which request it is."""

    owner: str
    key: str
    request_hash: bytes

    def part(self, place: int) -> "Asking":
        """Name one item of a batch."""
        return self._replace(key=f"{self.key}#{place}")


def check_key(key: str | None) -> str:
    """Make sure a request has a key of a usable form.

    Raises
    ------
    ProblemRaised
        ``idempotency_key_missing`` or ``invalid``.
    """
    if key is None or not key:
        raise ProblemRaised(
            Trouble.IDEMPOTENCY_KEY_MISSING, "send the header Idempotency-Key with this request"
        )
    if len(key) > KEY_LENGTH_MAX or not all("!" <= letter <= "~" for letter in key):
        message = f"Expected 1 to {KEY_LENGTH_MAX} printable ASCII characters without spaces"
        fault = Fault(path="header.idempotency-key", message=message)
        raise ProblemRaised(Trouble.INVALID, f"{fault.path}: {message}", errors=(fault,))
    return key


def hash_request(method: str, path: str, query: bytes, body: bytes) -> bytes:
    """Say in 32 bytes what was asked."""
    digest = sha256()
    for part in (method.encode(), path.encode(errors="replace"), query, body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def remember(
    operation: Operation[Any], asking: Asking, answer: Callable[[Any], tuple[int, Any]]
) -> Operation[Any]:
    """Keep what an operation answers in its own transaction (I1).

    Parameters
    ----------
    answer
        Result to status and document.

    Raises
    ------
    Remembered
        By the operation, when the request was answered before.
    ProblemRaised
        By the operation: ``idempotency_key_reused`` (I2).
    """
    row_key = (ANSWERS.name, (asking.owner, asking.key))

    def run(ledger: Ledger) -> Any:
        find_answer(ledger.row(*row_key), asking)
        result = operation.run(ledger)
        status, document = answer(result)
        keep_answer(ledger, asking, status, document)
        return result

    return Operation(operation.streams, run, (*operation.rows, row_key))


def keep_answer(ledger: Ledger, asking: Asking, status: int, document: Any) -> None:
    """Write an answer down."""
    kept = Kept(status=status, document=msgspec.Raw(msgspec.json.encode(document)))
    values: dict[str, Scalar] = {
        "request_hash": asking.request_hash,
        "body": msgspec.json.encode(kept),
        "at": ledger.now,
    }
    ledger.put(RowChange(ANSWERS.name, (asking.owner, asking.key), values))


def find_answer(row: Any, asking: Asking) -> None:
    """Stop a request that was answered before.

    Raises
    ------
    Remembered, ProblemRaised
        See :func:`remember`.
    """
    if row is None:
        return
    if row["request_hash"] != asking.request_hash:
        raise ProblemRaised(
            Trouble.IDEMPOTENCY_KEY_REUSED, "the first request with this key was another one"
        )
    raise Remembered(_DECODER.decode(row["body"]))


_DECODER: Final = msgspec.json.Decoder(Kept)
