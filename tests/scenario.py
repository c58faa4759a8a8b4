"""Tell a rule as a sentence: given what happened, when this is asked, then this follows.

    parcels.given(announced()).when(collect()).refuses(Reason.NOT_HELD)

Knows deciders and nothing about any room.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pytest

from restante.core.decider import Decider
from restante.core.refusal import Reason, Refused
from restante.core.value import Command, Fact


class Asked(NamedTuple):
    """A state, and a command that is put to it."""

    decider: Decider[Any, Any, Any]
    state: Any
    command: Command
    how: Callable[[Any, Any], tuple[Any, ...]]

    def then(self, *facts: Fact) -> "Told":
        """Expect exactly these facts; none when it is already so."""
        assert self.how(self.state, self.command) == facts
        return Told(self.decider, self.decider.fold(facts, self.state))

    def follows(self, *kinds: type[Fact]) -> "Told":
        """Expect facts of exactly these kinds, whatever they hold."""
        facts = self.how(self.state, self.command)
        assert tuple(type(fact) for fact in facts) == kinds
        return Told(self.decider, self.decider.fold(facts, self.state))

    def refuses(self, reason: Reason) -> None:
        """Expect a refusal for exactly this reason."""
        with pytest.raises(Refused) as refusal:
            self.how(self.state, self.command)
        assert refusal.value.reason is reason


class Told(NamedTuple):
    """A story so far."""

    decider: Decider[Any, Any, Any]
    state: Any

    def given(self, *facts: Fact) -> "Told":
        """Let these facts have happened."""
        return Told(self.decider, self.decider.fold(facts, self.state))

    def having(self, *commands: Command) -> "Told":
        """Let these commands have been accepted, and what follows have happened."""
        return Told(self.decider, obey(self.decider, commands, self.state))

    def when(
        self, command: Command, how: Callable[[Any, Any], tuple[Any, ...]] | None = None
    ) -> Asked:
        """Put a command; ``how`` is another rule than the decider's own, like a witness."""
        return Asked(self.decider, self.state, command, how or self.decider.decide)


def stories_of(decider: Decider[Any, Any, Any]) -> Told:
    """Begin stories of one machine."""
    return Told(decider, decider.initial)


def obey(decider: Decider[Any, Any, Any], commands: Iterable[Command], state: Any = None) -> Any:
    """Fold what follows from commands, none of which may be refused."""
    result = decider.initial if state is None else state
    for command in commands:
        result = decider.fold(decider.decide(result, command), result)
    return result
