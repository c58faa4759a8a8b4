"""What must be well for a centre to be ready, and what it can live without for a while."""

from collections.abc import Callable
from concurrent.futures import TimeoutError as TooLate
from typing import Final

from sqlalchemy import func, select

from ..access.private_file import read_private_file
from ..journal.committer import WAITING_MAX
from ..journal.ledger import Operation
from ..journal.migrations import STEPS, VERSION_KEY
from ..journal.outbox import count_waiting
from ..journal.postgres_standby import read_failover_mode
from ..journal.tables import OUTBOX
from .centre import Centre
from .chores import Chores
from .health import Check, Unwell, look_at_disk
from .history import History
from .notice_process import NoticeProcess

ANSWER_SECONDS_MAX: Final = 5.0
"""An operation that does nothing is answered within this (chosen)."""

WAITING_PART_MAX: Final = 0.8
"""Of the operations that may wait; above it, requests go better elsewhere."""

TURN_SECONDS_MAX: Final = 120.0
"""Chores whose turn takes longer hang: a mail server has thirty seconds for one letter."""

OUTBOX_SECONDS_MAX: Final = 15 * 60
"""Work that has been due for longer: what failed is due again later, so nobody tries."""

COUNTED_MAX: Final = 100_000
"""Where counting what waits ends: more is as bad (chosen)."""

PROBED: Final = "probed_at"


def centre_checks(
    centre: Centre,
    chores: Chores,
    history: History,
    *,
    is_linked: Callable[[], bool] | None,
    notices: NoticeProcess | None = None,
) -> tuple[Check, ...]:
    """List what a centre's readiness rests on.

    Parameters
    ----------
    is_linked
        Whether the broker is there; ``None`` where the operator set none.
    notices
        The process that sends them, where they have one of their own.
    """
    checks = [
        Check("database", lambda: _write(centre)),
        Check("migrations", lambda: _compare_schema(centre)),
        Check("committer", lambda: _ask_committer(centre)),
        Check("keystore", lambda: _read_keys(centre)),
        Check("disk", lambda: look_at_disk(centre.settings.data_dir)),
        Check("chores", lambda: _time_chores(chores)),
        Check("outbox", lambda: _age_outbox(centre), is_needed=False),
        Check("history", lambda: _tell_losses(history), is_needed=False),
    ]
    if centre.settings.database_url:
        checks.append(Check("failover", lambda: _ask_standbys(centre), is_needed=False))
    if notices is not None:
        checks.append(Check("notices", lambda: _time_notices(notices), is_needed=False))
    if is_linked is not None:
        checks.append(Check("broker", lambda: _ask_link(is_linked), is_needed=False))
    return tuple(checks)


def outbox_age(centre: Centre) -> tuple[int, int]:
    """Tell for how many seconds the oldest work is due, and how much waits."""
    oldest = select(func.min(OUTBOX.c.due_at)).where(OUTBOX.c.done_at.is_(None), OUTBOX.c.dead == 0)
    with centre.journal.reading() as connection:
        due_at = connection.scalar(oldest)
        waiting = count_waiting(connection, at_most=COUNTED_MAX)
    return (0 if due_at is None else max(0, centre.clock.now() - due_at)), waiting


def _write(centre: Centre) -> str:
    centre.journal.write_meta(PROBED, str(centre.clock.now()))
    return "writable"


def _compare_schema(centre: Centre) -> str:
    newest = len(STEPS) + 1
    written = centre.journal.read_meta(VERSION_KEY)
    if written != str(newest):
        raise Unwell(f"the journal has schema {written}, this release {newest}: update it")
    return f"schema {newest}"


def _ask_committer(centre: Centre) -> str:
    waiting = centre.committer.counts().waiting
    if waiting > WAITING_PART_MAX * WAITING_MAX:
        raise Unwell(f"{waiting} operations wait")
    try:
        centre.committer.submit(Operation((), lambda _ledger: None)).result(ANSWER_SECONDS_MAX)
    except TooLate:
        raise Unwell(f"no answer within {ANSWER_SECONDS_MAX:g} s, {waiting} wait") from None
    return f"{waiting} operations wait"


def _read_keys(centre: Centre) -> str:
    path = centre.settings.keystore_path
    if not read_private_file(path, missing="restore it"):
        raise Unwell("empty")
    return "readable by its owner only"


def _time_chores(chores: Chores) -> str:
    seconds = chores.seconds_since_turn()
    if seconds > TURN_SECONDS_MAX:
        raise Unwell(f"no good turn for {seconds:.0f} s: see the log")
    return f"last turn {seconds:.0f} s ago"


def _time_notices(notices: NoticeProcess) -> str:
    seconds = notices.seconds_since_turn()
    if seconds > TURN_SECONDS_MAX:
        raise Unwell(
            f"no good turn for {seconds:.0f} s, process started {notices.starts} times: see the log"
        )
    return f"last turn {seconds:.0f} s ago, process started {notices.starts} times"


def _age_outbox(centre: Centre) -> str:
    seconds, waiting = outbox_age(centre)
    if seconds > OUTBOX_SECONDS_MAX:
        raise Unwell(f"work is due for {seconds} s and nobody does it")
    return f"{waiting} wait, the oldest due for {seconds} s"


def _tell_losses(history: History) -> str:
    if history.losses:
        told, last = history.losses[-1]
        raise Unwell(
            f"facts up to position {told} were told, and those after {last} were lost: positions "
            "went on beyond them; ask partners to compare"
        )
    return "what was told is there"


def _ask_standbys(centre: Centre) -> str:
    # Asked each time: which promise holds changes with every standby that comes or goes.
    with centre.journal.reading() as connection:
        mode = read_failover_mode(connection)
    if mode.loses_nothing:
        return "loses no acknowledged fact"
    if mode.fix:
        raise Unwell("may lose acknowledged facts, or nothing is written: ask restante doctor")
    return "may lose the last acknowledged facts"


def _ask_link(is_linked: Callable[[], bool]) -> str:
    if not is_linked():
        raise Unwell("not connected: lockers work alone, their facts come later")
    return "connected"
