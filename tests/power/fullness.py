"""A disk that fails at the k-th call: what a locker does then, and what is on the disk afterwards.

People do the same few things each time; whoever is told that the locker is out of service comes
back when it is not. Afterwards the file is opened as after a restart.

``python -m tests.power.fullness FOLDER WAY FIRST END STEP`` lives through one failure after the
other on this machine's own disk, to which calls do not get through, and prints what came of each.
"""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from restante.core.compartment import Content
from restante.core.ids import GrantId, ParcelId
from restante.core.refusal import Reason, Refused
from restante.core.streams import KINDS
from restante.edge.controller import OutOfService
from restante.edge.store import open_locker_journal
from restante.journal.port import Damaged, Full
from restante.journal.verify import verify
from tests.edge.cabinet import LOCKER, Cabinet
from tests.power.syscalls import FailingCalls
from tests.programs import run_program

ROOT = Path(__file__).resolve().parents[2]
SECONDS_PER_CALL_MAX = 20
"""For one life with a call that fails; a tenth of a second on an idle machine."""

RETRIES_MAX = 40
STREAM = f"locker/{LOCKER}"


class Trial(NamedTuple):
    """What came of one failing call."""

    broken: list[str]
    was_reached: bool
    """Whether somebody noticed."""
    ended: str
    """``well``, ``damaged`` or ``lost`` (the file could not even be opened)."""


class Told(NamedTuple):
    """What somebody was told, and what it rests on."""

    text: str
    version: int
    hash: bytes


def try_failures(folder: Path, arm: Callable[[str], None], way: str, calls: range) -> list[Trial]:
    """Let one call after the other fail, each in a life of its own."""
    trials = []
    for call in calls:
        name = f"{way.replace(':', '-')}-{call}.sqlite".replace("{}", "")
        trials.append(try_failure(folder / name, arm, way.format(call)))
    return trials


def try_failing_calls(folder: Path, way: str, calls: range) -> list[Trial]:
    """Do the same on this machine's disk, in a program of its own that can be killed."""
    numbers = (calls.start, calls.stop, calls.step)
    done = run_program(
        [sys.executable, "-m", "tests.power.fullness", folder, way, *numbers],
        cwd=ROOT,
        seconds=60 + SECONDS_PER_CALL_MAX * len(calls),
    )
    if done.code:
        raise RuntimeError(f"it ended with {done.code}: {done.said[-4000:]}")
    return msgspec.json.decode(done.out, type=list[Trial])


def try_failure(path: Path, arm: Callable[[str], None], failing: str) -> Trial:
    """Live through one failure.

    Parameters
    ----------
    arm
        Says which calls fail from now on; nothing fails for an empty text.
    """
    cabinet = Cabinet(journal=open_locker_journal(str(path)))
    cabinet.expect("p1")
    cabinet.expect("p2")
    code = cabinet.grant("p1")
    arm(failing)
    visitors = Visitors(cabinet, code)
    ended = visitors.live()
    arm("")
    if ended == "damaged":
        visitors.find_doors_shut()
    cabinet.controller.store.close()
    return Trial(visitors.broken + _look_back(path, visitors), visitors.noticed > 0, ended)


