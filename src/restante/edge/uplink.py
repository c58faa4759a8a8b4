"""The locker's end of the link: what the session tells is done here, and nowhere else.

It turns events into calls on the controller; a list that cannot be stored is not confirmed, so
the centre sends it again.
"""

from contextlib import suppress

from ..access import VerifyingKeyring
from ..core.value import UtcSeconds
from ..link.configuration import ConfigurationState
from ..link.locker_session import LockerSession
from ..link.session import (
    Acknowledged,
    ConfigurationArrived,
    Diverged,
    Dropped,
    KeysArrived,
    ListArrived,
    LockerEvent,
    OrderArrived,
    TimeTold,
)
from ..link.signing import make_verifier
from .configuration import ConfigurationKeeper
from .controller import Controller, OutOfService
from .keys import KeysKeeper


class Uplink:
    """One controller's link to the centre; fits every transport.

    Parameters
    ----------
    keyring
        Public keys of the centre.
    """

    def __init__(
        self, controller: Controller, keyring: VerifyingKeyring, release: str = ""
    ) -> None:
        store = controller.store
        self._controller = controller
        self.dropped_count = 0
        """Messages that were not understood or not signed well."""
        self.divergence = ""
        """What the centre remembers and this locker has lost; empty when all is well."""
        self.configuration = ConfigurationKeeper(
            controller, current=None, keep=lambda _update: None
        )
        """What takes configurations; one that takes none until it is replaced."""
        self.keys = KeysKeeper(keyring)
        """What the centre is believed by."""
        self.session = LockerSession(
            locker=controller.config.locker,
            site=controller.config.site,
            release=release,
            epoch=store.epoch,
            last_seq=store.version,
            acknowledged_seq=store.watermark,
            # Codes that waited in memory are gone: only the whole list brings them again.
            list_version=store.list_version if store.has_all_codes else 0,
            verify=make_verifier(self.keys),
            read_facts=store.read_reported,
            read_conditions=controller.conditions,
            read_sensors=lambda: controller.sensors.readings,
            read_clock=lambda: controller.clock.quality.value,
            read_configuration=self._configuration_state,
            read_keys=self.keys.name,
            make_challenge=controller.orders.challenge,
            is_live_challenge=controller.orders.is_live,
        )
        controller.budget.watch_link(lambda: self.session.is_online)

    @property
    def is_online(self) -> bool:
        """Whether the centre answers."""
        return self.session.is_online

    def connected(self, now: UtcSeconds) -> None:
        """There is a way to the centre."""
        self.session.connected(now)

    def disconnected(self) -> None:
        """The way is gone."""
        self.session.disconnected()

    def receive(self, body: bytes, now: UtcSeconds) -> None:
        """Take a message from the centre."""
        events = self.session.receive(body, now)
        for event in events:
            self._follow(event)
        # Only what cannot have been said long ago: a broker repeats any other word for ever, and
        # the locker would never count itself alone.
        if any(isinstance(event, TimeTold | Acknowledged) for event in events):
            self._controller.hear()

    def outgoing(self, now: UtcSeconds) -> list[bytes]:
        """Give what is to be sent now."""
        self._confirm_list()
        self.session.noticed(self._controller.store.version)
        return self.session.outgoing(now)

    def _confirm_list(self) -> None:
        store = self._controller.store
        if store.has_all_codes and store.list_version != self.session.list_version:
            self.session.applied(store.list_version)

    def _configuration_state(self) -> ConfigurationState:
        return self.configuration.state()

    def _follow(self, event: LockerEvent) -> None:
        controller = self._controller
        match event:
            case ListArrived(is_whole=is_whole, version=version, changes=changes):
                try:
                    controller.apply_list(changes, version=version, is_whole=is_whole)
                except OutOfService:
                    return
                self._confirm_list()
            case Acknowledged(seq=seq):
                controller.keep_watermark(seq)
            case TimeTold(at_ms=at_ms):
                controller.take_time(at_ms)
            case OrderArrived(order=order):
                with suppress(OutOfService):
                    controller.take_order(order)
            case ConfigurationArrived(update=update):
                self.configuration.arrived(update)
                self.session.beat_soon()
            case KeysArrived(update=update):
                if self.keys.arrived(update):
                    self.session.beat_soon()
            case Diverged(what=what):
                self.divergence = what
            case Dropped():
                self.dropped_count += 1
