"""A network with a partner's receiver, and a worker whose receivers answer as a test says."""

from collections.abc import Callable
from typing import Any, NamedTuple

from restante.core.ids import ParcelId
from restante.operations.cancel import cancel
from restante.operations.deliveries import Claimed, Tried
from restante.operations.webhooks import MadeWebhook, make_webhook
from restante.partners.public_address import Allowance
from restante.partners.webhook import Answer
from restante.views.principal import Principal
from restante.views.webhook_tables import ShownDelivery, ShownWebhook
from tests.operations.house import House

OK = Answer(200)
BROKEN = Answer(500)
URL = "https://hooks.example.com/in"

Reply = Callable[[Claimed], Answer]


class Told(NamedTuple):
    """One message as a receiver saw it."""

    id: str
    subject: str
    version: int
    tag: str


class Office:
    """A house whose deliveries are worked on in turns, without a network."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.desk = house.centre.deliveries
        self.told: list[Told] = []

    def make(self, principal: Principal | None = None, **given: Any) -> MadeWebhook:
        centre = self.house.centre
        # The clock stands still, and what was recorded in the same second would be told too.
        while self.desk.follow():
            pass
        operation = make_webhook(
            centre.means, Allowance(), principal or self.house.acme, url=URL, **given
        )
        return centre.run(operation)

    def work(self, reply: Reply = lambda _: OK, *, room_for: int = 100, turns: int = 100) -> int:
        """Try everything that is due until nothing is, or for so many turns; count tries."""
        tried: list[Tried] = []
        count = 0
        for _ in range(turns):
            claimed = self.desk.turn(tried, room_for=lambda _: room_for, room=1_000)
            tried = [Tried(one, reply(one), self.house.clock.now(), 7) for one in claimed]
            self.told += [
                Told(one.message_id, one.event.subject, one.event.version, one.event.tag)
                for one in claimed
            ]
            count += len(claimed)
            if not claimed:
                break
        self.desk.turn(tried, room_for=lambda _: 0, room=0)
        return count

    def shown(self, webhook: str) -> ShownWebhook:
        return self.desk.webhook(self.house.acme, webhook)

    def log(self, webhook: str, **given: Any) -> tuple[ShownDelivery, ...]:
        return self.desk.deliveries(self.house.acme, webhook, **given).items

    def cancel(self, parcel: ParcelId) -> None:
        means = self.house.centre.means
        self.house.centre.run(cancel(means, self.house.acme, parcel=parcel))

    def later(self, seconds: int) -> None:
        self.house.clock.set(self.house.clock.now() + seconds)  # type: ignore[arg-type]
