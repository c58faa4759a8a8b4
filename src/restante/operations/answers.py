"""What lockers answer to orders, as their reports tell it."""

from ..core import remote
from ..core.ids import ActorId, LockerId
from ..core.order import OrderRefused, OrderTaken
from ..core.remote import Outcome
from ..journal.ledger import Ledger
from .recording import decide_remote


def note_answer(
    ledger: Ledger, locker: LockerId, fact: OrderTaken | OrderRefused, *, by: ActorId
) -> None:
    """Note what a locker says it did with an order."""
    is_taken = isinstance(fact, OrderTaken)
    command = remote.AnswerOpening(
        at=fact.at,
        order=fact.order,
        outcome=Outcome.TAKEN if is_taken else Outcome.REFUSED,
        counter=fact.counter,
        reason=fact.reason if isinstance(fact, OrderRefused) else "",
    )
    decide_remote(ledger, locker, command, by=by)
