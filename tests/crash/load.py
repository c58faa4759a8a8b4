"""Partners and lockers that never stop asking, and who remember what they were told.

They live in a process nobody kills. What they were told is kept here and compared later with what
is left; nothing here asks the product what it believes.
"""

import queue
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any, NamedTuple

import httpx
import msgspec

from restante.core.handoff import HandoffCollected, HandoffDeposited
from restante.core.ids import (
    CompartmentId,
    CourierId,
    GrantId,
    LockerId,
    ParcelId,
    SessionId,
    SiteId,
)
from restante.core.value import UtcSeconds
from restante.link.message import Ack, Hello, Report, decode_from_centre, encode_message
from tests.api.conftest import announcement
from tests.operations.house import raw

ANSWER_SECONDS_MAX = 60.0
"""Longest a caller is ever left without an answer: a commit's patience and what goes around it take
25 s, on a machine that does nothing else."""

PACE_SECONDS = 0.05
"""Between two requests of one partner, and two words of one locker."""

LIFE_FACTS = 30
"""After so many a locker's disk is replaced."""


class Way(NamedTuple):
    """How a centre is reached."""

    url: str
    line: Path


class Told:
    """What was told to somebody; shared by all of a load."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.parcels: dict[str, str] = {}
        """Label to parcel, of every announcement answered with 201."""
        self.facts: dict[tuple[str, str], list[bytes]] = {}
        """What each life of a locker has to tell: bodies, the first is number 1."""
        self.acknowledged: dict[tuple[str, str], int] = {}
        self.moments: dict[object, float] = {}
        """When each label was answered and each fact acknowledged."""
        self.answers: Counter[str] = Counter()
        self.broken: list[str] = []
        self.slowest_seconds = 0.0

    @property
    def count(self) -> int:
        """How much was acknowledged."""
        return len(self.parcels) + sum(self.acknowledged.values())

    def announced(self, label: str, parcel: str) -> None:
        """Note a 201."""
        with self._changed:
            self.moments.setdefault(label, monotonic())
            known = self.parcels.setdefault(label, parcel)
            if known != parcel:
                self.broken.append(f"{label} was answered with two parcels, {known} and {parcel}")
            self._changed.notify_all()

    def safe(self, life: tuple[str, str], seq: int) -> None:
        """Note an acknowledgement."""
        with self._changed:
            for n in range(self.acknowledged.get(life, 0) + 1, seq + 1):
                self.moments[life, n] = monotonic()
            self.acknowledged[life] = max(seq, self.acknowledged.get(life, 0))
            self._changed.notify_all()

    def snapshot(self) -> "Told":
        """Copy what was told until now; facts are shared, they are only ever added."""
        copy = Told()
        with self._changed:
            copy.parcels = dict(self.parcels)
            copy.facts = dict(self.facts)
            copy.acknowledged = dict(self.acknowledged)
            copy.moments = dict(self.moments)
        return copy

    def wait_for(self, count: int, seconds: float) -> bool:
        """Wait until so much was acknowledged."""
        with self._changed:
            return self._changed.wait_for(lambda: self.count >= count, seconds)


class Load:
    """Announces, deposits and collects until it is stopped.

    Parameters
    ----------
    ways
        Centres; whoever gets no answer asks the next one.
    keys
        API keys: one partner's thread for each.
    seed
        Chooses what is announced, and where things go wrong at lockers.
    """

    def __init__(
        self, ways: Sequence[Way], keys: Sequence[str], lockers: Sequence[str], seed: int
    ) -> None:
        self.told = Told()
        self._ways = ways
        self._stop = threading.Event()
        self._expected: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._seed = seed
        work: list[Callable[[], None]] = [
            *(lambda n=n, key=key: self._announce(n, key) for n, key in enumerate(keys)),
            *(lambda n=n, name=name: self._be_locker(n, name) for n, name in enumerate(lockers)),
        ]
        self._threads = [threading.Thread(target=one, daemon=True) for one in work]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the requests under way."""
        self._stop.set()
        for thread in self._threads:
            thread.join(ANSWER_SECONDS_MAX * 2)
            if thread.is_alive():
                self.told.broken.append("somebody still waits for an answer")

    # ── Partners ──────────────────────────────────────────────────────────────────────────────

    def _announce(self, number: int, key: str) -> None:
        headers = {"authorization": f"Bearer {key}"}
        n = 0
        with httpx.Client(headers=headers, timeout=ANSWER_SECONDS_MAX, trust_env=False) as client:
            while not self._stop.is_set():
                n += 1
                label = f"S{self._seed}-{number}-{n}"
                contact = {"name": "Anna", "email": f"{label}@example.org", "language": "en"}
                self._ask_until_answered(client, label, announcement(label, contact=contact), n)
                self._stop.wait(PACE_SECONDS)

    def _ask_until_answered(self, client: httpx.Client, label: str, body: Any, n: int) -> None:
        while not self._stop.is_set():
            n += 1
            began = monotonic()
            try:
                answer = client.post(
                    f"{self._ways[n % len(self._ways)].url}/api/v1/parcels",
                    json=body,
                    headers={"idempotency-key": label},
                )
            except httpx.TimeoutException:
                self.told.broken.append(f"no answer within {ANSWER_SECONDS_MAX} s")
                return
            except httpx.TransportError:
                self.told.answers["nobody there"] += 1
                self._stop.wait(PACE_SECONDS)
                continue
            finally:
                spent = monotonic() - began
                self.told.slowest_seconds = max(self.told.slowest_seconds, spent)
            self.told.answers[str(answer.status_code)] += 1
            if answer.status_code == 201:
                parcel = answer.json()["id"]
                self.told.announced(label, parcel)
                self._expected.put(parcel)
                return
            self._check_refusal(answer)
            self._stop.wait(PACE_SECONDS * 3)

    def _check_refusal(self, answer: httpx.Response) -> None:
        is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
        is_later = answer.status_code == 503 and "retry-after" in answer.headers
        if not is_problem or not (is_later or answer.status_code in (409, 429)):
            self.told.broken.append(f"answered {answer.status_code}: {answer.text[:300]}")

    # ── Lockers ───────────────────────────────────────────────────────────────────────────────

    def _be_locker(self, number: int, name: str) -> None:
        locker = _Locker(self.told, name, Random(f"{self._seed} {name}"))
        way = number
        while not self._stop.is_set():
            way += 1
            try:
                self._talk(locker, self._ways[way % len(self._ways)])
            except (OSError, EOFError):
                self.told.answers["line lost"] += 1
                self._stop.wait(PACE_SECONDS)

    def _talk(self, locker: "_Locker", way: Way) -> None:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(ANSWER_SECONDS_MAX)
            line.connect(str(way.line))
            with line.makefile("rb") as heard:
                line.sendall(f"{locker.name}\n".encode())
                body = locker.greet()
                while not self._stop.is_set():
                    line.sendall(body.hex().encode() + b"\n")
                    said = heard.readline()
                    if not said.endswith(b"\n"):
                        raise EOFError
                    for one in said.split():
                        locker.hear(bytes.fromhex(one.decode()))
                    self._stop.wait(PACE_SECONDS)
                    body = locker.work(self._expected)


