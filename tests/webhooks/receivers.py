"""Real receivers on the loopback: a thread with an event loop that speaks HTTP."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from standardwebhooks import Webhook


class Received(NamedTuple):
    """One message that came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verify(self, secret: str) -> Any:
        """Read it as an integrator would, with the standard's own library."""
        return Webhook(secret).verify(self.body, self.headers)


Reply = Callable[[Received], int | None]
"""Message to status; ``None`` never answers."""


class Receivers:
    """One server; each path stands for a receiver."""

    def __init__(self, reply: Reply = lambda _: 204) -> None:
        self.reply = reply
        self.received: list[Received] = []
        self.answered = 0
        self._arrived = threading.Condition()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def wait_for(self, count: int, *, path: str = "", seconds: float = 20) -> list[Received]:
        """Wait until so many messages came to a path, or to all."""

        def came() -> list[Received]:
            return [one for one in self.received if one.path.startswith(path)]

        with self._arrived:
            assert self._arrived.wait_for(lambda: len(came()) >= count, seconds), len(came())
        return came()

    def wait_for_answers(self, count: int, *, seconds: float = 20) -> None:
        """Wait until so many answers are on their way."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: self.answered >= count, seconds)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(20)
        assert not self._thread.is_alive(), "the receivers' loop does not end: who answers still?"

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port: int = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._end.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                received = await _read(reader)
                with self._arrived:
                    self.received.append(received)
                    self._arrived.notify_all()
                status = await asyncio.to_thread(self.reply, received)
                if status is None:
                    await self._end.wait()
                    return
                writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n".encode())
                await writer.drain()
                with self._arrived:
                    self.answered += 1
                    self._arrived.notify_all()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {}
    for line in lines:
        name, _, content = line.partition(":")
        headers[name.lower()] = content.strip()
    body = await reader.readexactly(int(headers["content-length"]))
    return Received(first.split()[1], headers, body)
