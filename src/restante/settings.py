"""What an operator can set: a TOML file, then ``RESTANTE_*`` variables, then arguments.

Each later source wins. An unknown name is an error that says which names there are: a misspelled
setting must never be silently ignored. Secrets are not settings; a setting names the file a
secret is in.
"""

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, get_type_hints
from zoneinfo import ZoneInfo

import msgspec

from .core.value import DAY, HOUR, MINUTE, Seconds, Value

ENV_PREFIX: Final = "RESTANTE_"
LANGUAGES: Final = ("en", "de", "pl", "es")
PORT_MAX: Final = 65_535
PARTS_MAX: Final = 64

_ANY_ADDRESS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - to recognize it, not to use it

_NOT_SETTINGS: Final = frozenset({"RESTANTE_CONFIG"})
"""Variables with our prefix that say where settings are, not what they are."""


class BadSetting(ValueError):
    """A setting is wrong; the message names its source and what to do."""


class Settings(Value):
    """Everything an operator can set, with what holds where nothing is set."""

    data_dir: Path = Path("data")
    """Folder of journal, keys and mailbox; made when absent."""
    database_url: str = ""
    """``postgresql://user@host:5432/database`` for a journal in PostgreSQL; empty for a file in the
    data folder. Never with a password."""
    database_password_file: Path | None = None
    """File that holds the database's password; without one, libpq looks where it always does."""
    database_parts: int = 0
    """Into how many parts a new PostgreSQL database is split by owner; 0 for none. Read once, when
    the tables are made."""
    archive_dir: Path | None = None
    """Folder of archived months of the journal: read when a release needs every fact, and where
    `restante journal archive` and `verify` look when no folder is named."""
    events_dir: Path | None = None
    """Folder of the event tables that measures are computed from; ``events`` in the data folder
    when nothing is set."""
    measures_engine: str = "duckdb"
    """``duckdb``, in the process that asks, or ``spark``; needs ``restante[insight]`` or also
    ``restante[spark]``."""
    spark_master: str = "local[2]"
    """Where Spark runs: in the process itself, or a cluster such as ``spark://planner:7077`` that
    sees the folder of event tables under the same path."""
    seal_every_days: int = 1
    """Days (UTC) from one signed head of the journal to the next, which the centre makes by itself;
    0 for none, where a timer runs `restante journal seal`."""
    routes_travel: str = "straight"
    """Where travel times of planned routes come from, where a problem has none: ``straight``,
    ``osrm=URL``, ``valhalla=URL``, ``roads=FILE`` (docs/explanation/travel-times.md)."""
    network_id: str = "restante"
    """Short name of the network: issuer of every QR code, so keep it under 16 characters."""
    network_name: str = "Restante"
    """Name people see."""
    zone: str = "UTC"
    """IANA time zone of sites that say nothing else."""
    language: str = "en"
    """Language of notices and pages where nobody chose one: en, de, pl or es."""
    listen_host: str = "127.0.0.1"
    """Address the pages and the API listen on."""
    listen_port: int = 8080
    """Port the pages and the API listen on."""
    public_url: str = "http://127.0.0.1:8080"
    """Address recipients reach the pages at; links in notices begin with it. By default that of
    ``listen_host`` and ``listen_port``."""
    keep_contacts_days: int = 30
    """Contacts are forgotten so long after the recipient's last parcel has ended."""
    keep_codes_days: int = 7
    """Sealed codes are deleted so long after their parcel has ended."""
    keep_door_events_days: int = 365
    """Handled matters (forced doors, unclear contents, tampering) are kept so long."""
    keep_couriers_days: int = 183
    """Names of couriers are kept so long after their right has ended."""
    keep_audit_days: int = 730
    """Who opened which door from afar is kept so long."""
    hold_hours: int = 72
    """How long a parcel may wait, unless its partner agreed something else."""
    extension_hours: int = 24
    """How much longer one extension lets it wait."""
    extension_count_max: int = 2
    """How often a recipient may extend."""
    firm_booking_hours: int = 48
    """How long room is kept for an announced parcel."""
    soft_booking_minutes: int = 30
    """How long an unconfirmed booking stands."""
    remote_openings_per_hour: int = 20
    """How many doors of the whole network may be opened from afar within an hour on one person's
    word; above that a second person must agree."""
    pin_secret_digits: int = 6
    """6, or 8 where controllers have no secure element."""
    mail_from: str = "parcels@restante.invalid"
    """Sender of notices by e-mail."""
    smtp_host: str = ""
    """Mail server; while empty, notices are kept in the mailbox folder instead of sent."""
    smtp_port: int = 587
    """Port of the mail server."""
    smtp_user: str = ""
    """Name to sign in to the mail server; empty for none."""
    smtp_password_file: Path | None = None
    """File that holds the mail server's password."""
    smtp_security: str = "starttls"
    """``starttls``, ``tls`` or ``none``."""
    sms_gateway_url: str = ""
    """HTTP gateway for text messages; while empty, they are kept in the mailbox folder."""
    sms_token_file: Path | None = None
    """File that holds the gateway's token."""
    mqtt_url: str = ""
    """Broker of lockers on machines of their own, ``mqtts://broker.example.org:8883``; empty for
    none."""
    mqtt_ca_file: Path | None = None
    """Certificate of the authority that the broker's certificate is from."""
    mqtt_certificate_file: Path | None = None
    """This centre's certificate; its common name is the name the broker's rules know it by."""
    mqtt_key_file: Path | None = None
    """Key of this centre's certificate."""
    mqtt_public_url: str = ""
    """The broker's address as lockers reach it, when that is not ``mqtt_url``."""
    mqtt_authority_dir: Path | None = None
    """Folder of the authority that signs lockers' certificates, as `restante broker` makes it; also
    where revocations are written. Without one, no locker is enrolled."""
    claim_hours: int = 24
    """How long a claim code works."""
    webhook_allow_private: str = ""
    """Receivers of webhooks inside your own network, by name or address, with or without a port,
    separated by commas; only these are spoken to at private addresses, at any port and without TLS.
    """
    webhook_ports: str = "443,8443"
    """Ports at which receivers of webhooks may listen, separated by commas."""
    request_id_header: str = ""
    """Header in which your proxy gives every request an id, such as ``x-request-id``; empty to make
    one here. Only for a proxy that removes what came from outside."""
    metrics_token_file: Path | None = None
    """File with the token that lets a program read ``/metrics``; without one, nobody does at the
    address of the pages."""
    metrics_listen: str = ""
    """``127.0.0.1:9400``, an address of its own for ``/metrics``, without a token; empty for none.
    """
    trace_url: str = ""
    """Where traces go by OTLP over HTTP, ``http://127.0.0.1:4318/v1/traces``; empty for nowhere.
    Needs ``restante[telemetry]``."""
    log_level: str = "info"
    """``debug``, ``info``, ``warning`` or ``error``."""

    @property
    def journal_path(self) -> Path:
        """Where the journal is."""
        return self.data_dir / "centre.sqlite"

    @property
    def keystore_path(self) -> Path:
        """Where the keys are; readable by their owner only."""
        return self.data_dir / "keys.json"

    @property
    def mailbox_path(self) -> Path:
        """Where notices are kept that nobody sends."""
        return self.data_dir / "mailbox"

    @property
    def events_path(self) -> Path:
        """Where the event tables are."""
        return self.events_dir or self.data_dir / "events"

    @property
    def private_receivers(self) -> frozenset[str]:
        """Receivers of webhooks that may be private."""
        return frozenset(self.webhook_allow_private.lower().replace(",", " ").split())

    @property
    def receiver_ports(self) -> frozenset[int]:
        """Ports at which other receivers may listen."""
        return frozenset(map(int, self.webhook_ports.replace(",", " ").split()))

    @property
    def hold_seconds(self) -> Seconds:
        """How long a parcel may wait."""
        return Seconds(self.hold_hours * HOUR)

    @property
    def extension_seconds(self) -> Seconds:
        """How much longer one extension lets it wait."""
        return Seconds(self.extension_hours * HOUR)

    @property
    def firm_booking_seconds(self) -> Seconds:
        """How long room is kept for an announced parcel."""
        return Seconds(self.firm_booking_hours * HOUR)

    @property
    def soft_booking_seconds(self) -> Seconds:
        """How long an unconfirmed booking stands."""
        return Seconds(self.soft_booking_minutes * MINUTE)


