"""Endpoints about lockers' machines: claims, certificates, configuration, update rings.

Two of them need no key: a machine proves itself by a claim code, or by the signature of its own
device key.
"""

import binascii
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..access import Scope
from ..access.authority import BadRequest
from ..core.ids import LockerId
from ..core.refusal import Reason
from ..journal.ledger import Operation
from ..link.configuration import RINGS
from ..operations.configuration import ConfigurationChange, configure_locker, set_ring_release
from ..operations.directory import BadEntry
from ..operations.enrolment import Enrolled, note_wrong_claim, revoke_locker
from ..views import Forbidden
from ..views.machine_queries import ShownMachine
from .endpoint import Answer, Call, Endpoint
from .house import House
from .problem import Fault, ProblemRaised, Trouble
from .times import tell, tell_or_none
from .words import Document, Request, Text

REQUEST_BYTES_MAX: Final = 4_096
"""Longest body a machine sends: a request for a certificate takes 400 bytes."""

RingName = Annotated[str, Meta(description=f"One of {', '.join(RINGS)}.", examples=["canary"])]


class Claim(Document):
    """A claim code, shown this once."""

    locker: str
    code: Annotated[str, Meta(description="Works once.", examples=["4K7M-2XHD-9R4T-WN5C"])]
    expires_at: datetime


class Enrol(Request):
    """A machine wants to be the locker that a claim code is for."""

    claim: Annotated[str, Meta(max_length=64, description="The claim code.")]
    request: Annotated[
        str, Meta(max_length=2_000, description="Certificate signing request, Ed25519, PEM.")
    ]


class Renew(Request):
    """A locker wants its next certificate."""

    locker: Annotated[str, Meta(max_length=64, description="Its id.")]
    request: Annotated[
        str, Meta(max_length=2_000, description="Certificate signing request, Ed25519, PEM.")
    ]
    signature: Annotated[
        str,
        Meta(
            max_length=120,
            description="Base 64: the device key's Ed25519 signature over `restante.device."
            "renewal.v1`, a zero byte, the locker's id, a zero byte and the request.",
        ),
    ]


class Identity(Document):
    """Everything a machine needs to be its locker."""

    locker: str
    site: str
    certificate: Annotated[str, Meta(description="For the broker, in PEM form.")]
    authority: Annotated[str, Meta(description="Whose signature the broker's has, PEM.")]
    broker_url: str
    network: str
    keys: Annotated[str, Meta(description="Its key file, base 64. Holds a secret.")]
    configuration: Annotated[str, Meta(description="Signed message `configuration`, base 64.")]
    not_after: Annotated[datetime, Meta(description="When the certificate ends.")]


class Revoke(Request):
    """Why no machine shall be this locker any more."""

    why: Annotated[Text, Meta(min_length=1, description="For people.", examples=["stolen"])]


class Configure(Request):
    """What a locker shall be otherwise; what is left out stays."""

    languages: tuple[str, ...] | UnsetType = UNSET
    screen_column: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    board: Annotated[
        dict[str, Any] | UnsetType | None,
        Meta(description="As the table `[board]` of a locker's file; null leaves it to that."),
    ] = UNSET
    screen: Annotated[
        dict[str, Any] | UnsetType | None,
        Meta(description="As the table `[screen]` of a locker's file; null leaves it to that."),
    ] = UNSET
    limits: Annotated[
        dict[str, Any] | UnsetType | None,
        Meta(description="As the table `[limits]` of a locker's file; null leaves it to that."),
    ] = UNSET
    offline_budget: Annotated[
        dict[str, Any] | UnsetType | None,
        Meta(description="As the table `[offline_budget]` of that file; null leaves it to that."),
    ] = UNSET
    takes_unannounced: Annotated[
        bool | UnsetType | None,
        Meta(description="Whether couriers may bring what nobody announced while offline."),
    ] = UNSET
    ring: RingName | UnsetType = UNSET
    is_repeated: Annotated[
        bool, Meta(description="Make a new version although nothing differs: to try again.")
    ] = False


class Machine(Document):
    """A locker's machine: who it is, how it shall be, and how it says it is."""

    locker: str
    status: Annotated[
        str, Meta(description="`none`, `claimed`, `enrolled`, `expired` or `revoked`; may grow.")
    ]
    kid: str
    enrolled_at: datetime | None
    enrolled_by: str
    certificate_until: datetime | None
    claim_until: datetime | None
    revoked_at: datetime | None
    revoked_by: str
    ring: str
    release: Annotated[str, Meta(description="What it says it runs.")]
    release_wanted: Annotated[str, Meta(description="What its ring shall run.")]
    is_behind: bool
    desired_version: int
    reported_version: int
    reported_at: datetime | None
    refused_version: int
    refusal: Annotated[str, Meta(description="Why it does not take that version.")]
    differing: Annotated[
        tuple[str, ...], Meta(description="What is desired otherwise than reported.")
    ]
    desired: Annotated[Any, Meta(description="The desired configuration; null for none.")]


