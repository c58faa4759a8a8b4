"""What must be so when everything is up again; each sentence returned is a broken promise.

Facts are read from the tables as they lie there and compared with what was told. The product is
asked only whether its own record is sound.
"""

import mailbox
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psycopg

from restante.clock import Minter, VirtualClock
from restante.core.streams import KINDS
from restante.core.value import UtcSeconds
from restante.journal.inspection import SKIPS_KEY
from restante.journal.port import CLAIM_SECONDS
from restante.journal.verify import verify
from restante.link.message import ReportedFact
from restante.settings import Settings
from restante.views.webhook_tables import message_id
from restante.wiring.centre import open_centre
from restante.wiring.record import open_journal
from tests.crash.load import Told
from tests.webhooks.receivers import Received


class Findings(NamedTuple):
    """What is broken."""

    lost: int
    """How much was acknowledged and is gone."""
    twice: int
    """Effects that happened more than once."""
    facts: int
    """How many facts the record was found sound with; 0 when it is not."""
    broken: list[str]
    """Each a sentence; empty when everything is as it was told."""

    def __str__(self) -> str:
        verified = f"verify sound ({self.facts} facts)" if self.facts else "verify NOT SOUND"
        why = f": {self.broken[0]}" if self.broken else ""
        return f"{self.lost} lost, {self.twice} twice, {verified}{why}"


class Left(NamedTuple):
    """What is in the tables."""

    announced: dict[str, list[str]]
    """Parcels of each label."""
    mirrored: dict[tuple[str, str], dict[int, list[bytes]]]
    """Bodies of each life of a locker, by number; more than one is one too many."""
    custody: Counter[tuple[str, str]]
    """How often each parcel was taken, and given away."""
    quarantined: set[tuple[str, str, int]]
    work: set[str]
    """Keys of what was asked to be told."""
    wanted: set[str]
    """Keys that must be among them: one for every parcel given away, beside that very fact. Of what
    was put in nothing is told when it was gone again in the same report."""
    skips: dict[int, int]
    """Positions a centre left out because it missed facts it had been told are written."""


def read_left(address: str) -> Left:
    """Read the tables."""
    announced: dict[str, list[str]] = {}
    mirrored: dict[tuple[str, str], dict[int, list[bytes]]] = {}
    custody: Counter[tuple[str, str]] = Counter()
    wanted: set[str] = set()
    with psycopg.connect(address) as connection:
        rows = connection.execute(
            "SELECT kind, owner, version, tag, body, origin_epoch, origin_seq FROM facts "
            'ORDER BY "position"'
        )
        for kind, owner, version, tag, body, epoch, seq in rows:
            if kind == "locker" and seq is not None:
                mirrored.setdefault((owner, epoch), {}).setdefault(seq, []).append(bytes(body))
            elif tag == "parcel.announced.v1":
                label = msgspec.json.decode(body)["about"]["label"]
                announced.setdefault(label, []).append(owner)
            elif tag in ("parcel.deposited.v1", "parcel.collected.v1"):
                custody[owner, tag] += 1
                if tag == "parcel.collected.v1":
                    wanted.add(f"notice/{owner}/collected/{version}")
        asked = connection.execute("SELECT locker, epoch, seq FROM quarantine")
        quarantined = {(str(row[0]), str(row[1]), int(row[2])) for row in asked}
        work = {str(row[0]) for row in connection.execute("SELECT key FROM outbox")}
        kept = connection.execute("SELECT value FROM meta WHERE key = %s", [SKIPS_KEY]).fetchone()
        skips = msgspec.json.decode(kept[0], type=dict[int, int]) if kept else {}
    return Left(announced, mirrored, custody, quarantined, work, wanted, skips)


def find_lost(told: Told, left: Left) -> list[object]:
    """Name what was acknowledged and is gone: labels, and numbers of facts with their life."""
    lost: list[object] = [
        label
        for label, parcel in told.parcels.items()
        if parcel not in left.announced.get(label, [])
    ]
    for life, seq in told.acknowledged.items():
        kept, sent = left.mirrored.get(life, {}), told.facts[life]
        lost += [(life, n) for n in range(1, seq + 1) if _body(sent[n - 1]) not in kept.get(n, [])]
    return lost


def check_left(told: Told, address: str, data: Path, received: Sequence[Received]) -> Findings:
    """Compare everything, let what waits be told, and compare that."""
    left = read_left(address)
    lost = find_lost(told, left)
    twice = _find_twice(left)
    broken = [f"{len(lost)} acknowledged are gone, {lost[0]} first"] if lost else []
    broken += told.broken + twice + _check_whole(left) + _check_quarantine(left)
    # No server took over and no copy was put back here: every fact that was told must be there.
    if left.skips:
        broken.append(f"a centre missed facts it was told are written: left out {left.skips}")
    _tell_what_waits(address, data)
    letters = _read_letters(data)
    again = [f"{to} got {subject!r} {n} times" for (to, subject), n in letters.items() if n > 1]
    broken += (
        again
        + _check_work(left)
        + _check_letters(left, letters)
        + _check_deliveries(left, address, received)
    )
    facts = 0
    with closing(open_journal(Settings(data_dir=data, database_url=address))) as journal:
        report = verify(journal, KINDS)
        if not report.is_sound:
            broken.append(report.text())
        elif changed := journal.refold():  # type: ignore[attr-defined]
            broken.append(f"folding the facts anew gives {changed} other states")
        else:
            facts = report.facts
    return Findings(len(lost), len(twice) + len(again), facts, broken)


