"""Furnish the largest locker there is: every compartment full, every code live.

For measuring, on the disk it is measured on: the same file, keys and journal that a locker in the
street has, its verifiers at full cost. Its boards are expected on a line; an emulator will do.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path
from typing import Final, NamedTuple

from ..access import (
    STANDARD,
    Action,
    Claims,
    Keyring,
    Pin,
    export_locker_keys,
    make_pin,
    make_verifier,
    sign_token,
    write_locker_keys,
)
from ..access.keyring import Purpose as KeyPurpose
from ..clock import Clock, Minter
from ..core import compartment, door, locker, session
from ..core.grant import Purpose
from ..core.hold import HoldPolicy
from ..core.ids import (
    ActorId,
    CompartmentId,
    CourierId,
    GrantId,
    LockerId,
    OpeningId,
    ParcelId,
    PartnerId,
    RecipientId,
    SessionId,
    SiteId,
)
from ..core.size import CompartmentSpec, ParcelSize
from ..core.value import DAY, Grams, Millimeters, UtcSeconds
from ..edge.boards.emulator import Lock
from ..edge.config import LockerConfig
from ..edge.store import LockerStore, open_locker_journal
from ..link.message import CollectGrant, ExpectedParcel, ListChange, PinVerifier, SiteNote

LOCKER: Final = LockerId("bench-1")
SITE: Final = SiteId("bench")
KIND: Final = "8a-24"
LOCKS: Final = 24
"""Locks on each of its boards."""
ROWS: Final = 10
COURIER: Final = CourierId("bench-courier")
PARTNER: Final = PartnerId("bench-partner")

_FILE: Final = """\
locker = "{locker}"
site = "{site}"
name = "The largest locker"
data = "locker.sqlite"
keys = "locker.keys.json"

[board]
kind = "{kind}"
port = "{port}"
pause_ms = 0
solenoid_ms = 0
look_ms = 1

