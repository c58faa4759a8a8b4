"""Codes that came with a list and are not stretched yet.

Rules
-----
K1  A code comes keyed with the site's pepper and is stretched here, once. Until then it is in
    memory only: whoever copies the disk finds stretched ones.
K2  One code at a time, a turn each: at the standard cost a turn takes 25 ms of a fast machine and
    100 ms of a small one, so nobody at the screen waits for a list. All else in a list counts at
    once, above all what was taken away.
K3  The centre is told that the list is held when all its codes are. A grant has one code for ever:
    what is held already is not stretched again when the list is sent again.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ..access import (
    STANDARD,
    LockerKeys,
    Malformed,
    Verifier,
    VerifierCost,
    is_keyed_pin,
    parse_keyed_pin,
    parse_verifier,
    stretch_keyed_pin,
)
from ..link.message import ListChange, PinVerifier
from .allowed import Listed

TURN_WORK: Final = STANDARD.memory_kib * STANDARD.passes
"""KiB a turn may hash: one code at the standard cost (K2)."""


class Codes:
    """Stretches codes a few at a time.

    Parameters
    ----------
    keys
        With the pepper of the site.
    cost
        What each stretched code costs whoever guesses.
    """

    def __init__(self, keys: LockerKeys, cost: VerifierCost) -> None:
        self._keys = keys
        self._cost = cost
        self._waiting: dict[str, PinVerifier] = {}

    @property
    def waiting_count(self) -> int:
        """Codes that open nothing yet."""
        return len(self._waiting)

    def use_keys(self, keys: LockerKeys) -> None:
        """Take over new keys."""
        self._keys = keys

    def take(
        self, changes: Iterable[ListChange], held: Mapping[str, Listed]
    ) -> Sequence[ListChange]:
        """Lay a list's codes aside; what is left of the list may be written as it is.

        A list replaces the one before it, which it holds (R1 of :mod:`restante.operations.lists`).
        """
        self._waiting = {}
        plain: list[ListChange] = []
        for change in changes:
            entry = change.entry
            if not isinstance(entry, PinVerifier) or not is_keyed_pin(entry.verifier):
                plain.append(change)
                continue
            known = held.get(change.key)
            if known is not None and self._is_good(known.entry):
                plain.append(ListChange(key=change.key, entry=known.entry))
            else:
                self._waiting[change.key] = entry
        return plain

    def stretch_some(self) -> Sequence[ListChange]:
        """Stretch a turn's worth of what waits; it waits until :meth:`kept`."""
        count = max(1, TURN_WORK // (self._cost.memory_kib * self._cost.passes))
        some = list(self._waiting.items())[:count]
        return [ListChange(key=key, entry=self._stretch(entry)) for key, entry in some]

    def kept(self, changes: Iterable[ListChange]) -> None:
        """Note that stretched codes are on the disk."""
        for change in changes:
            self._waiting.pop(change.key, None)

    def _stretch(self, entry: PinVerifier) -> PinVerifier | None:
        try:
            keyed = parse_keyed_pin(entry.verifier)
        except Malformed:
            return None  # A newer centre's form, or damaged: it could match nothing.
        made = stretch_keyed_pin(keyed, self._keys.pepper, self._cost)
        if made is None:
            return None
        return PinVerifier(grant=entry.grant, selector=entry.selector, verifier=made.encode())

    def _is_good(self, entry: object) -> bool:
        """Whether a code held can match with today's pepper and cost (K3)."""
        if not isinstance(entry, PinVerifier):
            return False
        try:
            known: Verifier = parse_verifier(entry.verifier)
        except Malformed:
            return False
        return known.epoch == self._keys.pepper.epoch and known.cost == self._cost