def _find_twice(left: Left) -> list[str]:
    twice = [
        f"{label} was announced {len(parcels)} times"
        for label, parcels in left.announced.items()
        if len(parcels) > 1
    ]
    for life, kept in left.mirrored.items():
        twice += [f"fact {n} of {life} lies there twice" for n in kept if len(kept[n]) > 1]
    twice += [f"{tag} of {parcel} {n} times" for (parcel, tag), n in left.custody.items() if n > 1]
    return twice


def _check_whole(left: Left) -> list[str]:
    broken = [
        f"facts of {life} have gaps"
        for life, kept in left.mirrored.items()
        if sorted(kept) != list(range(1, len(kept) + 1))
    ]
    happened: Counter[tuple[str, str]] = Counter()
    for kept in left.mirrored.values():
        for bodies in kept.values():
            fact: dict[str, Any] = msgspec.json.decode(bodies[0])
            tag = str(fact.get("type", ""))
            if tag in ("handoff.deposited.v1", "handoff.collected.v1"):
                happened[fact["parcel"], tag.replace("handoff", "parcel")] += 1
    if happened != left.custody:
        odd = [key for key in happened | left.custody if happened[key] != left.custody[key]]
        broken.append(
            f"{len(odd)} handoffs have not exactly one effect: {odd[0]} happened "
            f"{happened[odd[0]]} times, with {left.custody[odd[0]]} effects"
        )
    return broken


def _check_quarantine(left: Left) -> list[str]:
    poison = {
        (locker, epoch, n)
        for (locker, epoch), kept in left.mirrored.items()
        for n, bodies in kept.items()
        if b"nobody.knows" in bodies[0]
    }
    if poison != left.quarantined:
        return [f"{len(poison)} facts are not understood, {len(left.quarantined)} in quarantine"]
    return []


def _tell_what_waits(address: str, data: Path) -> None:
    """Perform what lies in the outbox, after whoever claimed it and died has had his time."""
    with closing(open_journal(Settings(data_dir=data, database_url=address))) as journal:
        now = max(fact.recorded_at for fact in journal.stored_after(journal.head() - 1, limit=1))
    clock = VirtualClock(UtcSeconds(now + CLAIM_SECONDS + 60))
    settings = Settings(data_dir=data, database_url=address)
    centre = open_centre(settings, clock, Minter(clock))
    with closing(centre), redirect_stdout(StringIO()):
        while centre.worker.turn(500):
            pass
        while centre.deliveries.follow():
            pass


def _read_letters(data: Path) -> Counter[tuple[str, str]]:
    letters: Counter[tuple[str, str]] = Counter()
    for path in (data / "mailbox" / "cur").iterdir():
        with path.open("rb") as file:
            message = mailbox.MaildirMessage(file)
        letters[str(message["To"]), str(message["Subject"])] += 1
    return letters


def _check_work(left: Left) -> list[str]:
    """Look whether everything that is to be told lies in the outbox, told or not."""
    asked = {key.split("/")[1] for key in left.work}
    announced = {parcel for parcels in left.announced.values() for parcel in parcels}
    missing = [key for key in sorted(left.wanted - left.work) if key.split("/")[1] in announced]
    missing += [
        f"any for {tag} of {parcel}"
        for parcel, tag in left.custody
        if parcel in announced and parcel not in asked
    ]
    if not missing:
        return []
    return [f"notices of {len(missing)} handoffs are not in the outbox: {missing[0]} first"]


def _check_letters(left: Left, letters: Counter[tuple[str, str]]) -> list[str]:
    reached = {to.partition("@")[0] for to, _ in letters}
    label_of = {parcel: label for label, parcels in left.announced.items() for parcel in parcels}
    deposited = (parcel for parcel, tag in left.custody if tag == "parcel.deposited.v1")
    # One that is announced no more, though it was, has nobody who could be told: it is lost.
    labels = [label_of[parcel] for parcel in deposited if parcel in label_of]
    untold = [label for label in labels if label not in reached]
    return [f"{len(untold)} deposits nobody was told of, {untold[0]} first"] if untold else []


def _check_deliveries(left: Left, address: str, received: Sequence[Received]) -> list[str]:
    """Compare what partners' programs are told of with what happened."""
    query = "SELECT webhook, subject, position FROM webhook_deliveries"
    with psycopg.connect(address) as connection:
        rows = connection.execute(query).fetchall()
    broken = []
    noted = Counter(str(subject) for _, subject, _ in rows)
    wanted = Counter(
        f"parcel/{parcel}"
        for (parcel, tag), count in left.custody.items()
        for _ in range(count)
        if tag == "parcel.deposited.v1"
    )
    if noted != wanted:
        odd = sorted((noted - wanted) + (wanted - noted))
        broken.append(f"{len(odd)} deposits are not noted once for webhooks, {odd[0]} first")
    known = {message_id(webhook, subject, position) for webhook, subject, position in rows}
    if strange := {one.id for one in received} - known:
        broken.append(f"{len(strange)} webhooks tell of nothing that is there: {min(strange)}")
    return broken


def _body(reported: bytes) -> bytes:
    return bytes(msgspec.json.decode(reported, type=ReportedFact).fact)
