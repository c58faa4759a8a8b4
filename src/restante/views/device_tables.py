"""The machines of lockers: their keys and certificates, how they are claimed, what they shall be.

Beside :mod:`.tables`: every key begins with the locker. Private keys are at the lockers, claim
codes are kept as digests. Operations write these rows; who did it is a fact of the locker's stream
at the centre.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    select,
)

from ..core.ids import LockerId
from ..core.value import UtcSeconds, Value
from .tables import VIEWS

ACTIVE: Final = "active"
SUPERSEDED: Final = "superseded"
"""Another key has taken its place; what it signed before stays proved."""
REVOKED: Final = "revoked"
"""Not to be believed any more."""

DEVICES: Final = Table(
    "devices",
    VIEWS,
    Column("locker", Text, primary_key=True),
    Column("kid", Text, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("status", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("enrolled_at", BigInteger, nullable=False),
    Column("enrolled_by", Text, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", Text),
)
"""Device keys: ``active`` (one for each locker at most), ``superseded`` or ``revoked``.
``serial``: of the newest certificate for the key. ``enrolled_by``: who made the claim code."""

CERTIFICATES: Final = Table(
    "certificates",
    VIEWS,
    Column("locker", Text, primary_key=True),
    Column("serial", Text, primary_key=True),
    Column("kid", Text, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("not_after", BigInteger, nullable=False),
    Column("pem", LargeBinary, nullable=False),
)
"""Certificates made for lockers: handed out again when an answer was lost, and for the revocation
list. ``serial``: in hex."""

Index("certificates_by_end", CERTIFICATES.c.not_after)

CLAIMS: Final = Table(
    "claims",
    VIEWS,
    Column("locker", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)
"""The newest claim code of each locker, as a digest."""

Index("claims_by_digest", CLAIMS.c.digest)

MACHINES: Final = Table(
    "machines",
    VIEWS,
    Column("locker", Text, primary_key=True),
    Column("kid", Text, nullable=False),
    Column("revoked_at", BigInteger),
    Column("revoked_by", Text),
    Column("ring", Text, nullable=False),
    Column("desired_version", Integer, nullable=False),
    Column("reported_version", Integer, nullable=False),
    Column("reported_ring", Text, nullable=False),
    Column("reported_at", BigInteger),
    Column("refused_version", Integer, nullable=False),
    Column("refusal", Text, nullable=False),
)
"""What each locker shall be and says it is; 0 and empty before it was told or said anything.
``kid``: its active device key. ``revoked_at``: since when no machine is this locker; empty again
once one is enrolled. The release it reports is in ``locker_links``."""

_IS_SHUT_OUT: Final = MACHINES.c.revoked_at.is_not(None)
_IS_BEHIND: Final = MACHINES.c.desired_version > MACHINES.c.reported_version

# A centre looks for both every second; few machines are either.
for _name, _where in (("machines_shut_out", _IS_SHUT_OUT), ("machines_behind", _IS_BEHIND)):
    Index(_name, MACHINES.c.locker, sqlite_where=_where, postgresql_where=_where)

CONFIGURATIONS: Final = Table(
    "configurations",
    VIEWS,
    Column("locker", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
)
"""Every version of every locker's configuration; never changed once written."""

RELEASES: Final = Table(
    "releases",
    VIEWS,
    Column("ring", Text, primary_key=True),
    Column("release", Text, nullable=False),
    Column("set_at", BigInteger, nullable=False),
    Column("set_by", Text, nullable=False),
)
"""The release that the lockers of an update ring shall run."""


class DevicePublicKey(Value):
    """The public half of a locker's key, now or once."""

    kid: str
    public: bytes
    status: str
    """:data:`ACTIVE`, :data:`SUPERSEDED` or :data:`REVOKED`."""
    enrolled_at: UtcSeconds
    ended_at: UtcSeconds | None
    """When it was superseded or revoked."""

    def spoke_at(self, at: UtcSeconds) -> bool:
        """Tell whether it was the locker's key at a time, so that its word counted then."""
        return self.enrolled_at <= at and (self.ended_at is None or at < self.ended_at)


def find_device_keys(connection: Connection, locker: LockerId) -> tuple[DevicePublicKey, ...]:
    """List the public keys a locker has ever had, newest first."""
    query = select(DEVICES).where(DEVICES.c.locker == locker).order_by(DEVICES.c.enrolled_at.desc())
    return tuple(
        DevicePublicKey(
            kid=str(row.kid),
            public=bytes(row.public_key),
            status=str(row.status),
            enrolled_at=UtcSeconds(row.enrolled_at),
            ended_at=None if row.ended_at is None else UtcSeconds(row.ended_at),
        )
        for row in connection.execute(query)
    )


def read_revoked_serials(connection: Connection, now: UtcSeconds) -> tuple[str, ...]:
    """List certificates that are not to be believed although they have not run out."""
    is_same = (CERTIFICATES.c.locker == DEVICES.c.locker) & (CERTIFICATES.c.kid == DEVICES.c.kid)
    query = (
        select(CERTIFICATES.c.serial)
        .select_from(CERTIFICATES.join(DEVICES, is_same))
        .where(CERTIFICATES.c.not_after > now, DEVICES.c.status != ACTIVE)
        .order_by(CERTIFICATES.c.serial)
    )
    return tuple(str(serial) for serial in connection.scalars(query))


def read_shut_out(connection: Connection) -> frozenset[LockerId]:
    """List lockers that were revoked and not enrolled since."""
    query = select(MACHINES.c.locker).where(MACHINES.c.revoked_at.is_not(None))
    return frozenset(LockerId(locker) for locker in connection.scalars(query))


def is_shut_out(connection: Connection, locker: LockerId) -> bool:
    """Tell whether a locker was revoked and not enrolled since."""
    query = select(MACHINES.c.revoked_at).where(MACHINES.c.locker == locker)
    return connection.scalar(query) is not None


def find_claimed_locker(connection: Connection, digest: bytes) -> LockerId | None:
    """Find which locker a claim code is for, by its digest."""
    found = connection.scalar(select(CLAIMS.c.locker).where(CLAIMS.c.digest == digest))
    return None if found is None else LockerId(found)
