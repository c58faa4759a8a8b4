"""The power goes at the worst moments; what is on the disk decides, and no door opens twice."""

from pathlib import Path

import pytest

from restante.core.content import Content
from restante.core.door import Door
from restante.core.ids import CompartmentId, GrantId, ParcelId
from restante.core.refusal import Reason, Refused
from restante.edge.controller import OutOfService
from restante.edge.store import open_locker_journal
from restante.journal.port import Damaged
from tests.edge.cabinet import CONFIG, Cabinet

POINTS = ("edge.before_intent", "edge.after_intent", "edge.after_pulse", "edge.after_result")


class PowerCut(BaseException):
    """Ends the program where it stands."""


class Cutter:
    """Cuts the power at the n-th passing of a point, once."""

    def __init__(self, point: str) -> None:
        self.point = point
        self.is_armed = False

    def __call__(self, point: str) -> None:
        if self.is_armed and point == self.point:
            self.is_armed = False
            raise PowerCut


def durable(tmp_path: Path, fault: Cutter | None = None) -> Cabinet:
    journal = open_locker_journal(str(tmp_path / "locker.db"), durability="relaxed")
    return Cabinet(journal=journal, fault=fault) if fault else Cabinet(journal=journal)


def reopen(cabinet: Cabinet, tmp_path: Path) -> None:
    cabinet.controller.store.close()
    cabinet.journal = open_locker_journal(str(tmp_path / "locker.db"), durability="relaxed")
    cabinet.start()


@pytest.mark.parametrize("point", POINTS)
def test_a_collection_cut_anywhere_ends_as_if_nothing_had_happened(
    tmp_path: Path, point: str
) -> None:
    cutter = Cutter(point)
    cabinet = durable(tmp_path, cutter)
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    (place,) = cabinet.bring("p1")
    cabinet.controller.sign_in_with_pin(code)
    pulses = len(cabinet.board.pulses)
    cutter.is_armed = True
    with pytest.raises(PowerCut):
        cabinet.controller.collect(GrantId("g-p1"))
    reopen(cabinet, tmp_path)
    # Starting again pulses nothing.
    assert len(cabinet.board.pulses) - pulses == (point in POINTS[2:])
    assert cabinet.controller.visit is None
    if cabinet.board.is_open(place):
        assert cabinet.controller.state.compartments[place].door is Door.OPEN
        cabinet.board.take_out(place)
        cabinet.shut(place)
    else:
        cabinet.controller.sign_in_with_pin(code)
        assert cabinet.take("g-p1") == "p1"
    assert cabinet.controller.state.compartments[place].content is Content.RELEASING
    assert cabinet.facts().count("handoff.collected.v1") == 1
    assert len(cabinet.board.pulses) - pulses == 1


@pytest.mark.parametrize("point", POINTS)
def test_a_deposit_cut_anywhere_loses_no_parcel(tmp_path: Path, point: str) -> None:
    cutter = Cutter(point)
    cabinet = durable(tmp_path, cutter)
    cabinet.expect("p1")
    cabinet.controller.sign_in_with_token(cabinet.shift_token())
    cutter.is_armed = True
    with pytest.raises(PowerCut):
        cabinet.controller.deposit("LABEL-P1")
    reopen(cabinet, tmp_path)
    open_doors = cabinet.board.open_doors()
    if open_doors:
        cabinet.board.put_in(open_doors[0], ParcelId("p1"))
        cabinet.shut(open_doors[0])
    else:
        cabinet.controller.sign_in_with_token(cabinet.shift_token())
        for unclear in cabinet.controller.unclear():
            cabinet.controller.look_into(unclear)
            cabinet.shut(unclear)
            cabinet.controller.found_empty(unclear)
        cabinet.put_in("p1")
    place = cabinet.controller.state.find_parcel(ParcelId("p1"))
    assert place is not None
    assert cabinet.board.inside(place) == "p1"
    assert cabinet.facts().count("handoff.deposited.v1") == 1


def test_a_door_shut_while_the_power_was_off_is_looked_into_before_it_serves(
    tmp_path: Path,
) -> None:
    cutter = Cutter("edge.after_pulse")
    cabinet = durable(tmp_path, cutter)
    cabinet.expect("p1")
    cabinet.controller.sign_in_with_token(cabinet.shift_token())
    cutter.is_armed = True
    with pytest.raises(PowerCut):
        cabinet.controller.deposit("LABEL-P1")
    (place,) = cabinet.board.open_doors()
    cabinet.board.put_in(place, ParcelId("p1"))
    cabinet.board.close(place)
    reopen(cabinet, tmp_path)
    assert cabinet.controller.state.compartments[place].content is Content.UNCLEAR
    cabinet.controller.sign_in_with_token(cabinet.shift_token())
    assert cabinet.controller.unclear() == (place,)


def test_an_attempt_counts_even_when_the_power_goes_before_the_verdict(tmp_path: Path) -> None:
    cutter = Cutter("edge.after_attempt")
    cabinet = durable(tmp_path, cutter)
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    cabinet.bring("p1")
    wrong = code[:3] + ("471193" if code[3:] != "471193" else "391174")
    for _ in range(5):
        cabinet.start(cutter)
        cutter.is_armed = True
        with pytest.raises(PowerCut):
            cabinet.controller.sign_in_with_pin(wrong)
    reopen(cabinet, tmp_path)
    with pytest.raises(Refused) as caught:
        cabinet.controller.sign_in_with_pin(wrong)
    assert caught.value.reason is Reason.TOO_MANY_ATTEMPTS


def test_list_and_notes_survive_a_restart(tmp_path: Path) -> None:
    cabinet = durable(tmp_path)
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    cabinet.bring("p1")
    epoch, version = cabinet.controller.store.epoch, cabinet.controller.store.list_version
    listed = cabinet.controller.allowed.listed
    cabinet.controller.keep_watermark(5)
    reopen(cabinet, tmp_path)
    store = cabinet.controller.store
    assert (store.epoch, store.list_version, store.watermark) == (epoch, version, 5)
    assert cabinet.controller.allowed.listed == listed
    cabinet.controller.sign_in_with_pin(code)
    assert cabinet.take("g-p1") == "p1"


def test_a_damaged_file_is_named_and_opens_nothing(tmp_path: Path) -> None:
    path = tmp_path / "locker.db"
    path.write_bytes(b"this was a database once " * 400)
    with pytest.raises(Damaged, match="keep a copy"):
        open_locker_journal(str(path))


def test_damage_found_while_running_shuts_the_locker(tmp_path: Path) -> None:
    cabinet = durable(tmp_path)
    cabinet.expect("p1")
    (place,) = cabinet.bring("p1")
    pulses = list(cabinet.board.pulses)

    def damaged(*_args: object, **_more: object) -> None:
        raise Damaged("a page is broken")

    cabinet.journal.append = damaged
    for act in (
        lambda: cabinet.controller.sign_in_with_token(cabinet.shift_token()),
        lambda: cabinet.controller.sign_in_with_pin("12-471193"),
    ):
        with pytest.raises(OutOfService):
            act()
    assert cabinet.controller.trouble == "damaged"
    assert cabinet.controller.tick() == ()
    assert cabinet.board.pulses == pulses
    assert cabinet.controller.state.compartments[place].parcel == "p1"
    assert CompartmentId(CONFIG.specs[0].id) in cabinet.controller.state.compartments
