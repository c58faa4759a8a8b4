"""Enrols a machine in a folder and is killed at each step of it; says what was left each time.

Run as a program: ``killed.py <folder>`` with ``old`` and ``new`` (what was handed) inside.
"""

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from restante.access import read_locker_keys
from restante.access.keystore import decode_locker_keys, encode_locker_keys
from restante.link.message import ConfigurationUpdate, decode_from_centre, encode_message
from restante.settings import BadSetting
from restante.wiring.enrolled import (
    AUTHORITY,
    CENTRE_CA,
    CERTIFICATE,
    CONFIGURATION,
    KEYS,
    Handed,
    Place,
    read_kept_configuration,
    read_place,
    write_enrolment,
)

STEPS: Final = (
    "open",
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.symlink",
    "os.rmdir",
    "shutil.rmtree",
)


class Packed(msgspec.Struct):
    """What was handed, as bytes."""

    place: Place
    certificate: bytes
    authority: bytes
    keys: bytes
    update: bytes
    centre_ca: bytes


def pack(handed: Handed) -> bytes:
    """Write what was handed."""
    return msgspec.json.encode(
        Packed(
            place=handed.place,
            certificate=handed.certificate,
            authority=handed.authority,
            keys=encode_locker_keys(handed.keys),
            update=encode_message(handed.update),
            centre_ca=handed.centre_ca,
        )
    )


def unpack(written: bytes) -> Handed:
    """Read what :func:`pack` wrote."""
    packed = msgspec.json.decode(written, type=Packed)
    update = decode_from_centre(packed.update)
    assert isinstance(update, ConfigurationUpdate)
    return Handed(
        place=packed.place,
        certificate=packed.certificate,
        authority=packed.authority,
        keys=decode_locker_keys(packed.keys),
        update=update,
        centre_ca=packed.centre_ca,
    )


def die_at(step: int) -> None:
    """Kill this process when it is about to touch the disk for the n-th time."""
    left = step

    def watch(event: str, _args: tuple[Any, ...]) -> None:
        nonlocal left
        if event in STEPS:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def look(folder: Path, old: Handed, new: Handed) -> str:
    """Tell whose enrolment lies in a folder: ``none``, ``old``, ``new`` or what is wrong."""
    enrolled = folder / "enrolled"
    try:
        place = read_place(enrolled)
    except BadSetting as error:
        return "none" if "not enrolled" in str(error) else str(error)
    found = Handed(
        place=place,
        certificate=(enrolled / CERTIFICATE).read_bytes(),
        authority=(enrolled / AUTHORITY).read_bytes(),
        keys=read_locker_keys(enrolled / KEYS),
        update=old.update,
        centre_ca=(enrolled / CENTRE_CA).read_bytes() if place.has_ca else b"",
    )
    read_kept_configuration(enrolled)
    written = (enrolled / CONFIGURATION).read_bytes()
    for name, one in (("old", old), ("new", new)):
        same = msgspec.structs.replace(one, update=old.update) == found
        if same and written == encode_message(one.update):
            return name
    return "mixed"


def main(folder: Path) -> None:
    """Try every step until one attempt gets through."""
    old, new = (unpack((folder / name).read_bytes()) for name in ("old", "new"))
    for begins_with in (None, old):
        step = 0
        while True:
            place = folder / "tried"
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            if begins_with is not None:
                write_enrolment(place, begins_with)
            child = os.fork()
            if child == 0:
                die_at(step)
                write_enrolment(place, new)
                os._exit(0)
            _, status = os.waitpid(child, 0)
            left = look(place, old, new)
            write_enrolment(place, new)
            mended = look(place, old, new)
            rests = [one.name for one in place.iterdir() if one.name.startswith(".enrolled")]
            print("old" if begins_with else "none", step, left, mended, len(rests))
            if status == 0:
                break
            step += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))
