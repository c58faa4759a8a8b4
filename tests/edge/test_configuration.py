"""A locker takes a configuration whole, or says why not; over a real link to a real centre."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from restante.access import export_locker_keys
from restante.clock import Minter
from restante.core import locker as rules
from restante.core.handoff import HandoffDeposited
from restante.core.ids import CompartmentId, CourierId, ParcelId, SessionId
from restante.core.size import CompartmentSpec
from restante.edge.boards.simulated import SimulatedBoard
from restante.edge.config import LockerConfig
from restante.edge.configuration import CannotTake, ConfigurationKeeper
from restante.edge.controller import Controller
from restante.edge.store import open_locker_journal
from restante.edge.uplink import Uplink
from restante.link.configuration import Configuration, decode_configuration
from restante.link.memory import MemoryLink
from restante.link.message import ConfigurationUpdate
from restante.operations.configuration import (
    ConfigurationChange,
    configure_locker,
    find_configuration,
)
from restante.operations.directory import register_locker
from restante.operations.enrolment import revoke_locker
from restante.views.machine_queries import ShownMachine
from tests.operations.house import LOCKER, OPERATOR, SITE, House, layout, open_house


class Machine:
    """A locker's controller on its own journal, joined to a centre by a link in memory."""

    def __init__(self, folder: Path) -> None:
        self.house: House = open_house(folder / "centre")
        self.folder = folder
        self.kept: list[ConfigurationUpdate] = []
        self.house.centre.run(
            configure_locker(OPERATOR, locker=LOCKER, change=ConfigurationChange())
        )
        self.start(None)

    def start(self, current: Configuration | None) -> None:
        """Build the locker anew from what was kept."""
        clock, centre = self.house.clock, self.house.centre
        specs = layout() if current is None else current.compartments
        config = LockerConfig(locker=LOCKER, site=SITE, specs=specs)
        journal = open_locker_journal(str(self.folder / "locker.sqlite"), durability="relaxed")
        keys = export_locker_keys(centre.keyring, SITE)
        self.controller = Controller(
            config,
            journal=journal,
            board=SimulatedBoard([spec.id for spec in specs]),
            clock=clock,
            minter=Minter(clock),
            keys=keys,
        )
        self.controller.start()
        self.uplink = Uplink(self.controller, keys.public)
        self.link = MemoryLink(self.uplink, centre.hub.end_for(LOCKER))
        if current is None:
            current = decode_configuration(self.wanted().body)
        self.uplink.configuration = ConfigurationKeeper(
            self.controller, current=current, check=self.check, keep=self.kept.append
        )

    def check(self, wanted: Configuration) -> None:
        if wanted.board is not None and wanted.board["kind"] == "nonsense":
            raise CannotTake("board: there is no kind 'nonsense'")

    def wanted(self) -> ConfigurationUpdate:
        with self.house.centre.journal.reading() as connection:
            update = find_configuration(connection, LOCKER)
        assert update is not None
        return update

    def change(self, **fields: Any) -> None:
        change = ConfigurationChange(**fields)
        self.house.centre.run(configure_locker(OPERATOR, locker=LOCKER, change=change))
        self.talk()

    def relayout(self, specs: tuple[CompartmentSpec, ...]) -> None:
        self.house.centre.run(register_locker(OPERATOR, locker=LOCKER, site=SITE, layout=specs))
        self.talk()

    def talk(self, *, is_idle: bool = True) -> None:
        self.house.centre.hub.watch_machines()
        self.link.pump(self.house.clock.now())
        if self.uplink.configuration.turn(is_idle=is_idle):
            self.uplink.session.beat_soon()
        self.link.pump(self.house.clock.now())

    def restart(self) -> None:
        """Do what wiring does when something was taken."""
        assert self.uplink.configuration.is_taken
        self.controller.store.close()
        self.link.cut()
        self.start(decode_configuration(self.kept[-1].body))
        self.talk()

    def shown(self) -> ShownMachine:
        return self.house.centre.queries.machine(OPERATOR, LOCKER, at=self.house.clock.now())


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    made.talk()
    yield made
    made.controller.store.close()
    made.house.centre.close()


