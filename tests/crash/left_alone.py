"""A program that starts a server and a centre, says what they are, and is killed.

``python -m tests.crash.left_alone``: says processes and folder as JSON, then waits for its end.
"""

import json
import sys
import tempfile
from multiprocessing import forkserver
from pathlib import Path

from tests.crash.centre import CentreProcess, Given
from tests.crash.servers import nodes
from tests.postgres_server import find_port


def main() -> None:
    """Start and say so."""
    with nodes(1) as (server,), tempfile.TemporaryDirectory(prefix="crash-") as text:
        data = Path(text)
        server.make()
        server.start()
        given = Given(
            data=data,
            database=server.address,
            port=find_port(),
            line=data / "line",
            log=data / "log",
        )
        centre = CentreProcess(given)
        centre.start()
        told = {
            "processes": [
                server.pid,
                centre.pid,
                forkserver._forkserver._forkserver_pid,  # type: ignore[attr-defined]
            ],
            "folder": str(server.data.parent.parent),
        }
        print(json.dumps(told), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
