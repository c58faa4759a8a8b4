"""What is written down of notices, and by whom: only one process of a centre writes facts well.

Whoever sends notices says what is to be written as values, many at once, and is told what became of
each. In the centre's own process they become operations at once (:class:`CommitterBook`); a process
that only sends notices hands them over (:mod:`restante.wiring.notice_worker`).
"""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final, Protocol, TypeAlias

from ..core.ids import ParcelId, RecipientId, parcel_stream
from ..core.parcel import NoticeSent
from ..core.value import DAY, Value
from ..journal.committer import Committer
from ..journal.ledger import Ledger, Operation
from ..journal.port import RowChange, Scalar
from ..views.principal import TIMEKEEPER
from ..views.tables import LINKS
from ..views.work import NOTICE
from .matters import open_matter

LINK_SECONDS: Final = 90 * DAY
"""How long a recipient's link opens the parcel's page (chosen: complaints come within weeks)."""


class LinkMade(Value, tag="link"):
    """A recipient's link to a parcel's page; only its digest is kept."""

    parcel: ParcelId
    recipient: RecipientId
    digest: bytes


class Sent(Value, tag="sent"):
    """A notice that went out: which kind and through which channel, never to whom."""

    parcel: ParcelId
    kind: str
    channel: str
    key: str
    """Of the work it was."""


class GivenUp(Value, tag="given_up"):
    """Work that only a person can mend."""

    key: str
    kind: str
    why: str


Entry: TypeAlias = LinkMade | Sent | GivenUp


class Book(Protocol):
    """Takes down what is to be written of notices."""

    def write(self, entries: Sequence[Entry]) -> Sequence[Exception | None]:
        """Write entries, each for itself; for each ``None`` when it is durable, or why not."""
        ...


class CommitterBook:
    """Writes through the committer of this process."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    def write(self, entries: Sequence[Entry]) -> list[Exception | None]:
        """Write entries and wait for them; see :class:`Book`."""
        return [outcome_of(answer) for answer in submit(self._committer, entries)]


def submit(committer: Committer, entries: Sequence[Entry]) -> list["Future[None]"]:
    """Hand entries to a committer; what becomes of each is told by its future."""
    answers: list[Future[None]] = []
    for entry in entries:
        try:
            answers.append(committer.submit(operation_of(entry)))
        except Exception as error:  # noqa: BLE001 - told where its outcome is asked for
            refused: Future[None] = Future()
            refused.set_exception(error)
            answers.append(refused)
    return answers


def outcome_of(answer: "Future[None]") -> Exception | None:
    """Wait for an entry's answer; ``None`` when it is durable, or why not."""
    try:
        answer.result()
    except Exception as error:  # noqa: BLE001 - told to the caller
        return error
    return None


def operation_of(entry: Entry) -> Operation[None]:
    """Say how an entry is written."""
    match entry:
        case LinkMade():
            return Operation((), lambda ledger: put_link(ledger, entry))
        case Sent():
            return _note_sent(entry)
        case GivenUp():
            return Operation((), lambda ledger: _tell_person(ledger, entry))


def put_link(ledger: Ledger, link: LinkMade) -> None:
    """Keep a link's digest."""
    values: dict[str, Scalar] = {
        "parcel": link.parcel,
        "recipient": link.recipient,
        "expires_at": ledger.now + LINK_SECONDS,
    }
    ledger.put(RowChange(LINKS.name, (link.digest,), values))


def _note_sent(sent: Sent) -> Operation[None]:
    stream = parcel_stream(sent.parcel)

    def run(ledger: Ledger) -> None:
        fact = NoticeSent(at=ledger.now, kind=sent.kind, channel=sent.channel)
        ledger.record(stream, fact, by=TIMEKEEPER.actor, cause=sent.key)

    return Operation((stream,), run)


def _tell_person(ledger: Ledger, work: GivenUp) -> None:
    # Keys name kind and owner first: notice/<parcel>/...
    owner = work.key.split("/")[1] if "/" in work.key else work.key
    open_matter(
        ledger,
        owner=owner,
        key=f"work/{work.key}",
        kind="work_given_up",
        detail=f"{work.kind}: {work.why}",
        parcel=owner if work.kind == NOTICE else None,
    )
