"""Many lockers over one socket of this machine: what the broker carries, without the broker.

A frame is the length of a locker's name (one byte), the length of the message (four bytes), the
name and the message. The other side is trusted: it is the same bench. Everything above the frames
is the link of real lockers (:mod:`restante.link.lines`).
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

from ...clock import Clock
from ...core.ids import LockerId
from ...link.lines import FindEnds, Letter, Lines
from ...link.memory import LinkEnd

TURN_SECONDS: Final = 0.5
"""As over a broker."""

_HEAD: Final = struct.Struct(">BI")


def make_frame(locker: str, body: bytes) -> bytes:
    """Write a message down for the socket."""
    name = locker.encode()
    return _HEAD.pack(len(name), len(body)) + name + body


async def read_frames(reader: asyncio.StreamReader) -> AsyncIterator[tuple[str, bytes]]:
    """Read messages until the other side is gone."""
    while True:
        try:
            name_length, length = _HEAD.unpack(await reader.readexactly(_HEAD.size))
            both = await reader.readexactly(name_length + length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        yield both[:name_length].decode(), both[name_length:]


class SocketCentre:
    """The centre's side: a carrier like :class:`restante.link.mqtt.CentreMqtt`."""

    def __init__(
        self,
        find_end: Callable[[LockerId], LinkEnd | None],
        *,
        path: Path,
        clock: Clock,
        find_ends: FindEnds,
    ) -> None:
        self._path = path
        self._lines = Lines(find_end, clock, find_ends=find_ends)
        self.is_connected = False

    async def run(self, stop: asyncio.Event) -> None:
        """Carry messages until ``stop`` is set."""
        server = await asyncio.start_unix_server(self._talk, self._path)
        async with server:
            await stop.wait()
        await self._lines.hang_up()
        await self._lines.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.is_connected = True

        async def send(locker: LockerId, said: list[bytes]) -> None:
            writer.write(b"".join(make_frame(locker, body) for body in said))
            await writer.drain()

        turns = asyncio.create_task(self._lines.take_turns(send, TURN_SECONDS))
        try:
            async for name, body in read_frames(reader):
                self._lines.put(LockerId(name), Letter("evt", body), send)
        finally:
            turns.cancel()
            self.is_connected = False
            writer.close()
