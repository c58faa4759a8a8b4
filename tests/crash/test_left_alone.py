"""Nothing is left running by a test that was killed, whoever collects what it leaves behind."""

import json
import subprocess
import sys
from pathlib import Path

from tests.crash.servers import is_alive
from tests.programs import kill_group, killed_after, wait_for_end, wait_until


def test_servers_and_centres_end_with_whoever_started_them() -> None:
    starter = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.left_alone"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert starter.stdin is not None
    assert starter.stdout is not None
    with starter.stdin, starter.stdout as said:
        try:
            with killed_after(starter, 120, what="servers and centres are started"):
                told = json.loads(said.readline())
            assert all(map(is_alive, told["processes"]))
            # It alone, as when a test run is stopped: the others are not asked.
            starter.kill()
            wait_for_end(starter, 60, "killed, it is not gone")
            wait_until(
                lambda: not any(map(is_alive, told["processes"])),
                what=f"all of {told['processes']} have ended",
                seconds=60,
            )
            folder = Path(told["folder"])
            wait_until(lambda: not folder.exists(), what=f"{folder} is gone", seconds=60)
        finally:
            kill_group(starter)
