"""A contract between rooms that may be signed before every room is built.

Import-linter's own ``forbidden`` contract fails when a room it names does not exist. The plan of
the house names all rooms from the start; this contract leaves out the absent ones, and holds in
full from the commit that builds them.
"""

from grimp import ImportGraph
from importlinter import ContractCheck
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.domain.imports import ModuleExpression

HOUSE = "restante"


class StandingForbiddenContract(ForbiddenContract):
    """The ``forbidden`` contract over those of its rooms that stand."""

    type_name = "standing_forbidden"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Leave out rooms of the house that are not in the graph, then check as usual."""
        for side in ("source_modules", "forbidden_modules"):
            setattr(self, side, standing(getattr(self, side), graph))
        return super().check(graph, verbose)


def standing(named: set[ModuleExpression], graph: ImportGraph) -> set[ModuleExpression]:
    """Keep what stands, and everything that does not belong to the house."""
    return {
        module
        for module in named
        if module.expression in graph.modules or module.expression.split(".")[0] != HOUSE
    }