def test_what_is_wanted_is_taken_and_reported(machine: Machine) -> None:
    machine.change(ring="canary", languages=("pl", "en"))
    assert machine.shown().differing == ("languages", "ring")
    machine.restart()
    shown = machine.shown()
    assert (shown.desired_version, shown.reported_version, shown.differing) == (2, 2, ())
    assert decode_configuration(machine.kept[-1].body).languages == ("pl", "en")


def test_nothing_changes_while_somebody_stands_there(machine: Machine) -> None:
    machine.house.centre.run(
        configure_locker(OPERATOR, locker=LOCKER, change=ConfigurationChange(ring="early"))
    )
    machine.talk(is_idle=False)
    assert not machine.uplink.configuration.is_taken
    assert machine.shown().reported_version == 1
    machine.talk()
    assert machine.uplink.configuration.is_taken


def test_a_compartment_with_a_parcel_is_not_dropped_and_the_centre_says_why(
    machine: Machine,
) -> None:
    occupied = layout()[0].id
    occupy(machine, occupied)
    machine.relayout(layout()[1:])
    shown = machine.shown()
    assert machine.kept == []
    assert shown.is_refused
    assert (shown.reported_version, shown.refused_version) == (1, 2)
    assert shown.refusal
    machine.talk()
    assert machine.shown() == shown, "a refused version is not sent again"
    machine.change(ring="early")
    assert machine.shown().refused_version == 3, "a newer one is judged anew"


def test_an_empty_compartment_may_go(machine: Machine) -> None:
    machine.relayout(layout()[1:])
    machine.restart()
    assert machine.shown().differing == ()
    assert layout()[0].id not in machine.controller.state.compartments


def test_a_board_that_cannot_be_is_refused_by_the_machine(machine: Machine) -> None:
    machine.change(board={"kind": "nonsense", "port": "/dev/null", "locks": {}})
    assert machine.shown().refusal == "board: there is no kind 'nonsense'"
    assert machine.kept == []


def test_a_version_is_never_taken_backwards_and_never_for_somebody_else(machine: Machine) -> None:
    old = machine.wanted()
    machine.change(ring="canary")
    machine.restart()
    keeper = machine.uplink.configuration
    keeper.arrived(old)
    assert not keeper.turn(is_idle=True)
    foreign = decode_configuration(machine.kept[-1].body)
    body = msgspec.json.encode(msgspec.structs.replace(foreign, version=9, locker="other"))
    keeper.arrived(ConfigurationUpdate(locker=LOCKER, version=9, body=msgspec.Raw(body)))
    assert keeper.turn(is_idle=True)
    assert keeper.state().refused_version == 9
    keeper.arrived(ConfigurationUpdate(locker=LOCKER, version=10, body=msgspec.Raw(b'{"a":1}')))
    assert keeper.turn(is_idle=True)
    assert keeper.state().refused_version == 10
    assert len(machine.kept) == 1


def test_nothing_new_makes_no_version(machine: Machine) -> None:
    machine.change()
    assert machine.shown().desired_version == 1
    machine.change(is_repeated=True)
    assert machine.shown().desired_version == 2


def test_a_revoked_locker_is_not_heard_and_told_nothing(machine: Machine) -> None:
    house = machine.house
    before = machine.controller.store.watermark
    house.centre.run(revoke_locker(OPERATOR, locker=LOCKER, why="stolen"))
    machine.change(ring="canary")
    machine.uplink.session.beat_soon()
    machine.talk()
    assert machine.controller.store.watermark == before
    assert machine.shown().reported_version == 1
    assert not machine.kept
    assert house.centre.hub.end_for(LOCKER).dropped_count > 0


def occupy(machine: Machine, compartment: CompartmentId) -> None:
    """Let the locker remember a parcel inside, as after a deposit."""
    store = machine.controller.store
    fact = HandoffDeposited(
        at=machine.house.clock.now(),
        compartment=compartment,
        parcel=ParcelId("p1"),
        session=SessionId("s1"),
        courier=CourierId("c1"),
        evidence="door",
    )
    store.state = rules.evolve(store.state, fact)
