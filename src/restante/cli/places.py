"""Where a command finds its settings."""

from pathlib import Path
from typing import Any

import typer

from ..settings import Settings, read_settings

DEFAULT_CONFIG = Path("restante.toml")
"""Read when it lies in the working folder and nothing else is named."""


def read_settings_of(context: typer.Context, **arguments: Any) -> Settings:
    """Read the settings a command runs with: file, variables, then its own arguments."""
    named: Path | None = (context.obj or {}).get("config")
    path = named or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)
    return read_settings(path, arguments=arguments)
