"""The door for programs: ``/api/v1``, JSON over HTTP, for partners and the network's operators.

Every endpoint is one :class:`~.endpoint.Endpoint` in a table; one adapter checks keys, scopes,
rates, bodies and idempotency for all of them, and the OpenAPI document is made from the same
table, so that neither can say something the other does not.

It must not know pages, lockers' links or how anything is stored: it asks
:class:`restante.views.Queries` and gives operations to the committer.
"""

from .app import make_api, make_api_app
from .openapi import write_openapi

__all__ = ["make_api", "make_api_app", "write_openapi"]
