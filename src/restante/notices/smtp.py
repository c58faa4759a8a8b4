"""E-mail through an SMTP server.

Sending is at least once: where the connection breaks after the server took the message, it is
sent again with the same Message-ID, by which mail programs drop the double.
"""

import smtplib
import ssl
from typing import Final

from ..access import Secret
from ..core.value import Value
from .channel import Rejected, Unreachable
from .compose import compose_email
from .notice import Notice

TIMEOUT_SECONDS: Final = 20


class SmtpServer(Value):
    """Where mail is handed in."""

    host: str
    port: int = 587
    security: str = "starttls"
    """``starttls``, ``tls`` or ``none`` (only sensible on this machine)."""
    user: str = ""
    from_address: str


class SmtpChannel:
    """Hands e-mails to one server, a connection each.

    Parameters
    ----------
    password
        Used when the server has a user.
    """

    name = "email"

    def __init__(self, server: SmtpServer, password: Secret[str] | None = None) -> None:
        self._server = server
        self._password = password

    def send(self, notice: Notice) -> str:
        """Send one e-mail; see :class:`.channel.Channel`."""
        message = compose_email(notice, from_address=self._server.from_address)
        try:
            with self._connect() as connection:
                connection.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            if all(500 <= code < 600 for code in codes):
                raise Rejected(f"the mail server refused the recipient ({codes})") from error
            raise Unreachable(f"the mail server put the recipient off ({codes})") from error
        except smtplib.SMTPResponseException as error:
            raise Unreachable(f"the mail server answered {error.smtp_code}") from error
        except (smtplib.SMTPException, OSError) as error:
            kind = type(error).__name__
            raise Unreachable(f"the mail server {self._server.host} failed: {kind}") from error
        return str(message["Message-ID"])

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        context = ssl.create_default_context()
        connection: smtplib.SMTP
        if server.security == "tls":
            connection = smtplib.SMTP_SSL(
                server.host, server.port, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        if server.security == "starttls":
            connection.starttls(context=context)
        if server.user and self._password is not None:
            connection.login(server.user, self._password.reveal())
        return connection
