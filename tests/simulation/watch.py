"""What must be so at every moment of a town's life, looked at from outside."""

from collections import Counter

from restante.core import parcel as custody
from restante.core.content import Content
from restante.core.door import OpeningIntended
from restante.core.grant import GrantIssued
from restante.core.handoff import HandoffCollected, HandoffDeposited, HandoffRetrieved
from restante.core.ids import (
    CompartmentId,
    GrantId,
    OpeningId,
    ParcelId,
    locker_stream,
    parcel_stream,
)
from restante.core.particulars import Place
from restante.core.session import Role, SessionStarted
from restante.core.streams import ParcelFile
from restante.sim.stand import Stand
from restante.wiring.town import Town
from tests.held import as_held


class PulseWatch(list[CompartmentId]):
    """Stands beside a board and looks at every pulse as it is given.

    Each needs an intent of its own, on the locker's disk, for that door, written before.
    """

    def __init__(self, stand: Stand) -> None:
        super().__init__()
        self._stand = stand
        self._pulsed: set[OpeningId] = set()

    def append(self, compartment: CompartmentId) -> None:
        store = self._stand.controller.store
        stream = locker_stream(self._stand.locker)
        last = store.journal.read(stream, after_version=store.version - 1)[-1].fact
        assert isinstance(last, OpeningIntended), f"pulsed without an intent: {last}"
        assert last.compartment == compartment
        assert last.opening not in self._pulsed, f"pulsed twice: {last}"
        self._pulsed.add(last.opening)
        super().append(compartment)


class Watch:
    """Looks at a whole town."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self.look_count = 0
        for stand in town.stands:
            stand.board.pulses = PulseWatch(stand)

    def look(self) -> None:
        """Check what must always be so."""
        self.look_count += 1
        for stand in self._town.stands:
            self._look_at_locker(stand)
        self._look_at_centre()

    def files(self) -> dict[ParcelId, ParcelFile]:
        """Read what the centre believes of every parcel."""
        names = [
            letter.parcel
            for letter in self._town.world.letters.by_label.values()
            if letter.parcel is not None
        ]
        rows = self._town.office.journal.states([parcel_stream(name) for name in names])
        files = {name: rows[parcel_stream(name)].state for name in names}
        assert all(isinstance(file, ParcelFile) for file in files.values())
        return files

    def ends(self) -> Counter[str]:
        """Count parcels by custody."""
        return Counter(type(file.custody).__name__ for file in self.files().values())

    def _look_at_locker(self, stand: Stand) -> None:
        """A parcel is in one compartment at most, a compartment belongs to one parcel at most."""
        inside = (Content.ASSIGNED, Content.OCCUPIED, Content.UNCLEAR)
        known = stand.controller.state.compartments
        places = Counter(one.parcel for one in known.values() if one.content in inside)
        places.pop(None, None)
        assert all(count == 1 for count in places.values()), places
        lying = Counter(stand.board.inside(name) for name in known)
        lying.pop(None, None)
        assert all(count == 1 for count in lying.values()), lying

    def _look_at_centre(self) -> None:
        """The centre never believes two parcels in one compartment."""
        places: Counter[Place] = Counter()
        for file in self.files().values():
            if isinstance(file.custody, custody.Held | custody.Overdue):
                places[file.custody.place] += 1
        assert all(count == 1 for count in places.values()), places


def check_handoffs(town: Town) -> int:
    """Check that every collection was made by a visit that held the parcel's own grant.

    Returns
    -------
    int
        How many collections there were.
    """
    issued = _grants_by_parcel(town)
    count = 0
    for stand in town.stands:
        visits: dict[str, SessionStarted] = {}
        stream = locker_stream(stand.locker)
        for one in stand.controller.store.journal.read(stream):
            match one.fact:
                case SessionStarted(session=session):
                    visits[session] = one.fact
                case HandoffCollected(session=session, grant=grant, parcel=parcel):
                    count += 1
                    assert grant in visits[session].grants
                    assert visits[session].role is Role.RECIPIENT
                    assert grant in issued[parcel]
                case HandoffDeposited(session=session) | HandoffRetrieved(session=session):
                    assert visits[session].role is Role.COURIER
                case _:
                    pass
    return count


def check_agreement(town: Town) -> None:
    """Check that both sides hold the same facts and the same list."""
    journal, lists = town.office.journal, town.office.centre.hub.lists
    for stand in town.stands:
        stream = locker_stream(stand.locker)
        here = stand.controller.store
        ours = here.journal.stored(stream, after_version=0, limit=100_000)
        theirs = journal.stored(stream, after_version=0, limit=100_000)
        assert [one.body for one in ours] == [one.body for one in theirs]
        assert here.watermark == here.version
        assert here.list_version == lists.version(stand.site)
        pepper = town.office.means.keyring.pepper(stand.site)
        cost = stand.controller.config.verifier_cost
        listed = lists.delta(stand.site, 0).changes
        entries = {change.key: as_held(change.entry, pepper, cost) for change in listed}
        held = {k: one.entry for k, one in here.allowed.listed.items() if not one.is_ended}
        assert held == entries


def _grants_by_parcel(town: Town) -> dict[ParcelId, set[GrantId]]:
    issued: dict[ParcelId, set[GrantId]] = {}
    position = 0
    while page := town.office.journal.follow(position, limit=2_000):
        for one in page:
            if isinstance(one.fact, GrantIssued):
                issued.setdefault(one.fact.parcel, set()).add(one.fact.grant)
        position = page[-1].position
    return issued
