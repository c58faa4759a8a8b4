"""Trade: every evening partners announce what the couriers will bring on the next day."""

import random

from ..core.ids import PartnerId
from .arrivals import Labels, draw_parcels
from .people import arrivals_expected, draw_count
from .world import World


class Market:
    """Announces parcels for a world that lives on.

    Parameters
    ----------
    scale
        What the assumptions' arrivals are multiplied by.
    """

    def __init__(self, world: World, *, partner: PartnerId, seed: int, scale: float = 1.0) -> None:
        self._world = world
        self._partner = partner
        self._chance = random.Random(seed)
        self._labels = Labels()
        self._scale = scale
        self._number = 0

    def open(self) -> None:
        """Announce for today's tours now, and from then on every evening."""
        self._announce()
        self._world.agenda.at(self._world.next_evening(), self._evening)

    def _evening(self) -> None:
        self._announce()
        self._world.agenda.at(self._world.next_evening(), self._evening)

    def _announce(self) -> None:
        world = self._world
        for stand in world.town.stands:
            mean = self._scale * arrivals_expected(
                world.assumptions,
                compartment_count=len(stand.controller.config.specs),
                at=world.agenda.now,
                zone=world.zone,
                peak=world.is_peak,
            )
            count = draw_count(self._chance, mean)
            parcels = draw_parcels(
                self._chance, self._labels, stand.site, count, first_number=self._number
            )
            self._number += count
            world.announce(parcels, partner=self._partner)
