"""Receivers for the bench: a process that takes messages on the loopback and notes when.

``python -m restante.bench.webhook_receiver``. Prints its port; paths that begin with ``/hang``
are never answered. A line on standard input asks for what came since the last one: a JSON list
of paths, subjects and moments of the monotonic clock, which is one for all processes of a machine.
"""

import asyncio
import json
import sys
import time

_came: list[tuple[str, bytes, int]] = []


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines)
            body = await reader.readexactly(int(headers["content-length"]))
            path = first.split(" ")[1]
            _came.append((path, body, time.monotonic_ns()))
            if path.startswith("/hang"):
                await asyncio.Event().wait()
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _serve() -> None:
    server = await asyncio.start_server(_talk, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    while await asyncio.to_thread(sys.stdin.readline):
        told = json.dumps([(path, json.loads(body)["subject"], at) for path, body, at in _came])
        _came.clear()
        sys.stdout.write(f"{told}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve())
