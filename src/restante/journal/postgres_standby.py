"""What a failover would lose, as the primary itself tells it.

R1. «Loses nothing» is said only while commits wait for a standby that is there.
R2. Otherwise it is said how far the standbys are behind right now: that, and what is written until
    they notice, is what a failover loses.
"""

from typing import NamedTuple

from sqlalchemy import Connection, text

_MODE = text(
    "SELECT current_setting('synchronous_standby_names') AS names, "
    "current_setting('synchronous_commit') AS waits, "
    "(SELECT count(*) FROM pg_stat_replication) AS standbys, "
    "(SELECT count(*) FROM pg_stat_replication "
    "WHERE state = 'streaming' AND sync_state IN ('sync', 'quorum')) AS synchronous, "
    "(SELECT max(pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn)) FROM pg_stat_replication) "
    "AS behind_bytes, "
    "(SELECT extract(epoch FROM max(flush_lag)) FROM pg_stat_replication) AS behind_seconds, "
    "pg_has_role(current_user, 'pg_monitor', 'USAGE') AS may_look"
)

WAITING = frozenset({"on", "remote_apply", "off", "local"})
"""Settings with which a commit of ours is on a standby's disk: weaker ones we switch to ``on``;
``remote_write`` waits for the standby's memory only."""


class FailoverMode(NamedTuple):
    """What a failover would lose."""

    loses_nothing: bool
    """Whether every acknowledged commit is on a standby's disk."""
    text: str
    fix: str
    """What an operator should do; empty when nothing is wrong."""


def read_failover_mode(connection: Connection) -> FailoverMode:
    """Ask a primary what its death would lose."""
    row = connection.execute(_MODE).one()
    names = str(row.names)
    if not names:
        return FailoverMode(False, _say_asynchronous(row), "")
    if not row.may_look:
        return FailoverMode(
            False,
            f"synchronous standbys {names}: whether one is there, this user may not see",
            "GRANT pg_monitor TO the user of the centre",
        )
    if not row.synchronous:
        return FailoverMode(
            False,
            f"synchronous standbys {names}: none is there, commits wait and callers are told 503",
            "start a standby; only when it is lost for good, empty synchronous_standby_names",
        )
    if row.waits not in WAITING:
        return FailoverMode(
            False,
            f"synchronous standbys {names}, but synchronous_commit is {row.waits}",
            "set synchronous_commit = on: remote_write waits for a standby's memory only",
        )
    return FailoverMode(
        True, f"synchronous standbys {names}: a failover loses no acknowledged fact", ""
    )


def _say_asynchronous(row: object) -> str:
    told = "no synchronous standby: a failover may lose the last acknowledged facts"
    standbys = getattr(row, "standbys", 0)
    behind = getattr(row, "behind_bytes", None)
    if not standbys:
        return f"{told}; no standby follows"
    if behind is None:
        return told
    seconds = float(getattr(row, "behind_seconds", None) or 0)
    return f"{told}; the slowest standby is {int(behind):,} bytes, {seconds:.3f} s behind"
