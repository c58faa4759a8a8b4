"""A mail as a page of its own, for a frame that may load nothing.

Images that the mail carries are written into it; links lead out of the frame. It must not know
who reads.
"""

import re
from base64 import b64encode
from email.message import EmailMessage
from typing import Final

from markupsafe import escape

_IMAGE_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_CID: Final = re.compile(r"cid:([^\"'\s>)]+)")
_HEAD: Final = re.compile(r"<head[^>]*>", re.IGNORECASE)
_BASE: Final = '<base target="_top">'
"""Links of a mail open in the window, not in the frame."""


def letter_html(message: EmailMessage) -> str:
    """Write a mail's HTML part with its images inside; its text where it has none."""
    part = message.get_body(("html",))
    if part is None:
        return _page(f"<pre>{escape(letter_text(message))}</pre>")
    html: str = part.get_content()
    images = _images(message)
    filled = _CID.sub(lambda found: images.get(found[1], "data:,"), html)
    head = _HEAD.search(filled)
    if head is None:
        return _page(filled)
    return filled[: head.end()] + _BASE + filled[head.end() :]


def letter_text(message: EmailMessage) -> str:
    """Read a message's plain text; empty when it has none."""
    part = message.get_body(("plain",))
    if part is None:
        return ""
    text: str = part.get_content()
    return text.strip()


def _images(message: EmailMessage) -> dict[str, str]:
    found = {}
    for part in message.walk():
        name = str(part["Content-ID"] or "").strip("<>")
        if not name or part.get_content_type() not in _IMAGE_TYPES:
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            coded = b64encode(content).decode()
            found[name] = f"data:{part.get_content_type()};base64,{coded}"
    return found


def _page(body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{_BASE}'
        f"<title>Message</title></head><body>{body}</body></html>"
    )
