"""Tell recipients: gather what a notice says at the moment it goes out, send it, note it.

R1. Everything is looked up when the notice goes out: a code that was reissued meanwhile, a hold
    that was extended, a parcel that was collected. What is no longer true is not sent.
R2. A recipient without a contact, or whose contact was erased, is told nothing; that is no error.
R3. What was sent is a fact of the parcel: which kind, through which channel, never to whom.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import structlog

from ..access import Secret, make_link_token
from ..clock import Clock
from ..core import parcel as custody
from ..core.grant import Grant, Purpose
from ..core.ids import ParcelId, RecipientId, parcel_stream
from ..core.parcel import NoticeSent
from ..core.streams import ParcelFile
from ..core.value import DAY, UtcSeconds
from ..journal.committer import Committer
from ..journal.ledger import Ledger, Operation
from ..journal.port import DueWork, Journal, RowChange, Scalar
from ..notices import Channel, ContactPoint, Notice, NoticeKind, Place, Rejected, choose_channel
from ..views.principal import TIMEKEEPER
from ..views.tables import CODES, CONTACTS, LINKS, PARTNERS, SITES, SUBJECTS
from ..views.work import CODE_NOTICES, REMINDERS, NoticeWork, read_notice
from .contacts import Contact, read_contact
from .credentials import mint_token, open_code
from .means import Means
from .perform import Hopeless

_log = structlog.get_logger(__name__)

LINK_SECONDS: Final = 90 * DAY
"""How long a recipient's link opens the parcel's page (chosen: complaints come within weeks)."""


class Told(NamedTuple):
    """What became of a notice."""

    kind: str
    channel: str


class Notifier:
    """Performs the work ``notice``.

    Parameters
    ----------
    channels
        By name: ``email``, ``sms``.
    link_url
        Writes the address of a parcel's page for a link's token.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        committer: Committer,
        clock: Clock,
        means: Means,
        channels: Mapping[str, Channel],
        link_url: Callable[[str], str],
    ) -> None:
        self._journal = journal
        self._committer = committer
        self._clock = clock
        self._means = means
        self._channels = dict(channels)
        self._link_url = link_url

    def perform(self, work: DueWork) -> None:
        """Send one notice, or find that there is nothing to say any more.

        Raises
        ------
        Hopeless
            When the channel will never take it.
        restante.notices.Unreachable
            When it is to be tried again.
        """
        asked = read_notice(work.body)
        stream = parcel_stream(asked.parcel)
        row = self._journal.states([stream]).get(stream)
        if row is None or not isinstance(row.state, ParcelFile):
            raise Hopeless(f"no parcel {asked.parcel} is known")
        if not _is_true(asked, row.state.custody, self._clock.now()):
            _log.info("notice no longer true", key=work.key)
            return
        contact = self._contact(row.state.custody.about.recipient)
        channel_name = None if contact is None else choose_channel(_point(contact, "en"))
        if contact is None or channel_name is None:
            _log.info("nobody to tell", key=work.key)
            return
        channel = self._channels.get(channel_name)
        if channel is None:
            raise Hopeless(f"no channel {channel_name!r} is set up; see the settings")
        notice = self._compose(work, asked, row.state, contact)
        try:
            channel.send(notice)
        except Rejected as error:
            raise Hopeless(str(error)) from error
        told = Told(asked.kind, channel_name)
        self._committer.run(_note_sent(asked.parcel, told, cause=work.key))

    def _compose(
        self, work: DueWork, asked: NoticeWork, file: ParcelFile, contact: Contact
    ) -> Notice:
        state, about = file.custody, file.custody.about
        inside = state if isinstance(state, custody.Held | custody.Overdue) else None
        site = about.site if inside is None else inside.place.site
        described = self._row(SITES.name, site) or {}
        partner = self._row(PARTNERS.name, about.partner) or {}
        opens = _live_grant(file) if asked.kind in CODE_NOTICES else None
        language = str(described.get("language") or "en")
        return Notice(
            key=work.key,
            kind=NoticeKind(asked.kind),
            sender_name=str(partner.get("name") or about.partner),
            label=about.label,
            contact=_point(contact, language),
            place=Place(
                name=str(described.get("name") or site),
                address=str(described.get("address") or ""),
                zone=str(described.get("zone") or "UTC"),
                opening_hours=str(described.get("opening_hours") or "24/7"),
                directions=str(described.get("place") or ""),
            ),
            at=work.due_at,
            hold_until=None if inside is None else inside.hold_until,
            code=None if opens is None else self._code(asked.parcel, opens, about.recipient),
            token=None if opens is None else _token(self._means, opens, state, self._clock.now()),
            link=self._link(asked.parcel, about.recipient),
            help_phone=str(described.get("help_phone") or ""),
        )

    def _contact(self, recipient: RecipientId) -> Contact | None:
        return read_contact(
            self._means,
            recipient,
            subject=self._row(SUBJECTS.name, recipient),
            row=self._row(CONTACTS.name, recipient),
        )

    def _code(self, parcel: ParcelId, opens: Grant, recipient: RecipientId) -> Secret[str] | None:
        return open_code(
            self._means,
            parcel=parcel,
            grant=opens.grant,
            subject=self._row(SUBJECTS.name, recipient),
            row=self._row(CODES.name, parcel, opens.grant),
        )

    def _link(self, parcel: ParcelId, recipient: RecipientId) -> Secret[str]:
        secret = self._committer.run(make_link(self._means, parcel=parcel, recipient=recipient))
        return Secret(self._link_url(secret.reveal()))

    def _row(self, table: str, *key: Scalar) -> Mapping[str, Scalar] | None:
        return self._journal.rows(table, [key]).get(key)


