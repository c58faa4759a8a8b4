"""The kiosk's voice: texts of its own catalogs made into sound by espeak-ng, and its beeps.

Rules
-----
V1  Only what a screen says is ever spoken: a clip is asked for by the name it was offered under,
    never by its text. No name, no clip.
V2  A code and its digits are in no text of a screen, so in no clip; see :mod:`.announce`.
V3  Clips are kept by language, text and release of the program, in memory, within bounds.
V4  Without the program there is no speech: it is said once in the log and not offered.
"""

import array
import hashlib
import math
import shutil
import struct
import subprocess
import sys
import threading
from collections import OrderedDict
from functools import cache
from typing import Final

import structlog

PROGRAM: Final = "espeak-ng"
WORDS_PER_MINUTE: Final = 150
"""Calmer than the program's own 175 (chosen: heard once, in a street)."""
CLIP_SECONDS_MAX: Final = 10
"""For making a clip; measured: 0.02 s for a sentence."""
TEXT_MAX: Final = 600
CLIPS_MAX: Final = 400
CLIPS_BYTES_MAX: Final = 24_000_000
OFFERS_MAX: Final = 2_000
BEEP_RATE: Final = 16_000
BEEPS: Final = {
    "warning": ((880, 0.14), (0, 0.08), (880, 0.14)),
    "opened": ((660, 0.12), (990, 0.18)),
    "refused": ((330, 0.3),),
    "good": ((784, 0.1), (1047, 0.16)),
}
"""Tones of each sound, in hertz and seconds."""

_log = structlog.get_logger("kiosk")


class Voice:
    """Speaks texts.

    Parameters
    ----------
    program
        Path of espeak-ng; ``None`` when there is none.
    """

    def __init__(self, program: str | None) -> None:
        self._program = program
        self._version = "" if program is None else _read_version(program)
        self._lock = threading.Lock()
        self._offers: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._clips: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    @property
    def is_available(self) -> bool:
        """Whether it can speak."""
        return self._program is not None

    def offer(self, language: str, text: str) -> str:
        """Name a text of a screen, so that its clip may be asked for."""
        text = " ".join(text.split())[:TEXT_MAX]
        seed = f"{self._version}\n{language}\n{text}"
        name = hashlib.sha256(seed.encode()).hexdigest()[:24]
        with self._lock:
            self._offers[name] = (language, text)
            self._offers.move_to_end(name)
            while len(self._offers) > OFFERS_MAX:
                self._offers.popitem(last=False)
        return name

    def find_clip(self, name: str) -> bytes | None:
        """Give the sound of a text that was offered, as a WAV file; made when first asked for."""
        with self._lock:
            offered = self._offers.get(name)
            known = self._clips.get(name)
            if known is not None:
                self._clips.move_to_end(name)
        if known is not None or offered is None or self._program is None:
            return known
        made = _make_clip(self._program, *offered)
        if made is not None:
            self._keep(name, made)
        return made

    @property
    def kept(self) -> tuple[int, int]:
        """How many clips are kept, and how many bytes they are."""
        return len(self._clips), self._bytes

    def _keep(self, name: str, clip: bytes) -> None:
        with self._lock:
            if name in self._clips:
                return
            self._clips[name] = clip
            self._bytes += len(clip)
            while len(self._clips) > CLIPS_MAX or self._bytes > CLIPS_BYTES_MAX:
                _, dropped = self._clips.popitem(last=False)
                self._bytes -= len(dropped)


@cache
def find_voice() -> Voice:
    """Find this machine's voice; every kiosk of a process shares it."""
    program = shutil.which(PROGRAM)
    if program is None:
        _log.warning("kiosk.no_speech", program=PROGRAM, fix="apt-get install espeak-ng")
    return Voice(program)


@cache
def make_beep(name: str) -> bytes:
    """Make one of :data:`BEEPS` as a WAV file."""
    samples = array.array("h")
    for hertz, seconds in BEEPS[name]:
        count = int(seconds * BEEP_RATE)
        for at in range(count):
            # Faded in and out, else it clicks.
            edge = min(1.0, at / 160, (count - at) / 160)
            samples.append(int(9000 * edge * math.sin(2 * math.pi * hertz * at / BEEP_RATE)))
    if sys.byteorder == "big":
        samples.byteswap()
    return _wav(samples.tobytes(), BEEP_RATE)


def _read_version(program: str) -> str:
    done = subprocess.run(  # noqa: S603
        [program, "--version"], capture_output=True, timeout=CLIP_SECONDS_MAX, check=False
    )
    return done.stdout.decode(errors="replace").strip()[:80]


def _make_clip(program: str, language: str, text: str) -> bytes | None:
    if not language.isalpha():
        return None
    # The text goes in by stdin: nothing in it can be taken for an option.
    command = [program, "-v", language, "-s", str(WORDS_PER_MINUTE), "--stdin", "--stdout"]
    try:
        done = subprocess.run(  # noqa: S603
            command, input=text.encode(), capture_output=True, timeout=CLIP_SECONDS_MAX, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.warning("kiosk.speech_failed", language=language, why=str(error))
        return None
    if done.returncode != 0 or done.stdout[:4] != b"RIFF":
        why = done.stderr.decode(errors="replace").strip()[:200]
        _log.warning("kiosk.speech_failed", language=language, why=why)
        return None
    return _with_lengths(done.stdout)


def _with_lengths(wav: bytes) -> bytes:
    # Writing to a pipe the program cannot go back and fill in the lengths.
    at = wav.find(b"data")
    (rate,) = struct.unpack_from("<I", wav, 24)
    return _wav(wav[at + 8 :], rate)


def _wav(samples: bytes, rate: int) -> bytes:
    form = struct.pack("<IHHIIHH", 16, 1, 1, rate, rate * 2, 2, 16)
    head = struct.pack("<4sI4s4s", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ")
    return head + form + struct.pack("<4sI", b"data", len(samples)) + samples
