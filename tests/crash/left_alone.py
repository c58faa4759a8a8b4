"""A program that starts a server and a centre, says what they are, and is killed.

``python -m tests.crash.left_alone``: says processes and folders as JSON, then waits for its end.
"""

import json
import sys
from multiprocessing import forkserver

from tests.crash.kills_under_load import network
from tests.crash.servers import nodes


def main() -> None:
    """Start and say so."""
    with nodes(1) as (server,):
        server.make()
        server.start()
        with network(server.address) as net:
            told = {
                "processes": [
                    server.pid,
                    *(centre.pid for centre in net.centres),
                    forkserver._forkserver._forkserver_pid,  # type: ignore[attr-defined]
                ],
                "folder": str(server.data.parent.parent),
            }
            print(json.dumps(told), flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main()
