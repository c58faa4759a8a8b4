"""What if: a network as it is beside one that is changed."""

from typing import Any

import msgspec

from ...planning.capacity import BadProblem, Changes, Network, Span, compare
from ...planning.capacity.reading import read_network
from ..capacity import describe_city
from ..search_worker import Teller
from . import Answer, Order


class Question(msgspec.Struct):
    """What is asked."""

    network: msgspec.Raw
    """As :mod:`restante.planning.capacity.reading` reads it, an object or a CSV's text: what is
    left out is the demo city's."""
    changes: Changes
    days: int = 28
    """Days that are counted."""
    runs: int = 8
    """Pairs of runs."""
    redirect_share: float | None = None
    """Parcels that may go to a neighbouring site when theirs is full."""


class Read(msgspec.Struct):
    """A question and the network it is about."""

    question: Question
    network: Network


def read(text: bytes) -> Read:
    """Read a :class:`Question`."""
    try:
        question = msgspec.json.decode(text, type=Question)
    except msgspec.ValidationError as error:
        raise BadProblem("", str(error)) from error
    if question.changes == Changes() and question.redirect_share is None:
        raise BadProblem("changes", "nothing is changed; say what, such as twice as many parcels")
    network = read_told(question.network)
    # What is changed may name a site or a day that is not there.
    question.changes.apply(network)
    question.changes.storm_days(network)
    return Read(question, network)


def read_told(told: msgspec.Raw) -> Network:
    """Read a network from an object, or from the text of a CSV."""
    text = bytes(told).decode()
    if is_csv := text.startswith('"'):
        text = msgspec.json.decode(told, type=str)
    return read_network(text, is_csv=is_csv, usual=describe_city())


def name_of(problem: Read) -> str:
    """Tell what it is called."""
    return "; ".join(problem.question.changes.says()) or "more redirected"


def search(problem: Read, order: Order, teller: Teller) -> Answer:
    """Play both networks on the same parcels and people."""
    question, network = problem.question, problem.network
    other = None
    if question.redirect_share is not None:
        habits = msgspec.structs.replace(network.habits, redirect_share=question.redirect_share)
        other = msgspec.structs.replace(network, habits=habits)

    def show(share: float, _word: str) -> None:
        teller.tell(share=share, cost=float("inf"))

    found = compare(
        network, question.changes, Span(question.days, question.runs), order.seed, other=other,
        progress=show,
    )  # fmt: skip
    figures: dict[str, Any] = {
        "says": list(found.says),
        "days": found.days,
        "runs": found.runs,
        "sites": len(network.sites),
    }
    for name, one in found.measures.items():
        figures[name] = one.changed.mean
        figures[f"{name}_before"] = one.base.mean
    return Answer(figures, msgspec.json.encode(found), msgspec.to_builtins(found))
