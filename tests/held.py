"""A list's entry as a locker keeps it: what came keyed is stretched."""

import msgspec

from restante.access import (
    Pepper,
    VerifierCost,
    is_keyed_pin,
    parse_keyed_pin,
    stretch_keyed_pin,
)
from restante.link.message import ListEntry, PinVerifier


def as_held(entry: ListEntry | None, pepper: Pepper, cost: VerifierCost) -> ListEntry | None:
    """Give an entry of the centre's list as it is after it has reached a locker."""
    if not isinstance(entry, PinVerifier) or not is_keyed_pin(entry.verifier):
        return entry
    made = stretch_keyed_pin(parse_keyed_pin(entry.verifier), pepper, cost)
    return None if made is None else msgspec.structs.replace(entry, verifier=made.encode())
