"""Networks for tests: small ones, and those that theory knows the answer for."""

import math

from restante.planning.capacity import CapacitySite, Habits, Network, ParcelClass
from restante.planning.capacity.problem import Arrivals

SIZES = (
    ParcelClass(name="small", share=0.45, goes_into=("S", "M", "L"), value=1.0),
    ParcelClass(name="medium", share=0.38, goes_into=("M", "L"), value=1.25),
    ParcelClass(name="large", share=0.17, goes_into=("L",), value=1.6),
)


def exponential_stays(mean_h: float, count: int = 4_000) -> tuple[float, ...]:
    """Give stays whose distribution is exponential, as a sample of equally likely ones."""
    return tuple(-mean_h * math.log(1 - (n + 0.5) / count) for n in range(count))


def make_stationary(*, rooms: int, parcels_per_day: float, mean_h: float, sites: int) -> Network:
    """Make lockers that Erlang's formula knows: arrivals at all times, one kind, nobody waits."""
    return Network(
        kinds=("A",),
        parcels=(ParcelClass(name="any", share=1.0, goes_into=("A",)),),
        sites=tuple(
            CapacitySite(id=f"site-{n}", compartments={"A": rooms}, parcels_per_day=parcels_per_day)
            for n in range(sites)
        ),
        habits=Habits(stays_h=exponential_stays(mean_h), tries_max=1),
    )


def make_town(
    *, load: float = 1.0, redirect_share: float = 0.6, is_booked: bool = False, sites: int = 6
) -> Network:
    """Make neighbours that are visited twice a day, with everything people do."""
    return Network(
        kinds=("S", "M", "L"),
        parcels=SIZES,
        starts_on="2026-11-02",
        visits_at=(9.5, 15.0),
        sites=tuple(
            CapacitySite(
                id=f"site-{n}",
                compartments={"S": 6, "M": 8, "L": 3},
                parcels_per_day=17 * load * (0.7 + 0.1 * n),
                latitude=52.5 + 0.002 * n,
                longitude=13.4,
            )
            for n in range(sites)
        ),
        arrivals=Arrivals(
            hour_weights=tuple(float(7 <= hour < 21) for hour in range(24)),
            weekday_weights=(1.1, 1.1, 1.0, 1.0, 1.1, 0.9, 0.4),
            scatter_shape=12.0,
        ),
        habits=Habits(
            collect_hour_weights=tuple(0.05 if hour < 6 else 1.25 for hour in range(24)),
            no_show_share=0.05,
            redirect_share=redirect_share,
            redirect_m_max=600.0,
        ),
        is_booked=is_booked,
    )


def erlang_b(offered: float, rooms: int) -> float:
    """Tell the share turned away by Erlang's loss formula, by its recursion."""
    blocked = 1.0
    for n in range(1, rooms + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return blocked
