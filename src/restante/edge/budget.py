"""Whether the centre answers, and what the locker may still give out while it does not.

Rules
-----
B1  The locker is alone when its link says so, when the centre has said nothing for
    :data:`SILENCE_SECONDS`, or when facts have waited :data:`UNANSWERED_SECONDS` for an answer: a
    broker that lives is no centre.
B2  What was spent is counted from the disk: the moment the centre was last heard is a note there,
    and the pickups that count are those it has not acknowledged. A restart gives nothing back.
B3  As soon as the centre answers the budget is full again.
"""

from collections.abc import Callable
from typing import Final

from ..core.alone import RefuseAlone
from ..core.grant import Grant
from ..core.handoff import HandoffCollected
from ..core.ids import ActorId
from ..core.refusal import Refused
from ..core.risk import OfflineBudget, check_offline_budget
from ..core.value import HOUR, MINUTE, UtcSeconds
from .steady import SteadyClock
from .store import LockerStore

SILENCE_SECONDS: Final = 2 * HOUR
"""The centre tells the time every hour; two hours without a word are silence."""

UNANSWERED_SECONDS: Final = 5 * MINUTE
"""Facts are said again every minute at least; five times unanswered is silence (chosen)."""

NOTE_SECONDS: Final = 10 * MINUTE
"""How often it is noted on the disk that the centre was heard (chosen: spares the disk, and the
budget after a restart is at most so much too small)."""

_READ_FACTS: Final = 500


class Budget:
    """What one locker knows about being alone."""

    def __init__(
        self, store: LockerStore, clock: SteadyClock, budget: OfflineBudget, *, by: ActorId
    ) -> None:
        self._store = store
        self._clock = clock
        self._budget = budget
        self._by = by
        self._is_linked: Callable[[], bool] = lambda: False
        self._heard_at = store.heard_at
        self._noted_at = store.heard_at
        self._pickups: list[int] = []
        self._read_to = store.watermark

    def watch_link(self, is_linked: Callable[[], bool]) -> None:
        """Learn how to ask the link whether the centre has answered."""
        self._is_linked = is_linked

    def use_limits(self, budget: OfflineBudget) -> None:
        """Take over other limits."""
        self._budget = budget

    def heard(self) -> None:
        """Note that the centre said something."""
        now = self._clock.now()
        self._heard_at = now
        if self._noted_at is None or not 0 <= now - self._noted_at < NOTE_SECONDS:
            self._store.remember("heard_at", str(now), at=now)
            self._noted_at = now

    @property
    def heard_at(self) -> UtcSeconds | None:
        """When the centre last said something; ``None`` when it never did."""
        return self._heard_at

    @property
    def is_alone(self) -> bool:
        """Whether the centre does not answer now (B1)."""
        if not self._is_linked():
            return True
        now, heard_at = self._clock.now(), self._heard_at
        if heard_at is None or now - heard_at > SILENCE_SECONDS:
            return True
        since = self._store.unsent_since
        return since is not None and now - max(since, heard_at) > UNANSWERED_SECONDS

    @property
    def alone_seconds(self) -> int:
        """How long the centre has been silent; all the time when it never spoke."""
        since = self._heard_at if self._heard_at is not None else self._store.begun_at
        return max(0, self._clock.now() - since)

    def pickup_count(self) -> int:
        """Count the pickups of which the centre does not know (B2)."""
        store = self._store
        while self._read_to < store.version:
            entries = store.read_facts(self._read_to + 1, _READ_FACTS)
            self._pickups += [
                self._read_to + place
                for place, fact in enumerate(entries, 1)
                if isinstance(fact, HandoffCollected)
            ]
            self._read_to += len(entries)
        self._pickups = [seq for seq in self._pickups if seq > store.watermark]
        return len(self._pickups)

    def is_spent_for(self, grant: Grant) -> bool:
        """Whether a parcel would be refused now."""
        try:
            self._check(grant)
        except Refused:
            return True
        return False

    def check(self, grant: Grant) -> None:
        """Refuse a pickup beyond the budget, and write that down.

        Raises
        ------
        Refused
            ``offline_budget_spent``.
        """
        try:
            self._check(grant)
        except Refused:
            at = self._clock.now()
            note = RefuseAlone(
                at=at,
                grant=grant.grant,
                parcel=grant.parcel,
                risk=self._store.allowed.risk_of(grant.parcel),
                alone_seconds=self.alone_seconds,
                pickup_count=self.pickup_count(),
            )
            self._store.record([note], by=self._by, at=at)
            raise

    def _check(self, grant: Grant) -> None:
        if self.is_alone:
            check_offline_budget(
                self._budget,
                self._store.allowed.risk_of(grant.parcel),
                alone_seconds=self.alone_seconds,
                pickup_count=self.pickup_count(),
            )
