"""What an enrolled machine holds, and how it is written: whole or not at all.

Beside the locker's file lie its device key and a link ``enrolled`` to a folder with everything the
centre gave. Enrolling anew writes another folder and then turns the link; a machine that stops in
between has the old one. Renewed certificates and newer configurations replace one file each.
"""

import os
import shutil
from pathlib import Path
from typing import Any, Final

import msgspec

from ..access import (
    LockerKeys,
    UnsafeKeystore,
    read_locker_keys,
    write_locker_keys,
)
from ..access.authority import read_certificate
from ..access.private_file import write_private_file
from ..core.ids import LockerId, SiteId
from ..core.value import UtcSeconds, Value
from ..link.configuration import BadConfiguration, Configuration, decode_configuration
from ..link.message import ConfigurationUpdate, Malformed, decode_from_centre, encode_message
from ..settings import BadSetting

DEVICE_KEY: Final = "device.key"
LINK: Final = "enrolled"
CERTIFICATE: Final = "device.crt"
AUTHORITY: Final = "ca.crt"
KEYS: Final = "keys.json"
CONFIGURATION: Final = "configuration.json"
PLACE: Final = "place.json"
CENTRE_CA: Final = "centre-ca.pem"

FILE: Final = """\
# Written by `restante locker enrol`. Compartments, languages and update ring come from the centre;
# docs/howto/enrol-a-locker.md says how to change them.
locker = "{locker}"
data = "{locker}.sqlite"     # its journal; keep it, it is the record of every door
enrolled = "enrolled"        # what the centre gave this machine
board = "simulated"          # for real ones a table [board]: docs/howto/wire-a-lock-board.md
"""


LEFT_TO_FILE: Final = ("board", "screen", "limits", "offline_budget", "takes_unannounced")
"""What the locker's file says where the configuration says nothing."""


class Place(Value):
    """Where this machine belongs."""

    locker: LockerId
    site: SiteId
    broker_url: str
    network: str
    centre: str
    """Address of the centre, for renewals."""
    has_ca: bool = False
    """Whether the centre's certificate is checked with :data:`CENTRE_CA`."""


class Handed(Value):
    """What a centre gave, checked."""

    place: Place
    certificate: bytes
    authority: bytes
    keys: LockerKeys
    update: ConfigurationUpdate
    centre_ca: bytes = b""


def write_enrolment(folder: Path, handed: Handed) -> Path:
    """Keep what the centre gave; the locker's file, which is made where there is none.

    An existing file is left as it is.
    """
    serial = 1
    while (folder / f"{LINK}-{serial}").exists():
        serial += 1
    target = folder / f"{LINK}-{serial}"
    drafted = folder / f".{target.name}.new"
    shutil.rmtree(drafted, ignore_errors=True)
    drafted.mkdir(mode=0o700)
    write_private_file(drafted / CERTIFICATE, handed.certificate)
    write_private_file(drafted / AUTHORITY, handed.authority)
    write_locker_keys(drafted / KEYS, handed.keys)
    write_private_file(drafted / CONFIGURATION, encode_message(handed.update))
    write_private_file(drafted / PLACE, msgspec.json.encode(handed.place))
    if handed.centre_ca:
        write_private_file(drafted / CENTRE_CA, handed.centre_ca)
    drafted.rename(target)
    turned = folder / f".{LINK}.new"
    turned.unlink(missing_ok=True)
    turned.symlink_to(target.name)
    turned.replace(folder / LINK)
    _flush(folder)
    for old in folder.glob(f"{LINK}-*"):
        if old.name != target.name:
            shutil.rmtree(old, ignore_errors=True)
    file = folder / f"{handed.place.locker}.toml"
    if not file.exists():
        write_private_file(file, FILE.format(locker=handed.place.locker).encode())
    return file


