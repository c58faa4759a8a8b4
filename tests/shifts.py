"""In which order workers take files of tests, so that none has to wait for another at the end."""

from typing import Any, Final

from xdist.scheduler import LoadFileScheduling

LONGEST: Final = (
    "tests/planning",
    "tests/power/test_cut.py",
    "tests/crash/test_crash.py",
    "tests/postgres/test_product.py",
    "tests/cli/test_edge_alone.py",
    "tests/cli/test_archive_command.py",
    "tests/journal/test_archive.py",
    "tests/webhooks/test_deliveries.py",
    "tests/operations/test_growth_bench.py",
    "tests/peak_day/test_peak_day.py",
    "tests/operating/test_backup.py",
    "tests/power/test_kill.py",
    "tests/failover/test_failover.py",
    "tests/web/test_recipient.py",
    "tests/simulation/test_city.py",
    "tests/journal/test_sqlite_file.py",
    "tests/cli/test_commands.py",
    "tests/cli/test_enrol.py",
    "tests/cli/test_local_lockers.py",
    "tests/enrolment/test_killed.py",
    "tests/operations/test_costs.py",
    "tests/operating/test_ending.py",
    "tests/web/test_inbox.py",
    "tests/web/test_sessions.py",
    "tests/house/test_plan.py",
    "tests/web/test_courier.py",
    "tests/operating/test_health.py",
)
"""Files that take longest, the longest first; their number of tests says nothing about it."""

TOGETHER: Final = {
    "tests/cli/test_plan_command.py": "tests/planning",
    "tests/postgres/test_routes.py": "tests/planning",
}
"""Files that one worker takes with others: it compiles the kernel of the routes once for all."""


def shift_of(nodeid: str) -> str:
    """Tell with what a test is taken: its file, or a room whose files share something dear."""
    path = nodeid.partition("::")[0]
    if path.startswith("tests/planning/"):
        return "tests/planning"
    return TOGETHER.get(path, path)


def place_of(nodeid: str) -> int:
    """Tell when a test's turn is, among what takes long; all others come last."""
    shift = shift_of(nodeid)
    return LONGEST.index(shift) if shift in LONGEST else len(LONGEST)


class Shifts(LoadFileScheduling):
    """Gives out whole files, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return shift_of(nodeid)


def make_shifts(config: Any, log: Any) -> Shifts:
    """Make the scheduler, and keep it from putting files with many quick tests first."""
    config.option.loadscopereorder = False
    return Shifts(config, log)