class _Locker:
    """A locker as the centre hears it: it tells again whatever was not acknowledged."""

    def __init__(self, told: Told, name: str, chance: Random) -> None:
        self.name = name
        self._told = told
        self._chance = chance
        self._held: list[tuple[str, str]] = []
        self._lives = 0
        self._life = ("", "")
        self._compartment = 0
        self._begin_life()

    def greet(self) -> bytes:
        """Say that it is here again."""
        hello = Hello(
            locker=LockerId(self.name),
            site=SiteId("site-01"),
            epoch=self._life[1],
            last_seq=len(self._facts),
            list_version=0,
            release="crash",
        )
        return encode_message(hello)

    def hear(self, body: bytes) -> None:
        """Take what the centre says; only acknowledgements matter here."""
        message = decode_from_centre(body)
        if isinstance(message, Ack) and message.epoch == self._life[1] and message.seq:
            if message.seq > len(self._facts):
                self._told.broken.append(f"{message.seq} facts are safe, of {len(self._facts)}")
            else:
                self._told.safe(self._life, message.seq)

    def work(self, expected: "queue.SimpleQueue[str]") -> bytes:
        """Let something happen, and report what is not yet safe."""
        safe = self._told.acknowledged.get(self._life, 0)
        if safe == len(self._facts) > LIFE_FACTS:
            # The disk is replaced: numbers begin anew.
            self._begin_life()
            return self.greet()
        if len(self._facts) - safe < 40:
            self._happen(expected)
        fresh = self._facts[safe : safe + 20]
        report = Report(
            locker=LockerId(self.name),
            epoch=self._life[1],
            first_seq=safe + 1,
            facts=tuple(msgspec.Raw(one) for one in fresh),
        )
        return encode_message(report)

    @property
    def _facts(self) -> list[bytes]:
        return self._told.facts[self._life]

    def _begin_life(self) -> None:
        self._lives += 1
        self._life = (self.name, f"life-{self._lives}")
        self._told.facts[self._life] = []

    def _happen(self, expected: "queue.SimpleQueue[str]") -> None:
        now = UtcSeconds(int(time.time()))
        by = f"locker:{self.name}"
        if self._chance.random() < 0.08:
            poison = msgspec.Raw(b'{"type":"nobody.knows.v9","at":7,"n":%d}' % len(self._facts))
            self._facts.append(msgspec.json.encode({"by": by, "cause": "", "fact": poison}))
        if self._held and self._chance.random() < 0.4:
            parcel, place = self._held.pop(0)
            collected = HandoffCollected(
                at=now,
                compartment=CompartmentId(place),
                parcel=ParcelId(parcel),
                session=SessionId("s2"),
                grant=GrantId("unknown"),
                reopen_until=now,
                evidence="door",
            )
            self._facts.append(raw(collected, by))
        try:
            parcel = expected.get_nowait()
        except queue.Empty:
            return
        self._compartment = self._compartment % 100 + 1
        deposited = HandoffDeposited(
            at=now,
            compartment=CompartmentId(f"A{self._compartment}"),
            parcel=ParcelId(parcel),
            session=SessionId("s1"),
            courier=CourierId("c1"),
            evidence="door",
        )
        self._facts.append(raw(deposited, by))
        # Every second one stays where it is.
        if self._compartment % 2:
            self._held.append((parcel, f"A{self._compartment}"))
