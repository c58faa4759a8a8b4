"""Ask a centre for what makes a machine a locker: once with a claim code, then by its own key.

R1. The site's pepper is in the answer: it travels over TLS, or within one machine, and no
    redirect is followed.
R2. Nothing is written before the whole answer was checked; asking again is harmless.
"""

import http.client
import ipaddress
import ssl
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from ..access import (
    DeviceKey,
    DeviceUse,
    UnsafeKeystore,
    create_device_key,
    open_device_key,
)
from ..access.authority import read_certificate, read_certified_key
from ..access.device import renewal_bytes
from ..access.keystore import decode_locker_keys
from ..core.ids import LockerId, SiteId
from ..core.value import Value
from ..link.configuration import BadConfiguration, decode_configuration
from ..link.message import ConfigurationUpdate, Malformed, decode_from_centre
from ..link.signing import make_verifier
from ..settings import BadSetting
from .enrolled import CENTRE_CA, DEVICE_KEY, Handed, Place, read_place, write_enrolment

PATIENCE_SECONDS: Final = 20
ANSWER_BYTES_MAX: Final = 2 << 20


class NotEnrolled(Exception):
    """The centre said no, or could not be reached; the message says what to do.

    Parameters
    ----------
    is_final
        Whether asking again the same way is of no use.
    """

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final


class Answer(Value):
    """What the centre gives; see the API's ``Identity``."""

    locker: LockerId
    site: SiteId
    certificate: str
    authority: str
    broker_url: str
    network: str
    keys: str
    configuration: str


def enrol_machine(
    code: str, *, centre: str, folder: Path, ca_file: Path | None = None
) -> tuple[Path, Handed]:
    """Make this machine the locker that a claim code is for.

    Returns
    -------
    tuple
        The locker's file, and what was given.

    Raises
    ------
    BadSetting
        When the address cannot be used.
    NotEnrolled
        When the centre said no or was not reached.
    UnsafeKeystore
        When this machine's key cannot be used.
    """
    url = check_centre(centre)
    ca = _read_ca(ca_file)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / DEVICE_KEY
    key = open_device_key(path) if path.exists() else create_device_key(path)
    request = key.request_certificate("locker")
    body = {"claim": code, "request": request.decode()}
    answer = _ask(url, "/api/v1/enrolments", body, ca)
    handed = check_answer(answer, key, centre=url, centre_ca=ca)
    _refuse_second_locker(folder, handed.place.locker)
    return write_enrolment(folder, handed), handed


def renew_machine(enrolled: Path, key: DeviceKey) -> Handed:
    """Get the next certificate of an enrolled machine, and whatever else has changed.

    Raises
    ------
    NotEnrolled
        When the centre said no or was not reached.
    """
    place = read_place(enrolled)
    ca = (enrolled / CENTRE_CA).read_bytes() if place.has_ca else b""
    request = key.request_certificate(place.locker)
    signature = key.sign(DeviceUse.RENEWAL, renewal_bytes(place.locker, request))
    body = {
        "locker": place.locker,
        "request": request.decode(),
        "signature": b64encode(signature).decode(),
    }
    answer = _ask(place.centre, "/api/v1/renewals", body, ca)
    return check_answer(answer, key, centre=place.centre, centre_ca=ca)


def check_centre(address: str) -> str:
    """Give a centre's address back when secrets may be sent over it (R1).

    Raises
    ------
    BadSetting
        When it is no address, or not one of TLS.
    """
    parts = urlsplit(address.rstrip("/"))
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.path or parts.query:
        raise BadSetting(f"{address!r} is no address of a centre: https://parcels.example.org")
    if parts.scheme == "http" and not _is_this_machine(parts.hostname):
        raise BadSetting(
            f"{address}: the answer holds secrets, so it must be https:// (http:// only to a "
            "centre on this machine)"
        )
    return f"{parts.scheme}://{parts.netloc}"


def check_answer(body: bytes, key: DeviceKey, *, centre: str, centre_ca: bytes = b"") -> Handed:
    """Check everything a centre gave before any of it is kept (R2).

    Raises
    ------
    NotEnrolled
        When it does not belong together.
    """
    try:
        answer = msgspec.json.decode(body, type=Answer)
        keys = decode_locker_keys(b64decode(answer.keys))
        update = decode_from_centre(b64decode(answer.configuration))
        name, _, _ = read_certificate(answer.certificate.encode())
        certified = read_certified_key(answer.certificate.encode())
        if not isinstance(update, ConfigurationUpdate):
            raise Malformed("configuration", "a configuration")
        configuration = decode_configuration(update.body)
    except (msgspec.DecodeError, ValueError, Malformed, UnsafeKeystore, BadConfiguration) as error:
        raise NotEnrolled(f"what the centre sent cannot be read ({error}); update both") from error
    if certified != key.public or name != answer.locker:
        raise NotEnrolled("the centre sent a certificate for somebody else; nothing was written")
    is_ours = (configuration.locker, configuration.site) == (answer.locker, answer.site)
    if not is_ours or not make_verifier(keys.public)(update):
        raise NotEnrolled("the configuration is not signed by this centre; nothing was written")
    place = Place(
        locker=answer.locker,
        site=answer.site,
        broker_url=answer.broker_url,
        network=answer.network,
        centre=centre,
        has_ca=bool(centre_ca),
    )
    return Handed(
        place=place,
        certificate=answer.certificate.encode(),
        authority=answer.authority.encode(),
        keys=keys,
        update=update,
        centre_ca=centre_ca,
    )


def _ask(centre: str, path: str, body: dict[str, Any], ca: bytes) -> bytes:
    parts = urlsplit(centre)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context(cadata=ca.decode() if ca else None)
        connection = http.client.HTTPSConnection(
            host, parts.port, timeout=PATIENCE_SECONDS, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=PATIENCE_SECONDS)
    try:
        connection.request(
            "POST", path, msgspec.json.encode(body), {"content-type": "application/json"}
        )
        answer = connection.getresponse()
        content = answer.read(ANSWER_BYTES_MAX)
    except (OSError, http.client.HTTPException) as error:
        raise NotEnrolled(
            f"{centre} was not reached ({error}); check the address, the line and, for a centre "
            "with a certificate of its own authority, --ca"
        ) from error
    finally:
        connection.close()
    if answer.status == 201:
        return content
    detail = _read_problem(content) or f"status {answer.status}"
    # What is wrong with the request stays wrong; a busy or failing centre does not.
    is_final = answer.status in (403, 404, 422)
    raise NotEnrolled(f"{centre} says: {detail}", is_final=is_final)


def _read_problem(content: bytes) -> str:
    try:
        problem = msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.DecodeError:
        return ""
    return str(problem.get("detail", ""))


def _read_ca(path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        written = path.read_bytes()
        ssl.create_default_context(cadata=written.decode())
    except OSError as error:
        raise BadSetting(f"{path}: {error.strerror or error}; name a PEM file") from error
    except ValueError as error:
        raise BadSetting(f"{path}: no certificate in PEM form") from error
    return written


def _refuse_second_locker(folder: Path, locker: LockerId) -> None:
    try:
        before = read_place(folder / "enrolled").locker
    except BadSetting:
        return
    if before != locker:
        raise BadSetting(
            f"{folder} is {before!r} already and the code is for {locker!r}; name another folder "
            "with --out"
        )


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
