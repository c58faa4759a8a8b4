"""What each locker shall be: versions, and what the locker makes of them.

R1. A version differs from the one before, and is never changed once written.
R2. Compartments follow the registered layout, the name follows the site; everything else is the
    operator's.
R3. What a locker says of itself is noted as it says it; only changes are facts.
"""

from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Connection, select

from ..core.device import ConfigurationDeclined, ConfigurationMade, ConfigurationTaken
from ..core.ids import ActorId, LockerId, SiteId, locker_stream, site_stream
from ..core.value import Value
from ..journal.ledger import Ledger, Operation
from ..journal.port import RowChange, Scalar
from ..link.configuration import (
    LANGUAGES_STANDARD,
    RINGS,
    Configuration,
    ConfigurationState,
    decode_configuration,
    encode_configuration,
)
from ..link.message import ConfigurationUpdate
from ..views.device_tables import CONFIGURATIONS, MACHINES, RELEASES
from ..views.principal import Principal, Role
from ..views.tables import LOCKERS
from .directory import BadEntry, read_layout
from .lookup import find_locker_row, find_site_row

REFUSAL_LENGTH_MAX: Final = 300
"""Longest reason kept of what a locker says."""

RELEASE_LENGTH_MAX: Final = 60

CHOSEN: Final = (
    "languages",
    "screen_column",
    "board",
    "screen",
    "limits",
    "offline_budget",
    "takes_unannounced",
    "centre_url",
    "ring",
)
"""What is chosen, by the operator or the centre's settings; the rest follows."""


class ConfigurationChange(Value):
    """What the operator wants otherwise; the rest stays."""

    languages: tuple[str, ...] | UnsetType = UNSET
    screen_column: int | UnsetType = UNSET
    board: dict[str, Any] | UnsetType | None = UNSET
    screen: dict[str, Any] | UnsetType | None = UNSET
    limits: dict[str, Any] | UnsetType | None = UNSET
    offline_budget: dict[str, Any] | UnsetType | None = UNSET
    takes_unannounced: bool | UnsetType | None = UNSET
    centre_url: str | UnsetType = UNSET
    """The centre's own; set when a machine is enrolled and each time it renews."""
    ring: str | UnsetType = UNSET
    is_repeated: bool = False
    """Make a new version even if nothing differs: for a locker that refused the last one."""


def configure_locker(
    principal: Principal, *, locker: LockerId, change: ConfigurationChange, cause: str = ""
) -> Operation[int]:
    """Say what a locker shall be; the answer is the version it shall have then.

    Raises
    ------
    BadEntry
        When a field cannot be so.
    """
    principal.need_role(Role.OPERATOR)
    _check(change)

    def run(ledger: Ledger) -> int:
        return draw_configuration(ledger, locker, change, by=principal.actor, cause=cause)

    return Operation((locker_stream(locker),), run, rows_of(locker))


def set_ring_release(principal: Principal, *, ring: str, release: str) -> Operation[None]:
    """Say which release the lockers of a ring shall run; installing it is done elsewhere."""
    principal.need_role(Role.OPERATOR)
    _check_ring(ring)
    wanted = release.strip()
    if len(wanted) > RELEASE_LENGTH_MAX or not wanted.isprintable():
        raise BadEntry(f"release: at most {RELEASE_LENGTH_MAX} printable characters, such as 0.4.0")

    def run(ledger: Ledger) -> None:
        values: dict[str, Scalar] = {
            "release": wanted,
            "set_at": ledger.now,
            "set_by": principal.actor,
        }
        ledger.put(RowChange(RELEASES.name, (ring,), values if wanted else None))

    return Operation((), run)


def note_configuration(locker: LockerId, state: ConfigurationState) -> Operation[None]:
    """Keep what a locker says about its configuration (R3)."""

    def run(ledger: Ledger) -> None:
        row = read_machine(ledger, locker)
        refusal = state.refusal[:REFUSAL_LENGTH_MAX]
        told: dict[str, Scalar] = {
            "reported_version": state.version,
            "reported_ring": state.ring,
            "refused_version": state.refused_version,
            "refusal": refusal,
        }
        if all(row[name] == value for name, value in told.items()):
            return
        stream = site_stream(SiteId(str(find_locker_row(ledger, locker)["site"])))
        by = Principal.of_locker(locker).actor
        if state.version != row["reported_version"]:
            taken = ConfigurationTaken(at=ledger.now, locker=locker, version=state.version)
            ledger.record(stream, taken, by=by)
        is_new = (state.refused_version, refusal) != (row["refused_version"], row["refusal"])
        if state.refused_version and is_new:
            declined = ConfigurationDeclined(
                at=ledger.now, locker=locker, version=state.refused_version, why=refusal
            )
            ledger.record(stream, declined, by=by)
        ledger.put(RowChange(MACHINES.name, (locker,), {**row, **told, "reported_at": ledger.now}))

    return Operation((locker_stream(locker),), run, rows_of(locker))


