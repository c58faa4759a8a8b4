"""A broker that wants doors open: it has heard everything, keeps it, and says what it likes.

It knows every message that was ever sent, and what the locker's screen shows. It has no key. The
kinds named ``signed_*`` are more than a broker can do: they are signed with the centre's own keys,
as if the rest of the centre were against the locker too.
"""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from restante.access import Keyring, Purpose, sign_document
from restante.core.grant import Purpose as For
from restante.core.ids import ActorId, CompartmentId, GrantId, OrderId, ParcelId, locker_stream
from restante.core.order import AHEAD_SECONDS_MAX, OrderRefused
from restante.core.value import UtcSeconds
from restante.edge.presence import CHALLENGE_LIFE_SECONDS
from restante.link.message import (
    CollectGrant,
    ListChange,
    ListUpdate,
    Order,
    Signed,
    TimeSignal,
    decode_from_centre,
    encode_message,
    signed_bytes,
)
from tests.operations.afar import Afar
from tests.operations.house import LOCKER, OTHER_LOCKER, layout

NAMES = tuple(spec.id for spec in layout())


class Fooled(AssertionError):
    """A lie did something: its kind, and what."""

    def __init__(self, kind: str, what: str) -> None:
        super().__init__(f"{kind} {what}")
        self.kind = kind