class Visitors:
    """People at a locker whose disk fails."""

    def __init__(self, cabinet: Cabinet, code: str) -> None:
        self.cabinet = cabinet
        self.broken: list[str] = []
        self.told: list[Told] = []
        self.noticed = 0
        self._code = code

    def live(self) -> str:
        """Bring two parcels, mistype, collect one; ``well`` or ``damaged``."""
        cabinet = self.cabinet
        acts: list[tuple[str, Callable[[], object]]] = [
            ("welcome", lambda: cabinet.controller.sign_in_with_token(cabinet.shift_token())),
            ("deposited p1", lambda: self._bring("p1")),
            ("deposited p2", lambda: self._bring("p2")),
            ("good bye", cabinet.controller.end_visit),
            ("denied", self._mistype),
            ("welcome", lambda: cabinet.controller.sign_in_with_pin(self._code)),
            ("collected p1", self._collect),
            ("good bye", cabinet.controller.end_visit),
        ]
        for text, act in acts:
            if not self._insist(text, act):
                return "damaged"
        return "well"

    def find_doors_shut(self) -> None:
        """Ask for doors of a locker that calls for service."""
        pulses = len(self.cabinet.board.pulses)
        for act in (
            lambda: self.cabinet.controller.sign_in_with_token(self.cabinet.shift_token()),
            lambda: self.cabinet.controller.sign_in_with_pin(self._code),
            lambda: self.cabinet.controller.deposit("LABEL-P2"),
            lambda: self.cabinet.controller.collect(GrantId("g-p1")),
        ):
            try:
                act()
            except OutOfService as told:
                if "call service" not in str(told):
                    self.broken.append(f"unclear words: {told}")
            else:
                self.broken.append("a damaged locker serves")
        if len(self.cabinet.board.pulses) != pulses:
            self.broken.append("a damaged locker opens doors")

    def _insist(self, text: str, act: Callable[[], object]) -> bool:
        for _ in range(RETRIES_MAX):
            try:
                act()
            except OutOfService as told:
                self.noticed += 1
                if told.why == "damaged":
                    return False
                if "free some" not in str(told):
                    self.broken.append(f"unclear words: {told}")
                self.cabinet.pass_time(1)
                continue
            except Refused as refused:
                if refused.reason is not Reason.DOOR_OPEN:
                    raise
                # Its sensor has not said yet what came of the pulse: wait like everybody.
                self.cabinet.pass_time(2)
                continue
            self._tell(text)
            return True
        self.broken.append(f"{text}: it never went on")
        return True

    def _tell(self, text: str) -> None:
        store = self.cabinet.controller.store
        last = self.cabinet.journal.stored(STREAM, after_version=store.version - 1, limit=1)
        self.told.append(Told(text, store.version, last[0].hash))

    def _bring(self, parcel: str) -> None:
        controller, board = self.cabinet.controller, self.cabinet.board
        self._shut_all(parcel)
        if self._is_in(parcel):
            return
        if controller.visit is None:
            controller.sign_in_with_token(self.cabinet.shift_token())
        deposit = controller.deposit_in_hand
        if deposit is not None and deposit.parcel == parcel and deposit.compartment is not None:
            opening = controller.open_again()
        else:
            opening = controller.deposit(f"LABEL-{parcel.upper()}")
        if board.inside(opening.compartment) is None:
            board.put_in(opening.compartment, ParcelId(parcel))
        self._shut_all(parcel)
        if not self._is_in(parcel):
            raise Refused(Reason.DOOR_OPEN, "its sensor has not said yet")

    def _is_in(self, parcel: str) -> bool:
        state = self.cabinet.controller.state
        name = state.find_parcel(ParcelId(parcel))
        return name is not None and state.compartments[name].content is Content.OCCUPIED

    def _mistype(self) -> None:
        wrong = f"{self._code[:-1]}{(int(self._code[-1]) + 1) % 10}"
        try:
            self.cabinet.controller.sign_in_with_pin(wrong)
        except Refused:
            return
        self.broken.append("a wrong code has opened")

    def _collect(self) -> None:
        controller, board = self.cabinet.controller, self.cabinet.board
        self._shut_all("p1")
        name = controller.state.find_parcel(ParcelId("p1"))
        if name is not None and controller.state.compartments[name].content is Content.RELEASING:
            return
        opening = controller.collect(GrantId("g-p1"))
        board.take_out(opening.compartment)
        self._shut_all("p1")
        if controller.trouble is not None:
            raise OutOfService(controller.trouble)

    def _shut_all(self, parcel: str) -> None:
        """Do with every open door what one does who is in the middle of it, and let it be seen."""
        controller, board = self.cabinet.controller, self.cabinet.board
        for name in board.open_doors():
            board.close(name)
        controller.tick()
        if controller.trouble is not None:
            raise OutOfService(controller.trouble)


def _look_back(path: Path, visitors: Visitors) -> list[str]:
    try:
        journal = open_locker_journal(str(path))
    except (Damaged, Full) as error:
        return [f"cannot be opened again: {error}"]
    broken = []
    report = verify(journal, KINDS)
    if not report.is_sound:
        broken.append(report.text())
    facts = journal.stored(STREAM, after_version=0, limit=10_000)
    journal.close()
    for text, version, digest in visitors.told:
        if len(facts) < version or facts[version - 1].hash != digest:
            broken.append(f"{text!r} was told on {version} facts, {len(facts)} are there")
    intents = Counter(
        msgspec.json.decode(fact.body)["compartment"]
        for fact in facts
        if fact.tag == "compartment.opening_intended.v1"
    )
    for name, count in Counter(visitors.cabinet.board.pulses).items():
        if count > intents[name]:
            broken.append(f"{name}: {count} pulses, {intents[name]} intents")
    return broken


def main(folder: str, way: str, *numbers: str) -> None:
    """Say what came of each call."""
    failing = FailingCalls()
    trials = try_failures(Path(folder), failing.arm, way, range(*map(int, numbers)))
    sys.stdout.buffer.write(msgspec.json.encode(trials))


if __name__ == "__main__":
    main(*sys.argv[1:])
