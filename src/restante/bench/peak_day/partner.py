"""The partner's program: announces in batches and books room, over HTTP, from a few threads."""

import queue
import threading
import time
from collections import deque
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException, RemoteDisconnected
from typing import Any, Final, NamedTuple

import msgspec

from .plan import Kind

THREADS: Final = 6
"""Requests under way at once: more than are ever due together when the centre keeps up."""

ALONE_EVERY: Final = 10
"""One announcement in so many asks for room later, by itself."""

_SIZE: Final = {"length_mm": 300, "width_mm": 200, "height_mm": 100, "weight_g": 1_000}
_ANSWER_SECONDS_MAX: Final = 60.0


class Asked(NamedTuple):
    """One request to send, or sent."""

    kind: Kind
    due_at: tuple[float, ...]
    """Of each operation in it."""
    path: str
    body: bytes
    key: str
    """Idempotency key."""


class Done(NamedTuple):
    """What came of a request."""

    asked: Asked
    at: float
    succeeded: int
    problem: str
    """Of the first that did not succeed."""


class Partner:
    """Sends requests from threads; what is answered lies in :attr:`done`."""

    def __init__(self, ports: Sequence[int], keys: Sequence[str], run: str) -> None:
        self._keys = keys
        self._run = run
        self._count = 0
        self._queue: queue.SimpleQueue[Asked | None] = queue.SimpleQueue()
        self.done: deque[Done] = deque()
        self.bookable: deque[str] = deque()
        """Parcels announced without room."""
        self.announced: list[str] = []
        self.booked: list[str] = []
        self._threads = [
            threading.Thread(
                target=self._work,
                args=(keys[place % len(keys)], ports[place % len(ports)]),
                daemon=True,
            )
            for place in range(THREADS)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Requests nobody sends yet."""
        return self._queue.qsize()

    def announce(self, sites: Sequence[str], due_at: float) -> None:
        """Announce one parcel at each of these sites, in one request."""
        parcels: list[dict[str, Any]] = []
        for site in sites:
            self._count += 1
            parcels.append(
                {
                    "label": f"PK{self._run}{self._count:09d}",
                    "size": _SIZE,
                    "site": site,
                    "contact": {"email": f"{self._run}.{self._count}@example.org"},
                    "promise": "none" if self._count % ALONE_EVERY == 0 else "firm",
                }
            )
        due = (due_at,) * len(sites)
        self._ask(Kind.ANNOUNCE, due, "/parcels/batch", {"parcels": parcels})

    def book(self, parcel: str, due_at: float) -> None:
        """Book room for a parcel that was announced without."""
        self._ask(Kind.BOOKING, (due_at,), "/bookings", {"parcel": parcel})

    def close(self) -> None:
        """Send nothing more, and wait for what is under way."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(_ANSWER_SECONDS_MAX)

    def _ask(self, kind: Kind, due_at: tuple[float, ...], path: str, body: Any) -> None:
        self._count += 1
        key = f"{self._run}-{self._count}"
        self._queue.put(Asked(kind, due_at, path, msgspec.json.encode(body), key))

    def _work(self, key: str, port: int) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS_MAX)
        while (asked := self._queue.get()) is not None:
            try:
                try:
                    status, answer = self._send(connection, key, asked)
                except (ConnectionError, RemoteDisconnected):
                    # It rested too long: the same request again, which its key allows.
                    connection.close()
                    status, answer = self._send(connection, key, asked)
                succeeded, problem = self._note(asked, status, answer)
            except (OSError, HTTPException, msgspec.DecodeError) as error:
                connection.close()
                succeeded, problem = 0, f"{type(error).__name__}: {error}"
            self.done.append(Done(asked, time.monotonic(), succeeded, problem))
        connection.close()

    def _send(self, connection: HTTPConnection, key: str, asked: Asked) -> tuple[int, Any]:
        headers = {
            "authorization": f"Bearer {key}",
            "content-type": "application/json",
            "idempotency-key": asked.key,
        }
        connection.request("POST", f"/api/v1{asked.path}", asked.body, headers)
        response = connection.getresponse()
        return response.status, msgspec.json.decode(response.read())

    def _note(self, asked: Asked, status: int, answer: Any) -> tuple[int, str]:
        if status >= 400:
            return 0, f"{status} {answer.get('detail') or answer.get('title')}"
        if asked.kind is Kind.BOOKING:
            self.booked.append(str(answer["parcel"]))
            return 1, ""
        problem = ""
        succeeded = 0
        for one in answer["results"]:
            parcel = one.get("parcel")
            if parcel is None:
                problem = str(one["problem"].get("detail") or one["problem"].get("title"))
                continue
            succeeded += 1
            self.announced.append(parcel["id"])
            if parcel.get("booking") is None:
                self.bookable.append(parcel["id"])
        return succeeded, problem
