"""How many webhooks a second, and how long from a fact to its message.

A real centre with its journal on the disk, every write synced; receivers in a process of their
own on the same machine, so that both share its cores. Two questions:

* how fast a backlog drains: facts first, then the sender is started;
* how long one message takes while facts come at a steady rate, and whether that changes when one
  more receiver takes messages and never answers.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from math import ceil
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..access import SIMULATION
from ..clock import Minter, SystemClock
from ..core.ids import PartnerId, SiteId
from ..core.size import ParcelSize
from ..core.value import Grams, Millimeters
from ..operations.announce import Announced, announce
from ..operations.directory import SiteEntry, register_partner, register_site
from ..operations.webhooks import make_webhook
from ..partners.guarded_http import GuardedClient
from ..settings import Settings
from ..views.principal import Principal
from ..wiring.centre import Centre, open_centre
from ..wiring.webhook_sender import WebhookSender

RECEIVERS: Final = 20
MESSAGES: Final = 5_000
SECONDS: Final = 10.0
RATE: Final = 200
"""Facts a second while latency is measured: below what a backlog drains at, as in a usual hour."""

WAIT_SECONDS_MAX: Final = 60.0
_SITE: Final = SiteId("bench")
_SIZE: Final = ParcelSize(
    length_mm=Millimeters(300),
    width_mm=Millimeters(200),
    height_mm=Millimeters(100),
    weight_g=Grams(1_000),
)
_OPERATOR: Final = Principal.of_operator("bench")

Tell = Callable[[float, str], None]


class WebhookReport(NamedTuple):
    """What one run has measured."""

    receivers: int
    messages: int
    per_s: float
    """A backlog's messages through all receivers."""
    rate: int
    alone_ms: tuple[float, ...]
    """From commit to arrival, sorted; all receivers answer."""
    beside_ms: tuple[float, ...]
    """The same with one more receiver that never answers."""
    hung: int
    """Messages that one holds at once."""

    def as_object(self) -> dict[str, float]:
        """Give every figure a name."""
        return {
            "receivers": self.receivers,
            "messages": self.messages,
            "per_s": round(self.per_s, 1),
            "rate": self.rate,
            "p50_ms": percentile(self.alone_ms, 0.5),
            "p99_ms": percentile(self.alone_ms, 0.99),
            "max_ms": percentile(self.alone_ms, 1.0),
            "p50_ms_with_slow_receiver": percentile(self.beside_ms, 0.5),
            "p99_ms_with_slow_receiver": percentile(self.beside_ms, 0.99),
            "max_ms_with_slow_receiver": percentile(self.beside_ms, 1.0),
            "hung": self.hung,
        }

    def text(self) -> str:
        """Lay the report out for people."""
        told = self.as_object()
        return "\n".join(
            [
                f"{self.receivers} receivers in another process of this machine, journal synced",
                f"a backlog of {self.messages} messages: {self.per_s:.0f} a second",
                f"at {self.rate} facts a second, from commit to arrival: "
                f"p50 {told['p50_ms']:.1f} ms, p99 {told['p99_ms']:.1f} ms, "
                f"max {told['max_ms']:.1f} ms",
                f"beside one that never answers (it holds {self.hung}): "
                f"p50 {told['p50_ms_with_slow_receiver']:.1f} ms, "
                f"p99 {told['p99_ms_with_slow_receiver']:.1f} ms, "
                f"max {told['max_ms_with_slow_receiver']:.1f} ms",
            ]
        )


def percentile(durations: Sequence[float], share: float) -> float:
    """Find what this share of sorted durations does not exceed; no interpolation."""
    return round(durations[max(0, ceil(round(share * len(durations), 6)) - 1)], 2)


def measure_webhooks(
    directory: Path | None = None,
    *,
    messages: int = MESSAGES,
    rate: int = RATE,
    seconds: float = SECONDS,
    tell: Tell = lambda _done, _word: None,
) -> WebhookReport:
    """Drain a backlog, then send at a steady rate, alone and beside a receiver that hangs.

    Parameters
    ----------
    directory
        On the disk to be measured; a temporary one when not given.
    messages
        In the backlog.
    rate, seconds
        Of the steady part; each half of it.
    tell
        Told which of five parts is done, and a word about it.
    """
    with tempfile.TemporaryDirectory(dir=directory, prefix="restante-bench-") as name:
        with _Receivers() as receivers, _Network(Path(name), receivers.port) as network:
            tell(0, "announcing")
            network.announce_many(messages)
            tell(1, "draining")
            network.centre.deliveries.follow()
            sender = network.make_sender()
            begun = time.monotonic_ns()
            sender.start()
            arrived = receivers.wait_for(messages)
            per_s = messages * 1e9 / (max(at for _, _, at in arrived) - begun)
            try:
                tell(2, "steady")
                alone = _steady(network, receivers, rate, seconds)
                tell(3, "steady beside one that hangs")
                network.add_receiver(0, f"{receivers.url}/hang")
                beside = _steady(network, receivers, rate, seconds)
            finally:
                sender.close()
        tell(5, "done")
    return WebhookReport(RECEIVERS, messages, per_s, rate, alone, beside, receivers.hung)


