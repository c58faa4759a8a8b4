"""Build a centre: journal, committer, keys, queries, links, timekeeper, outbox."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import Connection

from ..access import (
    STANDARD,
    Keyring,
    VerifierCost,
    create_keystore,
    open_keystore,
)
from ..access.authority import open_authority
from ..clock import Clock, Minter, SystemClock
from ..core.hold import HoldPolicy
from ..core.streams import KINDS
from ..journal.committer import Committer
from ..journal.ledger import Operation
from ..journal.sql import SqlJournal
from ..journal.sqlite_file import Durability
from ..notices import Channel, Mailbox
from ..operations.deliveries import DeliveryDesk
from ..operations.enrolment import Broker, EnrolmentDesk
from ..operations.hub import Hub
from ..operations.means import Means
from ..operations.notice_book import CommitterBook
from ..operations.notify import Desk
from ..operations.orders import OrderDesk
from ..operations.perform import OutboxWorker
from ..operations.retention import Retention
from ..operations.route_plans import RouteDesk
from ..operations.selectors import Selectors
from ..operations.studies import StudyDesk
from ..operations.sweep import Sweeper
from ..operations.timekeeper import Timekeeper
from ..partners.public_address import Allowance
from ..settings import Settings
from ..views.queries import Queries
from .network_study import NetworkStudy
from .notices import make_channels, make_mailbox, make_worker
from .record import open_journal
from .route_runner import check_problem, missing_for_planning
from .study_runner import check_study, missing_for_studies

Result = TypeVar("Result")
Reading: TypeAlias = Callable[[], AbstractContextManager[Connection]]


class Centre(NamedTuple):
    """A running centre. Doors ask :attr:`queries` and run operations."""

    settings: Settings
    clock: Clock
    minter: Minter
    journal: SqlJournal
    committer: Committer
    keyring: Keyring
    means: Means
    queries: Queries
    hub: Hub
    orders: OrderDesk
    timekeeper: Timekeeper
    sweeper: Sweeper
    worker: OutboxWorker
    desk: Desk
    mailbox: Mailbox
    enrolment: EnrolmentDesk
    deliveries: DeliveryDesk
    routes: RouteDesk
    studies: StudyDesk

    def run(self, operation: Operation[Result]) -> Result:
        """Run an operation and wait until it is durable."""
        return self.committer.run(operation)

    def close(self) -> None:
        """Write what waits, and let go of files."""
        self.committer.close()
        self.journal.close()


def open_centre(
    settings: Settings,
    clock: Clock,
    minter: Minter,
    *,
    cost: VerifierCost = STANDARD,
    durability: Durability = "full",
    keyring: Keyring | None = None,
    committed: Callable[[int], None] | None = None,
    channels: Mapping[str, Channel] | None = None,
    around: Callable[[int], AbstractContextManager[object]] | None = None,
) -> Centre:
    """Open a centre in its data folder, making folder, journal and keys where absent.

    Parameters
    ----------
    cost
        What one guess at a PIN costs; :data:`restante.access.SIMULATION` for the demo.
    durability
        ``relaxed`` only for simulation.
    keyring
        Keys that are kept elsewhere; the key file of the data folder when ``None``.
    committed
        Called with the last position after facts were written; must be quick.
    channels
        How notices leave, by name; those of the settings when ``None``.
    around
        Entered whenever operations are written, for traces.

    Raises
    ------
    restante.access.UnsafeKeystore
        When the key file cannot be trusted.
    restante.journal.port.Damaged
        When the journal's file is not sound.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = _open_keys(settings.keystore_path, clock, minter) if keyring is None else keyring
    journal = open_journal(settings, durability=durability)
    reading = journal.reading
    queries = Queries(reading, journal, glancing=journal.glancing)
    means = _make_means(settings, clock, minter, keys, cost, queries)
    hooks: dict[str, Any] = {"committed": committed, "around": around}
    given = {name: hook for name, hook in hooks.items() if hook is not None}
    committer = Committer(journal, clock, KINDS, **given)
    mailbox = make_mailbox(settings)
    if channels is None:
        channels = make_channels(settings, mailbox)
    book = CommitterBook(committer)
    glancing = journal.glancing
    hub = Hub(reading=reading, glancing=glancing, committer=committer, keyring=keys, means=means)
    return Centre(
        settings=settings,
        clock=clock,
        minter=minter,
        journal=journal,
        committer=committer,
        keyring=keys,
        means=means,
        queries=queries,
        hub=hub,
        orders=OrderDesk(reading=glancing, committer=committer, clock=clock, hub=hub),
        timekeeper=Timekeeper(reading=glancing, committer=committer, clock=clock),
        sweeper=Sweeper(reading, committer, clock, _retention_of(settings)),
        worker=make_worker(settings, journal, book, clock=clock, means=means, channels=channels),
        desk=Desk(journal, means, clock),
        mailbox=mailbox,
        enrolment=_make_enrolment(settings, reading, means),
        deliveries=_make_deliveries(settings, journal, committer, keys, clock, minter),
        routes=_make_routes(journal, committer, clock),
        studies=_make_studies(journal, committer, clock, queries),
    )


