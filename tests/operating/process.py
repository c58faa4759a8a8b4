"""A centre in a process of its own, on a real port, as operators run it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import httpx

START_SECONDS_MAX = 30


class Running(NamedTuple):
    """A process and how to reach it."""

    process: "subprocess.Popen[str]"
    url: str
    said: list[str]
    """Lines of standard error."""
    reader: Thread

    @property
    def setup_token(self) -> str:
        """What the first operator pastes."""
        found = re.search(r"/setup and paste\s+(\S+)", " ".join(self.said))
        assert found is not None, self.said
        return found[1]

    def end(self) -> float:
        """Ask it to end; how many seconds it took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        took = time.monotonic() - begun
        self.reader.join(5)
        return took


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def serving(folder: Path, *arguments: str, **settings: str) -> Iterator[Running]:
    """Run ``restante serve`` until the block ends."""
    port = free_port()
    environ = {name: text for name, text in os.environ.items() if not name.startswith("RESTANTE_")}
    environ |= {f"RESTANTE_{name.upper()}": text for name, text in settings.items()}
    command = [Path(sys.executable).parent / "restante", "serve", "--data", folder, "--port", port]
    process = subprocess.Popen(
        [str(part) for part in (*command, *arguments)],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    said: list[str] = []
    assert process.stderr is not None
    reader = Thread(target=said.extend, args=(process.stderr,), daemon=True)
    reader.start()
    running = Running(process, f"http://127.0.0.1:{port}", said, reader)
    try:
        _wait_until_it_answers(running)
        yield running
    finally:
        process.kill()
        process.wait(10)
        reader.join(5)
        process.stderr.close()


def _wait_until_it_answers(running: Running) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    transport = httpx.HTTPTransport(retries=0)
    with httpx.Client(transport=transport, trust_env=False) as client:
        while time.monotonic() < deadline:
            assert running.process.poll() is None, running.said
            try:
                if client.get(f"{running.url}/livez").status_code == 200:
                    return
            except httpx.TransportError:
                running.reader.join(0.05)
    raise AssertionError(f"it did not answer: {running.said}")
