"""Tell recipients: gather what a notice says at the moment it goes out, send it, note it.

R1. Everything is looked up when the notice goes out: a code that was reissued meanwhile, a hold
    that was extended, a parcel that was collected. What is no longer true is not sent.
R2. A recipient without a contact, or whose contact was erased, is told nothing; that is no error.
R3. What was sent is a fact of the parcel: which kind, through which channel, never to whom.
R4. Nothing goes out when its claim may be over: another worker may be sending it by then.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import structlog

from ..access import Secret, make_link_token
from ..clock import Clock
from ..core import parcel as custody
from ..core.grant import Grant, Purpose
from ..core.ids import ParcelId, RecipientId, SiteId, parcel_stream
from ..core.particulars import Particulars
from ..core.streams import ParcelFile
from ..core.value import UtcSeconds
from ..journal.ledger import Ledger, Operation
from ..journal.port import CLAIM_SECONDS, DueWork, Journal, Scalar
from ..notices import Channel, ContactPoint, Notice, NoticeKind, Place, Rejected, choose_channel
from ..views.tables import CODES, CONTACTS, PARTNERS, SITES, SUBJECTS
from ..views.work import CODE_NOTICES, REMINDERS, NoticeWork, read_notice
from .contacts import Contact, read_contact
from .credentials import mint_token, open_code
from .means import Means
from .notice_book import Book, LinkMade, Sent, put_link
from .perform import Hopeless, Left

_log = structlog.get_logger(__name__)

SENDING_SECONDS_MAX: Final = CLAIM_SECONDS // 2
"""After so long nothing more of what was claimed goes out (R4): the last one may take as long as
any timeout."""


class Notifier:
    """Performs the work ``notice``.

    Parameters
    ----------
    book
        Where links, and what was sent, are written down.
    channels
        By name: ``email``, ``sms``.
    link_url
        Writes the address of a parcel's page for a link's token.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        book: Book,
        clock: Clock,
        means: Means,
        channels: Mapping[str, Channel],
        link_url: Callable[[str], str],
    ) -> None:
        self._journal = journal
        self._book = book
        self._clock = clock
        self._means = means
        self._channels = dict(channels)
        self._link_url = link_url

    def perform(self, some: Sequence[DueWork]) -> list[Exception | None]:
        """Send some notices, or find that there is nothing to say any more.

        Returns
        -------
        list
            For each ``None``, :class:`Hopeless` when the channel will never take it, or what else
            was in the way: then it is to be tried again.
        """
        begun_at = self._clock.now()
        outcomes: list[Exception | None] = [None] * len(some)
        letters: list[_Letter] = []
        asked = [_try_read(work) for work in some]
        known = self._look_up([one for one in asked if isinstance(one, NoticeWork)])
        for place, (work, one) in enumerate(zip(some, asked, strict=True)):
            try:
                letter = self._prepare(work, one, known)
            except Exception as error:  # noqa: BLE001 - told to the caller
                outcomes[place] = error
            else:
                if letter is not None:
                    letters.append(letter._replace(place=place))
        # All links in one transaction, then all letters, then all notes of them in another.
        linked = self._write([(one, one.link) for one in letters], outcomes)
        sent: list[tuple[_Letter, Sent]] = []
        for letter in linked:
            if self._clock.now() - begun_at >= SENDING_SECONDS_MAX:
                outcomes[letter.place] = Left(letter.work.key)
                continue
            try:
                sent.append((letter, self._send(letter, known)))
            except Rejected as error:
                outcomes[letter.place] = Hopeless(str(error))
            except Exception as error:  # noqa: BLE001 - told to the caller
                outcomes[letter.place] = error
        self._write(sent, outcomes)
        return outcomes

    def _write(
        self,
        entries: "Sequence[tuple[_Letter, LinkMade | Sent]]",
        outcomes: list[Exception | None],
    ) -> "list[_Letter]":
        """Write entries down; gives the letters of those that are durable."""
        written: list[_Letter] = []
        if not entries:
            return written
        answers = self._book.write([entry for _, entry in entries])
        for (letter, _), error in zip(entries, answers, strict=True):
            if error is None:
                written.append(letter)
            else:
                outcomes[letter.place] = error
        return written

    def _send(self, letter: "_Letter", known: "_Known") -> Sent:
        """Send one letter."""
        link = Secret(self._link_url(letter.secret.reveal()))
        self._channels[letter.channel].send(self._compose(letter, known, link))
        asked = letter.asked
        return Sent(
            parcel=asked.parcel, kind=asked.kind, channel=letter.channel, key=letter.work.key
        )

    def _look_up(self, asked: Sequence[NoticeWork]) -> "_Known":
        """Read what notices need, a query for each table (R1)."""
        streams = [parcel_stream(one.parcel) for one in asked]
        rows = self._journal.states(streams)
        files = {
            one.parcel: state
            for one in asked
            if (row := rows.get(parcel_stream(one.parcel))) is not None
            and isinstance(state := row.state, ParcelFile)
        }
        subjects = {(file.custody.about.recipient,) for file in files.values()}
        partners = {(file.custody.about.partner,) for file in files.values()}
        sites = {(_where(file.custody),) for file in files.values()}
        codes = {
            (parcel, opens.grant)
            for parcel, file in files.items()
            if (opens := _live_grant(file)) is not None
        }
        wanted: dict[str, set[Any]] = {
            SUBJECTS.name: subjects,
            CONTACTS.name: subjects,
            PARTNERS.name: partners,
            SITES.name: sites,
            CODES.name: codes,
        }
        found = {
            table: self._journal.rows(table, sorted(keys)) if keys else {}
            for table, keys in wanted.items()
        }
        return _Known(files, found)

    def _prepare(
        self, work: DueWork, asked: NoticeWork | Exception, known: "_Known"
    ) -> "_Letter | None":
        if isinstance(asked, Exception):
            raise asked
        file = known.files.get(asked.parcel)
        if file is None:
            raise Hopeless(f"no parcel {asked.parcel} is known")
        if not _is_true(asked, file.custody, self._clock.now()):
            _log.info("notice no longer true", key=work.key)
            return None
        recipient = file.custody.about.recipient
        contact = read_contact(
            self._means,
            recipient,
            subject=known.row(SUBJECTS.name, recipient),
            row=known.row(CONTACTS.name, recipient),
        )
        channel = None if contact is None else choose_channel(_point(contact, "en"))
        if contact is None or channel is None:
            _log.info("nobody to tell", key=work.key)
            return None
        if channel not in self._channels:
            raise Hopeless(f"no channel {channel!r} is set up; see the settings")
        secret, digest = make_link_token(self._means.minter.secret_bytes)
        link = LinkMade(parcel=asked.parcel, recipient=recipient, digest=digest)
        return _Letter(0, work, asked, file, contact, channel, link, secret)

    def _compose(self, letter: "_Letter", known: "_Known", link: Secret[str]) -> Notice:
        file, asked = letter.file, letter.asked
        state, about = file.custody, file.custody.about
        inside = state if isinstance(state, custody.Held | custody.Overdue) else None
        site = _where(state)
        described = known.row(SITES.name, site) or {}
        partner = known.row(PARTNERS.name, about.partner) or {}
        opens = _live_grant(file) if asked.kind in CODE_NOTICES else None
        language = str(described.get("language") or "en")
        return Notice(
            key=letter.work.key,
            kind=NoticeKind(asked.kind),
            sender_name=str(partner.get("name") or about.partner),
            label=about.label,
            contact=_point(letter.contact, language),
            place=Place(
                name=str(described.get("name") or site),
                address=str(described.get("address") or ""),
                zone=str(described.get("zone") or "UTC"),
                opening_hours=str(described.get("opening_hours") or "24/7"),
                directions=str(described.get("place") or ""),
            ),
            at=letter.work.due_at,
            hold_until=None if inside is None else inside.hold_until,
            code=None if opens is None else self._code(asked.parcel, opens, about, known),
            token=None if opens is None else _token(self._means, opens, state, self._clock.now()),
            link=link,
            help_phone=str(described.get("help_phone") or ""),
        )

    def _code(
        self, parcel: ParcelId, opens: Grant, about: Particulars, known: "_Known"
    ) -> Secret[str] | None:
        return open_code(
            self._means,
            parcel=parcel,
            grant=opens.grant,
            subject=known.row(SUBJECTS.name, about.recipient),
            row=known.row(CODES.name, parcel, opens.grant),
        )


class _Known(NamedTuple):
    """What some notices need, as it stood a moment ago."""

    files: Mapping[ParcelId, ParcelFile]
    found: Mapping[str, Mapping[tuple[Scalar, ...], Mapping[str, Scalar]]]

    def row(self, table: str, *key: Scalar) -> Mapping[str, Scalar] | None:
        """Find a row."""
        return self.found[table].get(key)


class _Letter(NamedTuple):
    """A notice that is to be sent."""

    place: int
    work: DueWork
    asked: NoticeWork
    file: ParcelFile
    contact: Contact
    channel: str
    link: LinkMade
    secret: Secret[str]
    """The link's."""


def _try_read(work: DueWork) -> NoticeWork | Exception:
    try:
        return read_notice(work.body)
    except Exception as error:  # noqa: BLE001 - told to the caller
        return error


def _where(state: custody.Parcel) -> SiteId:
    """Tell where a parcel lies, or is awaited."""
    if isinstance(state, custody.Held | custody.Overdue):
        return state.place.site
    return SiteId(state.about.site)


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
    link = LinkMade(parcel=parcel, recipient=recipient, digest=digest)

    def run(ledger: Ledger) -> Secret[str]:
        put_link(ledger, link)
        return secret

    return Operation((), run)


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
