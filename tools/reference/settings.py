"""The page of settings: what an operator can set, and what holds where nothing is set."""

from restante.settings import ENV_PREFIX, Settings
from tools.reference.structs import code, read_fields

HEAD = """# Settings

What an operator can set. A TOML file comes first (`restante --config FILE`, or the variable
`RESTANTE_CONFIG`; `restante init` writes one), then variables, then arguments of a command; the
later one wins. An unknown name is an error that says what it should have been. Secrets are not
settings: a setting names the file a secret is in.

| setting | variable | type | when nothing is set | meaning |
|---|---|---|---|---|
"""


def write_page() -> str:
    """Write every setting with its variable, type, default and meaning.

    Raises
    ------
    LookupError
        When a setting has no words below it.
    """
    fields = read_fields(Settings)
    silent = [name for name, _, _, meaning in fields if not meaning]
    if silent:
        raise LookupError(f"say below the field in restante/settings.py what it sets: {silent}")
    rows = [
        f"| `{name}` | `{ENV_PREFIX}{name.upper()}` | {code(kind)} | {code(shown(default))} "
        f"| {meaning} |"
        for name, kind, default, meaning in fields
    ]
    return HEAD + "\n".join(rows) + "\n"


def shown(default: str) -> str:
    """Show a default as it would be written into the TOML file; nothing where nothing is set."""
    if default in ("None", "''"):
        return ""
    return default.removeprefix("Path(").removesuffix(")").replace("'", '"')
