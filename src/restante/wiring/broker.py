"""Everything a private Mosquitto needs: an authority, certificates, configuration and rules.

The broker lets in only who shows a certificate of this authority; the certificate's common name is
user and client id at once. A locker writes and reads below its own name only. What exists is never
replaced, so that the same command adds lockers later.
"""

import datetime
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..link.message import MESSAGE_BYTES_MAX
from ..link.topics import ROOT, check_name
from ..settings import BadSetting

AUTHORITY_DAYS: Final = 3650
CERTIFICATE_DAYS: Final = 825
"""Longest that clients commonly accept for a server."""

_CONFIGURATION: Final = """\
# Mosquitto 2.0 for {network}: MQTT over TLS, certificates only. Written by `restante broker`.
listener {port}{address}
cafile {folder}/ca.crt
certfile {folder}/server.crt
keyfile {folder}/server.key
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file {folder}/acl
persistence false
max_packet_size {packet_bytes_max}
max_inflight_messages 20
max_queued_messages 1000
persistent_client_expiration 14d
log_dest stderr
log_type error
log_type warning
log_type notice
"""

_LOCKER_RULES: Final = """\
# A locker, named by its certificate, reaches what is below its own name.
pattern write {root}/{network}/%u/state
pattern write {root}/{network}/%u/evt/+
pattern read {root}/{network}/%u/cmd/+
"""

_CENTRE_RULES: Final = """\

user {centre}
topic read {root}/{network}/+/state
topic read {root}/{network}/+/evt/+
topic write {root}/{network}/+/cmd/+
"""


class BrokerPlan(NamedTuple):
    """What a broker's folder shall hold."""

    network: str
    host: str
    """Name or address under which clients reach it."""
    lockers: Sequence[str] = ()
    centres: Sequence[str] = ("centre",)
    """One name for each process of the centre."""
    port: int = 8883
    address: str = ""
    """Address to listen on; all when empty."""


def write_broker_files(folder: Path, plan: BrokerPlan, *, now: datetime.datetime) -> list[Path]:
    """Write what is missing into a broker's folder, and configuration and rules anew.

    Returns
    -------
    list of Path
        Certificates made now; beside each lies its key.

    Raises
    ------
    BadSetting
        When two would have one name, or the folder cannot be used.
    restante.link.topics.BadName
        When a name cannot be used.
    """
    for name in (plan.network, *plan.centres, *plan.lockers):
        check_name(name)
    twice = {"server", "ca"} & {*plan.centres, *plan.lockers} | {*plan.centres} & {*plan.lockers}
    if twice:
        raise BadSetting(
            f"{', '.join(sorted(twice))}: a locker cannot have the name of a centre, and nobody "
            "that of the authority's files (ca, server); choose another one"
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = _open_authority(folder, plan.network, now)
    made = []
    if not (folder / "server.crt").exists():
        made.append(authority.certify_server(folder, plan.host))
    made += [
        authority.certify_client(folder, name)
        for name in (*plan.centres, *plan.lockers)
        if not (folder / f"{name}.crt").exists()
    ]
    (folder / "acl").write_text(_make_rules(plan), encoding="utf-8")
    configuration = _CONFIGURATION.format(
        network=plan.network,
        port=plan.port,
        address=f" {plan.address}" if plan.address else "",
        folder=folder.resolve(),
        packet_bytes_max=MESSAGE_BYTES_MAX + 4096,
    )
    (folder / "mosquitto.conf").write_text(configuration, encoding="utf-8")
    return made


class _Authority:
    """Signs certificates."""

    def __init__(
        self,
        certificate: x509.Certificate,
        key: ec.EllipticCurvePrivateKey,
        now: datetime.datetime,
    ) -> None:
        self._certificate = certificate
        self._key = key
        self._now = now

    def certify_server(self, folder: Path, host: str) -> Path:
        """Make the broker's certificate, for its host and for this machine."""
        hosts = {host, "localhost", "127.0.0.1"}
        names = x509.SubjectAlternativeName([_general_name(name) for name in sorted(hosts)])
        return self._certify(folder, "server", ExtendedKeyUsageOID.SERVER_AUTH, names)

    def certify_client(self, folder: Path, name: str) -> Path:
        """Make the certificate of a locker or a centre."""
        return self._certify(folder, name, ExtendedKeyUsageOID.CLIENT_AUTH, None)

    def _certify(
        self,
        folder: Path,
        name: str,
        usage: x509.ObjectIdentifier,
        names: x509.SubjectAlternativeName | None,
    ) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _begin(name, self._certificate.subject, key, self._now, CERTIFICATE_DAYS)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(issuer, critical=False)
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        _write(folder, name, builder.sign(self._key, hashes.SHA256()), key)
        return folder / f"{name}.crt"


def read_common_name(certificate_file: Path) -> str:
    """Read whom a certificate names.

    Raises
    ------
    BadSetting
        When there is no certificate in the file, or it names nobody.
    """
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    except OSError as error:
        raise BadSetting(
            f"{certificate_file}: {error.strerror}; `restante broker` makes certificates"
        ) from error
    except ValueError as error:
        raise BadSetting(f"{certificate_file}: no certificate in PEM form") from error
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not names:
        raise BadSetting(f"{certificate_file}: names nobody; it needs a common name")
    return str(names[0].value)


def _open_authority(folder: Path, network: str, now: datetime.datetime) -> _Authority:
    certificate_file, key_file = folder / "ca.crt", folder / "ca.key"
    if certificate_file.exists() or key_file.exists():
        try:
            certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
            key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        except (OSError, ValueError) as error:
            raise BadSetting(
                f"{folder}: ca.crt and ca.key must both be there and whole ({error}); "
                "put them back, or begin in an empty folder"
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise BadSetting(f"{key_file}: not a key that `restante broker` made")
        return _Authority(certificate, key, now)
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"{network} lockers")
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
        _begin(f"{network} lockers", name, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(folder, "ca", certificate, key)
    return _Authority(certificate, key, now)


def _begin(
    name: str,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime.datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A locker's clock may be slow before it first hears the time.
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _make_rules(plan: BrokerPlan) -> str:
    rules = [_LOCKER_RULES.format(root=ROOT, network=plan.network)]
    rules += [
        _CENTRE_RULES.format(root=ROOT, network=plan.network, centre=centre)
        for centre in plan.centres
    ]
    return "".join(rules)


def _write(
    folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> None:
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    handle = os.open(folder / f"{name}.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secret)
    public = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / f"{name}.crt").write_bytes(public)
