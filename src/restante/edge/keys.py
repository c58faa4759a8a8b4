"""The centre's public keys as one locker holds them, and how it takes over exchanged ones."""

from collections.abc import Callable

from ..access import PublicKey, PublicKeyring, VerifyingKeyring
from ..access.exchange import exchange_keys, name_keys
from ..access.keyring import Purpose
from ..link.message import KeysUpdate


class KeysKeeper:
    """Verifies with the newest keys; a :class:`restante.access.VerifyingKeyring`.

    Parameters
    ----------
    keyring
        What the locker was started with. One that is not this locker's own copy is never changed.
    """

    def __init__(self, keyring: VerifyingKeyring) -> None:
        self._keyring = keyring
        self._keep: Callable[[PublicKeyring], None] | None = None
        self._unknown: set[Purpose] = set()

    @property
    def is_deaf(self) -> bool:
        """Whether the centre has last spoken with a key that is not known here."""
        return bool(self._unknown)

    def keep_with(self, keep: Callable[[PublicKeyring], None]) -> None:
        """Take exchanged keys over from now on.

        Parameters
        ----------
        keep
            Writes them where the next start reads them, whole or not at all, and lets everybody
            here use them.
        """
        self._keep = keep

    def name(self) -> str:
        """Name the keys held, for the centre; empty when it need not send any."""
        keyring = self._keyring
        if self._keep is None or not isinstance(keyring, PublicKeyring):
            return ""
        return name_keys(keyring)

    def find(self, purpose: Purpose, kid: str) -> PublicKey | None:
        """Find a key that still verifies for a purpose."""
        found = self._keyring.find(purpose, kid)
        if found is None:
            self._unknown.add(purpose)
        else:
            self._unknown.discard(purpose)
        return found

    def arrived(self, update: KeysUpdate) -> bool:
        """Take keys over whose signature is good; whether anything changed."""
        held, keep = self._keyring, self._keep
        if keep is None or not isinstance(held, PublicKeyring):
            return False
        taken = exchange_keys(held, update.purpose, update.keys, spoken_by=update.kid)
        if taken is None:
            return False
        keep(taken)
        self._keyring = taken
        return True
