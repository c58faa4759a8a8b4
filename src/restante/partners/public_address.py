"""Which addresses a request to a partner may go to: public ones, and those an operator named.

Whoever gives us a URL must not reach through us what stands behind our walls (server-side request
forgery). So:

S1. A URL is https, has a plain host name or a public address, an allowed port, and nothing that
    two readers could read differently: no user, no fragment, no backslash, no odd numbers.
S2. A host is what its addresses are: one address that is not public makes it unusable.
S3. Only hosts an operator has named may be private, and may be spoken to without TLS.

Pure: it resolves nothing and opens nothing; see :mod:`.guarded_http`.

References
----------
IANA special-purpose address registries (2025); OWASP, SSRF prevention.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

URL_CHARS_MAX: Final = 1_000
HOST_CHARS_MAX: Final = 253
PORTS: Final = frozenset({443, 8443})
"""Where receivers listen, unless an operator allows more."""

_NOT_PUBLIC_4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # A cloud's own services, at an address that looks public.
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_6: Final = IPv6Network("2000::/3")
_NOT_PUBLIC_6: Final = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # Teredo, ORCHID, benchmarking and other protocols' own.
        "2001:db8::/32",
        "2002::/16",  # 6to4: leads to an IPv4 address of the sender's choice.
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""NAT64: how networks without IPv4 reach it."""

_NAME: Final = re.compile(
    r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.IGNORECASE
)
_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


class BadAddress(ValueError):
    """A URL or an address that nothing is sent to; the message says why and what to write."""


class Target(NamedTuple):
    """A URL that was checked."""

    scheme: str
    host: str
    """In small letters; an IPv6 address without brackets."""
    port: int
    path: str
    """With the query."""

    @property
    def origin(self) -> tuple[str, str, int]:
        """Whom a connection is with."""
        return self.scheme, self.host, self.port


class Allowance(NamedTuple):
    """What an operator allows beyond the rules."""

    ports: frozenset[int] = PORTS
    private_hosts: frozenset[str] = frozenset()
    """Names or addresses, with or without a port (S3)."""

    def is_named(self, host: str, port: int) -> bool:
        """Whether an operator has named this receiver."""
        return host in self.private_hosts or f"{host}:{port}" in self.private_hosts


def is_public(address: str) -> bool:
    """Whether an address is one of the open Internet."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return _is_public_4(found)
    return _is_public_6(found)


def check_url(url: str, allowance: Allowance) -> Target:
    """Take a URL apart, if something may be sent to it (S1, S3).

    Raises
    ------
    BadAddress
        When nothing may; what its name resolves to is a matter of the moment of sending.
    """
    if not 0 < len(url) <= URL_CHARS_MAX or not all("!" <= letter <= "~" for letter in url):
        raise BadAddress(
            f"write up to {URL_CHARS_MAX} printable ASCII characters without spaces; "
            "international names in their xn-- form"
        )
    if "\\" in url or "#" in url:
        raise BadAddress("leave out backslashes and everything from # on")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadAddress("this is not a URL; write https://host/path") from None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if "@" in parts.netloc:
        raise BadAddress("leave out user and password; messages are signed instead")
    if scheme not in _DEFAULT_PORTS or not host:
        raise BadAddress("write https://host/path")
    port = _DEFAULT_PORTS[scheme] if port is None else port
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = Target(scheme, host, port, path)
    if allowance.is_named(host, port):
        return target
    if scheme != "https":
        raise BadAddress("use https; messages are not sent in the open")
    if port not in allowance.ports:
        allowed = ", ".join(map(str, sorted(allowance.ports)))
        raise BadAddress(f"use port {allowed}; the operator can allow others")
    _check_host(host)
    return target


def check_addresses(target: Target, addresses: Iterable[str], allowance: Allowance) -> list[str]:
    """Give the addresses a host has just resolved to, if all of them may be spoken to (S2).

    Raises
    ------
    BadAddress
        When there is none, or one may not.
    """
    found = list(dict.fromkeys(addresses))
    if not found:
        raise BadAddress("its name has no address")
    # Which one is not told: a partner shall learn nothing about this network.
    if not allowance.is_named(target.host, target.port) and not all(map(is_public, found)):
        raise BadAddress("its name leads to an address that is not public")
    return found


def _check_host(host: str) -> None:
    if ":" in host:
        if not is_public(host):
            raise BadAddress("this address is not public")
        return
    if not _NAME.fullmatch(host) or len(host) > HOST_CHARS_MAX:
        raise BadAddress("write a host of letters, digits, hyphens and dots, no dot at its end")
    last = host.rsplit(".", 1)[-1]
    if _NUMBER.fullmatch(last):
        # What ends in a number is an address to every resolver, however it is written.
        if not is_public(host):
            raise BadAddress("this address is not public, or not written as four plain numbers")
        return
    if "." not in host:
        raise BadAddress("write the full name of the host, with its domain")


def _is_public_4(address: IPv4Address) -> bool:
    return not any(address in network for network in _NOT_PUBLIC_4)


def _is_public_6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return _is_public_4(address.ipv4_mapped)
    if address in _TRANSLATED:
        return _is_public_4(IPv4Address(int(address) & 0xFFFF_FFFF))
    if address not in _PUBLIC_6:
        return False
    return not any(address in network for network in _NOT_PUBLIC_6)
