"""The address of the event stream, ``/live``, for operators and for visitors of a demonstration."""

from collections.abc import Sequence

from litestar import get
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from restante.views.principal import Role

from .parts import Parts
from .session import WebRequest

STREAM_URL = "/live"
"""What pages give ``base.html`` as ``stream_url``."""


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handler of the stream."""

    @get(STREAM_URL)
    async def follow_live(request: WebRequest) -> Stream:
        parts.sessions.need(request, Role.OPERATOR)
        mark = request.headers.get("last-event-id", "")
        after = int(mark) if mark.isascii() and mark.isdigit() else None
        wanted = request.query_params.get("topics", "")
        topics = [topic for topic in wanted.split(",") if topic]
        return Stream(
            parts.live.follow(after=after, topics=topics),
            media_type="text/event-stream",
            # Proxies must not hold events back.
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    return [follow_live]
