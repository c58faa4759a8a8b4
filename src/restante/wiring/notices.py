"""How notices leave a centre, for whichever process sends them."""

from collections.abc import Mapping

from ..access import Secret
from ..clock import Clock
from ..journal.sql import SqlJournal
from ..notices import Channel, Mailbox, SmsGateway, SmtpChannel, SmtpServer
from ..operations.means import Means
from ..operations.notice_book import Book
from ..operations.notify import Notifier
from ..operations.perform import OutboxWorker
from ..settings import Settings, read_secret
from ..views.work import NOTICE


def make_worker(
    settings: Settings,
    journal: SqlJournal,
    book: Book,
    *,
    clock: Clock,
    means: Means,
    channels: Mapping[str, Channel],
) -> OutboxWorker:
    """Make what performs the outbox's work."""
    notifier = Notifier(
        journal=journal,
        book=book,
        clock=clock,
        means=means,
        channels=channels,
        link_url=lambda token: f"{settings.public_url.rstrip('/')}/p/{token}",
    )
    return OutboxWorker(journal, {NOTICE: notifier.perform}, book=book, clock=clock)


def make_mailbox(settings: Settings) -> Mailbox:
    """Open the box for e-mails that no server takes."""
    return Mailbox(settings.mailbox_path, from_address=settings.mail_from)


def make_channels(settings: Settings, mailbox: Mailbox) -> dict[str, Channel]:
    """Build the channels of the settings; what is not set up goes into the mailbox."""
    channels: dict[str, Channel] = {
        "email": mailbox,
        "sms": Mailbox(settings.mailbox_path, channel="sms", from_address=settings.mail_from),
    }
    if settings.smtp_host:
        server = SmtpServer(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            user=settings.smtp_user,
            from_address=settings.mail_from,
        )
        channels["email"] = SmtpChannel(server, Secret(read_secret(settings.smtp_password_file)))
    if settings.sms_gateway_url:
        token = read_secret(settings.sms_token_file)
        channels["sms"] = SmsGateway(settings.sms_gateway_url, Secret(token) if token else None)
    return channels
