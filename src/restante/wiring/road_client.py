"""Tables from a road server over HTTP, tile by tile, each pair asked for once.

Protocols are in ``planning/travel``, which opens nothing; partners' guarded client is for addresses
that others name. Here an operator names the server, usually one beside the centre, so private
addresses and plain http are allowed. Still: no redirect is followed, no proxy of the environment is
used, and time and size of an answer are bounded.
"""

from collections.abc import Callable, Sequence
from typing import Final

import httpx
import numpy as np

from ..planning.travel.road_server import Request, RoadServer, tiles
from ..planning.travel.table import Found, NoTravel, Point
from .travel_cache import TravelCache

TIMEOUT_SECONDS: Final = 60.0
"""For one tile; a loaded server takes seconds for a hundred by a hundred (chosen)."""

ANSWER_BYTES_MAX: Final = 64 * 2**20
"""A tile of a hundred by a hundred is 200 kB; more than this is no table."""

ATTEMPTS: Final = 2


class RoadClient:
    """Asks one road server.

    Parameters
    ----------
    address
        Such as ``http://localhost:5000``; a path before the service's own is kept.
    cache
        Remembers answers; without one every run asks again.

    Raises
    ------
    NoTravel
        When the address is none.
    """

    def __init__(
        self,
        server: RoadServer,
        address: str,
        *,
        cache: TravelCache | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._server = server
        self._address = _checked(address)
        self._cache = cache
        self._timeout_seconds = timeout_seconds

    def find(
        self,
        points: Sequence[Point],
        names: Sequence[str],
        tell: Callable[[float], None] | None = None,
    ) -> Found:
        """Find distances and durations between all points; a hole is where there is no way.

        Parameters
        ----------
        names
            For each point the id of a place there, for messages.
        tell
            Is told the share of tiles that are there.

        Raises
        ------
        NoTravel
            When the server is not there, or does not answer with tables.
        """
        count = len(points)
        found = Found.nothing(count, count)
        source = f"{self._server.name} {self._address}"
        if self._cache is not None:
            self._cache.read(source, self._server.profile, points, found)
        wanted = np.isnan(found.durations_s) & ~np.eye(count, dtype=bool)
        left = list(tiles(wanted, self._server.side))
        timeout = httpx.Timeout(self._timeout_seconds)
        with httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False) as client:
            for done, (rows, columns) in enumerate(left, start=1):
                here, there = (slice(x.start, x.stop) for x in (rows, columns))
                request = self._server.ask(points[here], points[there])
                status, body = self._fetch(client, request)
                tile = self._server.read(
                    status, body, names=[*names[here], *names[there]], columns=len(columns)
                )
                found.distances_m[here, there] = tile.distances_m
                found.durations_s[here, there] = tile.durations_s
                found.estimated[here, there] = tile.estimated
                if self._cache is not None:
                    self._cache.keep(
                        source, self._server.profile, points[here], points[there], tile
                    )
                if tell is not None:
                    tell(done / len(left))
        return found

    def _fetch(self, client: httpx.Client, request: Request) -> tuple[int, bytes]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._exchange(client, request)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                if attempt == ATTEMPTS:
                    raise NoTravel(self._silent(error)) from error
        raise AssertionError

    def _exchange(self, client: httpx.Client, request: Request) -> tuple[int, bytes]:
        method = "GET" if request.body is None else "POST"
        headers = {"User-Agent": "restante", "Content-Type": "application/json"}
        with client.stream(
            method, self._address + request.path, content=request.body, headers=headers
        ) as answer:
            if answer.is_redirect:
                raise NoTravel(
                    f"{self._server.name} at {self._address} sends us elsewhere"
                    f" ({answer.status_code}): name the address it really has"
                )
            parts, size = [], 0
            for part in answer.iter_bytes():
                parts.append(part)
                size += len(part)
                if size > ANSWER_BYTES_MAX:
                    raise NoTravel(f"{self._server.name} answers more than a table can be")
            return answer.status_code, b"".join(parts)

    def _silent(self, error: Exception) -> str:
        if isinstance(error, httpx.TimeoutException):
            what = f"did not answer within {self._timeout_seconds:g} s"
        else:
            what = f"does not answer ({type(error).__name__})"
        return (
            f"{self._server.name} at {self._address} {what}: start it, or plan with"
            " --travel straight"
        )


def _checked(address: str) -> str:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        url = httpx.URL("")
    is_plain = not (url.userinfo or url.query or url.fragment)
    if url.scheme not in {"http", "https"} or not url.host or not is_plain:
        raise NoTravel(f"{address!r} is no address of a road server: write http://host:port")
    return str(url).rstrip("/")
