"""What must be so after a cut, whatever the moment; each sentence returned is a broken promise.

Nothing here asks the product's rules: facts are read from the files as they lie there, and compared
with what was told and with what locks and hands have done.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from restante.core.compartment import Content, Door
from restante.core.streams import KINDS
from restante.edge.store import open_locker_journal
from restante.journal.port import Stored
from restante.journal.sqlite import SqliteJournal
from restante.journal.verify import verify
from restante.settings import Settings
from restante.views.inline import derive
from restante.views.tables import VIEWS, WATERMARKS
from tests.held import as_held
from tests.operations.house import LOCKER
from tests.power.stage import STREAM, Stage
from tests.power.story import Story
from tests.power.told import Silent, Told

FACTS_MAX = 100_000


def check_remains(folder: Path, told: Sequence[Told], seed: int) -> list[str]:
    """Look at the files after a cut, start everything again, and look once more."""
    broken: list[str] = []
    try:
        broken += _check_files(folder, told)
        if not broken:
            broken += _check_restart(folder, told, seed)
    except Exception as error:
        broken.append(f"cannot go on: {type(error).__name__}: {error}")
    return broken


# ── The files ─────────────────────────────────────────────────────────────────────────────────


def _check_files(folder: Path, told: Sequence[Told]) -> list[str]:
    centre = SqliteJournal(
        str(Settings(data_dir=folder / "centre").journal_path),
        KINDS,
        derive=derive,
        inline=VIEWS,
        durability="relaxed",
    )
    broken = _check_sound("centre", centre) + _check_partner(centre, told)
    mirrored, marks = _read_mirror(centre)
    centre.close()
    for line in told:
        if line.what == "ack" and len(mirrored.get(line.epoch, {})) < line.seq:
            held = len(mirrored.get(line.epoch, {}))
            broken.append(f"acknowledged {line.seq} facts of a locker, the centre holds {held}")
    for life in range(1, max((line.life for line in told), default=0) + 1):
        broken += _check_life(folder, told, life, mirrored)
    for epoch, mark in marks.items():
        if sorted(mirrored.get(epoch, {})) != list(range(1, mark + 1)):
            broken.append(f"the watermark {mark} is not what the centre holds")
    return broken


def _check_life(
    folder: Path, told: Sequence[Told], life: int, mirrored: dict[str, dict[int, bytes]]
) -> list[str]:
    path = folder / "locker" / f"{life}.sqlite"
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True)
    locker = open_locker_journal(str(path), durability="relaxed")
    broken = _check_sound("locker", locker)
    facts = locker.stored(STREAM, after_version=0, limit=FACTS_MAX)
    memo = _read_memo(locker)
    locker.close()
    mine = [line for line in told if line.life == life]
    epoch = memo.get("epoch", "")
    for line in mine:
        if line.what == "person" and line.seq:
            found = facts[line.seq - 1].hash.hex() if line.seq <= len(facts) else "nothing"
            if found != line.hash or line.epoch != epoch:
                broken.append(
                    f"a person was told {line.text!r} on {line.seq} facts, "
                    f"the locker holds {len(facts)}"
                )
                break
    known = mirrored.get(epoch, {})
    if int(memo.get("watermark", "0")) > len(known):
        broken.append(
            f"the locker trusts that {memo['watermark']} facts are safe, not {len(known)}"
        )
    for fact in facts:
        if known.get(fact.version, fact.body) != fact.body:
            broken.append(f"fact {fact.version} of {epoch} differs at the centre")
    held = max((line.version for line in mine if line.what == "list"), default=0)
    if int(memo.get("list_version", "0")) < held:
        broken.append(f"held list {held}, now {memo.get('list_version', '0')}")
    return (
        broken
        + _check_list_order(mine)
        + _check_attempts(facts, mine)
        + _check_releases(facts, told)
        + _check_orders(facts)
        + _check_pulses(facts, mine, told, life)
    )


def _check_list_order(mine: Sequence[Told]) -> list[str]:
    versions = [line.version for line in mine if line.what == "list"]
    if versions != sorted(versions):
        return ["a list was applied backwards"]
    return []


def _check_attempts(facts: Sequence[Stored], mine: Sequence[Told]) -> list[str]:
    looked = sum(line.what == "looked" for line in mine)
    counted = sum(fact.tag == "attempt.counted.v1" for fact in facts)
    if looked > counted:
        return [f"{looked} codes were compared, {counted} tries counted"]
    return []


def _check_orders(facts: Sequence[Stored]) -> list[str]:
    taken = Counter(
        msgspec.json.decode(fact.body)["order"]
        for fact in facts
        if fact.tag == "locker.order_taken.v1"
    )
    return [f"order {order} was taken {count} times" for order, count in taken.items() if count > 1]


def _check_releases(facts: Sequence[Stored], told: Sequence[Told]) -> list[str]:
    """A compartment is free on evidence, or when its window is over."""
    until: dict[str, int] = {}
    broken = []
    for fact in facts:
        body = msgspec.json.decode(fact.body)
        if fact.tag == "handoff.collected.v1":
            until[body["compartment"]] = body["reopen_until"]
        elif fact.tag == "compartment.freed.v1":
            is_early = body["at"] < until.get(body["compartment"], 0)
            if is_early and body["evidence"] == "reopen_window":
                broken.append(f"{body['compartment']} was freed before its window was over")
    return broken


def _check_pulses(
    facts: Sequence[Stored], mine: Sequence[Told], told: Sequence[Told], life: int
) -> list[str]:
    intended = {
        msgspec.json.decode(fact.body)["opening"]
        for fact in facts
        if fact.tag == "compartment.opening_intended.v1"
    }
    pulses = _pulses_of(told, life)
    broken = [
        f"{opening or 'an opening nobody intended'}: {count} pulses"
        for opening, count in Counter(pulses).items()
        if count > 1
    ]
    broken += [
        f"pulsed for {opening or 'no opening'}, which is not on the disk"
        for opening in pulses
        if opening not in intended
    ]
    return broken


def _pulses_of(told: Iterable[Told], life: int) -> list[str]:
    now = 0
    found = []
    for line in told:
        if line.what == "life":
            now = line.life
        elif line.what == "pulse" and now == life:
            found.append(line.opening)
    return found


def _check_sound(whose: str, journal: SqliteJournal) -> list[str]:
    report = verify(journal, KINDS)
    return [] if report.is_sound else [f"{whose}: {report.text()}"]


def _check_partner(centre: SqliteJournal, told: Sequence[Told]) -> list[str]:
    lines = [line for line in told if line.what == "partner"]
    if not lines:
        return []
    last = lines[-1]
    found = centre.stored_after(last.seq - 1, limit=1)
    if not found or found[0].hash.hex() != last.hash:
        return [f"a partner was told {last.text!r}, and it is gone"]
    return []


def _read_mirror(centre: SqliteJournal) -> tuple[dict[str, dict[int, bytes]], dict[str, int]]:
    mirrored: dict[str, dict[int, bytes]] = {}
    for fact in centre.stored(STREAM, after_version=0, limit=FACTS_MAX):
        if fact.origin is not None:
            mirrored.setdefault(fact.origin.epoch, {})[fact.origin.seq] = fact.body
    with centre.reading() as connection:
        wanted = select(WATERMARKS.c.epoch, WATERMARKS.c.seq).where(WATERMARKS.c.locker == LOCKER)
        marks = {epoch: int(seq) for epoch, seq in connection.execute(wanted)}
    return mirrored, marks


def _read_memo(journal: SqliteJournal) -> dict[str, str]:
    with journal.reading() as connection:
        rows = connection.exec_driver_sql("SELECT key, value FROM edge_memo")
        return {str(key): str(value) for key, value in rows}


# ── The life after ────────────────────────────────────────────────────────────────────────────


def _check_restart(folder: Path, told: Sequence[Told], seed: int) -> list[str]:
    after = Silent()
    stage = Stage(folder, seed, after, past=told, durability="relaxed")
    if not stage.life:
        stage.centre.close()
        return []
    try:
        stage.start_locker()
        stage.controller.tick()
        broken = []
        if stage.board.pulses:
            broken.append("a lock was pulsed by starting")
        broken += _check_cabinet(stage) + _check_counts(stage)
        story = Story(stage, seed)
        # The centre tells the time first: a locker in doubt about it takes no orders at all.
        story.wire.pump(is_good=True)
        _say_orders_again(stage, told)
        story.settle()
        if stage.uplink.divergence:
            broken.append(stage.uplink.divergence)
        broken += _check_arrived(stage) + _check_list(stage)
    finally:
        stage.close()
    return broken or _check_files(folder, [*told, *after.lines])


def _say_orders_again(stage: Stage, told: Sequence[Told]) -> None:
    """Whoever listened on the wire says every order once more."""
    for line in told:
        if line.what == "order" and line.life == stage.life:
            stage.uplink.receive(bytes.fromhex(line.text), stage.now)
            for name in stage.board.open_doors():
                stage.board.close(name)
            stage.controller.tick()


def _check_cabinet(stage: Stage) -> list[str]:
    """What lies in a compartment is known to lie there, or somebody will look."""
    broken = []
    for name, known in stage.controller.state.compartments.items():
        inside, is_open = stage.board.inside(name), stage.board.is_open(name)
        is_sure = known.door is Door.CLOSED and not is_open
        if inside is not None and known.content is Content.FREE and is_sure:
            broken.append(f"{inside} lies in {name}, which counts as free")
        if known.content is Content.OCCUPIED and is_sure and inside != known.parcel:
            broken.append(f"{known.parcel} should lie in {name}, where {inside} is")
        if is_open and known.door is Door.CLOSED:
            broken.append(f"{name} stands open and counts as shut")
    return broken


def _check_counts(stage: Stage) -> list[str]:
    """Only a right code takes back its own wrong tries (counted again from the facts)."""
    counts: Counter[str] = Counter()
    attempt, keys = "", []
    for fact in stage.journal.stored(STREAM, after_version=0, limit=FACTS_MAX):
        body: dict[str, Any] = msgspec.json.decode(fact.body)
        match fact.tag:
            case "attempt.counted.v1":
                attempt, keys = body["attempt"], body.get("keys", [])
                counts.update(keys)
            case "attempt.proved.v1" if body["attempt"] == attempt:
                counts.subtract(keys)
            case "attempt.forgotten.v1":
                for key in body["keys"]:
                    counts.pop(key, None)
                keys = [key for key in keys if key not in body["keys"]]
    wanted = {key: count for key, count in counts.items() if count > 0}
    found = dict(stage.controller.state.tried.by_key)
    return [] if wanted == found else [f"wrong tries {wanted}, counted as {found}"]


def _check_arrived(stage: Stage) -> list[str]:
    mirrored, _ = _read_mirror(stage.centre.journal)
    mine = stage.journal.stored(STREAM, after_version=0, limit=FACTS_MAX)
    there = mirrored.get(stage.controller.store.epoch, {})
    if [fact.body for fact in mine] == [there[seq] for seq in sorted(there)]:
        return []
    return [f"the locker holds {len(mine)} facts, the centre {len(there)} of them"]


def _check_list(stage: Stage) -> list[str]:
    site = stage.centre.hub.end_for(LOCKER).site
    whole = stage.centre.hub.lists.delta(site, 0)
    pepper, cost = stage.centre.keyring.pepper(site), stage.controller.config.verifier_cost
    wanted = {change.key: as_held(change.entry, pepper, cost) for change in whole.changes}
    listed = stage.controller.allowed.listed
    found = {key: one.entry for key, one in listed.items() if not one.is_ended}
    return [] if wanted == found else ["the locker's list is not the centre's"]
