"""What an endpoint is: one row of a table that the adapter serves and the OpenAPI document tells.

It must not know any particular endpoint.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from ..access import Scope
from ..core.refusal import Reason
from ..journal.ledger import Operation
from ..views import Principal
from .problem import Trouble

JSON: Final = "application/json"
CSV: Final = "text/csv"
GEOJSON: Final = "application/geo+json"

BODY_BYTES_MAX: Final = 1_048_576
"""Largest JSON body: 500 parcels with contacts take about 400 kB."""

ID_PATTERN: Final = "^[A-Za-z0-9._-]{1,64}$"
"""Ids in addresses: those we make, and names people chose."""


class Answer(NamedTuple):
    """What an endpoint says."""

    document: Any
    """A struct; its JSON is the body."""
    status: int = 200
    next_cursor: str = ""
    """Where the list goes on, for the header ``Link``; empty at its end."""


class Call(NamedTuple):
    """One request, understood and allowed."""

    request_id: str
    principal: Principal
    key_id: str
    path: Mapping[str, str]
    query: Any
    """The endpoint's ``query`` struct; ``None`` when it has none."""
    body: Any
    """The endpoint's ``body`` struct, or bytes for CSV; ``None`` when it has none."""
    idempotency_key: str
    request_hash: bytes
    house: Any
    """:class:`~.house.House`: reading, committing, cursors."""
    place: str
    """Asker, list and filters, for cursors."""
    address: str = ""
    """Where the request came from."""


Run: TypeAlias = Callable[[Call], Awaitable[Answer]]


class Endpoint(NamedTuple):
    """One method at one address.

    Attributes
    ----------
    name
        Operation id.
    path
        Below ``/api/v1``, with ``{parcel}`` and the like.
    summary, description
        For the reference; the description begins where the summary ends.
    answer
        Struct of the body.
    status
        When it worked.
    scope
        What the key must be able to do; ``None`` for every valid key.
    is_operators
        Only keys of the network's operator.
    is_open
        No key is needed; few requests are taken from one address.
    query, body
        Structs the request is read into.
    problems
        What the rules may refuse here, beyond what is always possible.
    is_creating
        Needs an ``Idempotency-Key``.
    has_etag
        Carries an ``ETag`` and honors ``If-None-Match``.
    example
        A body that works.
    """

    name: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    run: Run
    answer: Any
    scope: Scope | None
    status: int = 200
    is_operators: bool = False
    is_open: bool = False
    query: Any = None
    body: Any = None
    body_media: str = JSON
    answer_media: str = JSON
    body_bytes_max: int = BODY_BYTES_MAX
    problems: tuple[Reason | Trouble, ...] = ()
    is_creating: bool = False
    has_etag: bool = False
    is_paged: bool = False
    example: Any = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names in the path, in order."""
        parts = self.path.split("/")
        return tuple(part[1:-1] for part in parts if part.startswith("{"))


MakeOperation: TypeAlias = Callable[[], Operation[Any]]
