"""The private authority of a network: it says which key is which locker, and takes it back.

R1. A certificate names who the centre says it is for, lasts as long as the centre says, and proves
    a client and nothing else. What a request asks for is not looked at, only its key.
R2. A request is good when the key it holds has signed it.
R3. The authority's key is a file that only its owner can read.
R4. A revocation list never runs out: a broker with one that has lets nobody in. It is replaced
    instead.
"""

import datetime
import ipaddress
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..core.value import UtcSeconds
from .private_file import UnsafeKeystore, read_private_file, write_private_file

AUTHORITY_DAYS: Final = 3650

CERTIFICATE_FILE: Final = "ca.crt"
KEY_FILE: Final = "ca.key"

PublicHalf: TypeAlias = ec.EllipticCurvePublicKey | Ed25519PublicKey


class BadRequest(ValueError):
    """A request for a certificate that cannot be believed; the message says why."""


class Issued(NamedTuple):
    """A certificate the authority made."""

    serial: str
    """In hex."""
    not_after: UtcSeconds
    pem: bytes


class Authority:
    """Signs certificates and revocation lists; made by :func:`open_authority`."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key

    @property
    def pem(self) -> bytes:
        """Its own certificate, that everybody may have."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def certify_client(self, name: str, key: PublicHalf, *, now: UtcSeconds, days: int) -> Issued:
        """Say for some days that whoever has the other half of a key is ``name``."""
        return self._certify(name, key, now, days, ExtendedKeyUsageOID.CLIENT_AUTH, ())

    def certify_server(
        self, name: str, key: PublicHalf, *, hosts: Sequence[str], now: UtcSeconds, days: int
    ) -> Issued:
        """Say for some days that whoever has the other half of a key answers under ``hosts``."""
        return self._certify(name, key, now, days, ExtendedKeyUsageOID.SERVER_AUTH, hosts)

    def sign_revocations(self, serials: Iterable[str], *, now: UtcSeconds) -> bytes:
        """Make the list of certificates that are not to be believed, as a PEM file."""
        at = _date(now)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(at)
            .next_update(self._certificate.not_valid_after_utc)
            .add_extension(x509.CRLNumber(now), critical=False)
        )
        for serial in sorted(set(serials)):
            revoked = x509.RevokedCertificateBuilder().serial_number(int(serial, 16))
            builder = builder.add_revoked_certificate(revoked.revocation_date(at).build())
        signed = builder.sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    def _certify(
        self,
        name: str,
        key: PublicHalf,
        now: UtcSeconds,
        days: int,
        usage: x509.ObjectIdentifier,
        hosts: Sequence[str],
    ) -> Issued:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            _begin(name, self._certificate.subject, key, now, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(issuer, critical=False)
        )
        if hosts:
            names = x509.SubjectAlternativeName([_general_name(host) for host in sorted(hosts)])
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return Issued(
            serial=f"{certificate.serial_number:x}",
            not_after=UtcSeconds(int(certificate.not_valid_after_utc.timestamp())),
            pem=certificate.public_bytes(serialization.Encoding.PEM),
        )


def make_authority(folder: Path, network: str, *, now: UtcSeconds) -> Authority:
    """Make a network's authority in a folder.

    Raises
    ------
    FileExistsError
        When the folder holds one: an authority is never overwritten.
    """
    for name in (CERTIFICATE_FILE, KEY_FILE):
        if (folder / name).exists():
            raise FileExistsError(f"{folder / name} exists; an authority is never overwritten")
    key = ec.generate_private_key(ec.SECP256R1())
    title = f"{network} lockers"
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _begin(title, _name(title), key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    write_private_file(folder / KEY_FILE, private_pem(key))
    (folder / CERTIFICATE_FILE).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(certificate, key)


def open_authority(folder: Path) -> Authority:
    """Open the authority that a folder holds.

    Raises
    ------
    UnsafeKeystore
        When certificate or key is missing, damaged, of another kind or readable by others.
    """
    advice = f"{CERTIFICATE_FILE} and {KEY_FILE} must both be there; `restante broker` makes them"
    written = read_private_file(folder / KEY_FILE, missing=advice)
    try:
        certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE_FILE).read_bytes())
        key = serialization.load_pem_private_key(written, None)
    except FileNotFoundError as error:
        raise UnsafeKeystore(f"{folder / CERTIFICATE_FILE} is not there; {advice}") from error
    except (ValueError, TypeError):
        # The cause is cut off: its message could quote the key.
        raise UnsafeKeystore(
            f"{folder}: {CERTIFICATE_FILE} and {KEY_FILE} must both be whole; put them back"
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise UnsafeKeystore(f"{folder / KEY_FILE}: not a key that `restante broker` made")
    if certificate.public_key() != key.public_key():
        raise UnsafeKeystore(f"{folder}: {CERTIFICATE_FILE} belongs to another key; put it back")
    return Authority(certificate, key)


def read_request(pem: bytes) -> bytes:
    """Read the device key that a request for a certificate is about, and nothing else (R1, R2).

    Returns
    -------
    bytes
        The public half.

    Raises
    ------
    BadRequest
        When it is no request, not about a device key, or not signed with that key.
    """
    try:
        request = x509.load_pem_x509_csr(pem)
        key = request.public_key()
        is_signed = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadRequest("not a certificate signing request in PEM form") from error
    if not isinstance(key, Ed25519PublicKey):
        raise BadRequest("the key must be Ed25519; `restante locker enrol` makes such a request")
    if not is_signed:
        raise BadRequest("it is not signed with the key it is about")
    return key.public_bytes_raw()


def device_public_key(public: bytes) -> PublicHalf:
    """Make of 32 bytes the key that a certificate is about."""
    return Ed25519PublicKey.from_public_bytes(public)


def read_certificate(pem: bytes) -> tuple[str, UtcSeconds, UtcSeconds]:
    """Read whom a certificate names, and from when to when.

    Raises
    ------
    ValueError
        When there is no certificate, or it names nobody.
    """
    certificate = x509.load_pem_x509_certificate(pem)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not names:
        raise ValueError("the certificate names nobody")
    return (
        str(names[0].value),
        UtcSeconds(int(certificate.not_valid_before_utc.timestamp())),
        UtcSeconds(int(certificate.not_valid_after_utc.timestamp())),
    )


def read_certified_key(pem: bytes) -> bytes:
    """Read the device key that a certificate is about; empty when it is about another kind."""
    key = x509.load_pem_x509_certificate(pem).public_key()
    return key.public_bytes_raw() if isinstance(key, Ed25519PublicKey) else b""


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Write a key as a PKCS #8 file holds it."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _begin(
    name: str, issuer: x509.Name, key: PublicHalf, now: UtcSeconds, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        # A locker's clock may be slow before it first hears the time.
        .not_valid_before(_date(now) - datetime.timedelta(days=1))
        .not_valid_after(_date(now) + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _date(at: UtcSeconds) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at, datetime.UTC)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
