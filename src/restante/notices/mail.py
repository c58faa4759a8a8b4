"""Write an e-mail down as the bytes that are sent.

A network's busiest hour writes hundreds of them a second, so the few forms our e-mails have are
written straight away, a twentieth of the time :mod:`email` takes for them. What is out of the
ordinary in a header (other scripts, long lines, named addresses) is still its work, and it is the
oracle of the tests.
"""

import re
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import default as default_policy
from functools import lru_cache
from hashlib import sha256
from typing import Final

LINE_MAX: Final = 78
"""Characters of a header's line (RFC 5322, section 2.1.1)."""


def write_mail(
    headers: Sequence[tuple[str, str]],
    *,
    key: str,
    to: str,
    text: str,
    html: str,
    image: bytes | None,
    image_id: str,
) -> bytes:
    """Write an e-mail that says the same as text and as HTML.

    Parameters
    ----------
    headers
        All but the recipient and what tells of its own form.
    key
        Parts are told apart by what follows from it.
    image
        PNG that the HTML shows as ``cid:<image_id>``.

    Raises
    ------
    ValueError
        When a header holds a line break.
    """
    # "=_" is in no quoted-printable and in no base64 text, so no part can hold a boundary.
    outer, inner = (f"=_{sha256(f'{name}/{key}'.encode()).hexdigest()[:32]}" for name in "ab")
    written = _part(html, "html")
    if image is not None:
        written = b"".join(
            (
                _multipart("related", inner),
                _delimiter(inner),
                written,
                _delimiter(inner),
                _picture(image, image_id),
                _end(inner),
            )
        )
    return b"".join(
        (
            *(write_header(name, content) for name, content in headers),
            _write_address(to),
            b"MIME-Version: 1.0\n",
            _multipart("alternative", outer),
            _delimiter(outer),
            _part(text, "plain"),
            _delimiter(outer),
            written,
            _end(outer),
        )
    )


@lru_cache(maxsize=1024)
def write_header(name: str, content: str) -> bytes:
    """Write a header that holds nothing personal: it is remembered.

    Raises
    ------
    ValueError
        When it holds a line break.
    """
    return _write_header(name, content)


def _write_header(name: str, content: str) -> bytes:
    is_short = len(name) + len(": ") + len(content) <= LINE_MAX
    if is_short and _PLAIN.fullmatch(content) and name in _UNSTRUCTURED:
        return f"{name}: {content}\n".encode("ascii")
    message = EmailMessage()
    message[name] = content
    return default_policy.fold_binary(name, message[name])


def _write_address(to: str) -> bytes:
    if _ADDRESS.fullmatch(to) and len("To: ") + len(to) <= LINE_MAX:
        # Other scripts as they are (RFC 6532): no other form is an address.
        return f"To: {to}\n".encode()
    return _write_header("To", to)


def _part(content: str, subtype: str) -> bytes:
    head = (
        f'Content-Type: text/{subtype}; charset="utf-8"\n'
        "Content-Transfer-Encoding: quoted-printable\n"
        "MIME-Version: 1.0\n\n"
    )
    return head.encode() + b2a_qp((content.rstrip("\n") + "\n").encode(), istext=True)


def _picture(image: bytes, image_id: str) -> bytes:
    head = (
        "Content-Type: image/png\n"
        "Content-Transfer-Encoding: base64\n"
        "Content-Disposition: inline\n"
        f"Content-ID: <{image_id}>\n"
        "MIME-Version: 1.0\n\n"
    )
    return head.encode() + encodebytes(image)


def _multipart(subtype: str, boundary: str) -> bytes:
    return f'Content-Type: multipart/{subtype};\n boundary="{boundary}"\n\n'.encode()


def _delimiter(boundary: str) -> bytes:
    return f"\n--{boundary}\n".encode()


def _end(boundary: str) -> bytes:
    return f"\n--{boundary}--\n".encode()


_UNSTRUCTURED: Final = frozenset({"Subject", "Auto-Submitted", "Date", "Message-ID"})
"""Headers whose short ASCII content is written as it is."""

_PLAIN: Final = re.compile(r"(?!.*=\?)[!-~]([ -~]*[!-~])?")
"""Printable, without what would be read as an encoded word."""

_ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+")
