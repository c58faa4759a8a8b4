"""Build a living town: a centre, a locker at every site of a generated city, and its people."""

import os
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from .. import __version__
from ..access import SIMULATION, Keyring
from ..clock import Minter, VirtualClock
from ..core.hold import HoldPolicy
from ..core.value import DAY, Seconds, UtcSeconds
from ..edge.store import open_locker_journal
from ..journal.ledger import Operation
from ..journal.sql import SqlJournal
from ..notices import Mailbox, Notice
from ..operations.means import Means
from ..settings import Settings
from ..sim.assumptions import DEFAULT, Assumptions
from ..sim.city import City, CitySite, make_city
from ..sim.couriers import Courier
from ..sim.post import Mail, SimulatedPost
from ..sim.stand import Stand
from ..sim.town import locker_name, make_stand, settle_city
from ..sim.world import LOOK_SECONDS, World
from .centre import Centre, open_centre

Result = TypeVar("Result")

TOWN_HOLD = HoldPolicy(hold_seconds=Seconds(5 * DAY), extension_count_max=2)
"""Five days: with the dwell of the assumptions about one parcel in twenty is not collected."""

OUTBOX_TURNS_MAX = 40
"""Turns of the outbox in one look, fifty pieces each: a morning's notices go out together."""


class CityOffice(NamedTuple):
    """The centre as the simulator sees it, see :class:`restante.sim.ports.Office`."""

    centre: Centre

    @property
    def means(self) -> Means:
        """What operations work with."""
        return self.centre.means

    @property
    def journal(self) -> SqlJournal:
        """The centre's journal."""
        return self.centre.journal

    def run(self, operation: Operation[Result]) -> Result:
        """Run an operation and wait until it is durable."""
        return self.centre.run(operation)

    def pass_time(self, _now: UtcSeconds) -> None:
        """Do what is due: timers, lists, notices."""
        self.centre.timekeeper.tick()
        self.centre.hub.push_lists()
        for _ in range(OUTBOX_TURNS_MAX):
            if not self.centre.worker.turn():
                break


class Town(NamedTuple):
    """Everything of one town, see :class:`restante.sim.ports.Town`."""

    office: CityOffice
    clock: VirtualClock
    stands: tuple[Stand, ...]
    city: City
    couriers: tuple[Courier, ...]
    world: World
    posts: tuple[SimulatedPost, ...]

    @property
    def notices_sent(self) -> int:
        """Messages delivered so far, through all channels."""
        return sum(post.sent_count for post in self.posts)

    def close(self) -> None:
        """Write what waits and let go of files."""
        self.office.centre.close()
        for stand in self.stands:
            stand.controller.store.close()


class _Readers:
    """Hands notices to the world, which is built after the channels are."""

    def __init__(self) -> None:
        self.world: World | None = None

    def read(self, notice: Notice) -> None:
        if self.world is not None:
            self.world.read(notice)


def build_town(
    settings: Settings,
    *,
    starts_at: UtcSeconds,
    seed: int,
    is_watched: bool,
    assumptions: Assumptions = DEFAULT,
    hold: HoldPolicy = TOWN_HOLD,
    look_seconds: int = LOOK_SECONDS,
    city: City | None = None,
    mail: Callable[[str], Mail] | None = None,
) -> Town:
    """Build a town in a data folder; nothing happens in it until its agenda is played.

    Its journals do not wait for the disk: a town is thrown away when it is over.

    Parameters
    ----------
    starts_at
        What its clock shows first.
    is_watched
        Whether somebody looks at it: messages and lockers' journals then lie in the data folder.
    look_seconds
        How often idle lockers look at their sensors.
    city
        Another city than the usual one.
    mail
        Makes what keeps the messages of a channel, where it is not the settings' mailbox.
    """
    clock = VirtualClock(starts_at)
    dice = random.Random(seed)
    minter = Minter(clock, dice.randbytes)
    city = city or make_city()
    keyring = Keyring.in_memory(f"town-{seed}".encode(), starts_at)
    readers = _Readers()
    if mail is None and is_watched:
        mail = partial(_open_mailbox, settings)
    posts = _open_posts(readers, mail)
    centre = _open_centre(settings, clock, minter, keyring, posts)
    office = CityOffice(centre)
    couriers = settle_city(office, city, keyring=keyring, minter=minter)
    stands = tuple(
        _put_up_locker(site, centre, is_watched=is_watched)
        for site in city.sites
        if site.layout is not None
    )
    town = _Bare(office, clock, stands)
    world = World(
        town,
        city=city,
        couriers=couriers,
        assumptions=assumptions,
        seed=seed,
        hold=hold,
        look_seconds=look_seconds,
    )
    readers.world = world
    return Town(office, clock, stands, city, tuple(couriers), world, posts)


def _open_centre(
    settings: Settings,
    clock: VirtualClock,
    minter: Minter,
    keyring: Keyring,
    posts: tuple[SimulatedPost, ...],
) -> Centre:
    """Open the town's centre; what it keeps is as throwaway as the town."""
    return open_centre(
        settings,
        clock,
        minter,
        cost=SIMULATION,
        durability="relaxed",
        keyring=keyring,
        channels={post.name: post for post in posts},
    )


def _put_up_locker(site: CitySite, centre: Centre, *, is_watched: bool) -> Stand:
    """Build the locker of a site; it is as throwaway as the town."""
    name = locker_name(site.id)
    path = _locker_path(centre.settings.data_dir, name, is_watched=is_watched)
    return make_stand(
        site,
        journal=open_locker_journal(path, durability="relaxed"),
        centre_end=centre.hub.end_for(name),
        keyring=centre.keyring,
        clock=centre.clock,
        minter=centre.minter,
        cost=SIMULATION,
        release=__version__,
        centre_url=centre.settings.public_url,
    )


class _Bare(NamedTuple):
    """What the world needs of the town it lives in."""

    office: CityOffice
    clock: VirtualClock
    stands: tuple[Stand, ...]


def _open_posts(readers: _Readers, mail: Callable[[str], Mail] | None) -> tuple[SimulatedPost, ...]:
    return tuple(
        SimulatedPost(channel, read=readers.read, mail=None if mail is None else mail(channel))
        for channel in ("email", "sms")
    )


def _open_mailbox(settings: Settings, channel: str) -> Mailbox:
    return Mailbox(settings.mailbox_path, channel=channel)


def _locker_path(folder: Path, name: str, *, is_watched: bool) -> str:
    """Where a locker's journal lies; in memory where nobody will look for it."""
    return os.fspath(folder / f"{name}.sqlite") if is_watched else ":memory:"
