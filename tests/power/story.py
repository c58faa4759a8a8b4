"""People at one locker, played from a seed: they bring, collect, mistype, wait and come back."""

from random import Random

from restante.core.content import Content
from restante.core.door import Door
from restante.core.ids import CompartmentId, GrantId, ParcelId
from restante.core.refusal import Refused
from restante.operations.announce import announce
from restante.operations.contacts import Contact
from restante.operations.credentials import mint_shift_token
from restante.operations.service import order_service
from tests.operations.house import ACME, COURIER, LOCKER, OPERATOR, SHOE_BOX, SITE
from tests.power.stage import ACME_ACTOR, Stage, Wire

STEPS = 40
"""Enough for every kind of step to come twice on average."""


class Story:
    """What people do on a stage."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage = stage
        self.dice = Random(f"story {seed}")
        self.wire = Wire(stage, self.dice)
        self.announced: dict[str, ParcelId] = {}
        self.codes = stage.letters.codes
        self._number = 0

    def play(self, steps: int = STEPS) -> None:
        """A first disk, a second one, and a busy time on it."""
        stage = self.stage
        stage.begin_life()
        stage.tell("begun", at=stage.now)
        for _ in range(2):
            stage.try_pin("12-345671")
            self.visit_as_courier([])
        self.wire.pump(is_good=True)
        stage.pass_time(120)
        stage.stop_locker()
        stage.begin_life()
        for _ in range(3):
            self.announce()
        self.wire.pump(is_good=True)
        kinds = (
            (3, self.announce),
            (5, lambda: self.wire.pump(is_good=False)),
            (2, lambda: self.wire.pump(is_good=True)),
            (2, self.wire.say_again),
            (5, self.bring_some),
            (6, self.collect_one),
            (3, self.mistype),
            (3, lambda: stage.pass_time(self.dice.choice((5, 70, 700)))),
            (1, self.take_out_of_service),
            (3, self.order_door),
        )
        for _ in range(steps):
            act = self.dice.choices([kind for _, kind in kinds], [odds for odds, _ in kinds])[0]
            act()
            self.read_letters()
        self.settle()
        stage.tell("end", at=stage.now)

    def settle(self) -> None:
        """Let everything that waits arrive."""
        for _ in range(3):
            self.stage.pass_time(70)
            self.wire.pump(is_good=True)

    def read_letters(self) -> None:
        """Let the centre write, and people read."""
        self.stage.centre.worker.turn()

    def announce(self) -> None:
        """A partner tells of a parcel and hears that it is expected."""
        self._number += 1
        label = f"JJD{self.stage.life}{self._number:03}"
        contact = Contact(name="Anna", email=f"anna{self._number}@example.org", language="en")
        wish = announce(
            self.stage.centre.means,
            ACME_ACTOR,
            label=label,
            size=SHOE_BOX,
            site=SITE,
            contact=contact,
        )
        try:
            done = self.stage.centre.run(wish)
        except Refused:
            return
        self.announced[label] = done.parcel
        self.stage.told_partner(f"expected {label}")

    def bring_some(self) -> None:
        labels = [label for label in self.announced if self._is_outside(label)]
        self.visit_as_courier(self.dice.sample(labels, min(len(labels), self.dice.randint(1, 2))))

    def visit_as_courier(self, labels: list[str]) -> None:
        """Sign in, put in what fits, sign out."""
        stage, controller = self.stage, self.stage.controller
        token = mint_shift_token(
            stage.centre.means,
            courier=COURIER,
            partner=ACME,
            sites=[SITE],
            manifest=b"m",
            now=stage.now,
        )
        try:
            controller.sign_in_with_token(token.reveal())
        except Refused as refused:
            stage.told_person(refused.reason.value)
            return
        stage.told_person("welcome, courier")
        for label in labels:
            try:
                opening = controller.deposit(label)
            except Refused as refused:
                stage.told_person(refused.reason.value)
                continue
            stage.told_person("put it in", compartment=opening.compartment)
            if not stage.board.is_open(opening.compartment):
                continue
            if stage.board.inside(opening.compartment) is None:
                stage.board.put_in(opening.compartment, self.announced[label])
            self._shut(opening.compartment)
            if controller.state.find_parcel(self.announced[label]) == opening.compartment:
                stage.told_person("deposited", parcel=label)
        controller.end_visit()
        stage.told_person("good bye")

    def collect_one(self) -> None:
        """Somebody comes with a code; now and then a hand shuts the door too early."""
        stage, controller = self.stage, self.stage.controller
        if not self.codes:
            return
        label = self.dice.choice(sorted(self.codes))
        if not stage.try_pin(self.codes[label]):
            return
        for waiting in controller.waiting():
            self._open(waiting.grant)
        if controller.visit is not None:
            controller.end_visit()
        stage.told_person("good bye")

    def _open(self, grant: GrantId) -> None:
        stage, controller = self.stage, self.stage.controller
        for _ in range(2):
            try:
                opening = controller.collect(grant)
            except Refused as refused:
                stage.told_person(refused.reason.value)
                return
            stage.told_person("take it", compartment=opening.compartment)
            is_careless = self.dice.random() < 0.3
            if not is_careless and stage.board.is_open(opening.compartment):
                stage.board.take_out(opening.compartment)
            self._shut(opening.compartment)
            stage.told_person("thank you")
            if not is_careless:
                return
        if stage.board.inside(opening.compartment) is not None:
            # Twice too early: the third time the parcel comes out, while the door still opens.
            try:
                opening = controller.collect(grant)
            except Refused:
                return
            stage.board.take_out(opening.compartment)
            self._shut(opening.compartment)

    def mistype(self) -> None:
        """Somebody types wrong codes that begin like a live one."""
        if not self.codes:
            return
        for _ in range(self.dice.randint(1, 3)):
            code = self.codes[self.dice.choice(sorted(self.codes))]
            wrong = f"{code[:-1]}{(int(code[-1]) + self.dice.randint(1, 9)) % 10}"
            if self.stage.try_pin(wrong):
                raise AssertionError("a wrong code has opened")

    def take_out_of_service(self) -> None:
        """An operator wants a compartment out of service or back."""
        self.stage.centre.run(
            order_service(
                OPERATOR,
                locker=LOCKER,
                compartment=CompartmentId("A6"),
                in_service=self.dice.random() < 0.5,
            )
        )
        self.stage.told_partner("ordered")

    def order_door(self) -> None:
        """An operator opens an empty compartment from afar; now and then the order comes twice."""
        stage = self.stage
        free = [
            name
            for name, known in stage.controller.state.compartments.items()
            if known.content is Content.FREE and known.door is Door.CLOSED
        ]
        if not free:
            return
        body = stage.make_order(self.dice.choice(free))
        for _ in range(self.dice.choice((1, 1, 2))):
            stage.tell("order", text=body.hex(), life=stage.life)
            stage.uplink.receive(body, stage.now)
        for name in stage.board.open_doors():
            self._shut(name)

    def _is_outside(self, label: str) -> bool:
        parcel = self.announced[label]
        inside = [
            self.stage.board.inside(name) for name in self.stage.controller.state.compartments
        ]
        return parcel not in inside and label not in self.codes

    def _shut(self, name: CompartmentId) -> None:
        self.stage.board.close(name)
        self.stage.controller.tick()
