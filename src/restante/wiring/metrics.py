"""Figures of a centre in the form that Prometheus reads.

F1. Labels hold kinds of things, never a parcel, person, locker or address: with 60,000 lockers
    there are as many series as with six.
F2. What is counted in the database is counted at most every :data:`KEPT_SECONDS`, however often it
    is asked for, and says the same in every process of a centre: take the ``max``, not the ``sum``.
F3. Totals of facts begin with this process, as Prometheus expects of counters.
F4. Asking for the figures reads a bounded number of rows: lockers and compartments are counted part
    by part (:mod:`restante.views.census`), facts up to :data:`FACTS_PER_LOOK` at a time, and what
    waits up to :data:`COUNTED_MAX`.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from hmac import compare_digest
from typing import Any, Final
from wsgiref.simple_server import WSGIServer

from litestar import Request, Response, get
from litestar.types import ControllerRouterHandler
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Histogram,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select

from .. import __version__
from ..access import Secret
from ..core.remote import Outcome, Phase
from ..core.value import UtcSeconds
from ..journal.tables import FACTS
from ..partners.guarded_http import GuardedClient
from ..partners.public_address import Allowance
from ..partners.webhook import Answer, judge
from ..settings import BadSetting
from ..views.census import Census
from ..views.remote_tables import REMOTE_OPENINGS
from ..views.tables import ANOMALIES
from .backup import read_last_backup
from .centre import Centre
from .centre_health import COUNTED_MAX, outbox_age
from .notice_process import NoticeProcess

KEPT_SECONDS: Final = 30.0
ONLINE_SECONDS: Final = 15 * 60
"""A locker that was heard of within this is called online (chosen: several heartbeats)."""

FACTS_PER_LOOK: Final = 500_000
"""A minute of the busiest hour of 61,000 lockers, and as much again; the rest is counted next."""

_REMOTE_BUCKETS: Final = (1, 2, 3, 5, 10, 20, 30, 60, 120)
"""Facts know whole seconds; an order is good for a minute."""

_TAGS_OF_OPENINGS: Final = {
    "compartment.door_opened.v1": "opened",
    "compartment.opening_failed.v1": "failed",
    "compartment.opening_uncertain.v1": "uncertain",
}
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class CountingClient(GuardedClient):
    """Sends webhooks, and counts what came of it."""

    def __init__(self, allowance: Allowance) -> None:
        super().__init__(allowance)
        self.attempts: Counter[str] = Counter()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one, and count its verdict."""
        answer = await super().post(url, headers, body)
        self.attempts[judge(answer).name.lower()] += 1
        return answer


