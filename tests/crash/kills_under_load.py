"""Kill centres and their database under load, again and again, and look at what is left."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from threading import Event
from time import monotonic
from typing import NamedTuple

import httpx

from restante.access import Scope
from restante.core.ids import LockerId
from restante.core.value import UtcSeconds
from restante.operations.directory import issue_api_key, register_locker
from tests.crash.checks import check_left
from tests.crash.load import Load, Told, Way
from tests.crash.servers import Node, nodes, wait_until
from tests.operations.house import ACME, LOCKER, OPERATOR, SITE, layout, open_house

ROOT = Path(__file__).resolve().parents[2]
PARTNERS = 4
LOCKERS = (str(LOCKER), "locker-03")
RECOVER_SECONDS_MAX = 40
VICTIMS = ("left", "right", "postgres")


class Outcome(NamedTuple):
    """What a story came to."""

    seed: int
    broken: list[str]
    killed: Counter[str]
    acknowledged: int
    slowest_recovery_seconds: float
    answers: Counter[str]

    def __str__(self) -> str:
        kills = ", ".join(f"{name} {count}" for name, count in sorted(self.killed.items()))
        return (
            f"seed {self.seed}: {sum(self.killed.values())} kills ({kills}), "
            f"{self.acknowledged} acknowledged, slowest recovery "
            f"{self.slowest_recovery_seconds:.1f} s, answers {dict(self.answers)}: "
            f"{self.broken[0] if self.broken else 'nothing is broken'}"
        )


class CentreProcess:
    """A centre that may be killed and started again."""

    def __init__(self, name: str, data: Path, address: str, fault: str = "") -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]
        self.way = Way(f"http://127.0.0.1:{self._port}", data / f"{name}.line")
        self.log = data / f"{name}.log"
        self._command = (
            *(sys.executable, "-m", "tests.crash.centre", data, address),
            *(str(self._port), self.way.line, fault),
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return when it serves."""
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                list(map(str, self._command)),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "NO_COLOR": "1"},
            )
        self._process = process

        def serves() -> bool:
            said = self.log.read_bytes()[before:]
            if process.poll() is not None:
                raise RuntimeError(f"the centre ended: {said.decode()[-2000:]}")
            return b"Serving" in said

        wait_until(serves, "the centre does not serve", RECOVER_SECONDS_MAX)

    def kill(self) -> None:
        """Kill it, wherever it is."""
        process = self._process
        if process is None:
            return
        process.kill()
        process.wait(30)
        self._process = None


class Network(NamedTuple):
    """A small network on a database, its keys, and two centres that serve it."""

    data: Path
    keys: list[str]
    centres: list[CentreProcess]


@contextmanager
def network(address: str, *, fault: str = "", checked_address: str = "") -> Iterator[Network]:
    """Make a network and start its centres; they are killed at the end."""
    with tempfile.TemporaryDirectory(prefix="crash-") as text:
        data = Path(text)
        keys = _furnish(data, checked_address or address)
        centres = [CentreProcess(name, data, address, fault) for name in VICTIMS[:2]]
        try:
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(CentreProcess.start, centres))
            yield Network(data, keys, centres)
        finally:
            for centre in centres:
                centre.kill()


def _furnish(data: Path, address: str) -> list[str]:
    house = open_house(data, at=UtcSeconds(int(time.time())), database=address)
    centre = house.centre
    for locker in map(LockerId, LOCKERS):
        wide = register_locker(OPERATOR, locker=locker, site=SITE, layout=layout(400))
        centre.run(wide)
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
    chance = Random(seed)
    rest = max(0, rounds - len(who))
    victims = [*chance.sample(who, len(who)), *chance.choices(who, k=rest)][:rounds]
    killed: Counter[str] = Counter()
    slowest = 0.0
    with nodes(1) as (server,):
        server.make()
        server.start()
        with network(server.address, fault=fault) as net:
            load = Load([one.way for one in net.centres], net.keys, LOCKERS, seed)
            load.start()
            try:
                for victim in victims:
                    slowest = max(
                        slowest, _kill_once(victim, chance, server, net.centres, load.told)
                    )
                    killed[victim] += 1
            except TimeoutError as error:
                load.told.broken.append(str(error))
            load.stop()
            for one in net.centres:
                one.kill()
            broken = check_left(load.told, server.address, net.data)
    return Outcome(seed, broken, killed, load.told.count, slowest, load.told.answers)


def _kill_once(
    victim: str, chance: Random, server: Node, centres: Sequence[CentreProcess], told: Told
) -> float:
    """Kill, start again, and return how long it took until everybody was served."""
    _wait_for_work(told, chance.randint(5, 40))
    Event().wait(chance.random() * 0.2)
    began = monotonic()
    if victim == "postgres":
        server.kill()
        server.start()
    else:
        centre = centres[VICTIMS.index(victim)]
        centre.kill()
        centre.start()
    wait_until(lambda: all(map(_serves, centres)), "not everybody is served", RECOVER_SECONDS_MAX)
    _wait_for_work(told, 1)
    return monotonic() - began


def _wait_for_work(told: Told, more: int) -> None:
    if not told.wait_for(told.count + more, RECOVER_SECONDS_MAX):
        raise TimeoutError(f"nothing was acknowledged for {RECOVER_SECONDS_MAX} s")


def _serves(centre: CentreProcess) -> bool:
    # Without a key the database is not asked; with a wrong one it is.
    headers = {"authorization": "Bearer rk_wrong"}
    try:
        answer = httpx.get(f"{centre.way.url}/api/v1/parcels", headers=headers, trust_env=False)
    except httpx.TransportError:
        return False
    return answer.status_code < 500
