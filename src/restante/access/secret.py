"""Values that must not be seen, and the scrubber that catches what slips through.

R1. A :class:`Secret` shows its mask in every place where Python turns a value into text, and
    refuses every place where Python turns a value into bytes (JSON, pickle, msgspec).
R2. :func:`redact` is the second line: it masks secrets, and texts that look like codes, in
    whatever is about to be logged.

This module must not know what the secrets are for.
"""

import hmac
import re
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final, Generic, Never, TypeAlias, TypeVar

Content = TypeVar("Content", str, bytes)

Entropy: TypeAlias = Callable[[int], bytes]
"""Gives ``n`` bytes of chance: ``Minter.secret_bytes`` in life, seeded in the simulator."""

MASK: Final = "[secret]"
"""What is shown instead. Constant: not even the length is told."""


class Secret(Generic[Content]):
    """A code, key or password that shows itself only to :meth:`reveal`.

    Parameters
    ----------
    content
        The text or bytes to keep. A secret in a secret is a mistake and raises ``TypeError``.
    """

    __slots__ = ("_content",)

    def __init__(self, content: Content) -> None:
        if not isinstance(content, str | bytes):
            raise TypeError("a Secret holds str or bytes; call reveal() before wrapping it again")
        self._content: Content = content

    def reveal(self) -> Content:
        """Hand out the content. Every call is a place to look at in a review."""
        return self._content

    def __eq__(self, other: object) -> bool:
        """Compare in constant time, and only with another secret."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_to_bytes(self._content), _to_bytes(other._content))

    # A hash would let a secret become a dictionary key, and keys get printed and counted.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __copy__(self) -> "Secret[Content]":
        return self

    def __deepcopy__(self, memo: object) -> "Secret[Content]":
        return self

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError("a Secret is never pickled; reveal() it and seal it instead")

    def __iter__(self) -> Never:
        # Without this, list(), json and msgspec hooks could walk through the content.
        raise TypeError("a Secret has no parts; reveal() it")


def _to_bytes(content: str | bytes) -> bytes:
    # The leading byte keeps the text "a" and the bytes b"a" apart.
    return (
        b"s" + content.encode(errors="surrogatepass")
        if isinstance(content, str)
        else b"b" + content
    )


_LOOKS_SECRET: Final = re.compile(
    r"""
      \bRS1\.[0-9A-V]{8,}                                # signed token
    | \brk_[0-9a-z]{4,}_[0-9a-z]{8,}                     # API key
    | \brl_[A-Za-z0-9_-]{16,}                            # recipient's link
    | \$argon2id-rs1\$\S+                                # stored PIN verifier
    | (?<![\w.])\d{2}[ \u00a0\u2010-\u2013-]?\d{6}(?:\d{2})?(?![\w.]\w|\w)   # PIN 12-345678
    """,
    re.VERBOSE | re.IGNORECASE,
)

_SECRET_NAMES: Final = frozenset(
    "pin code secret token password passphrase credential pepper private_key api_key apikey "
    "authorization cookie set-cookie link_token".split()
)
"""Fields whose content is masked whatever it looks like."""

_DEPTH_MAX: Final = 8
"""Deeper structures are masked as a whole: a log line never needs them. Chosen."""


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Mask secrets in a log event; a structlog processor.

    Put it last before the renderer, after ``format_exc_info``, so that tracebacks pass through
    it too.

    Notes
    -----
    Eight or ten digits standing alone in a text are masked, also when they are a date or a
    label: a lost number in a log costs less than a code in it. Integers are left alone, because
    codes are never integers here.
    """
    return {name: _scrub(name, content, 0) for name, content in event.items()}


def redact_text(text: str) -> str:
    """Mask everything in a text that looks like a code, key or token."""
    return _LOOKS_SECRET.sub(MASK, text)


def _scrub(name: object, content: Any, depth: int) -> Any:
    if content is None or isinstance(content, bool | int | float):
        return content
    if isinstance(name, str) and name.lower() in _SECRET_NAMES:
        return MASK
    if isinstance(content, str):
        return redact_text(content)
    if depth >= _DEPTH_MAX:
        return MASK
    if isinstance(content, Mapping):
        return {key: _scrub(key, value, depth + 1) for key, value in content.items()}
    if type(content) in (list, tuple, set, frozenset):
        return type(content)(_scrub(None, value, depth + 1) for value in content)
    return _scrub_object(content)


def _scrub_object(content: Any) -> Any:
    # A Secret answers with its mask; anything else stays itself unless its text would leak.
    if isinstance(content, Secret):
        return MASK
    shown = repr(content)
    scrubbed = redact_text(shown)
    return content if scrubbed == shown else scrubbed
