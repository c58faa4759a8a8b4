"""The page of the link: every message, and every entry of a locker's list."""

from typing import get_args

from msgspec import Struct

from restante.link import message

from .structs import field_table, sentence

HEAD = """# Link messages

What a {term}`locker` and {term}`the centre` say to each other, as JSON with the tag in `type`.
Fields are only added, with defaults; unknown fields are skipped. A message that is not understood
is dropped and counted, never guessed. Signed messages carry `kid`, the key's name, and
`signature`, Ed25519 over the message with keys in order and without the signature.

"""


def write_page() -> str:
    """Write messages by direction, then the entries of the list."""
    parts = [HEAD]
    parts += ["## From the locker\n", *sections(get_args(message.FromLocker))]
    parts += ["## From the centre\n", *sections(get_args(message.FromCentre))]
    parts += ["## Entries of the list\n", *sections(get_args(message.ListEntry))]
    parts += ["## Parts\n", *sections((message.ReportedFact, message.ListChange))]
    return "\n".join(parts)


def sections(structs: tuple[type[Struct], ...]) -> list[str]:
    """Write some structs, in the order the source lists them."""
    return [section(struct) for struct in structs]


def section(struct: type[Struct]) -> str:
    """Write one struct."""
    tag = struct.__struct_config__.tag
    heading = f"`{tag}`" if tag else f"`{struct.__name__}`"
    is_signed = struct in get_args(message.Signed)
    said = sentence(struct) + (" Signed." if is_signed else "")
    return f"### {heading}\n\n{said}\n\n{field_table(struct)}\n"
