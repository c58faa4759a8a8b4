"""What the house can be asked: tables that follow the journal, and the queries over them.

Inline rows are written in the journal's own transaction by the pure :func:`~.inline.derive`;
directory tables (sites, partners, contacts) hold what is no fact. Everybody who asks is a
:class:`~.principal.Principal` and sees own objects only.

It must not decide anything, and it must not know pages, HTTP or how notices are sent.
"""

from .inline import derive
from .principal import Forbidden, NotFound, Principal, Role
from .queries import Queries
from .tables import VIEWS
from .work import NoticeWork

__all__ = [
    "VIEWS",
    "Forbidden",
    "NotFound",
    "NoticeWork",
    "Principal",
    "Queries",
    "Role",
    "derive",
]
