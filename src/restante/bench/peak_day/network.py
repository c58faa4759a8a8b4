"""The network of the busiest hour: lockers with a past, parcels on their way, a partner's keys."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import delete, func, select, text

from ...access import SIMULATION, PublicKeyring, Scope
from ...clock import Minter, SystemClock
from ...core.ids import PartnerId, SiteId
from ...core.value import Value
from ...journal.sql import SqlJournal
from ...operations.directory import issue_api_key, register_partner
from ...settings import Settings
from ...views.tables import CONTACTS, LIST_ENTRIES, LIST_FLOORS
from ...wiring.centre import Centre, open_centre
from ..growth.past import lay_out_past, live
from ..network import OPERATOR, PARTNER

FACTS_EACH: Final = 40
"""Facts of each site's past: one parcel that came and went, and what is on its way."""

KEYS: Final = 8
"""API keys of the partner: one may ask fifty times a second."""

_SCOPES: Final = frozenset({Scope.PARCELS_WRITE, Scope.BOOKINGS_WRITE, Scope.BOOKINGS_READ})


class KnownParcel(Value, array_like=True):
    """A parcel that a locker expects."""

    parcel: str
    grant: str


class KnownLocker(Value, array_like=True):
    """What a locker knows when it is switched on."""

    letters: str
    list_version: int
    last_seq: int
    parcels: tuple[KnownParcel, ...]


class Network(Value):
    """What the generator is told."""

    keys: tuple[str, ...]
    """API keys of the partner."""
    public: PublicKeyring
    """What the centre signs with."""
    lockers: tuple[KnownLocker, ...]


class _Granted(msgspec.Struct):
    parcel: str
    grant: str


_GRANTED: Final = msgspec.json.Decoder(_Granted)


def lay_out_network(settings: Settings, lockers: int) -> Network:
    """Write a network into an empty journal, and tell what its lockers know."""
    clock = SystemClock()
    minter = Minter(clock)
    past = live(FACTS_EACH, clock.now())
    centre = open_centre(settings, clock, minter, cost=SIMULATION)
    try:
        lay_out_past(centre.journal, past, lockers)
        names = [past.name(number) for number in range(lockers)]
        centre.keyring.make_peppers(SiteId(f"s{name}") for name in names)
        centre.run(register_partner(OPERATOR, partner=PARTNER, name="Bench"))
        keys = tuple(_issue_key(centre, f"bench {number}") for number in range(KEYS))
        _tidy(centre.journal)
        versions = dict(_read_versions(centre.journal))
        parcels: dict[str, list[KnownParcel]] = {}
        for site, known in _read_parcels(centre.journal):
            parcels.setdefault(site, []).append(known)
        return Network(
            keys=keys,
            public=centre.keyring.public(),
            lockers=tuple(
                KnownLocker(
                    letters=name,
                    list_version=versions.get(f"s{name}", 0),
                    last_seq=past.last_seq,
                    parcels=tuple(parcels.get(f"s{name}", ())),
                )
                for name in names
            ),
        )
    finally:
        centre.close()


def write_network(network: Network, path: Path) -> None:
    """Write it down for the generator."""
    path.write_bytes(msgspec.json.encode(network))


def read_network(path: Path) -> Network:
    """Read it back."""
    return msgspec.json.decode(path.read_bytes(), type=Network)


def _issue_key(centre: Centre, label: str) -> str:
    partner = PartnerId(PARTNER)
    issue = issue_api_key(centre.means, OPERATOR, partner=partner, scopes=_SCOPES, label=label)
    return centre.run(issue).reveal()


def _tidy(journal: SqlJournal) -> None:
    # A copy's sealed contact opens nowhere; one that was erased is nobody's trouble.
    with journal.writing() as connection:
        connection.execute(delete(CONTACTS))
    # What a database of that age has long done by itself.
    with journal.reading() as connection:
        engine = connection.engine
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.execute(text("CHECKPOINT"))


def _read_versions(journal: SqlJournal) -> Iterator[tuple[str, int]]:
    floors = select(LIST_FLOORS.c.site, LIST_FLOORS.c.position)
    newest = select(LIST_ENTRIES.c.site, func.max(LIST_ENTRIES.c.position)).group_by(
        LIST_ENTRIES.c.site
    )
    with journal.reading() as connection:
        known: dict[str, int] = {str(site): int(at) for site, at in connection.execute(floors)}
        for site, at in connection.execute(newest):
            yield str(site), max(int(at), known.get(str(site), 0))


def _read_parcels(journal: SqlJournal) -> Iterator[tuple[str, KnownParcel]]:
    grants: Any = select(LIST_ENTRIES.c.site, LIST_ENTRIES.c.body).where(
        LIST_ENTRIES.c.key.startswith("grant/"),
        LIST_ENTRIES.c.is_present,
        LIST_ENTRIES.c.body.is_not(None),
    )
    with journal.reading() as connection:
        for site, body in connection.execute(grants):
            granted = _GRANTED.decode(bytes(body))
            yield str(site), KnownParcel(parcel=granted.parcel, grant=granted.grant)
