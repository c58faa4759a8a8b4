"""The busiest hour of a whole network against a real centre, each part in a process of its own.

A PostgreSQL server, the centre as ``restante serve`` runs it, and the generator; with a broker, a
Mosquitto between them. Afterwards everything that was acknowledged is looked for in the journal.
"""

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from ...clock import SystemClock
from ...journal.sql import SqlJournal
from ...settings import Settings
from ...wiring.record import open_journal
from ..private_postgres import run_server
from .broker import run_broker
from .centre import READY, CentrePlan
from .count import (
    ANNOUNCED,
    check_journal,
    count_losses,
    count_tags,
    database_bytes,
    measure_lag,
)
from .generator import Account, Outcome, Reach, Run
from .network import lay_out_network, write_network
from .plan import Rates, scale_rates
from .processes import Use, measure, measure_helpers, measure_servers
from .report import Parts, PeakReport, Stretch

WARM_SECONDS: Final = 10.0
"""Before what is counted: lists fill, followers begin."""

STEP: Final = 0.8
"""What the next lower rate is to the one before it."""

STEPS_MAX: Final = 10
SETTLE_SECONDS_MAX: Final = 120.0
NOTICES_LEFT_MAX: Final = 20
_END_SECONDS_MAX: Final = 60.0

Tell = Callable[[float, str], None]
Answer = TypeVar("Answer")


class PeakPlan(NamedTuple):
    """What to run."""

    rates: Rates
    seconds: float
    warm_seconds: float = WARM_SECONDS
    has_broker: bool = False
    is_finding: bool = False
    """Whether lower rates follow until one is carried."""
    is_verified: bool = True
    centres: int = 1
    """Processes of the centre, on one database."""


def measure_peak_day(
    plan: PeakPlan, *, tell: Tell = lambda _done, _word: None, folder: Path | None = None
) -> PeakReport:
    """Run it all.

    Parameters
    ----------
    folder
        Where the centre's files are; a temporary one when ``None``.

    Raises
    ------
    FileNotFoundError
        When PostgreSQL or Mosquitto is not installed.
    """
    with contextlib.ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="restante-peak-")))
        server = stack.enter_context(run_server(is_durable=True))
        settings = Settings(database_url=server.make_database("peak"), data_dir=folder / "data")
        tell(0, "laying out the network")
        begun = time.monotonic()
        network = lay_out_network(settings, plan.rates.lockers)
        write_network(network, folder / "network.json")
        prefill_s = time.monotonic() - begun
        with contextlib.closing(open_journal(settings)) as journal:
            before, after = database_bytes(journal), journal.head()
            roots = {"PostgreSQL": server.process.pid}
            runner = _Runner(plan, settings, folder, roots, tell, journal)
            account, stretches, greet_s = runner.run()
            tell(0, "counting")
            return _report(
                plan,
                journal,
                account=account,
                stretches=stretches,
                before=before,
                after=after,
                took=(prefill_s, greet_s),
            )


