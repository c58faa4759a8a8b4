"""Every endpoint there is. What is not listed here does not exist."""

from typing import Final

from . import (
    bookings,
    feed,
    lockers,
    machines,
    manifests,
    openings,
    parcel_changes,
    parcels,
    receipts,
    routes,
    sites,
    webhooks,
)
from .endpoint import Endpoint

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    *parcels.ENDPOINTS,
    *parcel_changes.ENDPOINTS,
    *receipts.ENDPOINTS,
    *bookings.ENDPOINTS,
    *manifests.ENDPOINTS,
    *sites.ENDPOINTS,
    *lockers.ENDPOINTS,
    *openings.ENDPOINTS,
    *machines.ENDPOINTS,
    *feed.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *routes.ENDPOINTS,
)
