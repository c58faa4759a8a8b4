"""A decider is a value with three parts: where a story starts, what follows, what is true after.

    decide(state, command) -> facts     closed: what is not listed raises Refused
    evolve(state, fact) -> state        total: never raises, never judges

Three outcomes, three channels: something follows (facts), it is already so (``()``), it is not
allowed (``Refused``).

References
----------
Chassaing, J. (2021). Functional Event Sourcing Decider.
"""

from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

from .value import Command, Fact

State = TypeVar("State")
Asked = TypeVar("Asked", bound=Command)
Happened = TypeVar("Happened", bound=Fact)


class Decider(NamedTuple, Generic[State, Asked, Happened]):
    """One machine: its first state, its rules, and its memory."""

    initial: State
    decide: Callable[[State, Asked], tuple[Happened, ...]]
    evolve: Callable[[State, Happened], State]

    def fold(self, facts: Iterable[Happened], state: State | None = None) -> State:
        """Tell the story from ``state`` (the beginning when not given) to its end."""
        result = self.initial if state is None else state
        for fact in facts:
            result = self.evolve(result, fact)
        return result
