"""Kill centres and their database under load, again and again, and look at what is left."""

import http.client
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random
from threading import Event
from time import monotonic
from typing import NamedTuple

from restante.access import Scope
from restante.core.ids import LockerId
from restante.core.value import UtcSeconds
from restante.operations.directory import issue_api_key, register_locker
from restante.operations.webhooks import make_webhook
from restante.partners.public_address import Allowance
from tests.crash.centre import CentreProcess, Given, load_what_centres_share
from tests.crash.checks import Findings, check_left
from tests.crash.load import Load, Told, Way
from tests.crash.mortal import MOMENTS, PARDON, Doom
from tests.crash.servers import Node, is_alive, nodes
from tests.operations.house import ACME, LOCKER, OPERATOR, SITE, layout, open_house
from tests.postgres_server import find_port
from tests.programs import Overdue, wait_until
from tests.webhooks.receivers import Receivers

PARTNERS = 2
LOCKERS = (str(LOCKER), "locker-03")
DEPOSITED = "parcel.deposited.v1"
NEIGHBOR = "127.0.0.1"
"""Where partners' receivers listen here."""

RECOVER_SECONDS_MAX = 90.0
"""Until everybody is served again, also on a busy machine."""

VICTIMS = ("postgres", "centre", "commit", "outbox", "follower")
"""The database, a centre at any moment, and a centre at each of the points where it can be told to
die: its committer, its follower; and the process that sends its notices, when some are sent."""


class Outcome(NamedTuple):
    """What a story came to."""

    seed: int
    found: Findings
    killed: Counter[str]
    acknowledged: int
    slowest_recovery_seconds: float
    answers: Counter[str]
    seconds: float

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.killed.total()} kills ({say_kills(self.killed)}), "
            f"{self.acknowledged} acknowledged, {self.found}, slowest recovery "
            f"{self.slowest_recovery_seconds:.1f} s, answers {dict(self.answers)}, "
            f"{self.seconds:.0f} s"
        )


class Network(NamedTuple):
    """A small network on a database, its keys, and two centres that serve it."""

    data: Path
    keys: list[str]
    centres: list[CentreProcess]
    receivers: Receivers

    @property
    def ways(self) -> list[Way]:
        """How the centres are reached."""
        return [Way(one.url, one.given.line) for one in self.centres]


