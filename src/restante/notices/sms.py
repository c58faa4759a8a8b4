"""Text messages through an HTTP gateway.

One POST with JSON ``{"to", "text", "id"}`` and an ``Idempotency-Key``; any 2xx answer means the
gateway took it, its ``id`` is kept. Most providers are reached through a line of configuration
at such a gateway; their own formats do not belong here.
"""

from typing import Final

import httpx

from ..access import Secret
from .channel import Rejected, Unreachable
from .compose import compose_sms
from .notice import Notice

TIMEOUT_SECONDS: Final = 15.0


class SmsGateway:
    """Posts text messages to one gateway.

    Parameters
    ----------
    url
        Where to post; https except on this machine.
    token
        Sent as bearer token when given.
    """

    name = "sms"

    def __init__(self, url: str, token: Secret[str] | None = None) -> None:
        self._url = url
        self._token = token
        self._client = httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False)

    def send(self, notice: Notice) -> str:
        """Send one text message; see :class:`.channel.Channel`."""
        if notice.contact.phone is None:
            raise Rejected("the contact has no phone number")
        headers = {"Idempotency-Key": notice.key}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.reveal()}"
        body = {"to": notice.contact.phone, "text": compose_sms(notice), "id": notice.key}
        try:
            answer = self._client.post(self._url, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise Unreachable(f"the SMS gateway failed: {type(error).__name__}") from error
        if answer.is_success:
            return _provider_id(answer) or notice.key
        if answer.status_code in (400, 404, 410, 422):
            raise Rejected(f"the SMS gateway refused the message with {answer.status_code}")
        raise Unreachable(f"the SMS gateway answered {answer.status_code}")

    def close(self) -> None:
        """Let go of open connections."""
        self._client.close()


def _provider_id(answer: httpx.Response) -> str:
    try:
        content = answer.json()
    except ValueError:
        return ""
    return str(content.get("id", "")) if isinstance(content, dict) else ""
