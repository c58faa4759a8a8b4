"""Who asks, and what they may see.

R1  A partner sees its own parcels only; another's is *not there*, never *forbidden*, so that
    nobody learns what exists.
R2  A recipient sees parcels addressed to their own pseudonym; a courier those of the partner they
    drive for. Operators see all.
R3  A partner's key opens only what its scopes name.

It knows who somebody is; how they proved it is the doors' business.
"""

from enum import StrEnum

from ..access import Scope
from ..core.ids import ActorId, PartnerId, RecipientId
from ..core.value import Value


class Role(StrEnum):
    """What kind of asker."""

    PARTNER = "partner"
    OPERATOR = "operator"
    COURIER = "courier"
    RECIPIENT = "recipient"
    LOCKER = "locker"
    TIMEKEEPER = "timekeeper"


class NotFound(LookupError):
    """There is no such object, or none that this asker may see.

    Parameters
    ----------
    what
        The noun: ``parcel``, ``site``, ...
    name
        Its id as it was asked for.
    """

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"no {what} {name!r} that you may see; check the id and whose key you use")
        self.what = what
        self.name = name


class Forbidden(PermissionError):
    """The asker is known and may not do this; the message says what would be needed."""


class Principal(Value):
    """Who asks."""

    role: Role
    name: str
    """Id of the partner, operator, courier, recipient or locker."""
    partner: PartnerId | None = None
    """Whose objects a partner or courier sees."""
    scopes: frozenset[Scope] = frozenset()
    """What a partner's key may do; other roles have none."""

    @classmethod
    def of_partner(cls, partner: PartnerId, scopes: frozenset[Scope] | None = None) -> "Principal":
        """Ask as a partner; with every scope when none are given."""
        given = frozenset(Scope) if scopes is None else scopes
        return cls(role=Role.PARTNER, name=partner, partner=partner, scopes=given)

    @classmethod
    def of_operator(cls, name: str) -> "Principal":
        """Ask as one who runs the network."""
        return cls(role=Role.OPERATOR, name=name)

    @classmethod
    def of_courier(cls, courier: str, partner: PartnerId) -> "Principal":
        """Ask as a courier who drives for a partner."""
        return cls(role=Role.COURIER, name=courier, partner=partner)

    @classmethod
    def of_recipient(cls, recipient: RecipientId) -> "Principal":
        """Ask as somebody a parcel is for."""
        return cls(role=Role.RECIPIENT, name=recipient)

    @classmethod
    def of_locker(cls, locker: str) -> "Principal":
        """Ask as a locker that reports."""
        return cls(role=Role.LOCKER, name=locker)

    @property
    def actor(self) -> ActorId:
        """How facts name the asker."""
        if self.role is Role.TIMEKEEPER:
            return ActorId("timekeeper")
        return ActorId(f"{self.role.value}:{self.name}")

    def may_see(self, *, partner: str, recipient: str) -> bool:
        """Whether a parcel of this partner for this recipient is the asker's to see (R1, R2)."""
        match self.role:
            case Role.PARTNER | Role.COURIER:
                return self.partner == partner
            case Role.RECIPIENT:
                return self.name == recipient
            case Role.OPERATOR | Role.TIMEKEEPER | Role.LOCKER:
                return True

    def need_scope(self, scope: Scope) -> None:
        """Refuse a partner whose key does not have a scope (R3).

        Raises
        ------
        Forbidden
            With the scope to ask for.
        """
        if self.role is Role.PARTNER and scope not in self.scopes:
            raise Forbidden(
                f"this API key lacks the scope {scope.value!r}; use a key that has it, "
                "or ask the operator for one"
            )

    def need_role(self, *roles: Role) -> None:
        """Refuse everybody but these roles.

        Raises
        ------
        Forbidden
            With who may.
        """
        if self.role not in roles:
            allowed = " or ".join(role.value for role in roles)
            raise Forbidden(f"only {allowed} may do this, not {self.role.value}")


TIMEKEEPER = Principal(role=Role.TIMEKEEPER, name="")
"""Time itself."""


def role_of(actor: ActorId) -> Role:
    """Tell in which role somebody acted, from how facts name them."""
    return Role(actor.partition(":")[0])