def _steady(
    network: "_Network", receivers: "_Receivers", rate: int, seconds: float
) -> tuple[float, ...]:
    committed: dict[str, int] = {}
    count = max(1, round(rate * seconds))
    begun = time.monotonic()
    for number in range(count):
        due = begun + number / rate
        pause = due - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        network.announce(number % RECEIVERS, committed)
    arrived = receivers.wait_for(count)
    durations = [(at - committed[subject]) / 1e6 for _, subject, at in arrived]
    return tuple(sorted(durations))


class _Network:
    """A centre with a site, partners, and a receiver for each."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        self._labels = 0

    def __enter__(self) -> "_Network":
        clock = SystemClock()
        settings = Settings(data_dir=self._folder, webhook_allow_private="127.0.0.1")
        self.centre: Centre = open_centre(settings, clock, Minter(clock), cost=SIMULATION)
        run, means = self.centre.run, self.centre.means
        run(register_site(means, _OPERATOR, SiteEntry(site=_SITE, name="Bench", zone="UTC")))
        self.partners = [PartnerId(f"partner-{number}") for number in range(RECEIVERS)]
        for number, partner in enumerate(self.partners):
            run(register_partner(_OPERATOR, partner=partner, name=partner))
            self.add_receiver(number, f"http://127.0.0.1:{self._port}/{number}")
        self.centre.committer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.centre.close()

    def add_receiver(self, number: int, url: str) -> None:
        """Have one more receiver told of a partner's parcels."""
        centre, partner = self.centre, self.partners[number]
        operation = make_webhook(
            centre.means, centre.deliveries.allowance, _OPERATOR, url=url, partner=partner
        )
        centre.run(operation)

    def make_sender(self) -> WebhookSender:
        """Make the centre's sender."""
        desk = self.centre.deliveries
        return WebhookSender(desk, self.centre.clock, client=GuardedClient(desk.allowance))

    def announce_many(self, count: int) -> None:
        """Announce parcels as fast as it goes."""
        waiting = [self.announce(number % RECEIVERS, {}) for number in range(count)]
        for one in waiting:
            one.result()

    def announce(self, number: int, committed: dict[str, int]) -> "Future[Announced]":
        """Announce a parcel, and note when that was durable."""
        self._labels += 1
        operation = announce(
            self.centre.means,
            Principal.of_partner(self.partners[number]),
            label=f"BENCH{self._labels:08}",
            size=_SIZE,
            site=_SITE,
            promise="none",
        )

        def note(done: "Future[Announced]") -> None:
            committed[f"parcel/{done.result().parcel}"] = time.monotonic_ns()

        future = self.centre.committer.submit(operation)
        future.add_done_callback(note)
        return future


class _Receivers:
    """The receivers' process."""

    def __init__(self) -> None:
        self.hung = 0

    def __enter__(self) -> "_Receivers":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "restante.bench.webhook_receiver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._read())
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def wait_for(self, count: int) -> list[tuple[str, str, int]]:
        """Wait for so many messages to receivers that answer: path, subject, moment."""
        arrived: list[tuple[str, str, int]] = []
        until = time.monotonic() + WAIT_SECONDS_MAX
        while len(arrived) < count:
            if time.monotonic() > until:
                raise TimeoutError(f"{len(arrived)} of {count} webhooks arrived; try a faster disk")
            assert self._process.stdin is not None
            self._process.stdin.write("\n")
            self._process.stdin.flush()
            came: list[Any] = json.loads(self._read())
            self.hung += sum(path.startswith("/hang") for path, _, _ in came)
            arrived += [tuple(one) for one in came if not one[0].startswith("/hang")]
            time.sleep(0.05)
        return arrived

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ChildProcessError("the receivers' process has ended; run again with --debug")
        return line
