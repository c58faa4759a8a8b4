"""Serve an application until it is asked to end, and end promptly."""

import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from litestar import Litestar

if TYPE_CHECKING:
    # A locker's computer serves its kiosk with this module and has none of what the centre needs.
    from .app import App

GRACE_SECONDS = 1
"""How long open requests may take after the process was asked to end."""


class PortTaken(OSError):
    """Somebody else listens there; the message says what to do."""


class _Server(uvicorn.Server):
    """Ends event streams before connections are drained: a stream never ends by itself."""

    def __init__(
        self,
        config: uvicorn.Config,
        ending: Callable[[], None],
        started: Callable[[], None],
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(config)
        self._ending = ending
        self._started = started
        self._is_over = is_over

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._is_over()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._ending()
        # Not the parent's: it raises the signal again when it is done, which ends the process
        # before anybody has closed what else there is.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def serve_app(
    app: "App",
    *,
    host: str,
    port: int,
    started: Callable[[], None],
    around: Callable[[Any], Any] = lambda asgi: asgi,
    ending: Callable[[], None] = lambda: None,
    is_over: Callable[[], bool] = lambda: False,
) -> None:
    """Serve until SIGINT or SIGTERM, or until ``is_over``.

    Parameters
    ----------
    around
        Wraps the application: see :func:`restante.wiring.requests.watch_requests`.
    ending
        Called from the signal's handler, before open requests are waited for.
    started
        Called once requests are answered.

    Raises
    ------
    PortTaken
        When the port is in use.
    """

    def end() -> None:
        app.web.live.close()
        ending()

    config = uvicorn.Config(
        around(app.asgi),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    with listen(host, port) as listener:
        _Server(config, end, started, is_over).run(sockets=[listener])


def serve_kiosk(
    asgi: Litestar,
    *,
    host: str,
    port: int,
    started: Callable[[], None],
    is_over: Callable[[], bool] = lambda: False,
) -> None:
    """Serve a locker's kiosk pages until SIGINT or SIGTERM, or until ``is_over``.

    See :func:`serve_app`.
    """
    config = uvicorn.Config(
        asgi,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    with listen(host, port) as listener:
        _Server(config, lambda: None, started, is_over).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """Take a port; connections to it send every packet at once.

    Raises
    ------
    PortTaken
        When the port is in use.
    """
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        raise PortTaken(
            error.errno, f"cannot listen on {host} port {port} ({error.strerror}); try --port"
        ) from error
    # Connections inherit it. asyncio sets it only where the socket names its protocol, which this
    # one does not: an answer's second packet then waits 40 ms for the other side's sign of life.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
