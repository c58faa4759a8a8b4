"""The golden files: one JSON file for each tag ever released.

``python -m tests.journal.golden_files`` writes the missing ones. A file is never changed after
its release: what it holds lies in somebody's journal.
"""

import types
import typing
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

import msgspec

from restante.core.streams import KINDS
from restante.core.value import Fact
from restante.journal.codec import codec_of, tag_of

FOLDER = Path(__file__).parent / "golden"


def fact_types() -> dict[str, type[Fact]]:
    """Collect every fact of this release by tag."""
    return {tag_of(one): one for kind in KINDS.values() for one in kind.fact_types}


def golden_path(tag: str) -> Path:
    """Name a tag's file."""
    return FOLDER / f"{tag}.json"


def example(wanted: Any, name: str = "x") -> Any:
    """Build a value of a type with every field filled in."""
    if isinstance(wanted, NewType):
        return example(wanted.__supertype__, name)
    if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
        hints = get_type_hints(wanted)
        return wanted(**{one: example(hints[one], one) for one in wanted.__struct_fields__})
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return next(iter(wanted))
    if get_origin(wanted) is not None:
        return _generic_example(wanted, name)
    plain: dict[Any, Any] = {bool: True, int: 1_800_000_000, float: 0.5, bytes: b"\x00\xff"}
    return f"{name}-1" if wanted is str else plain[wanted]


def _generic_example(wanted: Any, name: str) -> Any:
    origin, args = get_origin(wanted), get_args(wanted)
    if origin is typing.Annotated:
        return example(args[0], name)
    if origin in {Union, types.UnionType}:
        return example(next(one for one in args if one is not type(None)), name)
    if origin is Literal:
        return args[0]
    if origin is tuple and len(args) > 1 and args[1] is not Ellipsis:
        return tuple(example(one, name) for one in args)
    if origin in {tuple, list, frozenset, set}:
        return origin([example(args[0], name)])
    return {example(args[0], name): example(args[1], name)}


def missing() -> Iterator[tuple[Path, bytes]]:
    """Make the files that are not there yet."""
    codec = codec_of(KINDS)
    for tag, fact_type in fact_types().items():
        path = golden_path(tag)
        if not path.exists():
            _, body = codec.encode(example(fact_type))
            yield path, msgspec.json.format(body, indent=2) + b"\n"


if __name__ == "__main__":
    for golden, content in missing():
        golden.write_bytes(content)
        print("wrote", golden.name)
