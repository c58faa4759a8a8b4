"""Every endpoint there is. What is not listed here does not exist."""

from typing import Final

from . import bookings, feed, lockers, machines, manifests, parcel_changes, parcels, sites
from .endpoint import Endpoint

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    *parcels.ENDPOINTS,
    *parcel_changes.ENDPOINTS,
    *bookings.ENDPOINTS,
    *manifests.ENDPOINTS,
    *sites.ENDPOINTS,
    *lockers.ENDPOINTS,
    *machines.ENDPOINTS,
    *feed.ENDPOINTS,
)