class Metrics:
    """All figures of one process.

    Parameters
    ----------
    attempts
        How webhooks went so far, by verdict.
    notices
        The process that sends them, where they have one of their own.
    kept_seconds
        See :data:`KEPT_SECONDS`.
    census
        Counts the network; one with the usual bounds when not given.
    """

    def __init__(
        self,
        centre: Centre,
        *,
        attempts: Callable[[], Mapping[str, int]] = Counter,
        notices: NoticeProcess | None = None,
        kept_seconds: float = KEPT_SECONDS,
        census: Census | None = None,
    ) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "restante_http_request_seconds",
            "Time until a request was answered.",
            ("door", "method", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        remote_openings = Histogram(
            "restante_remote_opening_seconds",
            "From sending an order to open a door from afar until the locker had taken it.",
            buckets=_REMOTE_BUCKETS,
            registry=None,
        )
        census = census or Census(online_seconds=ONLINE_SECONDS)
        self.registry.register(
            _CentreCollector(centre, attempts, notices, kept_seconds, census, remote_openings)
        )
        # After the collector, which observes: a scrape tells what it has just read.
        self.registry.register(remote_openings)

    def watch(self, door: str, method: str, status: int, seconds: float) -> None:
        """Take note of a request that was answered."""
        # A stream is answered when it ends; that is nobody's waiting time.
        if door != "stream":
            known = method if method in _METHODS else "other"
            self._requests.labels(door, known, f"{status // 100}xx").observe(seconds)

    def write(self) -> bytes:
        """Write all figures."""
        return generate_latest(self.registry)


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def make_metrics_routes(metrics: Metrics, token: str) -> list[ControllerRouterHandler]:
    """Make the handler of ``/metrics``; none where nobody was given a token."""
    if not token:
        return []
    wanted = Secret(f"Bearer {token}")

    @get("/metrics", include_in_schema=False, sync_to_thread=True)
    def tell(request: Request[Any, Any, Any]) -> Response[bytes]:
        given = request.headers.get("authorization", "")
        if not compare_digest(given.encode(), wanted.reveal().encode()):
            headers = {"www-authenticate": "Bearer"}
            return Response(b"", status_code=401, headers=headers, media_type="text/plain")
        headers = {"cache-control": "no-store", "content-type": CONTENT_TYPE_LATEST}
        return Response(metrics.write(), headers=headers)

    return [tell]


def listen_for_metrics(metrics: Metrics, address: str) -> WSGIServer | None:
    """Answer at an address of its own, without a token; ``None`` where none was set.

    Raises
    ------
    restante.settings.BadSetting
        When nothing can listen there.
    """
    if not address:
        return None
    host, _, port = address.rpartition(":")
    try:
        server, _thread = start_http_server(int(port), host.strip("[]"), metrics.registry)
    except OSError as error:
        raise BadSetting(f"metrics_listen: {address}: {error.strerror or error}") from error
    return server


class _CentreCollector(Collector):
    """Reads the figures when they are asked for."""

    def __init__(
        self,
        centre: Centre,
        attempts: Callable[[], Mapping[str, int]],
        notices: NoticeProcess | None,
        kept_seconds: float,
        census: Census,
        remote_openings: Histogram,
    ) -> None:
        self._centre = centre
        self._kept_seconds = kept_seconds
        self._attempts = attempts
        self._notices = notices
        self._lock = threading.Lock()
        self._kept: tuple[float, list[GaugeMetricFamily]] | None = None
        self._census = census
        self._facts: Counter[str] = Counter()
        self._position = centre.journal.head()
        self._from_afar = remote_openings

    def describe(self) -> Iterable[Any]:
        """Describe nothing: registering must not read the database."""
        return ()

    def collect(self) -> Iterator[Any]:
        """Read all figures."""
        with self._lock:
            yield from self._count_committer()
            yield from self._count_facts()
            yield from self._age()
            yield from self._tell_notices()
            now = time.monotonic()
            kept = self._kept
            is_over = kept is None or now - kept[0] > self._kept_seconds
            if kept is None or is_over or not self._census.is_whole:
                kept = self._kept = (now, self._look())
            yield from kept[1]

    def _look(self) -> list[GaugeMetricFamily]:
        now = self._centre.clock.now()
        with self._centre.journal.reading() as connection:
            self._census.look(connection, now)
            matters = _count_matters(connection)
        return [*_tell_network(self._census, now), matters]

    def _count_committer(self) -> Iterator[Any]:
        counts = self._centre.committer.counts()
        for name, help_text, value in (
            ("operations", "Operations that were answered.", counts.operations),
            ("transactions", "Transactions they were written in.", counts.transactions),
            ("conflicts", "Conflicts with other writers.", counts.conflicts),
        ):
            yield CounterMetricFamily(f"restante_{name}", help_text, value)
        yield _gauge("operations_waiting", "Operations waiting now.", counts.waiting)

    def _count_facts(self) -> Iterator[Any]:
        head = min(self._centre.journal.head(), self._position + FACTS_PER_LOOK)
        by_tag = (
            select(FACTS.c.tag, func.count())
            .where(FACTS.c.position > self._position, FACTS.c.position <= head)
            .group_by(FACTS.c.tag)
        )
        ended = select(REMOTE_OPENINGS.c.ended_at - REMOTE_OPENINGS.c.sent_at).where(
            REMOTE_OPENINGS.c.phase == Phase.ENDED,
            REMOTE_OPENINGS.c.outcome == Outcome.TAKEN,
            REMOTE_OPENINGS.c.position > self._position,
            REMOTE_OPENINGS.c.position <= head,
        )
        with self._centre.journal.reading() as connection:
            for tag, count in connection.execute(by_tag):
                self._facts[tag] += count
            for seconds in connection.scalars(ended):
                self._from_afar.observe(seconds)
        self._position = head
        facts = CounterMetricFamily("restante_facts", "Facts written.", labels=["tag"])
        for tag, count in sorted(self._facts.items()):
            facts.add_metric([tag], count)
        yield facts
        openings = CounterMetricFamily(
            "restante_openings", "Doors asked to open.", labels=["result"]
        )
        for tag, result in _TAGS_OF_OPENINGS.items():
            openings.add_metric([result], self._facts[tag])
        yield openings
        # A try counts as wrong until it is proved right, so there are two totals: the difference
        # of both may fall, and a counter must not.
        for name, tag in (("tried", "attempt.counted.v1"), ("right", "attempt.proved.v1")):
            yield CounterMetricFamily(f"restante_codes_{name}", f"Codes {name}.", self._facts[tag])
        webhooks = CounterMetricFamily(
            "restante_webhook_attempts", "Tries to tell a receiver.", labels=["result"]
        )
        for result, count in sorted(self._attempts().items()):
            webhooks.add_metric([result], count)
        yield webhooks

    def _tell_notices(self) -> Iterator[Any]:
        notices = self._notices
        if notices is not None:
            for name, help_text, value in (
                ("notice_process_starts", "Starts of the process for notices.", notices.starts),
                ("notices_tried", "Notices it has tried to send.", notices.tried),
            ):
                yield CounterMetricFamily(f"restante_{name}", help_text, value)
            age = notices.seconds_since_turn()
            yield _gauge("notices_turn_age_seconds", "Since it last looked for notices.", age)

    def _age(self) -> Iterator[Any]:
        centre = self._centre
        seconds, waiting = outbox_age(centre)
        yield _gauge("outbox_age_seconds", "How long the oldest work is due.", seconds)
        yield _gauge("outbox_waiting", "Work that is neither done nor given up.", waiting)
        yield _gauge("journal_position", "Last position written.", centre.journal.head())
        last = read_last_backup(centre.settings)
        if last is not None:
            age = centre.clock.now() - last.made_at
            yield _gauge("backup_age_seconds", "How long ago the last copy was made.", age)
        info = GaugeMetricFamily("restante_build_info", "Always 1.", labels=["release"])
        info.add_metric([__version__], 1)
        yield info


def _tell_network(census: Census, now: UtcSeconds) -> Iterator[GaugeMetricFamily]:
    """Tell what is in the network, by kind of site; nothing before all of it was counted (F4)."""
    lockers = census.lockers()
    if lockers is not None:
        for name, help_text, counts in (
            ("lockers", "Lockers there are.", lockers.total.known),
            ("lockers_online", "Lockers heard of within 15 minutes.", lockers.total.online),
        ):
            family = GaugeMetricFamily(f"restante_{name}", help_text, labels=["site_kind"])
            for kind, count in sorted(counts.items()):
                family.add_metric([kind], count)
            yield family
        heat = GaugeMetricFamily(
            "restante_temperature_celsius", "Coldest and hottest locker.", labels=["end"]
        )
        for end, degrees in (
            ("coldest", lockers.total.coldest),
            ("hottest", lockers.total.hottest),
        ):
            if degrees is not None:
                heat.add_metric([end], degrees)
        yield heat
    compartments = census.compartments()
    if compartments is not None:
        states = GaugeMetricFamily(
            "restante_compartments",
            "Compartments as last reported.",
            labels=["site_kind", "size", "state"],
        )
        for labels, count in sorted(compartments.total.states.items()):
            states.add_metric(labels, count)
        yield states
        yield _gauge("doors_open", "Doors that stand open.", compartments.total.open_doors)
    for name, counted in (("lockers", lockers), ("compartments", compartments)):
        if counted is not None:
            age = max(0, now - counted.oldest_at)
            yield _gauge(f"{name}_count_age_seconds", f"Age of the count of {name}.", age)


def _count_matters(connection: Connection) -> GaugeMetricFamily:
    family = GaugeMetricFamily("restante_matters_open", "What waits for a person.", labels=["kind"])
    some = select(ANOMALIES.c.kind).where(ANOMALIES.c.status == "open").limit(COUNTED_MAX)
    page = some.subquery("some")
    for kind, count in connection.execute(select(page.c.kind, func.count()).group_by(page.c.kind)):
        family.add_metric([kind], count)
    return family


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"restante_{name}", help_text, value)
