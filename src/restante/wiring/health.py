"""Whether a process turns, and whether it is ready: ``/livez`` and ``/readyz``.

H1. ``/livez`` asks nothing: who answers, turns. A process that is alive and not ready is left to
    mend itself; restarting it would help nobody.
H2. ``/readyz`` names every check. A check that others can live without only warns: a broker that is
    away must not keep recipients from their pages.
H3. What is said holds no names, addresses or secrets: everybody may ask. It is kept for
    :data:`KEPT_SECONDS`, so that asking often costs nothing.
"""

import shutil
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import structlog
from litestar import Response, get
from litestar.types import ControllerRouterHandler

KEPT_SECONDS: Final = 1.0
FREE_BYTES_MIN: Final = 100_000_000
"""Below this, facts may soon not be written (chosen: minutes of a very busy network)."""

_HEADERS: Final = {"cache-control": "no-store"}
_log = structlog.get_logger(__name__)


class Unwell(Exception):
    """A check has failed; the message says what is wrong."""


class Check(NamedTuple):
    """Something to be looked at."""

    name: str
    look: Callable[[], str]
    """Says what it saw, or raises."""
    is_needed: bool = True
    """Whether nothing can be asked of the process without it."""


class Seen(msgspec.Struct, frozen=True):
    """What a check saw."""

    name: str
    status: str
    """``pass``, ``warn`` or ``fail``."""
    what: str


class Readiness(msgspec.Struct, frozen=True):
    """What all checks saw."""

    status: str
    checks: tuple[Seen, ...]

    @property
    def is_ready(self) -> bool:
        """Whether requests may be sent here."""
        return self.status != "fail"


class Health:
    """Looks at everything, at most once a second."""

    def __init__(
        self, checks: Sequence[Check], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._checks = checks
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: tuple[float, Readiness] | None = None

    def look(self) -> Readiness:
        """Look, or tell what was seen within the last second."""
        with self._lock:
            if self._kept is not None and self._monotonic() - self._kept[0] < KEPT_SECONDS:
                return self._kept[1]
            seen = tuple(_look(check) for check in self._checks)
            found = {one.status for one in seen}
            worst = next(
                status for status in ("fail", "warn", "pass") if status in {*found, "pass"}
            )
            readiness = Readiness(worst, seen)
            self._kept = (self._monotonic(), readiness)
            return readiness


def _look(check: Check) -> Seen:
    bad = "fail" if check.is_needed else "warn"
    try:
        return Seen(check.name, "pass", check.look())
    except Unwell as error:
        return Seen(check.name, bad, str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not well
        # What an error says may name places and people; its kind does not.
        _log.warning("a check failed", check=check.name, exc_info=error)
        return Seen(check.name, bad, type(error).__name__)


def look_at_disk(folder: Path) -> str:
    """Tell how much room there is.

    Raises
    ------
    Unwell
        When there is too little.
    """
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES_MIN:
        raise Unwell(f"{free // 1_000_000} MB free: make room")
    return f"{free // 1_000_000} MB free"


def make_health_routes(health: Health) -> list[ControllerRouterHandler]:
    """Make the handlers of both addresses."""

    @get("/livez", include_in_schema=False)
    async def live() -> Response[str]:
        return Response("ok\n", media_type="text/plain", headers=_HEADERS)

    @get("/readyz", include_in_schema=False, sync_to_thread=True)
    def ready() -> Response[bytes]:
        found = health.look()
        return Response(
            msgspec.json.encode(found),
            status_code=200 if found.is_ready else 503,
            media_type="application/json",
            headers=_HEADERS,
        )

    return [live, ready]
