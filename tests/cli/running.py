"""Commands that run beside a test until they are told to end: what they say is waited for."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.programs import KILLED_SECONDS_MAX, run_program, wait_for_end, wait_until

WAIT_SECONDS_MAX = 60.0


def find_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def restante(*arguments: object) -> list[str]:
    return [str(one) for one in (Path(sys.executable).parent / "restante", *arguments)]


def run_to_its_end(*arguments: object) -> str:
    """Run a command that ends by itself, and see that it ends well; gives what it prints."""
    done = run_program(restante(*arguments))
    assert done.code == 0, done.said
    return done.out.decode()


class Running:
    """A command that goes on, and what it has said so far."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self._lines: list[str] = []
        self._is_more_said = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def said(self) -> str:
        return "".join(self._lines)

    def until_it_says(self, text: str, *, times: int = 1) -> None:
        """Wait until it has said something so many times."""
        self.until(lambda: self.said.count(text) >= times, f"{text!r} is said {times} times")

    def until(self, claim: Callable[[], bool], what: str) -> None:
        """Wait until something is so: looked at whenever it says a word, and now and then."""
        try:
            wait_until(
                lambda: claim() or self._has_ended(),
                what=what,
                seconds=WAIT_SECONDS_MAX,
                pause=self._wait_for_words,
            )
        except Exception as error:
            error.add_note(self.said)
            raise
        assert not self._has_ended() or claim(), f"it has ended before {what}: {self.said}"

    def join(self) -> None:
        """Read to the end of what it says."""
        self._reader.join(KILLED_SECONDS_MAX)

    def _has_ended(self) -> bool:
        return self.process.poll() is not None

    def _wait_for_words(self, _seconds: float) -> None:
        with self._is_more_said:
            self._is_more_said.wait(0.1)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as words:
            for line in words:
                self._lines.append(line)
                with self._is_more_said:
                    self._is_more_said.notify_all()


@contextmanager
def started(*arguments: object) -> Iterator[Running]:
    """Run a command until it is told to end, and see that it ends well."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RESTANTE_")}
    process = subprocess.Popen(
        restante(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        text=True,
    )
    running = Running(process)
    try:
        yield running
        process.send_signal(signal.SIGINT)
        code = wait_for_end(process, WAIT_SECONDS_MAX, "told to end, it goes on")
        running.join()
        assert code in (0, 130), running.said
    finally:
        process.kill()
        wait_for_end(process, KILLED_SECONDS_MAX, "killed, it is not gone")
        running.join()