class _Runner:
    def __init__(
        self,
        plan: PeakPlan,
        settings: Settings,
        folder: Path,
        roots: dict[str, int],
        tell: Tell,
        journal: SqlJournal,
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._folder = folder
        self._roots = roots
        self._tell = tell
        self._journal = journal

    def run(self) -> tuple[Account, list[Stretch], float]:
        """Run centres and generator, one stretch after the other."""
        centres = [self._centre_plan(number) for number in range(self._plan.centres)]
        reach = Reach(
            network=str(self._folder / "network.json"),
            ports=tuple(int(one.settings["listen_port"]) for one in centres),
            sockets=tuple(one.socket for one in centres if one.socket),
        )
        with contextlib.ExitStack() as stack:
            if self._plan.has_broker:
                broker = stack.enter_context(run_broker(self._folder / "broker"))
                for one in centres:
                    one.settings.update(broker.settings)
                reach = msgspec.structs.replace(reach, broker=broker.address)
                self._roots["Mosquitto"] = broker.pid
            running: dict[str, _Program] = {}
            for number, one in enumerate(centres, 1):
                name = "centre" if number == 1 else f"centre {number}"
                running[name] = stack.enter_context(_program("centre", one))
                self._roots[name] = running[name].process.pid
                running[name].expect(READY)
            generator = stack.enter_context(_program("generator", reach))
            self._roots["generator"] = generator.process.pid
            self._tell(0, "lockers greet")
            greet_s = generator.read(float)
            stretches = list(self._stretches(generator, running))
            generator.end()
            account = generator.read(Account)
        return account, stretches, greet_s

    def _centre_plan(self, number: int) -> CentrePlan:
        port = _free_port()
        return CentrePlan(
            settings={
                "data_dir": str(self._settings.data_dir),
                "database_url": self._settings.database_url,
                "listen_port": port,
                "public_url": f"http://127.0.0.1:{port}",
            },
            socket="" if self._plan.has_broker else str(self._folder / f"line{number}"),
        )

    def _stretches(
        self, generator: "_Program", centres: Mapping[str, "_Program"]
    ) -> Iterator[Stretch]:
        rates = self._plan.rates
        for step in range(STEPS_MAX):
            self._tell(step, f"{rates.facts:,.0f} facts/s")
            run = Run(rates=rates, warm_seconds=self._plan.warm_seconds, seconds=self._plan.seconds)
            generator.write(run)
            uses, parts = self._watch(centres)
            stretch = Stretch(rates, generator.read(Outcome), uses, parts)
            yield stretch
            if stretch.is_carried or not self._plan.is_finding:
                return
            self._tell(step, "what is left of it")
            self._settle()
            rates = scale_rates(rates, STEP)

    def _settle(self) -> None:
        """Wait until notices of the last rate are out: the next one shall not pay for them."""
        until = time.monotonic() + SETTLE_SECONDS_MAX
        clock = SystemClock()
        while measure_lag(self._journal, clock.now()).notices_due > NOTICES_LEFT_MAX:
            if time.monotonic() > until:
                return
            time.sleep(1)

    def _watch(self, centres: Mapping[str, "_Program"]) -> tuple[dict[str, Use], Parts]:
        """Measure processes over the stretch that is counted, and what they are made of."""
        time.sleep(self._plan.warm_seconds)
        before, parts, head = measure(self._roots), self._parts(centres), self._journal.head()
        time.sleep(self._plan.seconds)
        after, later = measure(self._roots), self._parts(centres)
        uses = {
            name: Use(use.cpu_s - before[name].cpu_s, use.memory_mb) for name, use in after.items()
        }
        cpu_s = {name: cpu_s - parts.get(name, 0.0) for name, cpu_s in later.items()}
        return uses, Parts(max(1, self._journal.head() - head), cpu_s)

    def _parts(self, centres: Mapping[str, "_Program"]) -> dict[str, float]:
        used: dict[str, float] = {}
        for program in centres.values():
            program.write("threads")
            threads = program.read(dict[str, float])
            threads["process of notices"] = measure_helpers(program.process.pid)
            for thread, cpu_s in threads.items():
                used[f"centre: {thread}"] = used.get(f"centre: {thread}", 0.0) + cpu_s
        servers = measure_servers(self._roots["PostgreSQL"])
        return {**used, **{f"PostgreSQL: {name}": cpu_s for name, cpu_s in servers.items()}}


class _Program:
    """A process that is spoken to line by line."""

    def __init__(self, process: "subprocess.Popen[bytes]", errors: Path) -> None:
        self.process = process
        self._errors = errors

    def write(self, value: Any) -> None:
        """Say something."""
        assert self.process.stdin is not None
        self.process.stdin.write(msgspec.json.encode(value) + b"\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """Say no more."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def read(self, kind: type[Answer]) -> Answer:
        """Hear an answer."""
        return msgspec.json.decode(self._line(), type=kind)

    def expect(self, word: str) -> None:
        """Hear a word."""
        self._line()
        del word

    def _line(self) -> bytes:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            said = self._errors.read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"a process of the bench has ended:\n{said[-2000:]}")
        return line


@contextlib.contextmanager
def _program(module: str, first: Any) -> Iterator[_Program]:
    with tempfile.NamedTemporaryFile(prefix="restante-peak-", suffix=".log") as errors:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", f"restante.bench.peak_day.{module}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        program = _Program(process, Path(errors.name))
        try:
            program.write(first)
            yield program
        finally:
            process.terminate()
            try:
                process.wait(_END_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()


def _report(
    plan: PeakPlan,
    journal: SqlJournal,
    *,
    account: Account,
    stretches: list[Stretch],
    before: int,
    after: int,
    took: tuple[float, float],
) -> PeakReport:
    lag = measure_lag(journal, SystemClock().now())
    tags = count_tags(journal, after)
    parcels = max(1, tags.get(ANNOUNCED, 0))
    grown = database_bytes(journal) - before
    found = check_journal(journal) if plan.is_verified else None
    return PeakReport(
        way="broker" if plan.has_broker else "socket",
        centres=plan.centres,
        lockers=plan.rates.lockers,
        prefill_s=took[0],
        greet_s=took[1],
        stretches=stretches,
        losses=count_losses(journal, account),
        tags=tags,
        lag=lag,
        bytes_per_parcel=grown / parcels,
        notices_sent=tags.get("parcel.notice_sent.v1", 0),
        verified="" if found is None else found.text(),
        is_sound=found is None or found.is_sound,
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
