"""How recipients are reached: sealed under a key of their own, forgotten by losing the key.

R1. A contact is never in a fact, a log or an error; the journal knows pseudonyms only.
R2. Each recipient has one data key, wrapped by the keyring; contact and codes lie under it.
R3. Erasing removes the key and the rows: what is left, also in backups of rows, is unreadable
    once the backups of keys have gone too.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from ..access import Secret, make_data_key, seal, unseal, unwrap_key, wrap_key
from ..core.ids import RecipientId
from ..core.value import Value
from ..journal.ledger import Ledger, Operation
from ..journal.port import RowChange, Scalar
from ..views.principal import Forbidden, Principal, Role
from ..views.tables import CONTACTS, SUBJECTS
from .means import Means

LANGUAGES: Final = ("en", "de", "pl", "es")
TEXT_MAX: Final = 254
"""Longest name, phone or e-mail; the longest e-mail address there can be (RFC 5321)."""


class Contact(Value):
    """How a recipient is reached. Its text form shows nothing."""

    name: str = ""
    email: str = ""
    phone: str = ""
    """In international form, ``+4930123456``."""
    language: str = ""
    """``en``, ``de``, ``pl`` or ``es``; empty means the site's."""

    def __repr__(self) -> str:
        return "Contact([secret])"

    __str__ = __repr__


class BadContact(ValueError):
    """A contact cannot be used; the message says what to do and repeats nothing of it."""


_DECODER: Final = msgspec.json.Decoder(Contact)


def check_contact(contact: Contact) -> None:
    """Refuse contacts that nobody can be reached by.

    Raises
    ------
    BadContact
        With the field and what would be right.
    """
    for field in ("name", "email", "phone", "language"):
        if len(getattr(contact, field)) > TEXT_MAX:
            raise BadContact(f"{field}: at most {TEXT_MAX} characters")
    if contact.email and ("@" not in contact.email or contact.email.split() != [contact.email]):
        raise BadContact("email: an address such as name@example.org")
    if contact.phone and not (contact.phone[:1] == "+" and contact.phone[1:].isdecimal()):
        raise BadContact("phone: international form, + and digits only, such as +4930123456")
    if contact.language and contact.language not in LANGUAGES:
        raise BadContact(f"language: one of {', '.join(LANGUAGES)}, or leave it out")


def keep_contact(
    means: Means, principal: Principal, *, recipient: RecipientId, contact: Contact
) -> Operation[None]:
    """Keep how a recipient is reached, in place of what was kept before."""
    if principal.role is Role.RECIPIENT and principal.name != recipient:
        raise Forbidden("recipients change their own contact only")
    if principal.role not in (Role.OPERATOR, Role.RECIPIENT):
        raise Forbidden("announce the parcel with its contact; contacts are not changed by key")

    def run(ledger: Ledger) -> None:
        put_contact(ledger, means, recipient, contact)

    return Operation((), run)


def erase_recipient(principal: Principal, *, recipient: RecipientId) -> Operation[None]:
    """Forget a recipient: contact and codes can be read by nobody any more (R3)."""
    if principal.role is Role.RECIPIENT and principal.name != recipient:
        raise Forbidden("recipients erase themselves only")
    if principal.role is not Role.RECIPIENT:
        principal.need_role(Role.OPERATOR)

    def run(ledger: Ledger) -> None:
        ledger.put(RowChange(CONTACTS.name, (recipient,), None))
        ledger.put(RowChange(SUBJECTS.name, (recipient,), None))

    return Operation((), run)


def put_contact(ledger: Ledger, means: Means, recipient: RecipientId, contact: Contact) -> None:
    """Seal a contact into an operation's rows.

    Raises
    ------
    BadContact
        When nobody can be reached by it.
    """
    check_contact(contact)
    content = Secret(msgspec.json.encode(contact))
    key = subject_key(ledger, means, recipient)
    sealed = seal(content, key, f"contacts/{recipient}", means.minter.secret_bytes)
    values: dict[str, Scalar] = {"sealed": sealed, "changed_at": ledger.now}
    ledger.put(RowChange(CONTACTS.name, (recipient,), values))


def read_contact(
    means: Means,
    recipient: RecipientId,
    *,
    subject: Mapping[str, Scalar] | None,
    row: Mapping[str, Scalar] | None,
) -> Contact | None:
    """Open a contact's row with its subject's row; ``None`` when there is none or no more."""
    if subject is None or row is None:
        return None
    key = unwrap_key(_bytes(subject["wrapped_key"]), means.keyring, recipient)
    opened = unseal(_bytes(row["sealed"]), key, f"contacts/{recipient}")
    return _DECODER.decode(opened.reveal())


def subject_key(ledger: Ledger, means: Means, recipient: RecipientId) -> Secret[bytes]:
    """Find a recipient's data key, or make it."""
    row = ledger.row(SUBJECTS.name, (recipient,))
    if row is not None:
        return unwrap_key(_bytes(row["wrapped_key"]), means.keyring, recipient)
    key = make_data_key(means.minter.secret_bytes)
    wrapped = wrap_key(key, means.keyring.wrapping(), recipient, means.minter.secret_bytes)
    ledger.put(RowChange(SUBJECTS.name, (recipient,), {"wrapped_key": wrapped}))
    return key


def _bytes(content: Scalar) -> bytes:
    if not isinstance(content, bytes):
        raise TypeError(f"a sealed column holds bytes, not {type(content).__name__}")
    return content
