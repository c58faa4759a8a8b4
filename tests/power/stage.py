"""A centre and a locker on real files, and a cabinet that stands there whatever the power does.

It is opened anew after every cut, from the files that are left and from what has happened.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from restante.access import SIMULATION, Keyring, Malformed, export_locker_keys, seeded_entropy
from restante.clock import Minter, VirtualClock
from restante.core.grant import Purpose
from restante.core.ids import ActorId, CompartmentId, OrderId, ParcelId, locker_stream
from restante.core.order import ORDER_SECONDS_MAX
from restante.core.refusal import Refused
from restante.core.value import UtcSeconds
from restante.edge import signin
from restante.edge.boards.port import OpenResult
from restante.edge.boards.simulated import SimulatedBoard
from restante.edge.config import LockerConfig
from restante.edge.controller import Controller
from restante.edge.doors import Fault, fault_free
from restante.edge.store import open_locker_journal
from restante.edge.uplink import Uplink
from restante.journal.sqlite import SqliteJournal
from restante.journal.sqlite_file import Durability
from restante.link.message import (
    Ack,
    Heartbeat,
    Hello,
    Order,
    decode_from_centre,
    decode_from_locker,
    encode_message,
)
from restante.link.signing import make_signer
from restante.notices import Notice
from restante.operations.directory import (
    SiteEntry,
    register_locker,
    register_partner,
    register_site,
)
from restante.settings import Settings
from restante.views import Principal
from restante.wiring.centre import Centre, open_centre
from tests.operations.house import ACME, LOCKER, MONDAY, OPERATOR, SITE, layout
from tests.power.told import Silent, Teller, Told

ACME_ACTOR = Principal.of_partner(ACME)
CONFIG = LockerConfig(
    locker=LOCKER, site=SITE, specs=layout(5), verifier_cost=SIMULATION, name="Station"
)
STREAM = locker_stream(LOCKER)


class Letters:
    """A provider that takes everything and tells of it."""

    name = "email"

    def __init__(self, tell: Teller | Silent, past: Sequence[Told]) -> None:
        self._tell = tell
        self.codes = {line.parcel: line.code for line in past if line.what == "letter"}
        """The newest code of every parcel that was written about, by label."""

    def send(self, notice: Notice) -> str:
        if notice.code is not None:
            self._tell("letter", parcel=notice.label, code=notice.code.reveal())
            self.codes[notice.label] = notice.code.reveal()
        return notice.key


class LoggedBoard(SimulatedBoard):
    """A cabinet whose pulses and hands are told before they happen."""

    def __init__(self, tell: Teller | Silent, *, has_item_sensors: bool) -> None:
        super().__init__([spec.id for spec in CONFIG.specs], has_item_sensors=has_item_sensors)
        self._tell = tell
        self.opening_of: Callable[[CompartmentId], str] = lambda _name: ""

    def open(self, compartment: CompartmentId) -> OpenResult:
        self._tell("pulse", compartment=compartment, opening=self.opening_of(compartment))
        return super().open(compartment)

    def put_in(self, compartment: CompartmentId, parcel: ParcelId) -> None:
        self._tell("put", compartment=compartment, parcel=parcel)
        super().put_in(compartment, parcel)

    def take_out(self, compartment: CompartmentId) -> ParcelId | None:
        self._tell("take", compartment=compartment)
        return super().take_out(compartment)

    def close(self, compartment: CompartmentId) -> None:
        self._tell("shut", compartment=compartment)
        super().close(compartment)

    def happened(self, told: Sequence[Told]) -> None:
        """Bring the cabinet to where hands and locks have left it."""
        for line in told:
            name = CompartmentId(line.compartment)
            match line.what:
                case "pulse":
                    super().force(name)
                case "put":
                    super().put_in(name, ParcelId(line.parcel))
                case "take":
                    super().take_out(name)
                case "shut":
                    super().close(name)


class Stage:
    """Everything that runs, opened from a folder.

    Parameters
    ----------
    past
        What has happened before; empty for the first time.
    """

    def __init__(
        self,
        folder: Path,
        seed: int,
        tell: Teller | Silent,
        *,
        past: Sequence[Told] = (),
        fault: Fault = fault_free,
        durability: Durability = "full",
    ) -> None:
        self.folder = folder
        self.tell = tell
        self.fault = fault
        self._durability: Durability = durability
        at = max((line.at for line in past), default=MONDAY)
        self.clock = VirtualClock(UtcSeconds(at))
        self.minter = Minter(self.clock, Random(f"ids {seed} {len(past)}").randbytes)
        self.keyring = Keyring.in_memory(seeded_entropy(b"power")(32), MONDAY)
        self.keyring.make_peppers([SITE])
        self.board = LoggedBoard(tell, has_item_sensors=bool(seed % 2))
        self.board.happened(past)
        self.life = max((line.life for line in past), default=0)
        self.letters = Letters(tell, past)
        self._order_count = sum(line.what == "order" for line in past)
        self.centre = self._open_centre()
        if not past:
            self._register()
        self.journal: SqliteJournal
        self.controller: Controller
        self.uplink: Uplink

    @property
    def now(self) -> UtcSeconds:
        return self.clock.now()

    def locker_path(self, life: int) -> Path:
        """Find the file of one life of the locker's disk."""
        return self.folder / "locker" / f"{life}.sqlite"

    def begin_life(self) -> None:
        """Put a new, empty disk into the locker."""
        self.life += 1
        self.tell("life", life=self.life, at=self.now)
        self.start_locker()

    def start_locker(self) -> None:
        """Start the controller on the disk it has."""
        self.locker_path(self.life).parent.mkdir(exist_ok=True)
        self.journal = open_locker_journal(
            str(self.locker_path(self.life)), durability=self._durability
        )
        _watch_appends(self.journal, "locker", self.fault)
        self.controller = Controller(
            CONFIG,
            journal=self.journal,
            board=self.board,
            clock=self.clock,
            minter=self.minter,
            keys=export_locker_keys(self.keyring, SITE),
            release="test",
            fault=self.fault,
        )
        self.board.opening_of = self._opening_of
        self.controller.start()
        self.uplink = Uplink(self.controller, self.keyring.public(), "test")
        self._watch_verdicts()

    def stop_locker(self) -> None:
        """End the program as a service manager does."""
        self.journal.close()

    def close(self) -> None:
        self.stop_locker()
        self.centre.close()

    def told_person(self, text: str, **fields: Any) -> None:
        """Somebody at the locker sees this; it rests on everything recorded so far."""
        store = self.controller.store
        found = self.journal.states([STREAM]).get(STREAM)
        digest = "" if found is None else found.head_hash.hex()
        self.tell(
            "person",
            text=text,
            at=self.now,
            epoch=store.epoch,
            seq=store.version,
            hash=digest,
            life=self.life,
            **fields,
        )

    def told_partner(self, text: str) -> None:
        """Somebody at the centre hears this; it rests on everything committed so far."""
        last = self.centre.journal.head()
        (fact,) = self.centre.journal.stored_after(last - 1, limit=1)
        self.tell("partner", text=text, at=self.now, seq=last, hash=fact.hash.hex())

    def pass_time(self, seconds: int) -> None:
        self.clock.set(UtcSeconds(self.now + seconds))
        self.tell("time", at=self.now)
        self.controller.tick()
        self.centre.timekeeper.tick()
        self.centre.worker.turn()

    def make_order(self, compartment: CompartmentId) -> bytes:
        """Sign an order to open an empty compartment, as the centre does."""
        self._order_count += 1
        order = Order(
            locker=LOCKER,
            epoch=self.controller.store.epoch,
            order=OrderId(self.minter.make("w")),
            counter=self._order_count,
            compartment=compartment,
            purpose=Purpose.SERVICE,
            issued_at=self.now,
            expires_at=UtcSeconds(self.now + ORDER_SECONDS_MAX),
            asked_by=ActorId("operator:ada"),
            challenge=self.controller.orders.challenge(),
        )
        return encode_message(make_signer(self.keyring.current)(order))

    def try_pin(self, code: str) -> bool:
        """Type a code; whether somebody is signed in then. The person sees the answer."""
        try:
            self.controller.sign_in_with_pin(code)
        except Malformed:
            return False
        except Refused as refused:
            self.told_person(str(refused.reason.value))
            return False
        self.told_person("welcome")
        return True

    def _opening_of(self, name: CompartmentId) -> str:
        opening = self.controller.state.compartments[name].opening
        return "" if opening is None else opening.opening

    def _watch_verdicts(self) -> None:
        # The real check, with a line in the record when it knows the answer.
        tell, life = self.tell, self.life

        def looked(*args: Any) -> int | None:
            answer = _CHECK_PIN(*args)
            tell("looked", life=life)
            return answer

        signin.check_pin = looked  # type: ignore[assignment]

    def _open_centre(self) -> Centre:
        centre = open_centre(
            Settings(data_dir=self.folder / "centre"),
            self.clock,
            self.minter,
            cost=SIMULATION,
            durability=self._durability,
            keyring=self.keyring,
            channels={"email": self.letters},
        )
        _watch_appends(centre.journal, "centre", self.fault)
        return centre

    def _register(self) -> None:
        self.centre.run(register_partner(OPERATOR, partner=ACME, name="Acme"))
        entry = SiteEntry(
            site=SITE, name="Station", latitude=52.5, longitude=13.4, zone="Europe/Berlin"
        )
        self.centre.run(register_site(self.centre.means, OPERATOR, entry))
        self.centre.run(register_locker(OPERATOR, locker=LOCKER, site=SITE, layout=CONFIG.specs))
        self.told_partner("registered")