def read_settings(
    path: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> Settings:
    """Read settings: file, then variables, then arguments.

    Parameters
    ----------
    path
        A TOML file; no file is read when ``None``.
    environ
        Variables; the process's own when ``None``.
    arguments
        What was given on the command line; ``None`` values are left out.

    Raises
    ------
    BadSetting
        When a name is unknown or a value is wrong.
    """
    given: dict[str, Any] = {}
    if path is not None:
        given.update(_read_file(path))
    given.update(_read_environ(os.environ if environ is None else environ))
    for name, value in (arguments or {}).items():
        if value is not None:
            _check_name(name, "argument")
            given[name] = value
    return _check(_convert(given))


def read_secret(path: Path | None) -> str:
    """Read a secret from the file a setting names; empty when none is named.

    Raises
    ------
    BadSetting
        When the file cannot be read or is empty.
    """
    if path is None:
        return ""
    try:
        content = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadSetting(f"{path}: {error.strerror}; put the secret into this file") from error
    if not content:
        raise BadSetting(f"{path} is empty; put the secret into it")
    return content


def _read_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            found = tomllib.load(file)
    except OSError as error:
        raise BadSetting(f"{path}: {error.strerror}; write one with `restante init`") from error
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{path}: not TOML: {error}") from error
    for name in found:
        _check_name(name, str(path))
    return found


def _read_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for variable, text in environ.items():
        if variable.startswith(ENV_PREFIX) and variable not in _NOT_SETTINGS:
            name = variable[len(ENV_PREFIX) :].lower()
            _check_name(name, variable)
            found[name] = text
    return found


def _check_name(name: str, source: str) -> None:
    if name in Settings.__struct_fields__:
        return
    close = get_close_matches(name, Settings.__struct_fields__, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "see the list in the settings reference"
    raise BadSetting(f"{source}: there is no setting {name!r}; {hint}")


def _convert(given: dict[str, Any]) -> Settings:
    hints = get_type_hints(Settings)
    fields: dict[str, Any] = {}
    for name, value in given.items():
        kind = hints[name]
        is_path = kind is Path or kind == Path | None
        try:
            fields[name] = (
                Path(str(value)).expanduser()
                if is_path
                else msgspec.convert(value, kind, strict=not isinstance(value, str))
            )
        except msgspec.ValidationError as error:
            raise BadSetting(f"{name}: {error}; it is now {value!r}") from error
    settings = Settings(**fields)
    if "public_url" not in fields:
        host = "127.0.0.1" if settings.listen_host in _ANY_ADDRESS else settings.listen_host
        url = f"http://{host}:{settings.listen_port}"
        settings = msgspec.structs.replace(settings, public_url=url)
    return settings


def _check(settings: Settings) -> Settings:
    positive = (
        "hold_hours",
        "extension_hours",
        "firm_booking_hours",
        "soft_booking_minutes",
        "claim_hours",
        "keep_contacts_days",
        "keep_codes_days",
        "keep_door_events_days",
        "keep_couriers_days",
        "keep_audit_days",
    )
    for name in positive:
        if getattr(settings, name) <= 0:
            raise BadSetting(f"{name}: must be positive")
    if settings.hold_hours * HOUR > 60 * DAY:
        raise BadSetting("hold_hours: at most 1440, which is 60 days")
    for name in ("extension_count_max", "remote_openings_per_hour", "seal_every_days"):
        if getattr(settings, name) < 0:
            raise BadSetting(f"{name}: 0 or more")
    for name in ("listen_port", "smtp_port"):
        if not 1 <= getattr(settings, name) <= PORT_MAX:
            raise BadSetting(f"{name}: 1 to {PORT_MAX}")
    _check_choice(settings, "language", LANGUAGES)
    _check_choice(settings, "smtp_security", ("starttls", "tls", "none"))
    _check_choice(settings, "measures_engine", ("duckdb", "spark"))
    _check_choice(settings, "log_level", ("debug", "info", "warning", "error"))
    if settings.mqtt_url:
        for name in ("mqtt_ca_file", "mqtt_certificate_file", "mqtt_key_file"):
            if getattr(settings, name) is None:
                raise BadSetting(f"{name}: needed with mqtt_url; `restante broker` makes it")
    if not 0 <= settings.database_parts <= PARTS_MAX:
        raise BadSetting(f"database_parts: 0 to {PARTS_MAX}")
    ports = settings.webhook_ports.replace(",", " ").split()
    if not all(port.isdecimal() and 1 <= int(port) <= PORT_MAX for port in ports):
        raise BadSetting(f"webhook_ports: numbers from 1 to {PORT_MAX}, separated by commas")
    listener = settings.metrics_listen.rpartition(":")
    if settings.metrics_listen and not (listener[0] and listener[2].isdecimal()):
        raise BadSetting("metrics_listen: an address and a port, such as 127.0.0.1:9400")
    if settings.pin_secret_digits not in (6, 8):
        raise BadSetting("pin_secret_digits: 6 or 8")
    if not settings.network_id.isascii() or not settings.network_id.isprintable():
        raise BadSetting("network_id: printable ASCII characters")
    try:
        ZoneInfo(settings.zone)
    except (KeyError, ValueError, OSError):
        raise BadSetting("zone: an IANA time zone such as Europe/Berlin") from None
    return settings


def _check_choice(settings: Settings, name: str, choices: tuple[str, ...]) -> None:
    if getattr(settings, name) not in choices:
        raise BadSetting(f"{name}: one of {', '.join(choices)}")
