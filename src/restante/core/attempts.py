"""How often somebody may try a code at a locker.

Rules
-----
R1  An attempt is counted, durably, before anybody looks whether the code is right.
R2  A right code takes back its own count and nobody else's.
R3  Five wrong tries at a code close it to typing until it is issued again.
R4  Five wrong tries in a row at a locker pause it for a minute, ten for a quarter of an hour.
    Right codes between them do not break the row (R2); a new day does.
R5  A site takes max(25, 10 % of the pickups it expects) wrong tries a day; then typing is closed
    until the next day. QR tokens cannot be guessed and are not counted.
R6  Setting the clock back frees nobody: the latest time seen is what counts.

Source: reliability research 7.2: with 8 digits typed, 100 live codes and 25 tries a day an
attacker opens one door in 110 years at a site.
"""

from typing import Final, TypeAlias, assert_never

from msgspec.structs import replace

from .decider import Decider
from .refusal import Reason, Refused
from .value import DAY, Command, Fact, UtcSeconds, Value

CODE_ATTEMPTS_MAX: Final = 5
SITE_ATTEMPTS_MIN: Final = 25
SITE_ATTEMPTS_SHARE: Final = 0.10
PAUSES: Final[tuple[tuple[int, int], ...]] = ((10, 15 * 60), (5, 60))
"""Wrong tries in a row, and the pause in seconds that follows each multiple of five."""


class Attempts(Value):
    """What was tried and not proved right."""

    by_key: dict[str, int] = {}  # noqa: RUF012 - msgspec copies it
    """Wrong tries per code (its grant) or per courier."""
    in_row: int = 0
    day: int = 0
    """Day since 1970 that ``in_day`` counts."""
    in_day: int = 0
    paused_until: UtcSeconds = UtcSeconds(0)
    seen_at: UtcSeconds = UtcSeconds(0)
    """Latest time of any attempt."""
    open_attempt: str = ""
    """Id of the attempt counted last, whose verdict may still come."""
    open_keys: tuple[str, ...] = ()


class AttemptCounted(Fact, tag="attempt.counted.v1"):
    """Somebody typed a code; it counts as wrong until proved right."""

    attempt: str
    keys: tuple[str, ...] = ()
    """Codes it may have been meant for; empty when no live code begins like it."""


class AttemptProved(Fact, tag="attempt.proved.v1"):
    """The code typed was right."""

    attempt: str


class AttemptsForgotten(Fact, tag="attempt.forgotten.v1"):
    """Counts of codes that no longer exist were dropped."""

    keys: tuple[str, ...]


AttemptFact: TypeAlias = AttemptCounted | AttemptProved | AttemptsForgotten


class CountAttempt(Command, tag="count_attempt"):
    """Let somebody try a code."""

    attempt: str
    keys: tuple[str, ...] = ()
    expected_pickups_per_day: int = 0


class ProveAttempt(Command, tag="prove_attempt"):
    """Note that the code was right."""

    attempt: str


class ForgetAttempts(Command, tag="forget_attempts"):
    """Drop the counts of codes that no longer exist."""

    keys: tuple[str, ...]


AttemptCommand: TypeAlias = CountAttempt | ProveAttempt | ForgetAttempts


def site_attempts_max(expected_pickups_per_day: int) -> int:
    """Tell how many wrong tries a site takes in a day (R5)."""
    return max(SITE_ATTEMPTS_MIN, int(expected_pickups_per_day * SITE_ATTEMPTS_SHARE))


def closed_keys(state: Attempts) -> frozenset[str]:
    """Tell which codes were tried too often (R3)."""
    return frozenset(key for key, count in state.by_key.items() if count >= CODE_ATTEMPTS_MAX)


def pause_seconds(state: Attempts, at: UtcSeconds) -> int:
    """Tell how long nobody may type; 0 when typing is open (R4, R6)."""
    return max(0, state.paused_until - max(at, state.seen_at))


def decide(state: Attempts, command: AttemptCommand) -> tuple[AttemptFact, ...]:
    """Say what follows from a command, or refuse it."""
    at = command.at
    match command:
        case CountAttempt(attempt=attempt) if attempt == state.open_attempt:
            return ()
        case CountAttempt(attempt=attempt, keys=keys):
            if pause_seconds(state, at):
                raise Refused(Reason.TOO_MANY_ATTEMPTS, "paused")
            used = state.in_day if _day(state, at) == state.day else 0
            if used >= site_attempts_max(command.expected_pickups_per_day):
                raise Refused(Reason.TOO_MANY_ATTEMPTS, "day's budget is spent")
            return (AttemptCounted(at=at, attempt=attempt, keys=keys),)
        case ProveAttempt(attempt=attempt):
            if attempt != state.open_attempt:
                return ()
            return (AttemptProved(at=at, attempt=attempt),)
        case ForgetAttempts(keys=keys):
            known = tuple(key for key in keys if key in state.by_key)
            return (AttemptsForgotten(at=at, keys=known),) if known else ()
        case _:
            assert_never(command)


def evolve(state: Attempts, fact: AttemptFact) -> Attempts:
    """Say what is true after a fact; any fact in any state."""
    match fact:
        case AttemptCounted(at=at, attempt=attempt, keys=keys):
            return _counted(state, at, attempt, keys)
        case AttemptProved(attempt=attempt):
            return _proved(state) if attempt == state.open_attempt else state
        case AttemptsForgotten(keys=keys):
            gone = frozenset(keys)
            left = {key: count for key, count in state.by_key.items() if key not in gone}
            return replace(state, by_key=left)
        case _:
            assert_never(fact)


def _counted(state: Attempts, at: UtcSeconds, attempt: str, keys: tuple[str, ...]) -> Attempts:
    day = _day(state, at)
    in_row = (state.in_row if day == state.day else 0) + 1
    seen_at = max(at, state.seen_at)
    seconds = next((s for count, s in PAUSES if in_row >= count and in_row % 5 == 0), 0)
    return Attempts(
        by_key={**state.by_key, **{key: state.by_key.get(key, 0) + 1 for key in keys}},
        in_row=in_row,
        day=day,
        in_day=(state.in_day if day == state.day else 0) + 1,
        paused_until=UtcSeconds(seen_at + seconds) if seconds else state.paused_until,
        seen_at=seen_at,
        open_attempt=attempt,
        open_keys=keys,
    )


def _proved(state: Attempts) -> Attempts:
    # A key may have been forgotten since it was counted.
    left = {key: state.by_key.get(key, 0) - 1 for key in state.open_keys}
    counts = {key: left.get(key, count) for key, count in state.by_key.items()}
    return replace(
        state,
        by_key={key: count for key, count in counts.items() if count > 0},
        in_row=state.in_row - 1,
        in_day=state.in_day - 1,
        paused_until=UtcSeconds(0) if _began_pause(state) else state.paused_until,
        open_attempt="",
        open_keys=(),
    )


def _began_pause(state: Attempts) -> bool:
    """Whether the pause in force was begun by the attempt that is being proved right."""
    return state.in_row % 5 == 0 and state.paused_until > state.seen_at


def _day(state: Attempts, at: UtcSeconds) -> int:
    return max(at, state.seen_at) // DAY


DECIDER: Decider[Attempts, AttemptCommand, AttemptFact] = Decider(Attempts(), decide, evolve)
