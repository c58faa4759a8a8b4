"""Receivers of webhooks: make, change, enable, give a new secret, forget.

R1. A partner's receivers are told of its own parcels; the network's own of all.
R2. A secret is shown once, when it is made, and kept sealed. After a change the old one still
    counts for a while, so that a receiver can be changed without losing a message.
R3. A receiver that was disabled is told, once it is enabled, what was waiting; what happened
    meanwhile was not written down for it and is told by a replay.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

import msgspec

from ..access import Scope, Secret, make_data_key, seal, unseal, unwrap_key, wrap_key
from ..access.keyring import Keyring
from ..core.ids import PartnerId
from ..core.streams import KINDS
from ..core.value import DAY, Seconds, UtcSeconds
from ..journal.ledger import Ledger, Operation
from ..journal.port import RowChange, Scalar
from ..partners.public_address import Allowance, BadAddress, check_url
from ..partners.webhook import make_secret
from ..views.principal import NotFound, Principal, Role
from ..views.tables import PARTNERS
from ..views.webhook_tables import WEBHOOK_HEALTH, WEBHOOKS
from .matters import end_matter, open_matter
from .means import Means

WEBHOOKS_MAX: Final = 20
"""Receivers of one partner (chosen: shops, warehouses and their test systems)."""

OVERLAP_SECONDS: Final = Seconds(DAY)
"""How long an old secret still counts."""

OVERLAP_SECONDS_MAX: Final = Seconds(7 * DAY)
LABEL_MAX: Final = 100
OPERATOR_KIND: Final = "operator"

EVENT_TYPES: Final = tuple(
    sorted(str(kind.__struct_config__.tag) for kind in KINDS["parcel"].fact_types)
)
"""What can be told: the tags of a parcel's facts."""

_SECRETS: Final = msgspec.json.Decoder(tuple[str, ...])
_HEALTHY: Final[Mapping[str, Scalar]] = {
    "failing_since": None,
    "paused_until": 0,
    "replay_after": None,
    "replay_until": None,
}


class BadWebhook(ValueError):
    """What a receiver shall be cannot be; the message names the field and says what to write."""


class MadeWebhook(NamedTuple):
    """A new receiver, and its secret, this once."""

    webhook: str
    secret: Secret[str]


class WebhookChange(NamedTuple):
    """What shall be different; ``None`` leaves it as it is."""

    url: str | None = None
    label: str | None = None
    event_types: tuple[str, ...] | None = None
    is_enabled: bool | None = None


def make_webhook(
    means: Means,
    allowance: Allowance,
    principal: Principal,
    *,
    url: str,
    label: str = "",
    event_types: tuple[str, ...] = (),
    partner: PartnerId | None = None,
    known_count: int = 0,
) -> Operation[MadeWebhook]:
    """Tell a partner's receiver from now on what happens to its parcels (R1).

    Parameters
    ----------
    event_types
        Tags of facts; empty for all.
    partner
        For whom; only operators say it.
    known_count
        How many receivers the partner has.

    Raises
    ------
    BadWebhook
        When URL or types cannot be used, or there are too many.
    """
    _need(principal)
    if known_count >= WEBHOOKS_MAX:
        raise BadWebhook(f"url: there are {WEBHOOKS_MAX} webhooks already; delete one first")
    owner = _owner(principal, partner)
    checked = {
        "url": _checked_url(url, allowance),
        "label": _checked_label(label),
        "event_types": _checked_types(event_types),
    }
    webhook = means.minter.make("w")
    secret = make_secret(means.minter.secret_bytes)
    kept = _keep(means, webhook, [secret])

    def run(ledger: Ledger) -> MadeWebhook:
        row = ledger.row(PARTNERS.name, (owner,))
        if row is None:
            raise NotFound("partner", owner)
        values: dict[str, Scalar] = {
            **checked,
            **kept,
            "partner": owner,
            "is_operators": row["kind"] == OPERATOR_KIND,
            "status": "enabled",
            "why": "",
            "old_until": None,
            "created_at": ledger.now,
            "changed_at": ledger.now,
        }
        ledger.put(RowChange(WEBHOOKS.name, (webhook,), values))
        ledger.put(RowChange(WEBHOOK_HEALTH.name, (webhook,), _HEALTHY))
        return MadeWebhook(webhook, secret)

    return Operation((), run, ((PARTNERS.name, (owner,)),))


def change_webhook(
    allowance: Allowance, principal: Principal, *, webhook: str, change: WebhookChange
) -> Operation[None]:
    """Change what a receiver is told and where, or whether (R3)."""
    _need(principal)
    given: dict[str, Scalar] = {}
    if change.url is not None:
        given["url"] = _checked_url(change.url, allowance)
    if change.label is not None:
        given["label"] = _checked_label(change.label)
    if change.event_types is not None:
        given["event_types"] = _checked_types(change.event_types)

    def run(ledger: Ledger) -> None:
        row = _find(ledger, principal, webhook)
        values = {**row, **given, "changed_at": ledger.now}
        if change.is_enabled is False and row["status"] == "enabled":
            values |= {"status": "disabled", "why": "asked"}
        if change.is_enabled and row["status"] != "enabled":
            values |= {"status": "enabled", "why": ""}
            ledger.put(RowChange(WEBHOOK_HEALTH.name, (webhook,), _HEALTHY))
            end_matter(ledger, owner=webhook, key=_matter(webhook), by=principal.actor)
        ledger.put(RowChange(WEBHOOKS.name, (webhook,), values))

    return Operation((), run, ((WEBHOOKS.name, (webhook,)),))


