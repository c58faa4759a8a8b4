"""Road servers on this machine that answer as OSRM's and Valhalla's documentation says.

Ways go along meridians and parallels, so every answer can be computed again by hand.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

METRES_PER_DEGREE = 100_000.0
METRES_PER_SECOND = 10.0

Answer = tuple[int, dict[str, Any] | bytes]
Lonlat = tuple[float, float]


def metres(a: Lonlat, b: Lonlat) -> float:
    """One degree is 100 km here, in both directions; to the east it is a tenth farther."""
    east = b[0] - a[0]
    return METRES_PER_DEGREE * (abs(east) * (1.1 if east > 0 else 1.0) + abs(b[1] - a[1]))


class Log:
    """What was asked of a server, and points it knows no way to."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.bodies: list[Any] = []
        self.pairs = 0
        self.islands: set[Lonlat] = set()

    def table(self, origins: list[Lonlat], ends: list[Lonlat]) -> list[list[float | None]]:
        self.pairs += len(origins) * len(ends)
        return [
            [None if (a in self.islands or b in self.islands) and a != b else metres(a, b)
             for b in ends]
            for a in origins
        ]  # fmt: skip


def osrm(log: Log, path: str, side_max: int) -> Answer:
    """Answer as OSRM's table service."""
    parts = urlsplit(path)
    service, version, _, written = unquote(parts.path).strip("/").split("/")
    assert (service, version) == ("table", "v1")
    points = [tuple(map(float, pair.split(","))) for pair in written.split(";")]
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert asked["annotations"] == "duration,distance"
    origins, ends = (
        [points[int(i)] for i in asked[side].split(";")] for side in ("sources", "destinations")
    )
    if len(origins) * len(ends) > side_max**2:
        return 400, {"code": "TooBig", "message": "Too many table coordinates"}
    for i, (_, latitude) in enumerate(points):
        if latitude > 80:
            says = f"Could not find a matching segment for coordinate {i}"
            return 400, {"code": "NoSegment", "message": says}
    far = log.table(origins, ends)  # type: ignore[arg-type]
    waypoints = [{"hint": "", "distance": 4.2, "name": "", "location": list(x)} for x in origins]
    return 200, {
        "code": "Ok",
        "distances": far,
        "durations": [[None if x is None else x / METRES_PER_SECOND for x in row] for row in far],
        "sources": waypoints,
        "destinations": waypoints,
    }


def valhalla(log: Log, body: dict[str, Any], side_max: int) -> Answer:
    """Answer as Valhalla's matrix service, in its short form."""
    origins, ends = (
        [(one["lon"], one["lat"]) for one in body[side]] for side in ("sources", "targets")
    )
    if max(len(origins), len(ends)) > side_max:
        return 400, {
            "error_code": 150, "error": f"Exceeded max locations: {side_max}",
            "status_code": 400, "status": "Bad Request",
        }  # fmt: skip
    far = log.table(origins, ends)
    return 200, {
        "algorithm": "costmatrix",
        "units": "kilometers",
        "sources_to_targets": {
            "distances": [[None if x is None else x / 1000 for x in row] for row in far],
            "durations": [
                [None if x is None else x / METRES_PER_SECOND for x in row] for row in far
            ],
        },
    }


@contextmanager
def serving(answer: Callable[[Log, str, Any], Answer]) -> Iterator[tuple[str, Log]]:
    """Serve on a port of this machine; gives the address, and what was asked."""
    log = Log()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.reply(None)

        def do_POST(self) -> None:
            self.reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def reply(self, body: Any) -> None:
            log.paths.append(self.path)
            log.bodies.append(body)
            status, said = answer(log, self.path, body)
            raw = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://localhost:1/elsewhere")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", log
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
