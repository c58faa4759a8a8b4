"""A centre that enrols, and a machine with its folder, on clocks that stand still."""

from base64 import b64encode
from pathlib import Path

import msgspec

from restante.access import DeviceKey, create_device_key
from restante.core.value import UtcSeconds
from restante.operations.enrolment import Enrolled
from restante.wiring.caretaker import Renewer
from restante.wiring.enrol import Answer, NotEnrolled, check_answer
from restante.wiring.enrolled import DEVICE_KEY, Handed, read_place, write_enrolment
from tests.operations.test_enrolment import Desk

CENTRE = "https://parcels.example.org"


def answer(given: Enrolled) -> bytes:
    """Write what the centre gives as its API does."""
    said = Answer(
        locker=given.locker,
        site=given.site,
        certificate=given.certificate.decode(),
        authority=given.authority.decode(),
        broker_url=given.broker.url,
        network=given.broker.network,
        keys=b64encode(given.keys.reveal()).decode(),
        configuration=b64encode(given.configuration).decode(),
    )
    return msgspec.json.encode(said)


class Machine:
    """An enrolled machine whose centre is in the same process, or out of reach."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk(folder)
        self.folder = folder / "machine"
        self.folder.mkdir()
        self.key = create_device_key(self.folder / DEVICE_KEY)
        self.enrolled = self.folder / "enrolled"
        self.asked_count = 0
        self.is_reachable = True
        self.is_deaf = False
        self.passed = 0.0
        """Seconds of the machine's clock that never jumps."""
        write_enrolment(self.folder, self.get(self.desk.enrol(self.desk.claim(), self.key)))
        self.start()

    def start(self) -> None:
        """Begin anew with nothing but the files."""
        self.renewer = Renewer(
            self.enrolled,
            self.key,
            passed=lambda: self.passed,
            ask=self.ask,
            is_deaf=lambda: self.is_deaf,
        )

    def get(self, given: Enrolled) -> Handed:
        return check_answer(answer(given), self.key, centre=CENTRE)

    def ask(self, enrolled: Path, key: DeviceKey) -> Handed:
        self.asked_count += 1
        if not self.is_reachable:
            raise NotEnrolled(f"{CENTRE} was not reached")
        return self.get(self.desk.renew(key, read_place(enrolled).locker))

    def now(self) -> UtcSeconds:
        return self.desk.house.clock.now()

    def pass_days(self, days: float) -> None:
        self.desk.pass_days(days)
        self.passed += days * 86_400

    def certificate(self) -> bytes:
        return (self.enrolled / "device.crt").read_bytes()
