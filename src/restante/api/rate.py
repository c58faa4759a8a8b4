"""How fast one key may ask: a bucket of tokens that fills by itself.

In memory and for each process: limits protect this process, they are no quota. It must not know
what a request asks for.
"""

from collections import OrderedDict
from typing import Final, NamedTuple

from ..clock import Clock

BUCKETS_MAX: Final = 10_000
"""Askers remembered; the one who asked longest ago is forgotten first, and its bucket is full."""


class RateLimit(NamedTuple):
    """How many requests are taken."""

    per_second: float = 50.0
    """Refill. Chosen: a tenth of what the committer carries from one caller."""
    burst: int = 200
    """Size of the bucket."""


STANDARD_LIMIT: Final = RateLimit()


class Allowance(NamedTuple):
    """What a bucket says to one request."""

    is_granted: bool
    remaining: int
    """Requests that would be granted right now."""
    retry_seconds: int
    """Seconds until the next one is granted; 0 when granted."""


class _Bucket(NamedTuple):
    tokens: float
    at_ms: int


class RateLimiter:
    """Grants requests by name of the asker; used by one event loop only.

    Parameters
    ----------
    clock
        May go backwards: then nothing is refilled.
    limit
        The same for all.
    """

    def __init__(self, clock: Clock, limit: RateLimit) -> None:
        self._clock = clock
        self.limit = limit
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def ask(self, asker: str) -> Allowance:
        """Take a token for a request, if there is one."""
        bucket = self._refilled(asker)
        is_granted = bucket.tokens >= 1
        if is_granted:
            bucket = bucket._replace(tokens=bucket.tokens - 1)
        self._buckets[asker] = bucket
        self._buckets.move_to_end(asker)
        if len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)
        missing = max(0.0, 1 - bucket.tokens)
        retry = 0 if is_granted else max(1, round(missing / self.limit.per_second + 0.5))
        return Allowance(is_granted, int(bucket.tokens), retry)

    def _refilled(self, asker: str) -> _Bucket:
        now_ms = self._clock.now_ms()
        bucket = self._buckets.get(asker)
        if bucket is None:
            return _Bucket(float(self.limit.burst), now_ms)
        passed_seconds = max(0, now_ms - bucket.at_ms) / 1000
        tokens = bucket.tokens + passed_seconds * self.limit.per_second
        return _Bucket(min(float(self.limit.burst), tokens), now_ms)
