"""Which machine remembers which kind of stream.

A stream's current state is the fold of its facts; ``parcel/<id>`` holds two machines side by
side, custody and grants, because both are the centre's word about one parcel.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, get_args

from msgspec.structs import replace

from . import device, dispatch, fleet, grant, locker, parcel, remote, site
from .value import Fact, Value


class ParcelFile(Value):
    """What the centre knows of one parcel."""

    custody: parcel.Parcel = parcel.Unknown()
    grants: grant.Grants = grant.Grants()


class StreamKind(NamedTuple):
    """How to fold streams of one kind."""

    initial: Value
    evolve: Callable[[Any, Any], Any]
    """``(state, fact) -> state``; ignores facts of other kinds and unknown tags."""
    state_type: type[Value]
    fact_types: tuple[type[Fact], ...]


_PARCEL_FACTS: Final = get_args(parcel.ParcelFact)
_GRANT_FACTS: Final = get_args(grant.GrantFact)
_SITE_FACTS: Final = get_args(site.SiteFact)
_DEVICE_FACTS: Final = get_args(device.DeviceFact)
_LOCKER_FACTS: Final = get_args(locker.LockerFact)
_REMOTE_FACTS: Final = get_args(remote.RemoteFact)
_DISPATCH_FACTS: Final = get_args(dispatch.DispatchFact)
_FLEET_FACTS: Final = (fleet.OpeningCounted, fleet.RecordsPutBack)


def _evolve_parcel(state: ParcelFile, fact: Fact) -> ParcelFile:
    if isinstance(fact, _GRANT_FACTS):
        return replace(state, grants=grant.evolve(state.grants, fact))
    if isinstance(fact, _PARCEL_FACTS):
        return replace(state, custody=parcel.evolve(state.custody, fact))
    return state


def _evolve_site(state: site.Site, fact: Fact) -> site.Site:
    return site.evolve(state, fact) if isinstance(fact, _SITE_FACTS) else state


def _evolve_locker(state: locker.Locker, fact: Fact) -> locker.Locker:
    return locker.evolve(state, fact) if isinstance(fact, _LOCKER_FACTS) else state


def _evolve_remote(state: remote.Remote, fact: Fact) -> remote.Remote:
    return remote.evolve(state, fact) if isinstance(fact, _REMOTE_FACTS) else state


def _evolve_fleet(state: fleet.Fleet, fact: Fact) -> fleet.Fleet:
    return fleet.evolve(state, fact) if isinstance(fact, _FLEET_FACTS) else state


def _evolve_dispatch(state: dispatch.Dispatch, fact: Fact) -> dispatch.Dispatch:
    return dispatch.evolve(state, fact) if isinstance(fact, _DISPATCH_FACTS) else state


KINDS: Final[dict[str, StreamKind]] = {
    "parcel": StreamKind(ParcelFile(), _evolve_parcel, ParcelFile, _PARCEL_FACTS + _GRANT_FACTS),
    "site": StreamKind(site.Site(), _evolve_site, site.Site, _SITE_FACTS + _DEVICE_FACTS),
    "locker": StreamKind(locker.Locker(), _evolve_locker, locker.Locker, _LOCKER_FACTS),
    "remote": StreamKind(remote.Remote(), _evolve_remote, remote.Remote, _REMOTE_FACTS),
    "fleet": StreamKind(fleet.Fleet(), _evolve_fleet, fleet.Fleet, _FLEET_FACTS),
    "dispatch": StreamKind(
        dispatch.Dispatch(), _evolve_dispatch, dispatch.Dispatch, _DISPATCH_FACTS
    ),
}
"""Every kind of stream there is."""
