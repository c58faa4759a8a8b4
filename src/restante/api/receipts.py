"""The endpoint that takes in receipts of lockers nobody can hear."""

from typing import Annotated, Final

from msgspec import Meta

from ..access.receipt import RECEIPT_CHARS_MAX
from ..operations.receipts import take_receipt
from .endpoint import Answer, Call, Endpoint
from .house import House
from .problem import Trouble
from .words import Document, Request


class TakeReceipt(Request):
    """A receipt from a locker's screen."""

    text: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=RECEIPT_CHARS_MAX,
            description="`RR1.…`, or the whole address the QR code holds.",
        ),
    ]


class Receipt(Document):
    """What became of a receipt."""

    parcel: Annotated[str, Meta(description="Announce its label to say whose it is.")]
    locker: str
    site: str
    compartment: str
    label: str
    is_new: Annotated[
        bool, Meta(description="False when it, or the locker's own report, was here before.")
    ]


async def take(call: Call) -> Answer:
    """Take a receipt in; again it is recognised."""
    house: House = call.house
    asked: TakeReceipt = call.body
    actor = call.principal.actor
    done = await house.commit(lambda: take_receipt(house.means, text=asked.text, by=actor))
    receipt = Receipt(
        parcel=done.parcel,
        locker=done.locker,
        site=done.site,
        compartment=done.compartment,
        label=done.label,
        is_new=done.is_new,
    )
    return Answer(receipt)


ENDPOINTS: Final = (
    Endpoint(
        name="takeReceipt",
        method="POST",
        path="/receipts",
        tag="Parcels",
        summary="Take in a receipt",
        description="A locker without a line shows a signed receipt for a parcel that was not "
        "announced there. Sending it again changes nothing.",
        run=take,
        answer=Receipt,
        scope=None,
        body=TakeReceipt,
        problems=(Trouble.UNUSABLE,),
        example={"text": "https://parcels.example.org/r/RR1.0A1B2C"},
    ),
)
