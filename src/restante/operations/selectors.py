"""Which public first digits a site's codes have: new codes take the least used.

It is no promise but a habit, so what was read may be an hour old: a centre that announces hundreds
of parcels a second would otherwise read the codes of thirty days for each.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from ..clock import Clock
from ..core.ids import SiteId
from ..core.value import HOUR, UtcSeconds

KNOWN_SECONDS: Final = HOUR
"""How long what was read of a site is believed (chosen)."""

SITES_MAX: Final = 100_000
"""Sites remembered: some 20 kB for each ten."""

ReadUses = Callable[[Sequence[SiteId]], Mapping[SiteId, Mapping[str, int]]]
"""Reads how often each selector of some sites is in use."""


class _Known(NamedTuple):
    until: UtcSeconds
    uses: Counter[str]


class Selectors:
    """How often each selector is in use at each site, as far as this process knows.

    Parameters
    ----------
    read
        Asked once an hour for each site that gets parcels.
    """

    def __init__(self, read: ReadUses, clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._known: OrderedDict[SiteId, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def learn(self, sites: Iterable[SiteId]) -> None:
        """Read what is not known of some sites, all with one query."""
        now = self._clock.now()
        with self._lock:
            wanted = [site for site in dict.fromkeys(sites) if not self._is_known(site, now)]
        if not wanted:
            return
        found = self._read(wanted)
        until = UtcSeconds(now + KNOWN_SECONDS)
        with self._lock:
            for site in wanted:
                self._known[site] = _Known(until, Counter(found.get(site, {})))
            while len(self._known) > SITES_MAX:
                self._known.popitem(last=False)

    def uses(self, site: SiteId) -> Mapping[str, int]:
        """Tell how often each selector of a site is in use."""
        self.learn((site,))
        with self._lock:
            known = self._known.get(site)
            return {} if known is None else dict(known.uses)

    def given(self, site: SiteId, selector: str) -> None:
        """Note a selector that a new code has."""
        with self._lock:
            known = self._known.get(site)
            if known is not None:
                known.uses[selector] += 1

    def _is_known(self, site: SiteId, now: UtcSeconds) -> bool:
        known = self._known.get(site)
        # A clock that was set back does not make it known for ever.
        return known is not None and known.until - KNOWN_SECONDS <= now < known.until