def draw_configuration(
    ledger: Ledger,
    locker: LockerId,
    change: ConfigurationChange,
    *,
    by: ActorId,
    cause: str = "",
) -> int:
    """Write the next version if anything differs, within a larger operation (R1, R2)."""
    machine = read_machine(ledger, locker)
    described = find_locker_row(ledger, locker)
    site = SiteId(str(described["site"]))
    version = int(machine["desired_version"] or 0)
    before = _read_version(ledger, locker, version)
    given = {name: value for name in CHOSEN if (value := getattr(change, name)) is not UNSET}
    wanted = Configuration(
        version=version,
        locker=locker,
        site=site,
        name=str(find_site_row(ledger, site)["name"]),
        compartments=read_layout(described["layout"]),
    )
    if before is not None:
        kept = {name: getattr(before, name) for name in CHOSEN}
        wanted = msgspec.structs.replace(wanted, **kept)
    wanted = msgspec.structs.replace(wanted, **given)
    if wanted == before and not change.is_repeated:
        return version
    wanted = msgspec.structs.replace(wanted, version=version + 1)
    values: dict[str, Scalar] = {
        "body": bytes(encode_configuration(wanted)),
        "made_at": ledger.now,
        "made_by": by,
    }
    ledger.put(RowChange(CONFIGURATIONS.name, (locker, wanted.version), values))
    row = {**machine, "desired_version": wanted.version, "ring": wanted.ring}
    ledger.put(RowChange(MACHINES.name, (locker,), row))
    made = ConfigurationMade(
        at=ledger.now,
        locker=locker,
        version=wanted.version,
        changed=_differing(before, wanted),
    )
    ledger.record(site_stream(site), made, by=by, cause=cause)
    return wanted.version


def follow_layout(ledger: Ledger, locker: LockerId, *, by: ActorId, cause: str = "") -> None:
    """Bring a configuration that exists up to date with layout and site (R2)."""
    if read_machine(ledger, locker)["desired_version"]:
        draw_configuration(ledger, locker, ConfigurationChange(), by=by, cause=cause)


def read_machine(ledger: Ledger, locker: LockerId) -> dict[str, Scalar]:
    """Read what is known of a locker's machine; of none, when nothing is."""
    row = ledger.row(MACHINES.name, (locker,))
    if row is not None:
        return dict(row)
    return {
        "kid": "",
        "revoked_at": None,
        "revoked_by": None,
        "ring": "",
        "desired_version": 0,
        "reported_version": 0,
        "reported_ring": "",
        "reported_at": None,
        "refused_version": 0,
        "refusal": "",
    }


def read_update(ledger: Ledger, locker: LockerId) -> ConfigurationUpdate:
    """Read what a locker shall be now, unsigned, within a larger operation.

    Raises
    ------
    LookupError
        When nobody has said: :func:`draw_configuration` comes first.
    """
    version = int(read_machine(ledger, locker)["desired_version"] or 0)
    row = ledger.row(CONFIGURATIONS.name, (locker, version))
    if row is None:
        raise LookupError(f"{locker} has no configuration")
    body = row["body"]
    assert isinstance(body, bytes)
    return ConfigurationUpdate(locker=locker, version=version, body=msgspec.Raw(body))


def find_configuration(connection: Connection, locker: LockerId) -> ConfigurationUpdate | None:
    """Find what a locker shall be now, unsigned; ``None`` when nobody has said."""
    newest = (
        select(CONFIGURATIONS.c.version, CONFIGURATIONS.c.body)
        .where(CONFIGURATIONS.c.locker == locker)
        .order_by(CONFIGURATIONS.c.version.desc())
        .limit(1)
    )
    row = connection.execute(newest).one_or_none()
    if row is None:
        return None
    body = msgspec.Raw(bytes(row.body))
    return ConfigurationUpdate(locker=locker, version=int(row.version), body=body)


def read_desired(connection: Connection) -> dict[LockerId, int]:
    """Read which version each locker shall have that says it has an older one."""
    is_behind = MACHINES.c.desired_version > MACHINES.c.reported_version
    query = select(MACHINES.c.locker, MACHINES.c.desired_version).where(is_behind)
    return {LockerId(row.locker): int(row.desired_version) for row in connection.execute(query)}


def rows_of(locker: LockerId) -> tuple[tuple[str, tuple[Scalar, ...]], ...]:
    """Name the rows that operations on a locker's machine read."""
    return ((LOCKERS.name, (locker,)), (MACHINES.name, (locker,)))


def _read_version(ledger: Ledger, locker: LockerId, version: int) -> Configuration | None:
    row = ledger.row(CONFIGURATIONS.name, (locker, version)) if version else None
    if row is None:
        return None
    body = row["body"]
    assert isinstance(body, bytes)
    return decode_configuration(body)


def _differing(before: Configuration | None, after: Configuration) -> tuple[str, ...]:
    names = [name for name in after.__struct_fields__ if name not in ("version", "locker", "site")]
    return tuple(
        name for name in names if before is None or getattr(before, name) != getattr(after, name)
    )


def _check(change: ConfigurationChange) -> None:
    if not isinstance(change.ring, UnsetType):
        _check_ring(change.ring)
    languages = change.languages
    if not isinstance(languages, UnsetType) and (
        not languages
        or set(languages) - set(LANGUAGES_STANDARD)
        or len(set(languages)) < len(languages)
    ):
        raise BadEntry(f"languages: some of {', '.join(LANGUAGES_STANDARD)}, each once")
    if isinstance(change.board, dict):
        missing = [name for name in ("kind", "port", "locks") if name not in change.board]
        if missing:
            raise BadEntry(f"board: {', '.join(missing)} missing; as [board] in a locker's file")


def _check_ring(ring: str) -> None:
    if ring not in RINGS:
        raise BadEntry(f"ring: one of {', '.join(RINGS)}")
