"""Keys and codes: who may open what, and how that is proved.

PINs, signed tokens, API keys, recipients' links, the registry of keys behind them, and the
sealing of codes and contacts at rest. Pure functions over values, with chance and time passed in;
the one exception is the key file (:mod:`.keystore`).

It must not know the journal, parcels' states, which tries are still allowed (core decides that
before a code is looked at) or where anything is stored.
"""

from .apikey import (
    ApiKey,
    Scope,
    check_api_key,
    make_api_key,
    make_link_token,
    read_key_id,
    read_link_token,
)
from .denied import Denied, Malformed, Why
from .device import (
    DeviceKey,
    DeviceUse,
    create_device_key,
    open_device_key,
    read_device_kid,
    verify_device,
)
from .keyed_pin import KeyedPin, is_keyed_pin, key_pin, parse_keyed_pin, stretch_keyed_pin
from .keyring import (
    Keyring,
    KeyringContent,
    PublicKey,
    PublicKeyring,
    Purpose,
    SigningKey,
    Stage,
    VerifyingKeyring,
    WrappingKey,
    seeded_entropy,
)
from .keystore import (
    LockerKeys,
    create_keystore,
    export_locker_keys,
    open_keystore,
    read_locker_keys,
    write_locker_keys,
)
from .pepper import Pepper
from .pin import (
    SIMULATION,
    STANDARD,
    Pin,
    Verifier,
    VerifierCost,
    check_pin,
    fingerprint,
    is_guessable,
    make_pin,
    make_verifier,
    parse_pin,
    parse_verifier,
)
from .private_file import UnsafeKeystore
from .receipt import Receipt, SignedReceipt, read_receipt, sign_receipt
from .sealed import (
    Unsealable,
    make_data_key,
    rewrap_key,
    seal,
    unseal,
    unwrap_key,
    wrap_key,
)
from .secret import MASK, Entropy, Secret, redact, redact_text
from .signature import Signature, sign_document, verify_document
from .token import Action, Claims, sign_token, verify_token

__all__ = [
    "MASK",
    "SIMULATION",
    "STANDARD",
    "Action",
    "ApiKey",
    "Claims",
    "Denied",
    "DeviceKey",
    "DeviceUse",
    "Entropy",
    "KeyedPin",
    "Keyring",
    "KeyringContent",
    "LockerKeys",
    "Malformed",
    "Pepper",
    "Pin",
    "PublicKey",
    "PublicKeyring",
    "Purpose",
    "Receipt",
    "Scope",
    "Secret",
    "Signature",
    "SignedReceipt",
    "SigningKey",
    "Stage",
    "UnsafeKeystore",
    "Unsealable",
    "Verifier",
    "VerifierCost",
    "VerifyingKeyring",
    "Why",
    "WrappingKey",
    "check_api_key",
    "check_pin",
    "create_device_key",
    "create_keystore",
    "export_locker_keys",
    "fingerprint",
    "is_guessable",
    "is_keyed_pin",
    "key_pin",
    "make_api_key",
    "make_data_key",
    "make_link_token",
    "make_pin",
    "make_verifier",
    "open_device_key",
    "open_keystore",
    "parse_keyed_pin",
    "parse_pin",
    "parse_verifier",
    "read_device_kid",
    "read_key_id",
    "read_link_token",
    "read_locker_keys",
    "read_receipt",
    "redact",
    "redact_text",
    "rewrap_key",
    "seal",
    "seeded_entropy",
    "sign_document",
    "sign_receipt",
    "sign_token",
    "stretch_keyed_pin",
    "unseal",
    "unwrap_key",
    "verify_device",
    "verify_document",
    "verify_token",
    "wrap_key",
    "write_locker_keys",
]
