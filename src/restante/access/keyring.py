"""The registry of keys: next, current and previous of each purpose.

R1. Each purpose has its own keys. A key for lists never signs a token.
R2. A new key waits as *next* until the next rotation. Lockers already hold its public half when
    the centre begins to sign with it, so a rotation needs no moment of agreement.
R3. After a rotation the *previous* key still verifies and never signs again; its private half is
    erased. One rotation later it no longer verifies either. Rotate no faster than credentials
    live. Heads of the journal are the exception: their whole history stays verifiable.
R4. Peppers and keys are drawn, never derived from one another: there is no secret of the fleet.
R5. A change is written by ``persist`` before anybody can use it.
R6. Where several processes share the keys, each change begins with what the others have written,
    and a key that is not known here is looked for there.

The registry must not know where it is kept: see :mod:`restante.access.keystore`.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from typing import Final, Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from ..core.ids import SiteId
from ..core.value import UtcSeconds, Value
from .pepper import PEPPER_BYTES, Pepper
from .secret import Entropy, Secret

KEY_BYTES: Final = 32
"""An Ed25519 seed, and an AES-256 key."""
KID_BYTES: Final = 4
"""Short because it is in every QR; the registry draws again when two keys share one."""


class Purpose(StrEnum):
    """What a signing key is for."""

    TOKEN = "token"  # noqa: S105 - a purpose, not a password
    """Tokens that recipients and couriers carry."""
    LIST = "list"
    """Lists, acknowledgements and times for lockers."""
    COMMAND = "command"
    """Orders that open a door from afar."""
    HEAD = "head"
    """Daily heads of the journal."""


class Stage(StrEnum):
    """Where a key stands in its life."""

    NEXT = "next"
    CURRENT = "current"
    PREVIOUS = "previous"
    RETIRED = "retired"


class PublicKey(Value):
    """The half of a signing key that anyone may hold."""

    purpose: Purpose
    kid: str
    """First 4 bytes of the SHA-256 of the public half, in hex."""
    public: bytes
    created_at: UtcSeconds
    activated_at: UtcSeconds | None = None
    retired_at: UtcSeconds | None = None

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether this key's other half signed the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class VerifyingKeyring(Protocol):
    """Where verifiers look for keys: a :class:`Keyring` or its :class:`PublicKeyring`."""

    def find(self, purpose: Purpose, kid: str) -> PublicKey | None:
        """Find a key that still verifies for a purpose."""
        ...


class PublicKeyring(Value):
    """The public halves, as lockers and auditors hold them. Goes through JSON unchanged."""

    keys: tuple[PublicKey, ...] = ()

    def find(self, purpose: Purpose, kid: str) -> PublicKey | None:
        """Find a key that still verifies for a purpose."""
        for key in self.keys:
            if key.kid == kid and key.purpose is purpose:
                return key
        return None


class SigningKey:
    """A key ready to sign for one purpose; made by :meth:`Keyring.current`."""

    __slots__ = ("_private", "kid", "purpose")

    def __init__(self, purpose: Purpose, kid: str, seed: Secret[bytes]) -> None:
        self.purpose = purpose
        self.kid = kid
        self._private = Ed25519PrivateKey.from_private_bytes(seed.reveal())

    def sign(self, message: bytes) -> bytes:
        """Sign a message; 64 bytes."""
        return self._private.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey({self.purpose.value}, {self.kid})"


class WrappingKey(Value):
    """A key that wraps the data keys of subjects (see :mod:`restante.access.sealed`)."""

    epoch: int
    key: Secret[bytes]
    created_at: UtcSeconds


class StoredKey(Value):
    """A signing key as it is kept. The private half is gone once it may not sign any more."""

    public: PublicKey
    private: Secret[bytes] | None


class KeyringContent(Value):
    """Everything a keyring holds: what ``persist`` is given and a keystore gives back."""

    format: int = 1
    signing: tuple[StoredKey, ...] = ()
    """Oldest first within a purpose."""
    wrapping: tuple[WrappingKey, ...] = ()
    """Oldest first; the last one wraps, all unwrap."""
    peppers: dict[str, tuple[Pepper, ...]] = msgspec.field(default_factory=dict)
    """By site: the previous epoch, when there is one, then the current one."""


def _forget(_content: KeyringContent) -> None:
    # A keyring in memory keeps nothing.
    return


class Keyring:
    """All keys of a centre. Safe to share between threads.

    Parameters
    ----------
    content
        What was kept.
    entropy
        Where new keys come from.
    persist
        Called with the new content before a change becomes visible; raising undoes the change.
    newer
        Gives what another process has written since it was last asked, if anything.
    alone
        Makes other processes wait while a change is made.
    """

    def __init__(
        self,
        content: KeyringContent,
        entropy: Entropy,
        persist: Callable[[KeyringContent], None] = _forget,
        *,
        newer: Callable[[], KeyringContent | None] = lambda: None,
        alone: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._content = content
        self._public = _public_half(content)
        self._entropy = entropy
        self._persist = persist
        self._newer = newer
        self._alone = alone
        self._lock = threading.RLock()
        self._ready: dict[Purpose, tuple[KeyringContent, SigningKey]] = {}

    @classmethod
    def in_memory(cls, seed: bytes, now: UtcSeconds) -> "Keyring":
        """Make a keyring that forgets, equal for equal seeds: for tests and the simulator."""
        return cls.create(seeded_entropy(seed), now)

    @classmethod
    def create(
        cls,
        entropy: Entropy,
        now: UtcSeconds,
        persist: Callable[[KeyringContent], None] = _forget,
        *,
        newer: Callable[[], KeyringContent | None] = lambda: None,
        alone: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> "Keyring":
        """Make a new keyring with a current and a next key for every purpose."""
        keyring = cls(KeyringContent(), entropy, _forget)
        keyring._change(wrapping=(keyring._draw_wrapping(now),))
        for purpose in Purpose:
            keyring.rotate(purpose, now)
        persist(keyring._content)
        keyring._persist = persist
        keyring._newer = newer
        keyring._alone = alone
        return keyring

    def current(self, purpose: Purpose) -> SigningKey:
        """Take the key that signs now."""
        content = self._content
        known = self._ready.get(purpose)
        # Making a key ready takes as long as signing with it, and each word to a locker is signed.
        if known is not None and known[0] is content:
            return known[1]
        for stored in content.signing:
            if _is_current(stored, purpose) and stored.private is not None:
                made = SigningKey(purpose, stored.public.kid, stored.private)
                self._ready[purpose] = (content, made)
                return made
        raise LookupError(f"no current {purpose.value} key; run rotate for this purpose")

    def find(self, purpose: Purpose, kid: str) -> PublicKey | None:
        """Find a key that still verifies for a purpose."""
        found = self._public.find(purpose, kid)
        if found is None and self.refresh():
            found = self._public.find(purpose, kid)
        return found

    def public(self) -> PublicKeyring:
        """Export what lockers and auditors need, and nothing else."""
        return self._public

    def stages(self) -> tuple[tuple[PublicKey, Stage], ...]:
        """List every key ever made with where it stands, for operators."""
        return _stages(self._content)

    def rotate(self, purpose: Purpose, now: UtcSeconds) -> SigningKey:
        """Retire the current key, activate the next one, draw a new next one.

        Returns
        -------
        SigningKey
            The new current key.
        """
        with self._changing():
            moved = [_moved(stored, purpose, now) for stored in self._content.signing]
            if not any(_is_current(stored, purpose) for stored in moved):
                moved.append(self._draw_signing(purpose, now, activated_at=now))
            moved.append(self._draw_signing(purpose, now, activated_at=None))
            self._change(signing=tuple(moved))
            return self.current(purpose)

    def wrapping(self) -> WrappingKey:
        """Take the key that wraps now."""
        return self._content.wrapping[-1]

    def find_wrapping(self, epoch: int) -> WrappingKey | None:
        """Find the key of an epoch, to unwrap what it once wrapped."""
        found = self._find_wrapping(epoch)
        if found is None and self.refresh():
            found = self._find_wrapping(epoch)
        return found

    def rotate_wrapping(self, now: UtcSeconds) -> WrappingKey:
        """Draw a new wrapping key; old ones stay until :meth:`forget_wrapping`."""
        with self._changing():
            drawn = self._draw_wrapping(now)
            self._change(wrapping=(*self._content.wrapping, drawn))
            return drawn

    def forget_wrapping(self, before_epoch: int) -> None:
        """Erase wrapping keys older than an epoch, once everything is wrapped anew.

        Raises
        ------
        ValueError
            When this would erase the key that wraps now.
        """
        with self._changing():
            if before_epoch > self.wrapping().epoch:
                raise ValueError("the current wrapping key cannot be erased; rotate_wrapping first")
            kept = tuple(key for key in self._content.wrapping if key.epoch >= before_epoch)
            self._change(wrapping=kept)

    def make_peppers(self, sites: Iterable[SiteId]) -> None:
        """Draw a pepper for each site that has none; one write for all of them."""
        with self._changing():
            peppers = dict(self._content.peppers)
            for site in sites:
                if site not in peppers:
                    peppers[site] = (self._draw_pepper(site, epoch=1),)
            if len(peppers) != len(self._content.peppers):
                self._change(peppers=peppers)

    def pepper(self, site: SiteId) -> Pepper:
        """Take a site's current pepper.

        Raises
        ------
        LookupError
            When the site has none: :meth:`make_peppers` comes first.
        """
        epochs = self._content.peppers.get(site)
        if epochs is None and self.refresh():
            epochs = self._content.peppers.get(site)
        if epochs is None:
            raise LookupError(f"no pepper for {site}; call make_peppers when a site is added")
        return epochs[-1]

    def renew_pepper(self, site: SiteId) -> Pepper:
        """Begin a new epoch after tampering or a swapped controller.

        Every verifier of the site is worthless from now on; the caller issues its codes anew.
        """
        with self._changing():
            before = self.pepper(site)
            drawn = self._draw_pepper(site, epoch=before.epoch + 1)
            self._change(peppers={**self._content.peppers, site: (before, drawn)})
            return drawn

    def refresh(self) -> bool:
        """Take in what another process has changed; True when there was anything (R6)."""
        with self._lock:
            newer = self._newer()
            if newer is None:
                return False
            self._content = newer
            self._public = _public_half(newer)
            return True

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._lock, self._alone():
            self.refresh()
            yield

    def _find_wrapping(self, epoch: int) -> WrappingKey | None:
        for wrapping in self._content.wrapping:
            if wrapping.epoch == epoch:
                return wrapping
        return None

    def _change(
        self,
        *,
        signing: tuple[StoredKey, ...] | None = None,
        wrapping: tuple[WrappingKey, ...] | None = None,
        peppers: dict[str, tuple[Pepper, ...]] | None = None,
    ) -> None:
        now = self._content
        changed = msgspec.structs.replace(
            now,
            signing=now.signing if signing is None else signing,
            wrapping=now.wrapping if wrapping is None else wrapping,
            peppers=now.peppers if peppers is None else peppers,
        )
        self._persist(changed)
        self._content = changed
        self._public = _public_half(changed)

    def _draw_signing(
        self, purpose: Purpose, now: UtcSeconds, activated_at: UtcSeconds | None
    ) -> StoredKey:
        used = {stored.public.kid for stored in self._content.signing}
        while True:
            seed = self._entropy(KEY_BYTES)
            public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
            kid = hashlib.sha256(public).digest()[:KID_BYTES].hex()
            if kid not in used:
                break
        return StoredKey(
            public=PublicKey(
                purpose=purpose,
                kid=kid,
                public=public,
                created_at=now,
                activated_at=activated_at,
            ),
            private=Secret(seed),
        )

    def _draw_wrapping(self, now: UtcSeconds) -> WrappingKey:
        epochs = [key.epoch for key in self._content.wrapping]
        key = Secret(self._entropy(KEY_BYTES))
        return WrappingKey(epoch=max(epochs, default=0) + 1, key=key, created_at=now)

    def _draw_pepper(self, site: SiteId, epoch: int) -> Pepper:
        return Pepper(site=site, epoch=epoch, key=Secret(self._entropy(PEPPER_BYTES)))


def seeded_entropy(seed: bytes) -> Entropy:
    """Make chance that repeats for the same seed. For tests and the simulator only."""
    drawn = 0
    lock = threading.Lock()

    def draw(count: int) -> bytes:
        nonlocal drawn
        with lock:
            drawn += 1
            return hashlib.shake_256(drawn.to_bytes(8, "big") + seed).digest(count)

    return draw


def _is_current(stored: StoredKey, purpose: Purpose) -> bool:
    public = stored.public
    return (
        public.purpose is purpose and public.activated_at is not None and public.retired_at is None
    )


def _moved(stored: StoredKey, purpose: Purpose, now: UtcSeconds) -> StoredKey:
    public = stored.public
    if public.purpose is not purpose:
        return stored
    if public.activated_at is None:
        activated = msgspec.structs.replace(public, activated_at=now)
        return StoredKey(public=activated, private=stored.private)
    if public.retired_at is None:
        return StoredKey(public=msgspec.structs.replace(public, retired_at=now), private=None)
    return stored


def _public_half(content: KeyringContent) -> PublicKeyring:
    keys = tuple(
        key
        for key, stage in _stages(content)
        if stage is not Stage.RETIRED or key.purpose is Purpose.HEAD
    )
    return PublicKeyring(keys=keys)


def _stages(content: KeyringContent) -> tuple[tuple[PublicKey, Stage], ...]:
    signing = content.signing
    return tuple((stored.public, _stage(stored.public, signing)) for stored in signing)


def _stage(key: PublicKey, signing: tuple[StoredKey, ...]) -> Stage:
    if key.activated_at is None:
        return Stage.NEXT
    if key.retired_at is None:
        return Stage.CURRENT
    # Keys are kept oldest first, so the last retired one of a purpose is the previous one.
    retired = [
        stored.public.kid
        for stored in signing
        if stored.public.purpose is key.purpose and stored.public.retired_at is not None
    ]
    return Stage.PREVIOUS if key.kid == retired[-1] else Stage.RETIRED
