"""Messages to people: what is said, in which language, through which channel.

A notice is composed from plain data and sent by a channel. This room knows no journal and no
parcel's state; who shall be told what, and when, is decided above (:mod:`restante.operations`).
Codes come in as :class:`~restante.access.Secret` and leave only inside the message itself.
"""

from .channel import Channel, Rejected, Unreachable
from .compose import Email, compose_email, compose_sms
from .mailbox import Mailbox
from .notice import ContactPoint, Notice, NoticeKind, Place, carries_code, choose_channel
from .sms import SmsGateway
from .smtp import SmtpChannel, SmtpServer
from .texts import LANGUAGES, pick_language, refusal_text

__all__ = [
    "LANGUAGES",
    "Channel",
    "ContactPoint",
    "Email",
    "Mailbox",
    "Notice",
    "NoticeKind",
    "Place",
    "Rejected",
    "SmsGateway",
    "SmtpChannel",
    "SmtpServer",
    "Unreachable",
    "carries_code",
    "choose_channel",
    "compose_email",
    "compose_sms",
    "pick_language",
    "refusal_text",
]