class Desk:
    """Shows owners their own codes: for the recipient's page and the operator's help desk.

    Reading a code leaves no trace in facts; who may ask is checked here.
    """

    def __init__(self, journal: Journal, means: Means, clock: Clock) -> None:
        self._journal = journal
        self._means = means
        self._clock = clock

    def code(self, parcel: ParcelId, recipient: RecipientId) -> Secret[str] | None:
        """Open the PIN of a recipient's own parcel; ``None`` when no code opens it now."""
        opens = self._opens(parcel, recipient)
        if opens is None:
            return None
        key = (parcel, opens.grant)
        return open_code(
            self._means,
            parcel=parcel,
            grant=opens.grant,
            subject=self._journal.rows(SUBJECTS.name, [(recipient,)]).get((recipient,)),
            row=self._journal.rows(CODES.name, [key]).get(key),
        )

    def token(self, parcel: ParcelId, recipient: RecipientId) -> Secret[str] | None:
        """Sign the text of the QR code of a recipient's own parcel."""
        file = self._file(parcel, recipient)
        opens = None if file is None else _live_grant(file)
        if file is None or opens is None:
            return None
        return _token(self._means, opens, file.custody, self._clock.now())

    def contact(self, recipient: RecipientId) -> Contact | None:
        """Open how a recipient is reached."""
        return read_contact(
            self._means,
            recipient,
            subject=self._journal.rows(SUBJECTS.name, [(recipient,)]).get((recipient,)),
            row=self._journal.rows(CONTACTS.name, [(recipient,)]).get((recipient,)),
        )

    def _opens(self, parcel: ParcelId, recipient: RecipientId) -> Grant | None:
        file = self._file(parcel, recipient)
        return None if file is None else _live_grant(file)

    def _file(self, parcel: ParcelId, recipient: RecipientId) -> ParcelFile | None:
        stream = parcel_stream(parcel)
        row = self._journal.states([stream]).get(stream)
        if row is None or not isinstance(row.state, ParcelFile):
            return None
        if row.state.custody.about.recipient != recipient:
            return None
        return row.state


def make_link(means: Means, *, parcel: ParcelId, recipient: RecipientId) -> Operation[Secret[str]]:
    """Make a recipient's link to a parcel's page; only its digest is kept."""
    secret, digest = make_link_token(means.minter.secret_bytes)

    def run(ledger: Ledger) -> Secret[str]:
        values: dict[str, Scalar] = {
            "parcel": parcel,
            "recipient": recipient,
            "expires_at": ledger.now + LINK_SECONDS,
        }
        ledger.put(RowChange(LINKS.name, (digest,), values))
        return secret

    return Operation((), run)


def _note_sent(parcel: ParcelId, told: Told, *, cause: str) -> Operation[None]:
    def run(ledger: Ledger) -> None:
        fact = NoticeSent(at=ledger.now, kind=told.kind, channel=told.channel)
        ledger.record(parcel_stream(parcel), fact, by=TIMEKEEPER.actor, cause=cause)

    return Operation((parcel_stream(parcel),), run)


def _is_true(asked: NoticeWork, state: custody.Parcel, now: UtcSeconds) -> bool:
    """Whether a notice still says what is so (R1)."""
    match state:
        case custody.Held(hold_until=until) if asked.kind in REMINDERS:
            return asked.hold_until == until and now < until
        case custody.Held():
            return asked.kind in CODE_NOTICES
        case custody.Overdue() | custody.Retrieved():
            return asked.kind == "overdue"
        case custody.Collected():
            return asked.kind == "collected"
        case custody.Returned():
            return asked.kind in ("overdue", "returned")
        case custody.Cancelled():
            return asked.kind == "cancelled"
        case _:
            return False


def _token(
    means: Means, opens: Grant, state: custody.Parcel, now: UtcSeconds
) -> Secret[str] | None:
    """Sign a token that the locker understands also before its list knows the parcel."""
    local = state.local if isinstance(state, custody.Held) else None
    return mint_token(means, opens, now, local=local)


def _live_grant(file: ParcelFile) -> Grant | None:
    live = [known for known in file.grants.live() if known.purpose is Purpose.COLLECT]
    return live[-1] if live else None


def _point(contact: Contact, language: str) -> ContactPoint:
    return ContactPoint(
        name=contact.name,
        language=contact.language or language,
        email=contact.email or None,
        phone=contact.phone or None,
    )