class SetRelease(Request):
    """Which release a ring shall run."""

    release: Annotated[str, Meta(max_length=60, description="Empty for none.", examples=["0.4.0"])]


class Ring(Document):
    """An update ring."""

    ring: str
    release: str
    locker_count: int
    behind_count: Annotated[int, Meta(description="Lockers that say they run another one.")]


class Rings(Document):
    """All update rings, in the order in which they get a release."""

    rings: tuple[Ring, ...]


async def make_claim(call: Call) -> Answer:
    """Make a claim code."""
    house: House = call.house
    locker = LockerId(call.path["locker"])
    claim = await house.commit(
        lambda: house.centre.enrolment.make_claim(
            call.principal, locker=locker, cause=call.request_id
        )
    )
    done = Claim(locker=locker, code=claim.code.reveal(), expires_at=tell(claim.expires_at))
    return Answer(done, 201)


async def enrol(call: Call) -> Answer:
    """Make a machine a locker."""
    house: House = call.house
    asked: Enrol = call.body

    def make() -> Operation[Enrolled]:
        return house.centre.enrolment.enrol(
            asked.claim, asked.request.encode(), cause=call.request_id
        )

    try:
        enrolled = await house.commit(make)
    except BadRequest as error:
        raise _unusable("body.request", str(error)) from error
    except Forbidden:
        await house.commit(lambda: note_wrong_claim(call.address))
        raise
    return Answer(_identity(enrolled), 201)


