"""What a locker's machine is, shall be and says it is; for operators."""

from typing import Final

import msgspec
from sqlalchemy import Connection, select

from ..core.ids import LockerId
from ..core.value import UtcSeconds, Value
from ..link.configuration import RING_STANDARD, RINGS, Configuration, decode_configuration
from .device_tables import CERTIFICATES, CLAIMS, CONFIGURATIONS, DEVICES, MACHINES, RELEASES
from .tables import LOCKER_LINKS

_APART: Final = ("version", "locker", "site")


class ShownMachine(Value, omit_defaults=False):
    """A locker's machine: who it is, and how it shall be against how it is."""

    locker: LockerId
    status: str
    """``none``, ``claimed``, ``enrolled``, ``expired`` or ``revoked``."""
    kid: str = ""
    """Name of its device key."""
    enrolled_at: UtcSeconds | None = None
    enrolled_by: str = ""
    certificate_until: UtcSeconds | None = None
    claim_until: UtcSeconds | None = None
    """Until when the newest claim code works; ``None`` when there is none to use."""
    revoked_at: UtcSeconds | None = None
    revoked_by: str = ""
    ring: str = RING_STANDARD
    release: str = ""
    """What it says it runs."""
    release_wanted: str = ""
    """What its ring shall run; empty when nobody said."""
    desired_version: int = 0
    reported_version: int = 0
    reported_at: UtcSeconds | None = None
    refused_version: int = 0
    refusal: str = ""
    """Why it does not take that version."""
    differing: tuple[str, ...] = ()
    """What the desired configuration has otherwise than the reported one."""
    desired: Configuration | None = None

    @property
    def is_behind(self) -> bool:
        """Whether it runs another release than its ring shall."""
        return bool(self.release_wanted and self.release and self.release != self.release_wanted)

    @property
    def is_refused(self) -> bool:
        """Whether it will not take what is desired now."""
        return bool(self.desired_version) and self.refused_version == self.desired_version


class ShownRing(Value, omit_defaults=False):
    """An update ring."""

    ring: str
    release: str
    locker_count: int
    behind_count: int


def find_machine(connection: Connection, locker: LockerId, now: UtcSeconds) -> ShownMachine:
    """Show a locker's machine; of a locker nobody enrolled, that."""
    machine = connection.execute(select(MACHINES).where(MACHINES.c.locker == locker)).one_or_none()
    claim = connection.execute(select(CLAIMS).where(CLAIMS.c.locker == locker)).one_or_none()
    release = connection.scalar(
        select(LOCKER_LINKS.c.release).where(LOCKER_LINKS.c.locker == locker)
    )
    is_open = claim is not None and claim.used_at is None and claim.expires_at > now
    shown = ShownMachine(
        locker=locker,
        status="claimed" if is_open else "none",
        claim_until=UtcSeconds(claim.expires_at) if claim is not None and is_open else None,
        release=release or "",
    )
    ring = RING_STANDARD if machine is None else machine.ring or RING_STANDARD
    wanted = connection.scalar(select(RELEASES.c.release).where(RELEASES.c.ring == ring))
    shown = msgspec.structs.replace(shown, ring=ring, release_wanted=wanted or "")
    if machine is None:
        return shown
    shown = msgspec.structs.replace(
        shown,
        desired_version=machine.desired_version,
        reported_version=machine.reported_version,
        reported_at=machine.reported_at,
        refused_version=machine.refused_version,
        refusal=machine.refusal,
        revoked_at=machine.revoked_at,
        revoked_by=machine.revoked_by or "",
    )
    shown = _with_versions(connection, shown)
    if machine.revoked_at is not None and not is_open:
        return msgspec.structs.replace(shown, status="revoked")
    return _with_device(connection, shown, str(machine.kid), now)


def list_rings(connection: Connection) -> tuple[ShownRing, ...]:
    """Show every ring, with how many lockers are in it and how many run something else."""
    wanted = {row.ring: row.release for row in connection.execute(select(RELEASES))}
    counts = dict.fromkeys(RINGS, 0)
    behind = dict.fromkeys(RINGS, 0)
    joined = MACHINES.outerjoin(LOCKER_LINKS, LOCKER_LINKS.c.locker == MACHINES.c.locker)
    for row in connection.execute(
        select(MACHINES.c.ring, LOCKER_LINKS.c.release).select_from(joined)
    ):
        ring = row.ring or RING_STANDARD
        counts[ring] = counts.get(ring, 0) + 1
        if wanted.get(ring) and row.release and row.release != wanted[ring]:
            behind[ring] = behind.get(ring, 0) + 1
    return tuple(
        ShownRing(
            ring=ring,
            release=wanted.get(ring, ""),
            locker_count=counts[ring],
            behind_count=behind[ring],
        )
        for ring in RINGS
    )


def _with_device(
    connection: Connection, shown: ShownMachine, kid: str, now: UtcSeconds
) -> ShownMachine:
    is_same = (DEVICES.c.locker == CERTIFICATES.c.locker) & (
        DEVICES.c.serial == CERTIFICATES.c.serial
    )
    query = (
        select(DEVICES.c.enrolled_at, DEVICES.c.enrolled_by, CERTIFICATES.c.not_after)
        .select_from(DEVICES.join(CERTIFICATES, is_same))
        .where(DEVICES.c.locker == shown.locker, DEVICES.c.kid == kid)
    )
    device = connection.execute(query).one_or_none()
    if device is None:
        return shown
    return msgspec.structs.replace(
        shown,
        status="enrolled" if device.not_after > now else "expired",
        kid=kid,
        enrolled_at=device.enrolled_at,
        enrolled_by=device.enrolled_by,
        certificate_until=device.not_after,
    )


def _with_versions(connection: Connection, shown: ShownMachine) -> ShownMachine:
    wanted = (shown.desired_version, shown.reported_version)
    query = select(CONFIGURATIONS.c.version, CONFIGURATIONS.c.body).where(
        CONFIGURATIONS.c.locker == shown.locker, CONFIGURATIONS.c.version.in_(wanted)
    )
    bodies = {row.version: decode_configuration(row.body) for row in connection.execute(query)}
    desired, reported = bodies.get(shown.desired_version), bodies.get(shown.reported_version)
    if desired is None:
        return shown
    names = [name for name in desired.__struct_fields__ if name not in _APART]
    differing = tuple(
        name
        for name in names
        if reported is None or getattr(reported, name) != getattr(desired, name)
    )
    return msgspec.structs.replace(shown, desired=desired, differing=differing)