_CHECK_PIN = signin.check_pin


def _watch_appends(journal: SqliteJournal, whose: str, fault: Fault) -> None:
    """Name the moments right before and right after a commit."""
    append = journal.append

    def watched(*args: Any, **named: Any) -> Any:
        fault(f"{whose}.before_commit")
        answer = append(*args, **named)
        fault(f"{whose}.after_commit")
        return answer

    journal.append = watched  # type: ignore[method-assign]


class Wire:
    """What lies between: it loses, doubles and delays, and never invents."""

    def __init__(self, stage: Stage, dice: Random) -> None:
        self._stage = stage
        self._dice = dice
        self._is_up = False
        self._old: list[bytes] = []

    def pump(self, *, is_good: bool) -> None:
        """Carry messages both ways until there is silence, or until patience ends."""
        stage = self._stage
        locker, centre = stage.uplink, stage.centre.hub.end_for(LOCKER)
        stage.centre.hub.push_lists()
        if not self._is_up or self._dice.random() < 0.2:
            self._is_up = True
            locker.disconnected()
            centre.disconnected()
            centre.connected(stage.now)
            locker.connected(stage.now)
        for _ in range(40):
            up = locker.outgoing(stage.now)
            for body in up:
                _tell_held(stage, body)
            for body in self._carried(up, is_good=is_good):
                centre.receive(body, stage.now)
            if up:
                stage.fault("centre.before_answer")
            down = centre.outgoing(stage.now)
            for body in down:
                _tell_acknowledged(stage, body)
            self._old.extend(down)
            for body in self._carried(down, is_good=is_good):
                locker.receive(body, stage.now)
            if not up and not down:
                return

    def say_again(self) -> None:
        """Bring something the centre said long ago once more."""
        if self._old:
            self._stage.uplink.receive(self._dice.choice(self._old), self._stage.now)

    def _carried(self, bodies: list[bytes], *, is_good: bool) -> list[bytes]:
        if is_good:
            return bodies
        carried: list[bytes] = []
        for body in bodies:
            carried.extend([body] * self._dice.choices((0, 1, 2), (25, 65, 10))[0])
        return carried


def _tell_acknowledged(stage: Stage, body: bytes) -> None:
    message = decode_from_centre(body)
    if isinstance(message, Ack) and message.seq:
        stage.tell("ack", epoch=message.epoch, seq=message.seq)


def _tell_held(stage: Stage, body: bytes) -> None:
    message = decode_from_locker(body)
    if isinstance(message, Hello | Heartbeat):
        stage.tell("list", version=message.list_version, life=stage.life)