def rotate_secret(
    means: Means,
    principal: Principal,
    *,
    webhook: str,
    overlap_seconds: Seconds = OVERLAP_SECONDS,
) -> Operation[Secret[str]]:
    """Give a receiver a new secret; the old one still counts for a while (R2)."""
    _need(principal)
    if not 0 <= overlap_seconds <= OVERLAP_SECONDS_MAX:
        raise BadWebhook(f"overlap_hours: 0 to {OVERLAP_SECONDS_MAX // 3600}")
    secret = make_secret(means.minter.secret_bytes)

    def run(ledger: Ledger) -> Secret[str]:
        row = _find(ledger, principal, webhook)
        before = read_secrets(means.keyring, webhook, row, now=ledger.now)
        values = {
            **row,
            **_keep(means, webhook, [secret, before[0]]),
            "old_until": ledger.now + overlap_seconds,
            "changed_at": ledger.now,
        }
        ledger.put(RowChange(WEBHOOKS.name, (webhook,), values))
        return secret

    return Operation((), run, ((WEBHOOKS.name, (webhook,)),))


def forget_webhook(principal: Principal, *, webhook: str) -> Operation[None]:
    """Tell a receiver nothing any more; its secrets and its log go."""
    _need(principal)

    def run(ledger: Ledger) -> None:
        _find(ledger, principal, webhook)
        ledger.put(RowChange(WEBHOOKS.name, (webhook,), None))
        ledger.put(RowChange(WEBHOOK_HEALTH.name, (webhook,), None))
        end_matter(ledger, owner=webhook, key=_matter(webhook), by=principal.actor)

    return Operation((), run, ((WEBHOOKS.name, (webhook,)),))


def stop_webhook(*, webhook: str, why: str, detail: str) -> Operation[None]:
    """Disable a receiver that is gone or fails for days, and tell people."""

    def run(ledger: Ledger) -> None:
        row = ledger.row(WEBHOOKS.name, (webhook,))
        if row is None or row["status"] != "enabled":
            return
        values = {**row, "status": "disabled", "why": why, "changed_at": ledger.now}
        ledger.put(RowChange(WEBHOOKS.name, (webhook,), values))
        _tell_people(ledger, webhook, row, kind="webhook_disabled", detail=detail)

    return Operation((), run, ((WEBHOOKS.name, (webhook,)),))


def report_failed_delivery(*, webhook: str, detail: str) -> Operation[None]:
    """Tell people that something was given up; once for a receiver, with the last."""

    def run(ledger: Ledger) -> None:
        row = ledger.row(WEBHOOKS.name, (webhook,))
        if row is not None and row["status"] == "enabled":
            _tell_people(ledger, webhook, row, kind="webhook_gave_up", detail=detail)

    return Operation((), run, ((WEBHOOKS.name, (webhook,)),))


def read_secrets(
    keyring: Keyring, webhook: str, row: Mapping[str, Any], *, now: UtcSeconds
) -> tuple[Secret[str], ...]:
    """Open the secrets that count at a moment, the newest first."""
    key = unwrap_key(row["wrapped_key"], keyring, webhook)
    opened = unseal(row["sealed"], key, f"webhooks/{webhook}")
    secrets = tuple(map(Secret, _SECRETS.decode(opened.reveal())))
    is_old_over = row["old_until"] is None or now >= row["old_until"]
    return secrets[:1] if is_old_over else secrets


def _keep(means: Means, webhook: str, secrets: list[Secret[str]]) -> dict[str, Scalar]:
    entropy = means.minter.secret_bytes
    key = make_data_key(entropy)
    content = Secret(msgspec.json.encode([secret.reveal() for secret in secrets]))
    return {
        "wrapped_key": wrap_key(key, means.keyring.wrapping(), webhook, entropy),
        "sealed": seal(content, key, f"webhooks/{webhook}", entropy),
    }


def _need(principal: Principal) -> None:
    principal.need_role(Role.OPERATOR, Role.PARTNER)
    principal.need_scope(Scope.WEBHOOKS_MANAGE)


def _owner(principal: Principal, partner: PartnerId | None) -> PartnerId:
    if principal.role is Role.OPERATOR:
        return partner or PartnerId(principal.name)
    if partner is not None and partner != principal.partner:
        raise BadWebhook("partner: leave it out; only keys of the operator say it")
    return principal.partner or PartnerId("")


def _find(ledger: Ledger, principal: Principal, webhook: str) -> Mapping[str, Scalar]:
    row = ledger.row(WEBHOOKS.name, (webhook,))
    if row is None or not principal.may_see(partner=str(row["partner"]), recipient=""):
        raise NotFound("webhook", webhook)
    return row


def _tell_people(
    ledger: Ledger, webhook: str, row: Mapping[str, Scalar], *, kind: str, detail: str
) -> None:
    open_matter(
        ledger,
        owner=webhook,
        key=_matter(webhook),
        kind=kind,
        detail=f"{row['url']!s}: {detail}",
        partner=str(row["partner"]),
    )


def _matter(webhook: str) -> str:
    return f"webhook/{webhook}"


def _checked_url(url: str, allowance: Allowance) -> str:
    try:
        check_url(url, allowance)
    except BadAddress as error:
        raise BadWebhook(f"url: {error}") from error
    return url


def _checked_label(label: str) -> str:
    said = " ".join(label.split())
    if len(said) > LABEL_MAX:
        raise BadWebhook(f"label: at most {LABEL_MAX} characters")
    return said


def _checked_types(event_types: tuple[str, ...]) -> str:
    for given in event_types:
        if given not in EVENT_TYPES:
            close = get_close_matches(given, EVENT_TYPES, n=1)
            hint = f"did you mean {close[0]}?" if close else f"one of {', '.join(EVENT_TYPES)}"
            raise BadWebhook(f"event_types: there is no such type; {hint}")
    return " ".join(sorted(set(event_types)))
