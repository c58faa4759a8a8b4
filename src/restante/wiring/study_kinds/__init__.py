"""What can be studied: how each kind of study is read, searched for, and told.

A kind is a module with ``read(text) -> problem``, ``name_of(problem)`` and ``search(problem, order,
teller) -> Answer``. It is loaded only in the process that searches (:mod:`..study_worker`).
"""

import importlib
from typing import Any, NamedTuple, Protocol

import msgspec

from ..search_worker import Teller


class Order(msgspec.Struct):
    """What to do with the problem that follows."""

    kind: str
    seconds: float = 0.0
    """To search; 0 only to read the problem."""
    seed: int = 1


class Answer(NamedTuple):
    """What a study came to."""

    figures: dict[str, Any]
    """What lists and comparisons tell."""
    result: bytes
    """JSON, whole."""
    drawn: dict[str, Any]
    """What pages draw."""


class Kind(Protocol):
    """One kind of study."""

    def read(self, text: bytes) -> Any:
        """Read a problem; raises :class:`ValueError` that says what to do."""
        ...

    def name_of(self, problem: Any) -> str:
        """Tell what it is called."""
        ...

    def search(self, problem: Any, order: Order, teller: Teller) -> Answer:
        """Find an answer; raises :class:`ValueError` that says what to do."""
        ...


def load_kind(name: str) -> Kind:
    """Load one by its name (:data:`restante.operations.studies.KINDS`)."""
    kind: Kind = importlib.import_module(f".{name}", __package__)
    return kind
