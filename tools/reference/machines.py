"""Find the facts, commands and machines of the core by walking its modules."""

import importlib
import pkgutil
from types import ModuleType

import restante.core
from restante.core.value import Command, Fact


def core_modules() -> list[ModuleType]:
    """Import every module of the core, ordered by name."""
    found = pkgutil.iter_modules(restante.core.__path__, "restante.core.")
    return [importlib.import_module(module.name) for module in found]


def fact_types() -> list[type[Fact]]:
    """Find every kind of fact that the core defines."""
    return [kind for kind in _defined(Fact) if issubclass(kind, Fact)]


def command_types() -> list[type[Command]]:
    """Find every kind of command that the core defines."""
    return [kind for kind in _defined(Command) if issubclass(kind, Command)]


def _defined(base: type[object]) -> list[type[object]]:
    return [
        kind
        for module in core_modules()
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, base)
        and kind is not base
        and kind.__module__ == module.__name__
    ]