[board.locks]
"""
_LOCK: Final = "{name} = {{ board = {board}, lock = {lock} }}\n"
_COMPARTMENT: Final = """
[[compartments]]
id = "{id}"
column = {column}
row = {row}
width_mm = {width_mm}
height_mm = {height_mm}
depth_mm = {depth_mm}
opening_width_mm = {opening_width_mm}
opening_height_mm = {opening_height_mm}
weight_g_max = {weight_g_max}
bottom_height_mm = {bottom_height_mm}
"""


class Credential(NamedTuple):
    """What one recipient was sent, and where the parcel lies."""

    compartment: CompartmentId
    lock: Lock
    grant: GrantId
    token: str
    pin: str


class FullLocker(NamedTuple):
    """A locker on the disk, ready to start."""

    file: Path
    config: LockerConfig
    credentials: tuple[Credential, ...]
    """One for every compartment."""
    changes: tuple[ListChange, ...]
    """Its list, whole."""

    @property
    def boards(self) -> range:
        """Addresses its boards answer to."""
        return range(1, 2 + (len(self.credentials) - 1) // LOCKS)


def furnish(folder: Path, clock: Clock, *, compartments: int, codes: int, port: str) -> FullLocker:
    """Write a locker's file, keys and journal into a folder.

    Parameters
    ----------
    codes
        How many codes, from the first on, will be typed: no hash of their own is computed for the
        others.
    port
        Where its boards are, such as ``socket://127.0.0.1:4001``.
    """
    minter, now = Minter(clock), clock.now()
    keyring = Keyring.in_memory(minter.secret_bytes(32), now)
    keyring.make_peppers([SITE])
    write_locker_keys(folder / "locker.keys.json", export_locker_keys(keyring, SITE))
    specs = tuple(_spec(index) for index in range(compartments))
    config = LockerConfig(locker=LOCKER, site=SITE, specs=specs, verifier_cost=STANDARD)
    file = folder / "locker.toml"
    file.write_text(_write_file(specs, port), encoding="utf-8")
    pins = _draw_pins(keyring, minter, compartments)
    credentials = tuple(
        Credential(
            compartment=spec.id,
            lock=_lock(index),
            grant=_grant(index),
            token=_sign(keyring, minter, index, now),
            pin=pins[index].reveal(),
        )
        for index, spec in enumerate(specs)
    )
    changes = (*_list(keyring, pins, codes, now), _note())
    store = LockerStore(open_locker_journal(str(folder / "locker.sqlite")), config, minter)
    try:
        _fill(store, config, changes, now)
    finally:
        store.close()
    return FullLocker(file, config, credentials, changes)


def _spec(index: int) -> CompartmentSpec:
    column, row = divmod(index, ROWS)
    return CompartmentSpec(
        id=CompartmentId(f"C{index + 1:03d}"),
        column=column,
        row=row,
        width_mm=Millimeters(380),
        height_mm=Millimeters(170),
        depth_mm=Millimeters(640),
        opening_width_mm=Millimeters(372),
        opening_height_mm=Millimeters(162),
        weight_g_max=Grams(20_000),
        bottom_height_mm=Millimeters(1_700 - row * 175),
    )


def _write_file(specs: tuple[CompartmentSpec, ...], port: str) -> str:
    parts = [_FILE.format(locker=LOCKER, site=SITE, kind=KIND, port=port)]
    for index, spec in enumerate(specs):
        board, lock = _lock(index)
        parts.append(_LOCK.format(name=spec.id, board=board, lock=lock))
    fields = CompartmentSpec.__struct_fields__
    parts += [_COMPARTMENT.format(**{f: getattr(spec, f) for f in fields}) for spec in specs]
    return "".join(parts)


def _lock(index: int) -> Lock:
    board, lock = divmod(index, LOCKS)
    return board + 1, lock + 1


def _parcel(index: int) -> ParcelId:
    return ParcelId(f"p{index:026d}")


def _grant(index: int) -> GrantId:
    return GrantId(f"g{index:026d}")


def _draw_pins(keyring: Keyring, minter: Minter, count: int) -> list[Pin]:
    pins: list[Pin] = []
    for _ in range(count):
        selectors = [pin.selector for pin in pins]
        pepper = keyring.pepper(SITE)
        pins.append(make_pin(entropy=minter.secret_bytes, pepper=pepper, live_selectors=selectors))
    return pins


def _sign(keyring: Keyring, minter: Minter, index: int, now: UtcSeconds) -> str:
    claims = Claims(
        issuer="bench",
        subject=_grant(index),
        audience=(SITE,),
        issued_at=now,
        not_before=now,
        expires_at=UtcSeconds(now + DAY),
        token_id=minter.secret_bytes(8),
        action=Action.COLLECT,
        grant=_grant(index),
    )
    return sign_token(claims, keyring.current(KeyPurpose.TOKEN)).reveal()


def _list(keyring: Keyring, pins: list[Pin], codes: int, now: UtcSeconds) -> Iterator[ListChange]:
    pepper = keyring.pepper(SITE)
    with ThreadPoolExecutor(cpu_count()) as pool:  # argon2 lets go of the interpreter's lock
        made = list(pool.map(lambda pin: make_verifier(pin, pepper, STANDARD), pins[:codes]))
    # As long and as slow to look at as one of their own.
    made += [made[0]] * (len(pins) - len(made))
    for index, (pin, verifier) in enumerate(zip(pins, made, strict=True)):
        parcel, grant = _parcel(index), _grant(index)
        yield ListChange(key=f"parcel/{parcel}", entry=expected_parcel(parcel, now))
        collect = CollectGrant(
            grant=grant,
            parcel=parcel,
            purpose=Purpose.COLLECT,
            valid_from=now,
            valid_until=UtcSeconds(now + DAY),
            recipient=RecipientId(f"r{index:026d}"),
        )
        yield ListChange(key=f"grant/{grant}", entry=collect)
        typed = PinVerifier(grant=grant, selector=pin.selector, verifier=verifier.encode())
        yield ListChange(key=f"pin/{grant}", entry=typed)


def expected_parcel(parcel: ParcelId, now: UtcSeconds) -> ExpectedParcel:
    """Make a parcel that may be put in for a day."""
    return ExpectedParcel(
        parcel=parcel,
        partner=PARTNER,
        label=f"LABEL{parcel.upper()}",
        size=ParcelSize(
            length_mm=Millimeters(300),
            width_mm=Millimeters(200),
            height_mm=Millimeters(60),
            weight_g=Grams(900),
        ),
        needs_low_door=False,
        hold=HoldPolicy(),
        deposit_until=UtcSeconds(now + DAY),
    )


def _note() -> ListChange:
    note = SiteNote(
        site=SITE, name="The largest locker", zone="UTC", expected_pickups_per_day=4_000
    )
    return ListChange(key="site", entry=note)


def _fill(
    store: LockerStore, config: LockerConfig, changes: tuple[ListChange, ...], now: UtcSeconds
) -> None:
    """Let a courier put a parcel into every compartment: one transaction, never measured."""
    after, differing = store.merge_list(changes, is_whole=True)
    names = tuple(spec.id for spec in config.specs)
    visit = SessionId("s-furnish")
    commands: list[locker.LockerCommand] = [
        locker.InstallLocker(at=now, locker=config.locker, compartments=names),
        session.StartSession(
            at=now, session=visit, role=session.Role.COURIER, courier=COURIER, partner=PARTNER
        ),
    ]
    for index, name in enumerate(names):
        opening = OpeningId(f"o{index:026d}")
        commands += [
            compartment.Assign(at=now, compartment=name, parcel=_parcel(index), session=visit),
            locker.OpenForCourier(
                at=now, compartment=name, opening=opening, purpose=Purpose.DEPOSIT
            ),
            door.ReportOpening(at=now, compartment=name, opening=opening, failure=None),
            door.NoticeDoor(at=now, compartment=name, is_open=False, has_content=None),
        ]
    commands.append(session.EndSession(at=now, why="done"))
    store.keep_list(
        after,
        differing,
        version=1,
        commands=commands,
        by=ActorId(f"locker:{config.locker}"),
        at=now,
    )