async def renew(call: Call) -> Answer:
    """Give a locker its next certificate."""
    house: House = call.house
    asked: Renew = call.body
    try:
        signature = b64decode(asked.signature, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _unusable("body.signature", "base 64 of 64 bytes") from error
    try:
        enrolled = await house.commit(
            lambda: house.centre.enrolment.renew(
                locker=LockerId(asked.locker),
                request=asked.request.encode(),
                signature=signature,
                cause=call.request_id,
            )
        )
    except BadRequest as error:
        raise _unusable("body.request", str(error)) from error
    return Answer(_identity(enrolled), 201)


async def find(call: Call) -> Answer:
    """Look a locker's machine up."""
    return Answer(await _shown(call))


async def revoke(call: Call) -> Answer:
    """Revoke a locker."""
    house: House = call.house
    asked: Revoke = call.body
    await house.commit(
        lambda: revoke_locker(
            call.principal,
            locker=LockerId(call.path["locker"]),
            why=asked.why,
            cause=call.request_id,
        )
    )
    return Answer(await _shown(call))


async def configure(call: Call) -> Answer:
    """Say what a locker shall be."""
    house: House = call.house
    change = ConfigurationChange(**msgspec.structs.asdict(call.body))
    try:
        await house.commit(
            lambda: configure_locker(
                call.principal,
                locker=LockerId(call.path["locker"]),
                change=change,
                cause=call.request_id,
            )
        )
    except BadEntry as error:
        raise _misfit(error) from error
    return Answer(await _shown(call), 202)


async def show_rings(call: Call) -> Answer:
    """List update rings."""
    house: House = call.house

    def ask() -> Rings:
        found = house.queries.rings(call.principal)
        return Rings(rings=tuple(Ring(**msgspec.structs.asdict(one)) for one in found))

    return Answer(await house.read(ask))


async def set_release(call: Call) -> Answer:
    """Say which release a ring shall run."""
    house: House = call.house
    asked: SetRelease = call.body
    try:
        await house.commit(
            lambda: set_ring_release(call.principal, ring=call.path["ring"], release=asked.release)
        )
    except BadEntry as error:
        raise _misfit(error) from error
    return await show_rings(call)


async def _shown(call: Call) -> Machine:
    house: House = call.house
    locker = LockerId(call.path["locker"])

    return await house.read(
        lambda: _machine(house.queries.machine(call.principal, locker, at=house.now))
    )


def _machine(shown: ShownMachine) -> Machine:
    return Machine(
        locker=shown.locker,
        status=shown.status,
        kid=shown.kid,
        enrolled_at=tell_or_none(shown.enrolled_at),
        enrolled_by=shown.enrolled_by,
        certificate_until=tell_or_none(shown.certificate_until),
        claim_until=tell_or_none(shown.claim_until),
        revoked_at=tell_or_none(shown.revoked_at),
        revoked_by=shown.revoked_by,
        ring=shown.ring,
        release=shown.release,
        release_wanted=shown.release_wanted,
        is_behind=shown.is_behind,
        desired_version=shown.desired_version,
        reported_version=shown.reported_version,
        reported_at=tell_or_none(shown.reported_at),
        refused_version=shown.refused_version,
        refusal=shown.refusal,
        differing=shown.differing,
        desired=shown.desired,
    )


def _identity(enrolled: Enrolled) -> Identity:
    return Identity(
        locker=enrolled.locker,
        site=enrolled.site,
        certificate=enrolled.certificate.decode(),
        authority=enrolled.authority.decode(),
        broker_url=enrolled.broker.url,
        network=enrolled.broker.network,
        keys=b64encode(enrolled.keys.reveal()).decode(),
        configuration=b64encode(enrolled.configuration).decode(),
        not_after=tell(enrolled.not_after),
    )


def _misfit(error: BadEntry) -> ProblemRaised:
    field, _, message = str(error).partition(": ")
    return _unusable(f"body.{field}", message)


def _unusable(path: str, message: str) -> ProblemRaised:
    fault = Fault(path=path, message=message)
    return ProblemRaised(Trouble.UNUSABLE, f"{path}: {message}", errors=(fault,))


ENDPOINTS: Final = (
    Endpoint(
        name="makeClaim",
        method="POST",
        path="/lockers/{locker}/claims",
        tag="Lockers",
        summary="Make a claim code for a locker",
        description="Type it at the locker's machine: `restante locker enrol`. It works once and "
        "for a day; a newer one voids it.",
        run=make_claim,
        answer=Claim,
        status=201,
        scope=Scope.SITES_WRITE,
        is_operators=True,
        problems=(Reason.NOT_POSSIBLE_NOW,),
    ),
    Endpoint(
        name="enrol",
        method="POST",
        path="/enrolments",
        tag="Lockers",
        summary="Become a locker with a claim code",
        description="What `restante locker enrol` asks. Needs no key. The same machine may ask "
        "again when the answer was lost.",
        run=enrol,
        answer=Identity,
        status=201,
        scope=None,
        is_open=True,
        body=Enrol,
        body_bytes_max=REQUEST_BYTES_MAX,
        problems=(Trouble.FORBIDDEN, Reason.NOT_POSSIBLE_NOW),
        example={"claim": "4K7M-2XHD-9R4T-WN5C", "request": "-----BEGIN CERTIFICATE REQUEST-----"},
    ),
    Endpoint(
        name="renew",
        method="POST",
        path="/renewals",
        tag="Lockers",
        summary="Get a locker's next certificate",
        description="What a locker asks by itself when two thirds of its certificate's time have "
        "passed. Needs no key: the locker's own signs.",
        run=renew,
        answer=Identity,
        status=201,
        scope=None,
        is_open=True,
        body=Renew,
        body_bytes_max=REQUEST_BYTES_MAX,
        problems=(Trouble.FORBIDDEN, Reason.NOT_POSSIBLE_NOW),
        example={
            "locker": "locker-1",
            "request": "-----BEGIN CERTIFICATE REQUEST-----",
            "signature": "c2lnbmF0dXJl",
        },
    ),
    Endpoint(
        name="findMachine",
        method="GET",
        path="/lockers/{locker}/machine",
        tag="Lockers",
        summary="Look a locker's machine up",
        description="Its certificate, what its configuration shall be and is, and its release.",
        run=find,
        answer=Machine,
        scope=Scope.LOCKERS_READ,
        is_operators=True,
    ),
    Endpoint(
        name="revokeLocker",
        method="POST",
        path="/lockers/{locker}/revocation",
        tag="Lockers",
        summary="Revoke a locker",
        description="Its machine is not listened to any more and told nothing, until one is "
        "enrolled anew.",
        run=revoke,
        answer=Machine,
        scope=Scope.SITES_WRITE,
        is_operators=True,
        body=Revoke,
        example={"why": "stolen"},
    ),
    Endpoint(
        name="configureLocker",
        method="PUT",
        path="/lockers/{locker}/configuration",
        tag="Lockers",
        summary="Say what a locker shall be",
        description="Makes the next version. The locker follows when nobody stands before it, or "
        "says why not; look its machine up to see which.",
        run=configure,
        answer=Machine,
        status=202,
        scope=Scope.SITES_WRITE,
        is_operators=True,
        body=Configure,
        problems=(Trouble.UNUSABLE,),
        example={"ring": "canary", "languages": ["de", "en"]},
    ),
    Endpoint(
        name="listRings",
        method="GET",
        path="/rings",
        tag="Lockers",
        summary="List update rings",
        description="With the release each shall run, and how many lockers run another.",
        run=show_rings,
        answer=Rings,
        scope=Scope.LOCKERS_READ,
        is_operators=True,
    ),
    Endpoint(
        name="setRelease",
        method="PUT",
        path="/rings/{ring}",
        tag="Lockers",
        summary="Say which release a ring shall run",
        description="It is compared with what lockers say they run; installing it is yours to do.",
        run=set_release,
        answer=Rings,
        scope=Scope.SITES_WRITE,
        is_operators=True,
        body=SetRelease,
        problems=(Trouble.UNUSABLE,),
        example={"release": "0.4.0"},
    ),
)
