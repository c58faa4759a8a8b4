"""E-mail through an SMTP server.

Sending is at least once: where the connection breaks after the server took the message, it is
sent again with the same Message-ID, by which mail programs drop the double.
"""

import smtplib
import ssl
import threading
from contextlib import suppress
from email.utils import parseaddr
from typing import Final

from ..access import Secret
from ..core.value import Value
from .channel import Rejected, Unreachable
from .compose import Email, compose_email
from .notice import Notice

TIMEOUT_SECONDS: Final = 20

_CLOSING: Final = 421
"""The server closes the connection, for instance because it rested (RFC 5321, section 3.8)."""


class SmtpServer(Value):
    """Where mail is handed in."""

    host: str
    port: int = 587
    security: str = "starttls"
    """``starttls``, ``tls`` or ``none`` (only sensible on this machine)."""
    user: str = ""
    from_address: str


class SmtpChannel:
    """Hands e-mails to one server, one after the other over one connection.

    Parameters
    ----------
    password
        Used when the server has a user.
    """

    name = "email"

    def __init__(self, server: SmtpServer, password: Secret[str] | None = None) -> None:
        self._server = server
        self._password = password
        self._sender = parseaddr(server.from_address)[1]
        # Reading the system's certificates takes longer than sending.
        self._context = ssl.create_default_context()
        self._open: smtplib.SMTP | None = None
        self._lock = threading.Lock()

    def send(self, notice: Notice) -> str:
        """Send one e-mail; see :class:`.channel.Channel`."""
        email = compose_email(notice, from_address=self._server.from_address)
        with self._lock:
            try:
                self._hand_in(email)
            except smtplib.SMTPRecipientsRefused as error:
                codes = {code for code, _ in error.recipients.values()}
                if all(500 <= code < 600 for code in codes):
                    raise Rejected(f"the mail server refused the recipient ({codes})") from error
                raise Unreachable(f"the mail server put the recipient off ({codes})") from error
            except smtplib.SMTPResponseException as error:
                self._hang_up()
                raise Unreachable(f"the mail server answered {error.smtp_code}") from error
            except (smtplib.SMTPException, OSError) as error:
                self._hang_up()
                kind = type(error).__name__
                raise Unreachable(f"the mail server {self._server.host} failed: {kind}") from error
        return email.message_id

    def close(self) -> None:
        """Say goodbye to the server."""
        with self._lock:
            self._hang_up()

    def _hand_in(self, email: Email) -> None:
        options = () if email.to.isascii() else ("SMTPUTF8", "BODY=8BITMIME")
        if self._open is not None:
            try:
                self._open.sendmail(self._sender, [email.to], email.body, options)
            except (smtplib.SMTPServerDisconnected, ConnectionError):
                pass  # It rested too long.
            except smtplib.SMTPResponseException as error:
                if error.smtp_code != _CLOSING:
                    raise
            else:
                return
            # Once more from the beginning, under the same Message-ID.
            self._hang_up()
        self._open = self._connect()
        self._open.sendmail(self._sender, [email.to], email.body, options)

    def _hang_up(self) -> None:
        connection, self._open = self._open, None
        if connection is not None:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        connection: smtplib.SMTP
        if server.security == "tls":
            connection = smtplib.SMTP_SSL(
                server.host, server.port, timeout=TIMEOUT_SECONDS, context=self._context
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        try:
            if server.security == "starttls":
                connection.starttls(context=self._context)
            if server.user and self._password is not None:
                connection.login(server.user, self._password.reveal())
        except BaseException:
            connection.close()
            raise
        return connection
