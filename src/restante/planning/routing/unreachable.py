"""Why a vehicle cannot serve an option even were it alone, and the smallest fix."""

from .numbering import Numbered
from .travel import Travel


def say_unreachable(
    numbered: Numbered, travel: Travel, place: int, free_at: float, option: int, v: int
) -> str:
    """Say why a vehicle that is free at a place cannot serve an option, were it alone."""
    choice, vehicle = numbered.choices[option], numbered.problem.vehicles[v]
    there = numbered.problem.places[choice.place]
    if choice.opens_at > choice.closes_at:
        return (f"{there.id!r} is open from {there.opens_at:g} to {there.closes_at:g}, and its"
                " option's window is outside of that: let them overlap")  # fmt: skip
    arrives = travel.arrive(free_at, place, choice.place)
    begins = max(arrives, choice.opens_at)
    returns = travel.arrive(begins + choice.service_s, choice.place, numbered.end[v])
    metres = float(travel.distance_m[place, choice.place])
    metres += float(travel.distance_m[choice.place, numbered.end[v]])
    says = []
    if begins > choice.closes_at:
        late = begins - choice.closes_at
        says.append(f"{there.id!r} is open for it until {choice.closes_at:g}, and {vehicle.id!r}"
                    f" is ready there at {begins:g}: let it close {late:.0f} s later")  # fmt: skip
    if returns > vehicle.shift_ends_at:
        late = returns - vehicle.shift_ends_at
        says.append(f"{vehicle.id!r} is back from {there.id!r} {late:.0f} s after its shift:"
                    " let that end so much later")  # fmt: skip
    if vehicle.range_m is not None and metres > vehicle.range_m:
        says.append(f"to {there.id!r} and back it is {metres - vehicle.range_m:.0f} m more than the"
                    f" range of {vehicle.id!r}: send one that drives further")  # fmt: skip
    if vehicle.shift_s_max is not None:
        left_at = min(travel.leave(begins, place, choice.place), vehicle.shift_ends_at)
        if returns - left_at > vehicle.shift_s_max:
            over = returns - left_at - vehicle.shift_s_max
            says.append(f"{vehicle.id!r} is out for {there.id!r} {over:.0f} s longer than it may"
                        " (shift_s_max): allow so much more")  # fmt: skip
    return "; ".join(says) or f"{vehicle.id!r} does not get to {there.id!r} in time"
