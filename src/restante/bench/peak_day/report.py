"""What a run of the busiest hour has shown, for people and for programs."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, Final, NamedTuple

from .count import Lag, Losses
from .generator import Outcome
from .plan import FACTS, Kind, Rates
from .processes import Use

P99_MS_MAX: Final = 250.0
"""The goal: 99 of 100 are acknowledged within this."""

DONE_SHARE_MIN: Final = 0.99
"""Of what was due, acknowledged before the run was over; what comes last is under way then."""

_SHARES: Final = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
_COURSE: Final = 12
"""Moments of the backlog's course that are told."""


class Parts(NamedTuple):
    """What the processor time of a stretch went into."""

    facts: int
    """Written in it, of all kinds."""
    cpu_s: Mapping[str, float]
    """By thread of the centre and process of PostgreSQL."""

    @property
    def us_per_fact(self) -> dict[str, float]:
        """Microseconds for each fact, the dearest part first; what is under one is left out."""
        each = {name: 1e6 * cpu_s / self.facts for name, cpu_s in self.cpu_s.items()}
        dearest = sorted(each.items(), key=lambda part: -part[1])
        return {name: round(us, 1) for name, us in dearest if us >= 1}


class Stretch(NamedTuple):
    """One rate, kept for a while."""

    rates: Rates
    outcome: Outcome
    uses: Mapping[str, Use]
    """By process; processor time of this stretch alone."""
    parts: Parts

    @property
    def facts_per_s(self) -> float:
        """Facts of what was acknowledged in time, without notices."""
        done = self.outcome.done
        return sum(FACTS[kind] * done.get(kind, 0) for kind in Kind) / self.outcome.seconds

    @property
    def offered_per_s(self) -> float:
        """Facts of what was due, without notices."""
        offered = self.outcome.offered
        return sum(FACTS[kind] * offered.get(kind, 0) for kind in Kind) / self.outcome.seconds

    @property
    def latencies(self) -> list[float]:
        """Of all kinds, sorted, in milliseconds."""
        return sorted(ms for some in self.outcome.latency_ms.values() for ms in some)

    @property
    def is_carried(self) -> bool:
        """Whether the machine carries this rate."""
        return (
            self.facts_per_s >= DONE_SHARE_MIN * self.offered_per_s
            and percentile(self.latencies, _SHARES["p99"]) < P99_MS_MAX
        )


class PeakReport(NamedTuple):
    """All of it."""

    way: str
    """``socket`` or ``broker``."""
    centres: int
    """Processes of the centre."""
    lockers: int
    prefill_s: float
    greet_s: float
    stretches: Sequence[Stretch]
    """In the order they ran; with ``--find`` until one was carried."""
    losses: Losses
    tags: Mapping[str, int]
    """Facts written, by tag."""
    lag: Lag
    bytes_per_parcel: float
    notices_sent: int
    verified: str
    """What verification said; empty when it was left out."""
    is_sound: bool

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost."""
        return not self.losses.lost and self.is_sound

    def as_object(self) -> dict[str, Any]:
        """Give every figure a name."""
        last = self.stretches[-1]
        return {
            "way": self.way,
            "centres": self.centres,
            "lockers": self.lockers,
            "lost": self.losses.lost,
            "acknowledged_facts": self.losses.acknowledged_facts,
            "is_sound": self.is_sound,
            "verified": self.verified,
            "is_carried": last.is_carried,
            "stretches": [_describe(one) for one in self.stretches],
            "greetings_per_s": round(self.lockers / max(self.greet_s, 0.001), 1),
            "prefill_s": round(self.prefill_s, 1),
            "facts_by_tag": dict(sorted(self.tags.items())),
            "notices_sent": self.notices_sent,
            "notices_due": self.lag.notices_due,
            "notices_oldest_s": self.lag.notice_seconds,
            "deliveries_behind": self.lag.deliveries,
            "mb_per_million_parcels": round(self.bytes_per_parcel),
        }

    def text(self) -> str:
        """Lay the report out."""
        first = self.stretches[0]
        lines = [
            f"{self.lockers:,} lockers, {self.way}, centre processes: {self.centres}; "
            f"greeted in {self.greet_s:.1f} s ({self.lockers / max(self.greet_s, 0.001):,.0f}/s)",
            f"asked: {first.rates.facts:,.0f} facts/s and {first.rates.beats:,.0f} heartbeats/s, "
            f"{100 * first.rates.share:.0f} % of the deposits of such a network's busiest hour",
        ]
        for one in self.stretches:
            lines += _table(one)
        last = self.stretches[-1]
        if not last.is_carried:
            lines.append(
                f"NOT CARRIED: {last.facts_per_s:,.0f} of {last.offered_per_s:,.0f} facts/s, "
                f"p99 {percentile(last.latencies, 0.99):,.0f} ms (goal {P99_MS_MAX:.0f})"
            )
        lines += [
            f"followers: {self.lag.notices_due} notices due (oldest {self.lag.notice_seconds} s), "
            f"{self.notices_sent} sent; deliveries {self.lag.deliveries} facts behind",
            f"database: {self.bytes_per_parcel / 1000:,.1f} GB more for a million parcels",
            f"facts acknowledged to lockers {self.losses.acknowledged_facts:,}, "
            f"lost {self.losses.lost}" + "".join(f"; {one}" for one in self.losses.examples),
            self.verified or "not verified",
        ]
        return "\n".join(lines)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Find what this share does not exceed; 0 of nothing."""
    if not ordered:
        return 0.0
    return ordered[max(0, ceil(round(share * len(ordered), 6)) - 1)]


