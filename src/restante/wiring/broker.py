"""Everything a private Mosquitto needs: an authority, certificates, configuration and rules.

The broker lets in only who shows a certificate of this authority; the certificate's common name is
user and client id at once. A locker writes and reads below its own name only. What exists is never
replaced, so that the same command adds lockers later.
"""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

from ..access import UnsafeKeystore
from ..access.authority import (
    CERTIFICATE_FILE,
    KEY_FILE,
    Authority,
    make_authority,
    open_authority,
    private_pem,
    read_certificate,
)
from ..access.private_file import write_private_file
from ..core.value import UtcSeconds
from ..link.message import MESSAGE_BYTES_MAX
from ..link.topics import ROOT, check_name
from ..settings import BadSetting
from .revocations import (
    REVOCATIONS_FILE,
    read_shut_out,
    write_revocations,
    write_rules,
)

CERTIFICATE_DAYS: Final = 825
"""Longest that clients commonly accept for a server."""

_CONFIGURATION: Final = """\
# Mosquitto 2.0 for {network}: MQTT over TLS, certificates only. Written by `restante broker`.
listener {port}{address}
cafile {folder}/ca.crt
crlfile {folder}/crl.pem
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
    at = UtcSeconds(int(now.timestamp()))
    authority = _open_authority(folder, plan.network, at)
    made = []
    if not (folder / "server.crt").exists():
        hosts = sorted({plan.host, "localhost", "127.0.0.1"})
        made.append(_certify(authority, folder, "server", at, hosts))
    made += [
        _certify(authority, folder, name, at)
        for name in (*plan.centres, *plan.lockers)
        if not (folder / f"{name}.crt").exists()
    ]
    write_rules(folder, _make_rules(plan), read_shut_out(folder))
    if not (folder / REVOCATIONS_FILE).exists():
        write_revocations(folder, authority.sign_revocations((), now=at))
    configuration = _CONFIGURATION.format(
        network=plan.network,
        port=plan.port,
        address=f" {plan.address}" if plan.address else "",
        folder=folder.resolve(),
        packet_bytes_max=MESSAGE_BYTES_MAX + 4096,
    )
    (folder / "mosquitto.conf").write_text(configuration, encoding="utf-8")
    return made


def read_common_name(certificate_file: Path) -> str:
    """Read whom a certificate names.

    Raises
    ------
    BadSetting
        When there is no certificate in the file, or it names nobody.
    """
    try:
        name, _, _ = read_certificate(certificate_file.read_bytes())
    except OSError as error:
        raise BadSetting(
            f"{certificate_file}: {error.strerror}; `restante broker` makes certificates"
        ) from error
    except ValueError as error:
        raise BadSetting(f"{certificate_file}: no certificate in PEM form, or of nobody") from error
    return name


def _open_authority(folder: Path, network: str, now: UtcSeconds) -> Authority:
    if not (folder / CERTIFICATE_FILE).exists() and not (folder / KEY_FILE).exists():
        return make_authority(folder, network, now=now)
    try:
        return open_authority(folder)
    except UnsafeKeystore as error:
        raise BadSetting(f"{error}, or begin in an empty folder") from error


def _certify(
    authority: Authority, folder: Path, name: str, now: UtcSeconds, hosts: Sequence[str] = ()
) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    days = CERTIFICATE_DAYS
    if hosts:
        issued = authority.certify_server(name, key.public_key(), hosts=hosts, now=now, days=days)
    else:
        issued = authority.certify_client(name, key.public_key(), now=now, days=days)
    write_private_file(folder / f"{name}.key", private_pem(key))
    (folder / f"{name}.crt").write_bytes(issued.pem)
    return folder / f"{name}.crt"


def _make_rules(plan: BrokerPlan) -> str:
    rules = [_LOCKER_RULES.format(root=ROOT, network=plan.network)]
    rules += [
        _CENTRE_RULES.format(root=ROOT, network=plan.network, centre=centre)
        for centre in plan.centres
    ]
    return "".join(rules)