def _make_deliveries(
    settings: Settings,
    journal: SqlJournal,
    committer: Committer,
    keys: Keyring,
    clock: Clock,
    minter: Minter,
) -> DeliveryDesk:
    return DeliveryDesk(
        journal=journal,
        committer=committer,
        keyring=keys,
        clock=clock,
        chance=Random(minter.secret_bytes(16)),
        network=settings.network_id,
        allowance=Allowance(settings.receiver_ports, settings.private_receivers),
    )


def _make_routes(journal: SqlJournal, committer: Committer, clock: Clock) -> RouteDesk:
    return RouteDesk(
        reading=journal.reading,
        journal=journal,
        committer=committer,
        clock=clock,
        real=SystemClock(),
        missing=missing_for_planning(),
        check_problem=check_problem,
    )


def _make_studies(
    journal: SqlJournal, committer: Committer, clock: Clock, queries: Queries
) -> StudyDesk:
    return StudyDesk(
        reading=journal.reading,
        committer=committer,
        clock=clock,
        real=SystemClock(),
        missing=missing_for_studies(),
        check_study=check_study,
        network=NetworkStudy(queries, clock),
    )


def _make_enrolment(settings: Settings, reading: Reading, means: Means) -> EnrolmentDesk:
    folder = settings.mqtt_authority_dir
    return EnrolmentDesk(
        reading=reading,
        means=means,
        authority=None if folder is None else open_authority(folder),
        broker=Broker(settings.mqtt_public_url or settings.mqtt_url, settings.network_id),
        claim_hours=settings.claim_hours,
        centre_url=settings.public_url,
    )


def _make_means(
    settings: Settings,
    clock: Clock,
    minter: Minter,
    keyring: Keyring,
    cost: VerifierCost,
    queries: Queries,
) -> Means:
    return Means(
        minter=minter,
        keyring=keyring,
        network=settings.network_id,
        cost=cost,
        secret_digits=settings.pin_secret_digits,
        hold=HoldPolicy(
            hold_seconds=settings.hold_seconds,
            extension_seconds=settings.extension_seconds,
            extension_count_max=settings.extension_count_max,
        ),
        firm_seconds=settings.firm_booking_seconds,
        soft_seconds=settings.soft_booking_seconds,
        remote_openings_max=settings.remote_openings_per_hour,
        selectors=Selectors(queries.uses_of_selectors, clock),
    )


def _retention_of(settings: Settings) -> Retention:
    return Retention(
        contact_days=settings.keep_contacts_days,
        code_days=settings.keep_codes_days,
        door_event_days=settings.keep_door_events_days,
        courier_days=settings.keep_couriers_days,
        audit_days=settings.keep_audit_days,
    )


def _open_keys(path: Path, clock: Clock, minter: Minter) -> Keyring:
    if path.exists():
        return open_keystore(path, entropy=minter.secret_bytes)
    return create_keystore(path, clock.now(), entropy=minter.secret_bytes)