def _table(one: Stretch) -> list[str]:
    outcome = one.outcome
    lines = [
        f"{outcome.seconds:.0f} s at {one.rates.facts:,.0f} facts/s with notices: "
        f"{one.facts_per_s:,.0f} of {one.offered_per_s:,.0f} facts/s acknowledged in time, "
        f"{outcome.beats / outcome.seconds:,.0f} heartbeats/s"
        + (f" ({outcome.beats_late} late)" if outcome.beats_late else ""),
        f"{'':>12} {'due/s':>8} {'done/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'p99.9 ms':>9} "
        f"{'no parcel':>9} {'refused':>8}",
    ]
    for kind in Kind:
        times = outcome.latency_ms.get(kind, [])
        lines.append(
            f"{kind.value:>12} {outcome.offered.get(kind, 0) / outcome.seconds:>8.1f} "
            f"{outcome.done.get(kind, 0) / outcome.seconds:>8.1f} "
            + " ".join(
                f"{percentile(times, share):>{width}.1f}"
                for share, width in zip(_SHARES.values(), (8, 8, 9), strict=True)
            )
            + f" {outcome.starved.get(kind, 0):>9} {outcome.refused.get(kind, 0):>8}"
        )
    times = one.latencies
    lines.append(
        f"{'all':>12} {'':>17} "
        + " ".join(
            f"{percentile(times, share):>{width}.1f}"
            for share, width in zip(_SHARES.values(), (8, 8, 9), strict=True)
        )
    )
    step = max(1, len(outcome.samples) // _COURSE)
    course = " ".join(f"{s.reports}+{s.requests}" for s in outcome.samples[::step])
    lines.append(f"backlog (reports+requests): {course}; never answered {outcome.unacknowledged}")
    uses = (
        f"{name} {use.cpu_s / outcome.seconds:.2f} cores {use.memory_mb:,.0f} MB"
        for name, use in one.uses.items()
    )
    lines.append("used: " + ", ".join(uses))
    parts = (f"{name} {us:.0f}" for name, us in one.parts.us_per_fact.items())
    lines.append(f"µs for each of {one.parts.facts:,} facts: " + ", ".join(parts))
    if outcome.problem:
        lines.append(f"last problem told: {outcome.problem}")
    return lines


def _describe(one: Stretch) -> dict[str, Any]:
    outcome = one.outcome
    kinds: dict[str, Any] = {}
    for kind in Kind:
        times = outcome.latency_ms.get(kind, [])
        kinds[kind.value] = {
            "offered_per_s": round(outcome.offered.get(kind, 0) / outcome.seconds, 2),
            "done_per_s": round(outcome.done.get(kind, 0) / outcome.seconds, 2),
            "starved": outcome.starved.get(kind, 0),
            "refused": outcome.refused.get(kind, 0),
            **{f"{word}_ms": percentile(times, share) for word, share in _SHARES.items()},
        }
    return {
        "seconds": round(outcome.seconds, 1),
        "asked_facts_per_s": round(one.rates.facts, 1),
        "offered_facts_per_s": round(one.offered_per_s, 1),
        "facts_per_s": round(one.facts_per_s, 1),
        "beats_per_s": round(outcome.beats / outcome.seconds, 1),
        "share_of_deposits": round(one.rates.share, 3),
        **{f"{word}_ms": percentile(one.latencies, share) for word, share in _SHARES.items()},
        "kinds": kinds,
        "backlog": [[round(s.at_s, 1), s.reports, s.requests] for s in outcome.samples],
        "unacknowledged": outcome.unacknowledged,
        "is_carried": one.is_carried,
        "cores": {name: round(use.cpu_s / outcome.seconds, 3) for name, use in one.uses.items()},
        "memory_mb": {name: round(use.memory_mb, 1) for name, use in one.uses.items()},
        "facts_written": one.parts.facts,
        "us_per_fact": one.parts.us_per_fact,
        "problem": outcome.problem,
    }