def keep_renewal(enrolled: Path, certificate: bytes, keys: LockerKeys) -> bool:
    """Keep a newer certificate, and keys that the centre has exchanged; whether any is new."""
    held = (enrolled / CERTIFICATE).read_bytes(), read_locker_keys(enrolled / KEYS)
    if held == (certificate, keys):
        return False
    write_locker_keys(enrolled / KEYS, keys)
    write_private_file(enrolled / CERTIFICATE, certificate)
    return True


def keep_configuration(enrolled: Path, update: ConfigurationUpdate) -> None:
    """Keep a newer configuration."""
    write_private_file(enrolled / CONFIGURATION, encode_message(update))


def read_place(enrolled: Path) -> Place:
    """Read where this machine belongs.

    Raises
    ------
    BadSetting
        When the machine was not enrolled, or its folder is damaged.
    """
    try:
        return msgspec.json.decode((enrolled / PLACE).read_bytes(), type=Place)
    except FileNotFoundError as error:
        raise BadSetting(
            f"{enrolled}: this machine is not enrolled; `restante locker enrol` does it"
        ) from error
    except (OSError, msgspec.DecodeError) as error:
        raise BadSetting(
            f"{enrolled / PLACE} is damaged; ask for a claim code and enrol again"
        ) from error


def read_kept_configuration(enrolled: Path) -> Configuration:
    """Read the configuration this machine runs.

    Raises
    ------
    BadSetting
        When it is damaged.
    """
    try:
        message = decode_from_centre((enrolled / CONFIGURATION).read_bytes())
        if not isinstance(message, ConfigurationUpdate):
            raise Malformed("configuration", "a configuration")
        return decode_configuration(message.body)
    except (OSError, Malformed, BadConfiguration) as error:
        raise BadSetting(
            f"{enrolled / CONFIGURATION}: {error}; ask for a claim code and enrol again"
        ) from error


def read_certificate_times(enrolled: Path) -> tuple[UtcSeconds, UtcSeconds]:
    """Read from when to when this machine's certificate lasts."""
    _, begins_at, ends_at = read_certificate((enrolled / CERTIFICATE).read_bytes())
    return begins_at, ends_at


def complete(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Fill in what a locker's file leaves to the centre; nothing when it names no enrolment.

    Raises
    ------
    BadSetting
        When file and enrolment contradict each other.
    """
    named = content.get("enrolled")
    if named is None:
        return content
    enrolled = folder / str(named)
    place = read_place(enrolled)
    if content.get("locker") != place.locker:
        raise BadSetting(
            f"locker: this machine is enrolled as {place.locker!r}, the file says "
            f"{content.get('locker')!r}"
        )
    ours = ("site", "name", "keys", "compartments", "languages", "screen_column", "mqtt")
    both = [name for name in ours if name in content]
    if both:
        raise BadSetting(
            f"{', '.join(both)}: comes from the centre, because this machine is enrolled; take "
            "it out of this file"
        )
    try:
        read_locker_keys(enrolled / KEYS)
    except UnsafeKeystore as error:
        raise BadSetting(str(error)) from error
    kept = read_kept_configuration(enrolled)
    return {
        **content,
        **fields_of(kept),
        "site": kept.site,
        "name": kept.name,
        "centre_url": content.get("centre_url") or kept.centre_url or place.centre,
        "keys": f"{named}/{KEYS}",
        "mqtt": {
            "url": place.broker_url,
            "network": place.network,
            "ca": f"{named}/{AUTHORITY}",
            "certificate": f"{named}/{CERTIFICATE}",
            "private_key": DEVICE_KEY,
        },
    }


def fields_of(configuration: Configuration) -> dict[str, Any]:
    """Give what a configuration says in the words of a locker's file."""
    tables = {name: getattr(configuration, name) for name in LEFT_TO_FILE}
    return {
        "compartments": msgspec.to_builtins(configuration.compartments),
        "languages": list(configuration.languages),
        "screen_column": configuration.screen_column,
        **{name: table for name, table in tables.items() if table is not None},
    }


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
