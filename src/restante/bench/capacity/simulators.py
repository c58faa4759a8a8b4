"""The simulation beside SimPy and Ciw, on the same parcels, counted in seconds of the processor."""

import os
import subprocess
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from ...planning.capacity import CapacitySite, Habits, Network, ParcelClass, Span, simulate
from ...planning.capacity.changes import NO_CHANGES
from ...planning.capacity.fate import FIRST_TRY, make_fate, make_state
from ...planning.capacity.kernel import play
from ...planning.capacity.loss import erlang_loss
from ...planning.capacity.simulate import play_once
from ...planning.capacity.stream import draw_stream
from ...planning.capacity.tables import make_places, make_rules, make_wanted

ROOMS: Final = 70
PARCELS_PER_DAY: Final = 75.0
STAY_H: Final = 20.0
DAYS: Final = 30
"""Lockers that Erlang's formula knows, as the peers are best at (location research, section 5)."""

LOCKERS: Final = 1_000
PEER_LOCKERS: Final = 40
PATIENCE_S: Final = 900.0
REPEATS: Final = 3
_PEERS: Final = Path(__file__).parent / "peers"


class Speed(NamedTuple):
    """What one simulator took."""

    name: str
    lockers: int
    events: int
    turned_away: int
    seconds: float
    """Of the processor: the best of some turns."""
    note: str = ""

    @property
    def events_per_s(self) -> float:
        """How fast it is."""
        return self.events / self.seconds if self.seconds else 0.0


class Simulators(NamedTuple):
    """All of them, on the same parcels of the same lockers."""

    speeds: tuple[Speed, ...]
    network_seconds: float
    """Of the processor, for all lockers and days, with everything drawn."""
    network_parcels: int
    blocked: float
    """Share turned away in that run after ten days, and what Erlang's formula says."""
    erlang: float


def measure_simulators(peers: Path) -> Simulators:
    """Play the same parcels with each."""
    network = _lockers(PEER_LOCKERS)
    stream = draw_stream(network, days=DAYS, seed=1)
    places, rules = make_places(network, DAYS), make_rules(network, DAYS)
    play_once(network, stream, DAYS)
    best, events, away = 1e9, 0, 0
    wanted = make_wanted(network, stream, places, NO_CHANGES)
    for _ in range(REPEATS):
        began = time.process_time()
        wanted = make_wanted(network, stream, places, NO_CHANGES)
        fate = make_fate(len(wanted))
        play(make_state(places, rules, len(wanted)), places, rules, wanted, fate)
        best = min(best, time.process_time() - began)
        events = len(wanted) + int(np.isfinite(fate.out_at).sum())
        away = int((fate.outcome != FIRST_TRY).sum())
    speeds = [Speed("ours", PEER_LOCKERS, events, away, best)]
    lockers = [
        np.column_stack([wanted.asked_at, wanted.stay_h])[wanted.site == n].tolist()
        for n in range(PEER_LOCKERS)
    ]
    question = {"rooms": ROOMS, "lockers": lockers}
    speeds += [_ask(name, peers, question) for name in ("simpy", "ciw")]
    return Simulators(tuple(speeds), *_whole_network())


def _whole_network() -> tuple[float, int, float, float]:
    network = _lockers(LOCKERS)
    began = time.process_time()
    stream = draw_stream(network, days=DAYS, seed=2)
    played = play_once(network, stream, DAYS)
    took = time.process_time() - began
    late = played.wanted.asked_at > 240
    blocked = float((played.fate.outcome[late] != FIRST_TRY).mean())
    return took, len(stream), blocked, erlang_loss(PARCELS_PER_DAY / 24 * STAY_H, ROOMS)


def _lockers(count: int) -> Network:
    ranks = (np.arange(4_000) + 0.5) / 4_000
    return Network(
        kinds=("A",),
        parcels=(ParcelClass(name="any", share=1.0, goes_into=("A",)),),
        sites=tuple(
            CapacitySite(
                id=f"locker-{n}", compartments={"A": ROOMS}, parcels_per_day=PARCELS_PER_DAY
            )
            for n in range(count)
        ),
        habits=Habits(stays_h=tuple((-STAY_H * np.log(1 - ranks)).tolist()), tries_max=1),
    )


def _ask(name: str, peers: Path, question: Any) -> Speed:
    said = msgspec.json.encode(question)
    best: dict[str, Any] = {}
    for _ in range(REPEATS):
        try:
            done = subprocess.run(  # noqa: S603 - our own modules.
                [os.fspath(peers), os.fspath(_PEERS / f"ask_{name}.py")],
                input=said,
                capture_output=True,
                timeout=PATIENCE_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Speed(name, PEER_LOCKERS, 0, 0, 0.0, f"not asked: {type(error).__name__}")
        if done.returncode:
            says = done.stderr.decode(errors="replace").strip().splitlines()
            word = says[-1] if says else f"status {done.returncode}"
            return Speed(name, PEER_LOCKERS, 0, 0, 0.0, f"not asked: {word}")
        answer = msgspec.json.decode(done.stdout)
        if not best or answer["seconds"] < best["seconds"]:
            best = answer
    return Speed(name, PEER_LOCKERS, best["events"], best["turned_away"], best["seconds"])


def warm_up() -> None:
    """Compile, or take up machine code, before a clock runs."""
    simulate(_lockers(1), Span(1, 1, 0))
