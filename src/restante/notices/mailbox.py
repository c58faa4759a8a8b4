"""The embedded default: every message lands in a mailbox on this machine.

A Maildir, so that any mail program opens it. Text messages are kept there too, as mails to a
phone number. One file per notice, named by its key: sending again writes the same file.
"""

import threading
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default as default_policy
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from .channel import Rejected, Unreachable
from .compose import compose_email, compose_sms, message_id
from .notice import Notice

KEPT_MAX: Final = 2_000
"""Messages kept; older ones are dropped, the mailbox is for looking, not for archiving."""


class Letter(NamedTuple):
    """A message as the inbox page lists it."""

    key: str
    to: str
    subject: str
    at: datetime
    channel: str


class Mailbox:
    """Both channels at once, on disk.

    Parameters
    ----------
    path
        Folder of the Maildir; made where it does not exist.
    channel
        ``email`` or ``sms``: which of the two this one stands for. Both may share a folder.
    """

    def __init__(
        self, path: Path, *, channel: str = "email", from_address: str = "parcels@restante.invalid"
    ) -> None:
        self.name = channel
        self._path = path
        self._from_address = from_address
        for folder in ("tmp", "new", "cur"):
            (path / folder).mkdir(parents=True, exist_ok=True)
        self._names: dict[str, str] = {}
        self._read_at_ns = 0
        self._lock = threading.Lock()
        self._read_names()

    def send(self, notice: Notice) -> str:
        """Put the message into the box; see :class:`.channel.Channel`."""
        if self.name == "email":
            email = compose_email(notice, from_address=self._from_address)
            sent_id, body = email.message_id, email.body
        else:
            message = self._text_message(notice)
            sent_id, body = str(message["Message-ID"]), message.as_bytes()
        with self._lock:
            self._put(notice, body)
        return sent_id

    def _put(self, notice: Notice, body: bytes) -> None:
        mark = f"{sha256(notice.key.encode()).hexdigest()[:24]}.restante:2,"
        try:
            self._read_names()
            # A second try is due later than the first, and is the same letter all the same.
            name = self._names.get(mark, f"{notice.at:012d}.{mark}")
            staged = self._path / "tmp" / name
            staged.write_bytes(f"X-Restante-Channel: {self.name}\n".encode() + body)
            staged.replace(self._path / "cur" / name)
            self._names[mark] = name
            self._read_at_ns = (self._path / "cur").stat().st_mtime_ns
        except OSError as error:
            raise Unreachable(f"the mailbox {self._path} cannot be written: {error}") from error
        if len(self._names) > KEPT_MAX * 1.1:
            self._drop_oldest()

    def _read_names(self) -> None:
        """Learn which letters lie in the box, when anybody else has changed it."""
        folder = self._path / "cur"
        changed_at_ns = folder.stat().st_mtime_ns
        if changed_at_ns != self._read_at_ns:
            names = (path.name for path in folder.iterdir())
            self._names = {name.partition(".")[2]: name for name in names}
            self._read_at_ns = changed_at_ns

    def letters(self, *, limit: int = 100, to: str | None = None) -> list[Letter]:
        """List messages, newest first."""
        found: list[Letter] = []
        for path in sorted((self._path / "cur").iterdir(), reverse=True):
            message = self._parse_headers(path)
            if to is None or message["To"] == to:
                found.append(self._letter(path, message))
            if len(found) == limit:
                break
        return found

    def read_letter(self, key: str) -> EmailMessage | None:
        """Read one message by the key :meth:`letters` gives; ``None`` when it is gone."""
        path = self._path / "cur" / key
        if path.parent != self._path / "cur" or not path.is_file():
            return None
        return self._parse(path)

    def _text_message(self, notice: Notice) -> EmailMessage:
        if notice.contact.phone is None:
            raise Rejected("the contact has no phone number")
        message = EmailMessage()
        text = compose_sms(notice)
        message["Subject"] = text if len(text) < 60 else text[:59] + "…"
        message["From"] = notice.sender_name
        message["To"] = notice.contact.phone
        message["Date"] = format_datetime(datetime.fromtimestamp(notice.at, UTC))
        message["Message-ID"] = message_id(notice.key, self._from_address)
        message.set_content(text)
        return message

    def _drop_oldest(self) -> None:
        by_age = sorted(self._names, key=lambda mark: self._names[mark])
        for mark in by_age[: max(0, len(by_age) - KEPT_MAX)]:
            (self._path / "cur" / self._names.pop(mark)).unlink(missing_ok=True)
        self._read_at_ns = (self._path / "cur").stat().st_mtime_ns

    @staticmethod
    def _parse(path: Path) -> EmailMessage:
        from email import message_from_bytes  # noqa: PLC0415 - only the inbox page reads mails

        message = message_from_bytes(path.read_bytes(), policy=default_policy)
        assert isinstance(message, EmailMessage)
        return message

    @staticmethod
    def _parse_headers(path: Path) -> EmailMessage:
        """Read the headers only: bodies carry pictures, and the list needs neither."""
        from email.parser import BytesHeaderParser  # noqa: PLC0415 - only the inbox page reads mails

        lines = []
        with path.open("rb") as file:
            for line in file:
                if not line.strip():
                    break
                lines.append(line)
        message = BytesHeaderParser(policy=default_policy).parsebytes(b"".join(lines))
        assert isinstance(message, EmailMessage)
        return message

    @staticmethod
    def _letter(path: Path, message: EmailMessage) -> Letter:
        seconds = int(path.name.partition(".")[0])
        return Letter(
            key=path.name,
            to=str(message["To"]),
            subject=str(message["Subject"]),
            at=datetime.fromtimestamp(seconds, UTC),
            channel=str(message["X-Restante-Channel"]),
        )
