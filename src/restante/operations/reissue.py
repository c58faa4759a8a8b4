"""Give a recipient a new code; the old one opens nothing any more."""

from ..core import parcel as custody
from ..core.ids import GrantId, ParcelId, SiteId, parcel_stream
from ..core.refusal import Reason, Refused
from ..core.value import FOREVER
from ..journal.ledger import Ledger, Operation
from ..views.principal import Principal, Role
from .credentials import draw_code, issue_grant
from .lookup import find_file
from .means import Means


def reissue_code(
    means: Means,
    principal: Principal,
    *,
    parcel: ParcelId,
    site: SiteId | None = None,
    cause: str = "",
) -> Operation[GrantId]:
    """Issue a new code for a parcel that is booked or held, and tell the recipient.

    Parameters
    ----------
    site
        Where the parcel is, when the caller knows it: the code is then drawn beforehand.

    Raises
    ------
    Refused
        By the operation: ``hold_expired`` when overdue, ``not_possible_now`` in other states.
    """
    principal.need_role(Role.PARTNER, Role.OPERATOR, Role.RECIPIENT)
    grant = GrantId(means.minter.make("g"))
    fresh = None if site is None else draw_code(means, site)

    def run(ledger: Ledger) -> GrantId:
        state = find_file(ledger, principal, parcel).custody
        match state:
            case custody.Booked():
                at_site, until = state.about.site, FOREVER
            case custody.Held(hold_until=hold_until) if ledger.now < hold_until:
                at_site, until = state.place.site, hold_until
            case custody.Held() | custody.Overdue():
                raise Refused(Reason.HOLD_EXPIRED, "the parcel goes back; no code opens its door")
            case _:
                raise Refused(Reason.NOT_POSSIBLE_NOW, "there is no door a code could open")
        return issue_grant(
            ledger,
            means,
            parcel=parcel,
            site=at_site,
            recipient=state.about.recipient,
            grant=grant,
            fresh=fresh,
            by=principal.actor,
            cause=cause,
            valid_until=until,
        )

    return Operation((parcel_stream(parcel),), run)
