"""What a recipient does at the locker, step by step."""

from collections.abc import Callable, Generator, Iterator

from ..core.ids import CompartmentId, GrantId, SessionId
from ..core.refusal import Reason, Refused
from ..edge.doors import Opening, Outcome
from .assumptions import TYPING_SECONDS
from .letters import Consigned
from .people import Visit
from .stand import Stand

PATIENCE_TRIES = 20
"""How often somebody looks, a minute apart, whether the one before has finished."""

TAKING_SECONDS = 12
"""From the open door to shutting it."""

LEFT_OPEN_SECONDS = 20 * 60
"""How long a door that was left open stays so, until a passer-by shuts it; chosen."""


def visit_locker(
    stand: Stand,
    letter: Consigned,
    visit: Visit,
    *,
    collected: Callable[[Consigned], None],
    failed: Callable[[Consigned, Reason], None],
) -> Iterator[int]:
    """Walk up, prove who one is, take everything that waits, shut the doors, leave.

    Parameters
    ----------
    collected
        Called once the parcel of the letter is out.
    failed
        Called when it stays inside, with the reason shown on the screen.
    """
    for _ in range(PATIENCE_TRIES):
        if not stand.is_taken:
            break
        yield 60
    if visit.mistypes and letter.code is not None:
        _type_wrong_code(stand, letter.code.reveal())
        yield TYPING_SECONDS
    try:
        with stand.lock:
            session = _sign_in(stand, letter, visit)
    except Refused as refusal:
        failed(letter, refusal.reason)
        return
    left: CompartmentId | None = None
    for waiting in stand.controller.waiting():
        if stand.forgets_door:
            left = yield from _take_and_forget(stand, waiting.grant)
            break
        yield from _take(stand, waiting.grant)
        if visit.reopens:
            yield from _take(stand, waiting.grant)
    with stand.lock:
        now_here = stand.controller.visit
        if now_here is not None and now_here.session == session:
            stand.controller.end_visit()
    stand.look()
    if left is not None:
        yield from _pass_by(stand, left)
    is_inside = letter.parcel in {
        known.parcel
        for known in stand.controller.state.compartments.values()
        if known.grant is None
    }
    if is_inside:
        failed(letter, Reason.NOT_POSSIBLE_NOW)
    else:
        collected(letter)


def _type_wrong_code(stand: Stand, code: str) -> None:
    """Mistype the last digit, as people do."""
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    try:
        with stand.lock:
            stand.controller.sign_in_with_pin(wrong)
            stand.controller.end_visit()  # One digit beside it lies another's live code.
    except Refused:
        return


def _sign_in(stand: Stand, letter: Consigned, visit: Visit) -> SessionId:
    if visit.uses_qr and letter.token is not None:
        return stand.controller.sign_in_with_token(letter.token.reveal()).session
    if letter.code is not None:
        return stand.controller.sign_in_with_pin(letter.code.reveal()).session
    raise Refused(Reason.ACCESS_DENIED, "nobody told this person a code")


def _take(stand: Stand, grant: GrantId) -> Iterator[int]:
    opening = _open(stand, grant)
    if opening is None:
        return
    yield TAKING_SECONDS
    with stand.lock:
        if stand.sees_open(opening.compartment):
            stand.board.take_out(opening.compartment)
        stand.shut(opening.compartment)
        stand.look()


def _take_and_forget(stand: Stand, grant: GrantId) -> Generator[int, None, CompartmentId | None]:
    """Take the parcel out and walk off; the door stands open, and nothing else opens."""
    opening = _open(stand, grant)
    if opening is None:
        return None
    yield TAKING_SECONDS
    with stand.lock:
        if not stand.sees_open(opening.compartment):
            stand.shut(opening.compartment)
            return None
        stand.board.take_out(opening.compartment)
    stand.forgets_door = False
    return opening.compartment


def _pass_by(stand: Stand, left: CompartmentId) -> Iterator[int]:
    """Let a door hang open until somebody who passes shuts it; the locker looks meanwhile."""
    yield 61
    stand.look()
    yield LEFT_OPEN_SECONDS
    with stand.lock:
        stand.shut(left)
    stand.look()


def _open(stand: Stand, grant: GrantId) -> Opening | None:
    """Ask for the door, a second time when it sticks."""
    for _ in range(2):
        try:
            with stand.lock:
                opening = stand.controller.collect(grant)
        except Refused:
            return None
        if opening.outcome is not Outcome.FAILED:
            return opening
    return None
