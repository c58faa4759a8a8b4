"""Does anything get dearer as a network grows? Networks of several sizes, measured in turns.

Each size is a journal of its own on one server, laid out with a year behind it
(:mod:`.past`). Then, size after size and round after round: parcels are announced and put in
through the committer by a fixed number of callers, followers deal with them, a centre is started
until it is ready, and another one makes its ends of all links. A line is fitted through each cost
over the logarithm of the number of lockers.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from ...clock import SystemClock
from ...settings import Settings
from ..custody import Tell
from ..private_postgres import run_server
from .chart import Drawing, check_painter, draw_growth
from .fit import GOAL_PER_DECADE, Fit, fit_growth
from .network import Lag, Network, Round
from .past import live
from .probe import Memory, Start, measure_memory, measure_start

READY_SECONDS_MAX: Final = 5.0
"""The goal: a centre is ready within this, whatever the size."""

_SERVER: Final = {"max_wal_size": "8GB", "shared_buffers": "1GB"}
"""As an operator of a large network would set them."""


class Step(NamedTuple):
    """A size to be measured."""

    lockers: int
    rows: int
    """Wished; a site has at least one parcel behind it and some before it."""


class Plan(NamedTuple):
    """How much is measured at each size."""

    steps: tuple[Step, ...]
    callers: int = 64
    operations: int = 500
    """Announcements, and as many deposits, in a round."""
    rounds: int = 5
    starts: int = 3
    ends_max: int = 5_000
    """Ends of links that are made at most; more take as much each."""
    lag_operations: int = 150
    lag_per_s: float = 50.0


QUICK: Final = Plan((Step(1_000, 100_000), Step(4_000, 400_000), Step(16_000, 1_000_000)))
FULL: Final = Plan(
    (Step(1_000, 1_000_000), Step(10_000, 5_000_000), Step(100_000, 20_000_000)),
    rounds=6,
    ends_max=10_000,
)


class Size(NamedTuple):
    """What was measured at one size."""

    lockers: int
    rows: int
    rounds: tuple[Round, ...]
    lag: Lag
    starts: tuple[Start, ...]
    memory: Memory
    empty: Memory
    """Of a centre without any lockers."""
    disk_bytes: int
    laid_out_bytes: int


class Figure(NamedTuple):
    """One figure over all sizes."""

    name: str
    title: str
    unit: str
    read: Callable[[Size], float]
    is_goal: bool = True
    """Whether it must not grow."""
    limit: float | None = None


def _deposit_ms(size: Size) -> float:
    return median(one.deposit.each_ms for one in size.rounds)


def _per_locker(size: Size) -> float:
    known = (size.memory.opened_bytes - size.empty.opened_bytes) / size.lockers
    return max(0.0, known) + size.memory.end_bytes


FIGURES: Final = (
    Figure("deposit_cpu_ms", "a deposit", "CPU ms", _deposit_ms),
    Figure(
        "announce_cpu_ms",
        "an announcement",
        "CPU ms",
        lambda size: median(one.announce.each_ms for one in size.rounds),
    ),
    Figure(
        "follow_cpu_ms",
        "following a fact",
        "CPU ms",
        lambda size: median(one.follow.each_ms for one in size.rounds),
    ),
    Figure(
        "notice_cpu_ms",
        "sending a notice",
        "CPU ms",
        lambda size: median(one.notices.each_ms for one in size.rounds),
    ),
    Figure("locker_bytes", "memory for a locker", "bytes", _per_locker),
    Figure("end_cpu_ms", "opening a link", "CPU ms", lambda size: size.memory.end_ms),
    Figure(
        "ready_s",
        "restart until ready",
        "s",
        lambda size: median(one.ready_s for one in size.starts),
        is_goal=False,
        limit=READY_SECONDS_MAX,
    ),
    Figure(
        "ready_cpu_s",
        "restart until ready",
        "CPU s",
        lambda size: median(one.cpu_s for one in size.starts),
        is_goal=False,
    ),
    Figure(
        "fact_bytes",
        "disk for a fact, views and all",
        "bytes",
        lambda size: size.laid_out_bytes / size.rows,
        is_goal=False,
    ),
)


class GrowthReport(NamedTuple):
    """What one run has measured."""

    database: str
    plan: Plan
    sizes: tuple[Size, ...]

    def fit(self, figure: Figure) -> Fit | None:
        """Fit a line through a figure over the number of lockers."""
        lockers = [size.lockers for size in self.sizes]
        return fit_growth(lockers, [figure.read(size) for size in self.sizes])

    def as_object(self) -> dict[str, object]:
        """Give every figure a name."""
        fits = {figure.name: self.fit(figure) for figure in FIGURES}
        return {
            "database": self.database,
            "callers": self.plan.callers,
            "goal_per_decade": GOAL_PER_DECADE,
            "growth_per_decade": {
                name: round(fit.growth, 4) for name, fit in fits.items() if fit is not None
            },
            "sizes": [_object_of(size) for size in self.sizes],
        }

    def text(self) -> str:
        """Lay the report out as a table."""
        lines = [
            f"{self.database}; {self.plan.callers} callers, {len(self.sizes[0].rounds)} rounds of "
            f"{self.plan.operations} announcements and deposits at each size, in turns",
            _line("lockers", [f"{size.lockers:,}" for size in self.sizes], "per decade"),
            _line("journal rows", [f"{size.rows:,}" for size in self.sizes], ""),
        ]
        for figure in FIGURES:
            fit = self.fit(figure)
            said = "" if fit is None else f"{fit.growth:+.1%}"
            is_over = figure.is_goal and fit is not None and fit.growth > GOAL_PER_DECADE
            lines.append(
                _line(
                    f"{figure.title}, {figure.unit}",
                    [_shown(figure.read(size)) for size in self.sizes],
                    f"{said} (goal {GOAL_PER_DECADE:.0%} missed)" if is_over else said,
                )
            )
        for title, read in _BESIDE:
            lines.append(_line(title, [read(size) for size in self.sizes], ""))
        return "\n".join(lines)

    def draw(self, path: Path) -> None:
        """Draw the figures into a PNG file; see :func:`.chart.draw_growth`."""
        drawings = [
            Drawing(
                figure.title,
                figure.unit,
                [figure.read(size) for size in self.sizes],
                figure.limit,
            )
            for figure in FIGURES
        ]
        lockers = [size.lockers for size in self.sizes]
        draw_growth(path, title=f"Growth: {self.database}", lockers=lockers, drawings=drawings)


def measure_growth(
    plan: Plan = QUICK,
    *,
    sqlite_dir: Path | None = None,
    chart: Path | None = None,
    tell: Tell = lambda _done, _word: None,
) -> GrowthReport:
    """Measure networks of several sizes in turns.

    Parameters
    ----------
    sqlite_dir
        Measure SQLite files in this folder; a PostgreSQL server of its own when ``None``.
    chart
        File for a chart, in PNG.
    tell
        Told which part is done, of :func:`count_parts`, and a word about the next.

    Raises
    ------
    FileNotFoundError
        When no PostgreSQL server is installed.
    restante.bench.growth.chart.NoPainter
        When a chart is wanted and cannot be drawn.
    """
    if chart is not None:
        check_painter()
    done = iter(range(count_parts(plan)))

    def say(word: str) -> None:
        tell(next(done), word)

    with ExitStack() as stack:
        folder = Path(stack.enter_context(_folder(sqlite_dir)))
        if sqlite_dir is None:
            server = stack.enter_context(run_server(is_durable=True, settings=_SERVER))
            name = "PostgreSQL, fsync on"
            addresses = [server.make_database(f"size_{place}") for place in range(len(plan.steps))]
            empty = Settings(data_dir=folder / "empty", database_url=server.make_database("empty"))
        else:
            name = "SQLite, synchronous=FULL"
            addresses = [""] * len(plan.steps)
            empty = Settings(data_dir=folder / "empty")
        now = SystemClock().now()
        networks = []
        for place, (step, address) in enumerate(zip(plan.steps, addresses, strict=True)):
            say(f"laying out {step.lockers} lockers")
            settings = Settings(data_dir=folder / str(place), database_url=address)
            past = live(step.rows // step.lockers, now)
            networks.append(Network(settings, past, step.lockers))
            networks[-1].lay_out()
        report = GrowthReport(name, plan, tuple(_measure(plan, networks, empty, say)))
    if chart is not None:
        report.draw(chart)
    return report


def count_parts(plan: Plan) -> int:
    """Tell how many parts a run has, for who shows progress."""
    return (3 + plan.rounds + plan.starts) * len(plan.steps)


def _measure(
    plan: Plan, networks: Sequence[Network], empty: Settings, say: Callable[[str], None]
) -> Iterator[Size]:
    starts: list[list[Start]] = [[] for _ in networks]
    for turn in range(plan.starts):
        for place, network in enumerate(networks):
            say(f"start {turn + 1} at {network.lockers} lockers")
            starts[place].append(measure_start(network.settings))
    nothing = measure_memory(empty, 0)
    memories = []
    for network in networks:
        say(f"links to {network.lockers} lockers")
        memories.append(measure_memory(network.settings, min(plan.ends_max, network.lockers)))
    with ExitStack() as stack:
        for network in networks:
            stack.enter_context(network.running())
        laid_out = [network.disk_bytes() for network in networks]
        rounds: list[list[Round]] = [[] for _ in networks]
        # The first round warms up: connections, plans, and the month's partition.
        for turn in range(plan.rounds + 1):
            for place, network in enumerate(networks):
                say(f"round {turn} at {network.lockers} lockers")
                one = network.take_round(plan.operations, plan.callers)
                if turn:
                    rounds[place].append(one)
        for place, network in enumerate(networks):
            yield Size(
                lockers=network.lockers,
                rows=network.rows,
                rounds=tuple(rounds[place]),
                lag=network.keep_pace(plan.lag_operations, plan.lag_per_s),
                starts=tuple(starts[place]),
                memory=memories[place],
                empty=nothing,
                disk_bytes=network.disk_bytes(),
                laid_out_bytes=laid_out[place],
            )


@contextmanager
def _folder(parent: Path | None) -> Iterator[str]:
    with tempfile.TemporaryDirectory(dir=parent, prefix="restante-bench-") as name:
        yield name


def _waiting_ms(size: Size, share: float) -> float:
    return median(one.deposit_turn.percentile(share) for one in size.rounds)


_BESIDE: Final[tuple[tuple[str, Callable[[Size], str]], ...]] = (
    (
        "deposits a second, wall",
        lambda size: f"{median(one.deposit_turn.per_s for one in size.rounds):,.0f}",
    ),
    (
        "answer p50 / p99, ms",
        lambda size: f"{_waiting_ms(size, 0.5):.0f} / {_waiting_ms(size, 0.99):.0f}",
    ),
    (
        "followers catch up a round, s",
        lambda size: f"{median(one.follow.wall_s + one.notices.wall_s for one in size.rounds):.2f}",
    ),
    (
        "lag at a steady rate p50 / p99, ms",
        lambda size: f"{size.lag.percentile(0.5):.0f} / {size.lag.percentile(0.99):.0f}",
    ),
    (
        "an idle turn of chores, CPU ms",
        lambda size: f"{size.memory.turn_ms:.1f} ({size.memory.ends:,} links)",
    ),
    ("centre in memory, MB", lambda size: f"{size.memory.opened_bytes / 1e6:.0f}"),
    ("on disk, MB", lambda size: f"{size.disk_bytes / 1e6:,.0f}"),
)


def _object_of(size: Size) -> dict[str, object]:
    return {
        "lockers": size.lockers,
        "rows": size.rows,
        **{figure.name: round(figure.read(size), 4) for figure in FIGURES},
        "deposit_per_s": [round(one.deposit_turn.per_s, 1) for one in size.rounds],
        "deposit_cpu_ms_rounds": [round(one.deposit.each_ms, 4) for one in size.rounds],
        "deposit_server_cpu_ms_rounds": [
            round(1000 * one.deposit.server_s / one.deposit.pieces, 4) for one in size.rounds
        ],
        "announce_cpu_ms_rounds": [round(one.announce.each_ms, 4) for one in size.rounds],
        "deposit_p50_ms": round(_waiting_ms(size, 0.5), 1),
        "deposit_p99_ms": round(_waiting_ms(size, 0.99), 1),
        "catch_up_s": [round(one.follow.wall_s + one.notices.wall_s, 3) for one in size.rounds],
        "catch_up_facts": [one.follow.pieces for one in size.rounds],
        "catch_up_notices": [one.notices.pieces for one in size.rounds],
        "lag_per_s": round(size.lag.rate, 1),
        "lag_p50_ms": round(size.lag.percentile(0.5), 1),
        "lag_p99_ms": round(size.lag.percentile(0.99), 1),
        "ready_s_all": [round(one.ready_s, 2) for one in size.starts],
        "ready_rss_bytes": median(one.rss_bytes for one in size.starts),
        "opened_bytes": size.memory.opened_bytes,
        "linked_bytes": size.memory.linked_bytes,
        "ends": size.memory.ends,
        "turn_cpu_ms": round(size.memory.turn_ms, 3),
        "disk_bytes": size.disk_bytes,
    }


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _line(title: str, values: Sequence[str], last: str) -> str:
    return f"{title:<36}" + "".join(f"{value:>20}" for value in values) + f"  {last}".rstrip()
