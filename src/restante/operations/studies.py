"""Studies of the network's future: ask for one, look at all; see :mod:`.searches` for the rest."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, NamedTuple, Protocol

from sqlalchemy import Connection

from ..clock import Clock
from ..core.ids import StudyId
from ..journal.committer import Committer
from ..journal.ledger import Ledger, Operation
from ..journal.port import Scalar
from ..views import search_tables, study_tables
from ..views.principal import NotFound, Principal, Role
from ..views.study_tables import STUDIES, ShownStudy
from .means import Means
from .searches import BadSearch, Searches, cancel, check_wanted, keep_problem, owner_of

KINDS: Final = ("sites", "sizes", "whatif", "forecast")
"""Where to put sites; which compartments they need; what if; what comes."""


class AskedStudy(NamedTuple):
    """A study that somebody asks for."""

    kind: str
    problem: bytes
    """JSON, checked already."""
    title: str
    source: str
    """``network`` or ``file``."""
    seconds: float
    seed: int


def ask_study(
    means: Means, principal: Principal, asked: AskedStudy, *, open_count: int = 0
) -> Operation[StudyId]:
    """Keep a problem, to be searched as soon as it is its turn.

    Parameters
    ----------
    open_count
        Studies of the asker that are open already.

    Raises
    ------
    BadSearch
        When the asker has too many open ones, or the search would be too long, or of no kind.
    """
    principal.need_role(Role.OPERATOR)
    if asked.kind not in KINDS:
        raise BadSearch(f"kind: one of {', '.join(KINDS)}, not {asked.kind!r}")
    check_wanted(asked.seconds, open_count, what="studies")
    study = StudyId(means.minter.make("u"))
    values: dict[str, Scalar] = {
        "kind": asked.kind,
        "source": asked.source,
        "owner": owner_of(principal),
        "title": asked.title[:200],
        "made_by": principal.actor,
        "seconds": asked.seconds,
        "seed": asked.seed,
    }

    def run(ledger: Ledger) -> StudyId:
        keep_problem(ledger, STUDIES, study, asked.problem, values)
        return study

    return Operation((), run)


def cancel_study(principal: Principal, *, study: StudyId) -> Operation[None]:
    """Stop searching; what is over stays as it is."""
    return cancel(principal, STUDIES, study)


class NetworkTold(Protocol):
    """Describes this network to studies; both raise :class:`.searches.BadSearch`."""

    def capacity(self) -> tuple[bytes, tuple[str, ...]]:
        """Write lockers and what comes to them as JSON, and say what was assumed."""
        ...

    def sites(self, *, may_close: bool) -> bytes:
        """Write its sites as candidates that stand, JSON."""
        ...

    def history(self) -> str:
        """Write what came to every site on every day as CSV."""
        ...


class StudyDesk(Searches):
    """Studies that are being made, and questions about all.

    Parameters
    ----------
    reading, committer, clock, real, missing
        See :class:`.searches.Searches`.
    check_study
        Reads a problem of a kind as a search would; raises :class:`.searches.BadSearch`.
    network
        Describes this network to studies.
    """

    def __init__(
        self,
        *,
        reading: Callable[[], AbstractContextManager[Connection]],
        committer: Committer,
        clock: Clock,
        real: Clock,
        missing: str = "",
        check_study: Callable[[str, bytes], str] = lambda _kind, _problem: "",
        network: NetworkTold | None = None,
    ) -> None:
        super().__init__(
            STUDIES, reading=reading, committer=committer, clock=clock, real=real, missing=missing
        )
        self.check_study = check_study
        self.network = network

    def studies(self, *, kind: str | None = None, limit: int = 100) -> tuple[ShownStudy, ...]:
        """List studies, the last first."""
        with self._reading() as connection:
            return study_tables.list_studies(connection, kind=kind, limit=limit)

    def study(self, study: StudyId) -> ShownStudy:
        """Find a study; see :func:`restante.views.study_tables.find_study`."""
        with self._reading() as connection:
            return study_tables.find_study(connection, study)

    def paper(self, study: StudyId, name: str) -> bytes:
        """Read ``problem``, ``result`` or ``drawn`` of a study.

        Raises
        ------
        NotFound
            When there is no such study, or it has no such paper yet.
        """
        with self._reading() as connection:
            study_tables.find_study(connection, study)
            found = search_tables.find_paper(connection, STUDIES, study, name)
        if found is None:
            raise NotFound(f"{name} of study", study)
        return found
