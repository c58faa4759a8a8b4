"""What a locker is told about itself when it is set up."""

from ..access import STANDARD, VerifierCost
from ..core.ids import CompartmentId, LockerId, SiteId
from ..core.size import CompartmentSpec
from ..core.value import Value


class LockerConfig(Value):
    """One locker as built and placed."""

    locker: LockerId
    site: SiteId
    specs: tuple[CompartmentSpec, ...]
    languages: tuple[str, ...] = ("en", "de", "pl", "es")
    """What people may choose on the screen; the first is shown when nobody has chosen."""
    verifier_cost: VerifierCost = STANDARD
    """What the site's PIN verifiers are made with."""
    name: str = ""
    """Shown until the list brings the site's name."""
    screen_column: int = 0
    """The screen is left of this column: where people stand in the drawing."""

    def spec(self, compartment: CompartmentId) -> CompartmentSpec:
        """Find a compartment's measures.

        Raises
        ------
        LookupError
            When there is no such compartment.
        """
        for spec in self.specs:
            if spec.id == compartment:
                return spec
        raise LookupError(f"{self.locker} has no compartment {compartment!r}")
