"""Which public first digits are in use, as far as a centre remembers."""

from collections.abc import Mapping, Sequence

from restante.access.pin import SELECTOR_DIGITS
from restante.clock import VirtualClock
from restante.core.ids import SiteId
from restante.core.value import HOUR, UtcSeconds
from restante.operations.credentials import draw_code
from restante.operations.selectors import Selectors
from tests.operations.house import OTHER_SITE, SITE, House


class Reading:
    """What is in use, and how often somebody looked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, sites: Sequence[SiteId]) -> Mapping[SiteId, Mapping[str, int]]:
        self.asked.append(list(sites))
        return {SITE: {"12": 2}}


def test_sites_are_read_together_and_once_an_hour() -> None:
    reading, clock = Reading(), VirtualClock(UtcSeconds(1_800_000_000))
    selectors = Selectors(reading, clock)
    selectors.learn([SITE, OTHER_SITE, SITE])
    assert selectors.uses(SITE) == {"12": 2}
    assert selectors.uses(OTHER_SITE) == {}
    assert reading.asked == [[SITE, OTHER_SITE]]
    clock.set(UtcSeconds(clock.now() + HOUR))
    selectors.uses(SITE)
    assert reading.asked[1:] == [[SITE]]


def test_a_clock_that_was_set_back_makes_nothing_known_for_longer() -> None:
    reading, clock = Reading(), VirtualClock(UtcSeconds(1_800_000_000))
    selectors = Selectors(reading, clock)
    selectors.learn([SITE])
    clock.set(UtcSeconds(clock.now() - 10 * HOUR))
    selectors.learn([SITE])
    assert len(reading.asked) == 2


def test_what_was_given_counts_before_it_is_read(house: House) -> None:
    reading, clock = Reading(), VirtualClock(UtcSeconds(1_800_000_000))
    selectors = Selectors(reading, clock)
    means = house.centre.means._replace(selectors=selectors)
    codes = [draw_code(means, SITE) for _ in range(10**SELECTOR_DIGITS - 1)]
    drawn = [code.pin.selector for code in codes if code is not None]
    assert len(set(drawn)) == 10**SELECTOR_DIGITS - 1
    assert "12" not in drawn, "it is in use twice already"
    assert len(reading.asked) == 1