@contextmanager
def network(address: str, *, fault: str = "") -> Iterator[Network]:
    """Make a network and start its centres; they are killed at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="crash-") as text,
        closing(Receivers()) as receivers,
    ):
        data = Path(text)
        keys = _furnish(data, address, receivers.url())
        centres = [
            CentreProcess(
                Given(
                    data=data,
                    database=address,
                    port=find_port(),
                    line=data / f"{name}.line",
                    log=data / f"{name}.log",
                    fault=fault,
                    settings=(("webhook_allow_private", NEIGHBOR),),
                )
            )
            for name in ("left", "right")
        ]
        try:
            _start(centres)
            yield Network(data, keys, centres, receivers)
        finally:
            for centre in centres:
                centre.kill()


def _start(centres: Sequence[CentreProcess]) -> None:
    with ThreadPoolExecutor(len(centres)) as pool:
        list(pool.map(CentreProcess.start, centres))


def _furnish(data: Path, address: str, receiver: str) -> list[str]:
    house = open_house(data, at=UtcSeconds(int(time.time())), database=address)
    centre = house.centre
    for locker in map(LockerId, LOCKERS):
        wide = register_locker(OPERATOR, locker=locker, site=SITE, layout=layout(400))
        centre.run(wide)
    told = Allowance(private_hosts=frozenset({NEIGHBOR}))
    centre.run(make_webhook(centre.means, told, house.acme, url=receiver, event_types=(DEPOSITED,)))
    issued = [
        centre.run(
            issue_api_key(
                centre.means, OPERATOR, partner=ACME, scopes=frozenset(Scope), label=str(n)
            )
        )
        for n in range(PARTNERS)
    ]
    centre.close()
    return [one.reveal() for one in issued]


def play(seed: int, rounds: int, *, fault: str = "", who: Sequence[str] = VICTIMS) -> Outcome:
    """Kill one of ``who`` under load, ``rounds`` times, and say what is broken."""
    began = monotonic()
    chance = Random(seed)
    # Everybody as often, in any order.
    victims = [who[n % len(who)] for n in range(rounds)]
    chance.shuffle(victims)
    killed: Counter[str] = Counter()
    slowest = 0.0
    # While the database is made.
    load_what_centres_share()
    with nodes(1) as (server,):
        server.make()
        server.start()
        with network(server.address, fault=fault) as net:
            load = Load(net.ways, net.keys, LOCKERS, seed)
            load.start()
            try:
                for victim in victims:
                    slowest = max(slowest, _kill_once(victim, chance, server, net, load.told))
                    killed[victim] += 1
            except Overdue as error:
                load.told.broken.append(str(error))
            finally:
                load.stop()
            for one in net.centres:
                one.kill()
            found = check_left(load.told, server.address, net.data, net.receivers.received)
    told = load.told
    return Outcome(seed, found, killed, told.count, slowest, told.answers, monotonic() - began)


def say_kills(killed: Counter[str]) -> str:
    """Count them by kind."""
    return ", ".join(f"{name} {count}" for name, count in sorted(killed.items()))


def wait_for_work(told: Told, more: int) -> None:
    """Return when so much more was acknowledged.

    Raises
    ------
    Overdue
        When it was not, for long.
    """
    if not told.wait_for(told.count + more, RECOVER_SECONDS_MAX):
        raise Overdue(f"not {more} more acknowledged in {RECOVER_SECONDS_MAX:.0f} s")


def _kill_once(victim: str, chance: Random, server: Node, net: Network, told: Told) -> float:
    """Kill, start again, and return how long it took until everybody was served."""
    wait_for_work(told, chance.randint(3, 12))
    began = monotonic()
    if victim == "postgres":
        Event().wait(chance.random() * 0.1)
        server.kill()
        server.start()
    elif victim == "centre":
        Event().wait(chance.random() * 0.1)
        chance.choice(net.centres).kill()
    elif victim == "outbox":
        _kill_sender(chance.choice(MOMENTS), net.centres)
    else:
        _die_at(victim, chance.choice(MOMENTS), net.centres)
    wait_until(
        lambda: _is_everybody_served(net.centres),
        what="everybody is served again",
        seconds=RECOVER_SECONDS_MAX,
    )
    wait_for_work(told, 1)
    return monotonic() - began


def _die_at(point: str, moment: str, centres: Sequence[CentreProcess]) -> None:
    """Let the first centre that comes to a point die there, whoever else does."""
    for centre in centres:
        with suppress(OSError):
            centre.doom(Doom(point, moment))
    wait_until(
        lambda: any(centre.is_dead for centre in centres),
        what=f"a centre comes to {moment} {point}",
        seconds=RECOVER_SECONDS_MAX,
    )
    for centre in centres:
        # It may die as it is told, or pardoned.
        with suppress(OSError):
            centre.doom(PARDON)


def _kill_sender(moment: str, centres: Sequence[CentreProcess]) -> None:
    """Let the first process that sends notices die where it marks work as done."""
    told: set[int] = set()

    def somebody_died() -> bool:
        if not told:
            told.update(_tell_senders(Doom("outbox", moment), centres))
        return any(not is_alive(pid) for pid in told)

    wait_until(somebody_died, what=f"notices come to {moment} done", seconds=RECOVER_SECONDS_MAX)
    # The other one lives on, and the dead one's centre starts another.
    wait_until(
        lambda: len(_tell_senders(PARDON, centres)) == len(centres),
        what="all centres send notices again",
        seconds=RECOVER_SECONDS_MAX,
    )


def _tell_senders(doom: Doom, centres: Sequence[CentreProcess]) -> set[int]:
    found: set[int] = set()
    for centre in centres:
        # It may be about to start, or dying as it is told.
        with suppress(OSError, ValueError):
            found.add(centre.doom_sender(doom))
    return found


def _is_everybody_served(centres: Sequence[CentreProcess]) -> bool:
    # One that was pardoned too late dies only now.
    if dead := [centre for centre in centres if centre.is_dead]:
        _start(dead)
    return all(map(_serves, centres))


def _serves(centre: CentreProcess) -> bool:
    # Without a key the database is not asked; with a wrong one it is.
    line = http.client.HTTPConnection("127.0.0.1", centre.given.port, timeout=30)
    try:
        line.request("GET", "/api/v1/parcels", headers={"authorization": "Bearer rk_wrong"})
        return line.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()
