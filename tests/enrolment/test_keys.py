"""The centre's keys are exchanged for a year, and its lockers go on hearing it."""

from collections.abc import Iterator

import msgspec
import pytest

from restante.access import Keyring, PublicKey, PublicKeyring, read_locker_keys, seeded_entropy
from restante.access.exchange import EXCHANGED, exchange_keys, name_keys, of_purpose
from restante.access.keyring import Purpose
from restante.core.value import DAY, UtcSeconds
from restante.edge.keys import KeysKeeper
from restante.link.memory import MemoryLink
from restante.link.message import KeysUpdate, encode_message
from restante.link.signing import make_signer
from restante.operations.configuration import ConfigurationChange, configure_locker
from restante.wiring.caretaker import Caretaker, make_caretaker
from restante.wiring.enrolled import read_kept_configuration
from restante.wiring.locker import RunningLocker, read_locker_file, start_locker
from tests.enrolment.machine import Machine
from tests.operations.house import LOCKER, MONDAY, OPERATOR


class Running:
    """An enrolled locker as wiring builds it from its files, linked to its centre in memory."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.centre = machine.desk.house.centre
        self.start()

    def start(self) -> None:
        file = read_locker_file(self.machine.folder / f"{LOCKER}.toml")
        self.running: RunningLocker = start_locker(
            file,
            keys=read_locker_keys(file.keys),
            clock=self.machine.desk.house.clock,
            is_online=lambda: True,
            device=self.machine.key,
        )
        assert self.running.uplink is not None
        self.uplink = self.running.uplink
        made = make_caretaker(
            self.running.kiosk,
            self.uplink,
            file.enrolled,
            check=lambda _wanted: None,
            changed=lambda: None,
        )
        assert made is not None
        self.caretaker: Caretaker = made
        self.link = MemoryLink(self.uplink, self.centre.hub.end_for(LOCKER))

    def stop(self) -> None:
        self.link.cut()
        assert self.running.controller is not None
        self.running.controller.store.close()

    def talk(self) -> None:
        for _ in range(3):
            self.machine.pass_days(61 / 86_400)
            self.link.pump(self.machine.now())

    def exchange(self, *purposes: Purpose) -> None:
        for purpose in purposes:
            self.centre.keyring.rotate(purpose, self.machine.now())

    def held(self) -> PublicKeyring:
        return read_locker_keys(self.machine.enrolled / "keys.json").public

    def hears(self) -> bool:
        """Whether a message of today is understood."""
        before = self.uplink.dropped_count
        self.talk()
        return self.uplink.dropped_count == before and self.uplink.is_online

    def is_up_to_date(self) -> bool:
        return name_keys(self.held()) == name_keys(self.centre.keyring.public())


@pytest.fixture
def locker(machine: Machine) -> Iterator[Running]:
    made = Running(machine)
    made.talk()
    yield made
    made.stop()


def test_a_year_of_exchanges_without_one_renewal(locker: Running) -> None:
    for month in range(12):
        locker.machine.pass_days(30)
        locker.exchange(*EXCHANGED)
        assert locker.hears(), month
        assert locker.is_up_to_date(), month
        if month % 4 == 1:
            locker.stop()
            locker.start()
            assert locker.hears(), "what was exchanged is in its files"
        current = {one: locker.centre.keyring.current(one).kid for one in EXCHANGED}
        assert all(locker.uplink.keys.find(one, kid) for one, kid in current.items())
    assert locker.machine.asked_count == 0


def test_a_locker_that_was_away_for_two_exchanges_asks_the_centre_itself(locker: Running) -> None:
    locker.link.cut()
    locker.exchange(*EXCHANGED)
    locker.exchange(*EXCHANGED)
    locker.link = MemoryLink(locker.uplink, locker.centre.hub.end_for(LOCKER))
    assert not locker.hears()
    assert locker.uplink.keys.is_deaf
    machine = locker.machine
    machine.pass_days(2)
    machine.is_deaf = locker.uplink.keys.is_deaf
    machine.renewer.turn(machine.now())
    machine.passed += 3600
    assert machine.renewer.turn(machine.now()), "new keys: the locker is built anew"
    locker.stop()
    locker.start()
    assert locker.hears()
    assert locker.is_up_to_date()


def test_a_retired_key_is_believed_no_longer(locker: Running) -> None:
    old = locker.centre.keyring.current(Purpose.COMMAND).kid
    for _ in range(2):
        locker.exchange(Purpose.COMMAND)
        locker.talk()
    assert locker.uplink.keys.find(Purpose.COMMAND, old) is None
    assert of_purpose(locker.held(), Purpose.COMMAND)[-1].activated_at is None


def test_an_old_word_that_is_said_again_changes_nothing(locker: Running) -> None:
    keyring = locker.centre.keyring
    sign = make_signer(keyring.current)
    said = []
    for _ in range(3):
        locker.exchange(Purpose.LIST)
        keys = of_purpose(keyring.public(), Purpose.LIST)
        said.append(sign(KeysUpdate(locker=LOCKER, purpose=Purpose.LIST, keys=keys)))
        locker.talk()
    held = locker.held()
    for old in said:
        locker.uplink.receive(encode_message(old), locker.machine.now())
    assert locker.held() == held


def made_key(purpose: Purpose, number: int) -> PublicKey:
    keyring = Keyring.create(seeded_entropy(bytes([number])), MONDAY)
    return of_purpose(keyring.public(), purpose)[0]


def test_a_stolen_key_for_lists_brings_in_no_key_that_opens_doors(locker: Running) -> None:
    held = locker.held()
    thief = locker.centre.keyring.current(Purpose.LIST)
    for purpose in (Purpose.COMMAND, Purpose.TOKEN):
        keys = (*of_purpose(held, purpose), made_key(purpose, 9))
        forged = KeysUpdate(locker=LOCKER, purpose=purpose, keys=keys)
        signed = make_signer(lambda _purpose: thief)(forged)
        locker.uplink.receive(encode_message(signed), locker.machine.now())
    assert locker.held() == held


def test_what_cannot_be_a_set_of_keys_is_not_taken() -> None:
    keyring = Keyring.in_memory(b"centre", UtcSeconds(MONDAY))
    held = keyring.public()
    keyring.rotate(Purpose.LIST, UtcSeconds(MONDAY + DAY))
    good = of_purpose(keyring.public(), Purpose.LIST)
    speaker = keyring.current(Purpose.LIST).kid

    def take(*keys: PublicKey, by: str = speaker, purpose: Purpose = Purpose.LIST) -> bool:
        return exchange_keys(held, purpose, keys, spoken_by=by) is not None

    assert take(*good)
    other = made_key(Purpose.LIST, 3)
    assert not take(*good, by=good[0].kid), "only the newest key held speaks"
    assert not take(*good[:2]), "it must name a newer one"
    assert not take(*good, other), "one too many"
    assert not take(good[1], good[1], good[2]), "one twice"
    assert not take(good[1], made_key(Purpose.TOKEN, 3)), "of another purpose"
    assert not take(good[1], msgspec.structs.replace(other, kid="00000000")), "named wrongly"
    assert not take(good[1], msgspec.structs.replace(other, public=b"short"))
    assert not take(other, made_key(Purpose.LIST, 4)), "its speaker is missing"
    assert not take(*good, purpose=Purpose.TOKEN)
    assert not take(*of_purpose(held, Purpose.HEAD), purpose=Purpose.HEAD)
    assert not take()


def test_a_locker_set_up_by_a_file_alone_is_sent_no_keys(locker: Running) -> None:
    keyring = locker.centre.keyring
    keeper = KeysKeeper(locker.held())
    assert keeper.name() == ""
    locker.exchange(Purpose.LIST)
    keys = of_purpose(keyring.public(), Purpose.LIST)
    update = KeysUpdate(locker=LOCKER, purpose=Purpose.LIST, keys=keys)
    assert not keeper.arrived(make_signer(keyring.current)(update))  # type: ignore[arg-type]


def test_whatever_changed_the_locker_is_built_anew_from_its_files(locker: Running) -> None:
    assert not locker.caretaker.turn()
    change = configure_locker(
        OPERATOR, locker=LOCKER, change=ConfigurationChange(languages=("pl",))
    )
    locker.centre.run(change)
    locker.centre.hub.watch_machines()
    locker.talk()
    assert locker.caretaker.turn()
    assert read_kept_configuration(locker.machine.enrolled).languages == ("pl",)
    locker.stop()
    locker.start()
    assert locker.hears()
    assert not locker.caretaker.turn()
