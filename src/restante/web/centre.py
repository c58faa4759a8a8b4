"""What the pages need of the centre; wiring hands it in.

It says which parts the pages use, so that a test can build them without the rest. It must not know
how they are made.
"""

from typing import Protocol

from restante.clock import Clock
from restante.journal.committer import Committer
from restante.journal.port import Inspected, Journal, Outbox
from restante.notices.mailbox import Mailbox
from restante.operations.deliveries import DeliveryDesk
from restante.operations.enrolment import EnrolmentDesk
from restante.operations.means import Means
from restante.operations.orders import OrderDesk
from restante.operations.route_plans import RouteDesk
from restante.operations.studies import StudyDesk
from restante.views import Queries


class Record(Journal, Outbox, Inspected, Protocol):
    """A journal with its outbox, open for inspection."""


class Centre(Protocol):
    """The parts of a running centre."""

    @property
    def clock(self) -> Clock:
        """Domain time: fast in a demonstration."""
        ...

    @property
    def journal(self) -> Record:
        """The record of facts, with states and inline rows."""
        ...

    @property
    def committer(self) -> Committer:
        """The only way to change anything."""
        ...

    @property
    def queries(self) -> Queries:
        """What can be asked."""
        ...

    @property
    def means(self) -> Means:
        """What operations work with."""
        ...

    @property
    def orders(self) -> OrderDesk:
        """Sends orders to open doors; its turn makes them leave at once."""
        ...

    @property
    def enrolment(self) -> EnrolmentDesk:
        """Makes claim codes for lockers."""
        ...

    @property
    def deliveries(self) -> DeliveryDesk:
        """Receivers of webhooks, and what is told to them."""
        ...

    @property
    def routes(self) -> RouteDesk:
        """Plans of couriers' routes, and how searches go."""
        ...

    @property
    def studies(self) -> StudyDesk:
        """Studies of the network's future."""
        ...

    @property
    def mailbox(self) -> Mailbox:
        """Messages that nobody sends out, kept on this machine."""
        ...