class Hostile:
    """Says anything to one locker, and counts what becomes of it."""

    def __init__(self, afar: Afar, parcel: ParcelId, seed: int) -> None:
        self.afar = afar
        self.dice = random.Random(seed)
        self.parcel = parcel
        self.place: CompartmentId = afar.house.file(parcel).custody.place.compartment
        self.grant: GrantId = afar.house.grant(parcel)
        self.stranger = Keyring.in_memory(b"stranger", afar.now)
        self.number = 0
        self.answers: dict[str, Counter[str]] = {}
        self._written: list[tuple[str, int, int]] = []
        self.kinds: dict[str, Callable[[], bytes]] = {
            kind: getattr(self, f"make_{kind}") for kind in KINDS
        }

    # ── What it says ──────────────────────────────────────────────────────────────────────────

    def heard(self, kind: type | None = None) -> Any:
        """Draw one of the messages that were really sent."""
        while True:
            message = decode_from_centre(self.dice.choice(self.afar.tap.said))
            if kind is None or isinstance(message, kind):
                return message

    def order(self, **changes: Any) -> Order:
        """Write an order that would open, were it signed."""
        self.number += 1
        now = self.afar.now
        given: dict[str, Any] = {
            "locker": LOCKER,
            "epoch": self.afar.controller.store.epoch,
            "order": OrderId(f"d-bad-{self.number}"),
            "counter": self.afar.controller.state.orders.counter + 1,
            "compartment": self.dice.choice(NAMES),
            "purpose": For.SERVICE,
            "issued_at": now,
            "expires_at": UtcSeconds(now + 60),
            "asked_by": ActorId("operator:ada"),
            "challenge": self.afar.controller.orders.challenge(),
        }
        return Order(**{**given, **changes})

    def sign(self, message: Signed, purpose: Purpose, keyring: Keyring | None = None) -> bytes:
        """Sign as the centre does; a stranger names the centre's key all the same."""
        kid = self.afar.centre.keyring.current(purpose).kid
        key = (keyring or self.afar.centre.keyring).current(purpose)
        named = replace(message, kid=kid)
        return encode_message(
            replace(named, signature=sign_document(signed_bytes(named), key).value)
        )

    def make_noise(self) -> bytes:
        return self.dice.randbytes(self.dice.randrange(1, 400))

    def make_bits_flipped(self) -> bytes:
        body = bytearray(encode_message(self.heard()))
        for _ in range(self.dice.randrange(1, 4)):
            body[self.dice.randrange(len(body))] ^= 1 << self.dice.randrange(8)
        return bytes(body)

    def make_cut_short(self) -> bytes:
        body = encode_message(self.heard())
        return body[: self.dice.randrange(len(body))]

    def make_unsigned(self) -> bytes:
        return encode_message(self.order(kid=self.heard().kid))

    def make_forged(self) -> bytes:
        return self.sign(self.order(), Purpose.COMMAND, self.stranger)

    def make_signed_with_the_key_for_lists(self) -> bytes:
        return self.sign(self.order(), Purpose.LIST)

    def make_signature_of_another_message(self) -> bytes:
        other = self.heard()
        return encode_message(self.order(kid=other.kid, signature=other.signature))

    def make_field_changed(self) -> bytes:
        true = self.heard(Order)
        fresh = self.order()
        names = self.dice.sample(
            ("compartment", "order", "issued_at", "expires_at", "challenge"), 3
        )
        changes = {name: getattr(fresh, name) for name in names}
        return encode_message(replace(true, counter=fresh.counter, **changes))

    def make_replayed_order(self) -> bytes:
        return encode_message(self.heard(Order))

    def make_replayed_anything(self) -> bytes:
        return encode_message(self.heard())

    def make_old_list(self) -> bytes:
        held = self.afar.controller.store.list_version
        while True:
            update = self.heard(ListUpdate)
            if update.version < held:
                return encode_message(update)

    def make_forged_list(self) -> bytes:
        entry = CollectGrant(
            grant=GrantId("g-bad"),
            parcel=self.parcel,
            purpose=For.COLLECT,
            valid_from=UtcSeconds(0),
            valid_until=UtcSeconds(2**40),
        )
        update = ListUpdate(
            locker=LOCKER,
            base_version=0,
            version=10**9,
            changes=(ListChange(key="grant/g-bad", entry=entry),),
        )
        if self.dice.random() < 0.5:
            return self.sign(update, Purpose.LIST, self.stranger)
        return self.sign(update, Purpose.COMMAND)

    def make_old_time(self) -> bytes:
        return encode_message(self.heard(TimeSignal))

    def make_forged_time(self) -> bytes:
        at_ms = (self.afar.now + self.dice.randrange(-(10**9), 10**9)) * 1000
        told = TimeSignal(
            locker=LOCKER, at_ms=abs(at_ms), challenge=self.afar.controller.orders.challenge()
        )
        return self.sign(told, Purpose.LIST, self.stranger)

    # Signed with the centre's own key, and still wrong.

    def signed(self, **changes: Any) -> bytes:
        return self.sign(self.order(**changes), Purpose.COMMAND)

    def make_signed_time_held_back(self) -> bytes:
        at_ms = (self.afar.now - self.dice.randrange(1, 10**6)) * 1000
        told = TimeSignal(locker=LOCKER, at_ms=at_ms, challenge=self.old_challenge())
        return self.sign(told, Purpose.LIST)

    def make_signed_held_back(self) -> bytes:
        issued = self.afar.now - self.dice.randrange(60, 10**6)
        return self.signed(issued_at=UtcSeconds(issued), expires_at=UtcSeconds(issued + 60))

    def make_signed_from_the_future(self) -> bytes:
        issued = self.afar.now + self.dice.randrange(AHEAD_SECONDS_MAX + 1, 10**6)
        return self.signed(issued_at=UtcSeconds(issued), expires_at=UtcSeconds(issued + 60))

    def make_signed_for_too_long(self) -> bytes:
        seconds = self.dice.randrange(61, 10**6)
        return self.signed(expires_at=UtcSeconds(self.afar.now + seconds))

    def make_signed_with_an_old_challenge(self) -> bytes:
        return self.signed(challenge=self.old_challenge())

    def make_signed_for_another_locker(self) -> bytes:
        return self.signed(locker=OTHER_LOCKER)

    def make_signed_for_another_life(self) -> bytes:
        return self.signed(epoch=f"e-{self.number}")

    def make_signed_with_a_lower_counter(self) -> bytes:
        highest = self.afar.controller.state.orders.counter
        return self.signed(counter=highest - self.dice.randrange(0, 10**6))

    def make_signed_with_an_old_name(self) -> bytes:
        return self.signed(order=self.dice.choice(self.afar.controller.state.orders.recent))

    def make_signed_for_a_strange_purpose(self) -> bytes:
        return self.signed(purpose=self.dice.choice((For.DEPOSIT, For.RETRIEVE, For.REOPEN)))

    def make_signed_for_no_compartment(self) -> bytes:
        return self.signed(compartment=CompartmentId("Z9"))

    def make_signed_for_a_recipient_elsewhere(self) -> bytes:
        presence = self.dice.choice(("", "ABC234", "x" * 1000, self.old_challenge()))
        return self.signed(
            purpose=For.COLLECT, grant=self.grant, compartment=self.place, presence=presence
        )

    def make_signed_for_a_recipient_at_another_door(self) -> bytes:
        others = [name for name in NAMES if name != self.place]
        return self.signed(
            purpose=For.COLLECT,
            grant=self.grant,
            compartment=self.dice.choice(others),
            presence=self.afar.controller.orders.shown_code(),
        )

    def make_signed_for_a_recipient_with_a_used_code(self) -> bytes:
        # Used up at a door that did not open: a code counts once (O4 of the locker's orders).
        shown = self.afar.controller.orders.shown_code()
        wish = {"purpose": For.COLLECT, "presence": shown}
        elsewhere = next(name for name in NAMES if name != self.place)
        spent = self.signed(**wish, grant=self.grant, compartment=elsewhere)
        self.afar.uplink.receive(spent, self.afar.now)
        return self.signed(**wish, grant=self.grant, compartment=self.place)

    def make_signed_for_a_recipient_without_a_grant(self) -> bytes:
        return self.signed(
            purpose=For.COLLECT,
            grant=self.dice.choice((None, GrantId("g-bad"))),
            compartment=self.place,
            presence=self.afar.controller.orders.shown_code(),
        )

    def old_challenge(self) -> str:
        return self.dice.choice(("", "2" * 16, self.heard(Order).challenge + "2"))

    # ── What becomes of it ────────────────────────────────────────────────────────────────────

    def say(self, kind: str) -> None:
        """Say something of a kind; no door may move."""
        body = self.kinds[kind]()
        afar = self.afar
        before = (afar.uplink.dropped_count, afar.controller.orders.replayed_count)
        store = afar.controller.store
        version, list_version = store.version, store.list_version
        pulses, time_told = afar.pulses(), afar.controller.clock.now()
        afar.uplink.receive(body, afar.now)
        if abs(afar.controller.clock.now() - time_told) > CHALLENGE_LIFE_SECONDS:
            raise Fooled(kind, "set the clock")
        if afar.pulses() != pulses:
            raise Fooled(kind, f"opened a door: {body!r}")
        if store.list_version != list_version:
            raise Fooled(kind, "changed the list")
        answer = "passed over"
        if afar.uplink.dropped_count > before[0]:
            answer = "dropped"
        elif afar.controller.orders.replayed_count > before[1]:
            answer = "refused, not written down"
        elif store.version > version:
            self._written.append((kind, version, store.version))
            return
        self._count(kind, answer)

    def read_what_was_written(self) -> None:
        """Look at the facts that lies have led to; they may be refusals only."""
        if not self._written:
            return
        first = self._written[0][1]
        found = self.afar.controller.store.journal.read(locker_stream(LOCKER), after_version=first)
        facts = {one.version: one.fact for one in found}
        for kind, before, after in self._written:
            for version in range(before + 1, after + 1):
                fact = facts[version]
                if not isinstance(fact, OrderRefused):
                    raise Fooled(kind, f"led to {fact}")
            self._count(kind, f"refused: {fact.reason}")
        self._written.clear()

    def _count(self, kind: str, answer: str) -> None:
        self.answers.setdefault(kind, Counter())[answer] += 1

    def report(self) -> str:
        """Tell how many of each kind were said and what became of them."""
        lines = [
            f"{kind:48}{sum(answers.values()):>8}  "
            + ", ".join(f"{count} {answer}" for answer, count in answers.most_common())
            for kind, answers in sorted(self.answers.items())
        ]
        total = sum(sum(answers.values()) for answers in self.answers.values())
        return "\n".join([*lines, f"{'all':48}{total:>8}"])


KINDS = tuple(
    name.removeprefix("make_") for name in sorted(dir(Hostile)) if name.startswith("make_")
)
"""Every kind of lie."""
