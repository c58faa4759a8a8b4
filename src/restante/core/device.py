"""What becomes of a locker's machine: claimed, enrolled, renewed, revoked, configured.

Facts of the site's stream, for those who ask later who let a machine in. They change nothing about
the site's capacity; what holds now is in rows beside them.
"""

from typing import TypeAlias

from .ids import LockerId
from .value import Fact, UtcSeconds


class ClaimMade(Fact, tag="site.claim_made.v1"):
    """Somebody made a one-time code with which a machine becomes this locker; it voids others."""

    locker: LockerId
    expires_at: UtcSeconds


class MachineEnrolled(Fact, tag="site.machine_enrolled.v1"):
    """A machine with this key is the locker from now on, and none before it."""

    locker: LockerId
    kid: str
    serial: str
    """Of the certificate, in hex."""
    not_after: UtcSeconds


class CertificateRenewed(Fact, tag="site.certificate_renewed.v1"):
    """The locker's machine was given its next certificate."""

    locker: LockerId
    kid: str
    serial: str
    not_after: UtcSeconds


class MachineRevoked(Fact, tag="site.machine_revoked.v1"):
    """No machine is this locker any more, until one is enrolled anew."""

    locker: LockerId
    why: str


class ConfigurationMade(Fact, tag="site.configuration_made.v1"):
    """The operator wants a locker to be so; it will follow or say why not."""

    locker: LockerId
    version: int
    changed: tuple[str, ...]
    """Names of what differs from the version before."""


class ConfigurationTaken(Fact, tag="site.configuration_taken.v1"):
    """The locker said that it is as this version tells."""

    locker: LockerId
    version: int


class ConfigurationDeclined(Fact, tag="site.configuration_declined.v1"):
    """The locker said that it cannot be as this version tells, and goes on as before."""

    locker: LockerId
    version: int
    why: str


DeviceFact: TypeAlias = (
    ClaimMade
    | MachineEnrolled
    | CertificateRenewed
    | MachineRevoked
    | ConfigurationMade
    | ConfigurationTaken
    | ConfigurationDeclined
)
