"""How many columns of which kind each site needs."""

import math
from typing import Any

import msgspec

from ...planning.capacity import BadProblem, Network, Span
from ...planning.capacity.sizing import Sizes, size_sites
from ..search_worker import Teller
from . import Answer, Order
from .whatif import read_told


class Question(msgspec.Struct):
    """What is asked."""

    network: msgspec.Raw
    """As in :class:`.whatif.Question`."""
    target: float = 0.02
    """Share of parcels without room at the first try, at most."""
    sites: tuple[str, ...] = ()
    """All when empty."""
    peak: float = 1.0
    days: int = 28
    runs: int = 4


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
    network = read_told(question.network)
    for site in question.sites:
        network.site(site)
    return Read(question, network)


def name_of(problem: Read) -> str:
    """Tell what it is called."""
    question = problem.question
    sites = ", ".join(question.sites) or f"{len(problem.network.sites)} sites"
    return f"{sites}, at most {question.target:.1%} turned away"


def search(problem: Read, order: Order, teller: Teller) -> Answer:
    """Size sites."""
    question = problem.question

    def show(share: float, _word: str) -> None:
        teller.tell(share=share, cost=math.inf)

    found = size_sites(
        problem.network,
        Span(question.days, question.runs),
        order.seed,
        target=question.target,
        sites=question.sites,
        peak=question.peak,
        progress=show,
    )
    stand = {one.id: one.compartments for one in problem.network.sites}
    drawn = msgspec.to_builtins(found)
    for one in drawn["sites"]:
        one["compartments_now"] = sum(stand[one["site"]].values())
    return Answer(_figures(found, drawn), msgspec.json.encode(found), drawn)


def _figures(found: Sizes, drawn: dict[str, Any]) -> dict[str, Any]:
    return {
        "sites": len(found.sites),
        "target": found.target,
        "holding": sum(one.holds for one in found.sites),
        "compartments_now": sum(one["compartments_now"] for one in drawn["sites"]),
        "compartments": sum(sum(one.compartments.values()) for one in found.sites),
        "columns": sum(len(one.columns) for one in found.sites),
        "columns_cost": sum(one.cost for one in found.sites),
    }
