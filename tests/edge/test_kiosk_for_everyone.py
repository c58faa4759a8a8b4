"""The kiosk for everyone, without a browser: what is said, how large, in which colors, how long."""

import array
import io
import re
import shutil
import wave
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from restante.core.ids import CompartmentId
from restante.core.value import UtcSeconds
from restante.edge.boards.simulated import Fault
from restante.edge.config import ScreenConfig
from restante.edge.kiosk import catalog, display, menus
from restante.edge.kiosk.announce import announce, find_sound, say_pad_key, spell
from restante.edge.kiosk.catalog import say
from restante.edge.kiosk.flow import IDLE_COUNTDOWN_SECONDS, IDLE_WARN_SECONDS, Flow
from restante.edge.kiosk.place import find_place, say_place
from restante.edge.kiosk.screen import Field, Screen, ScreenName, Tone, View
from restante.edge.kiosk.voice import (
    BEEPS,
    CLIPS_BYTES_MAX,
    CLIPS_MAX,
    OFFERS_MAX,
    PROGRAM,
    Voice,
    make_beep,
)
from tests.edge.cabinet import CONFIG, Cabinet
from tests.edge.test_flow import Person

LANGUAGES = ("en", "de", "pl", "es", "ar")
SCREENS = {
    "10.1 inch": ScreenConfig(),
    "7 inch": ScreenConfig(width_px=800, height_px=480, diagonal_inches=7),
    "15.6 inch": ScreenConfig(width_px=1920, height_px=1080, diagonal_inches=15.6),
    "21.5 inch upright": ScreenConfig(width_px=1080, height_px=1920, diagonal_inches=21.5),
}
CONTRAST_MIN = 7.0


@pytest.fixture
def person() -> Person:
    person = Person(Cabinet())
    person.flow = Flow(person.cabinet.controller, can_speak=lambda: True)
    return person


@pytest.fixture(scope="module")
def voice() -> Voice:
    program = shutil.which(PROGRAM)
    assert program is not None, "make test installs it: tools/system_packages.py"
    return Voice(program)


# ── Speech ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_has_something_to_say_in_every_language(language: str) -> None:
    texts = catalog.read_texts(language)
    for name in ScreenName:
        assert len(texts[f"{name}.speech"].split()) >= 3, name


def test_only_complete_languages_are_offered() -> None:
    assert set(LANGUAGES) == set(catalog.languages()) == set(CONFIG.languages)


def test_nothing_typed_is_ever_said_whatever_the_screen(person: Person) -> None:
    person.cabinet.expect("p1")
    code = person.cabinet.grant("p1")
    person.cabinet.bring("p1")
    person.touch("collect")
    typed = code.replace("-", "")
    heard = []
    for count, digit in enumerate(typed, start=1):
        shown = person.flow.type_digit(digit)
        said = announce(shown, "", lambda key, values=None: say("en", key, values))
        assert said.note == f"Digit entered. Digits so far: {count}"
        heard.append(said.screen + said.note + said.idle)
    person.touch("mask")
    shown = person.flow.show()
    heard.append(announce(shown, "", lambda key, values=None: say("en", key, values)).note)
    for text in heard:
        assert typed not in re.sub(r"\D", "", text)
        assert re.sub(r"so far: \d+|8 digits", "", text).count(typed[0]) == 0


def test_digits_of_the_pad_are_named_into_headphones_only() -> None:
    aloud = Screen(name=ScreenName.CODE, title="code.title", view=View(speaks=True))
    private = replace(aloud, view=View(speaks=True, is_private=True))

    def english(key: str, values: dict[str, object] | None = None) -> str:
        return say("en", key, values)

    assert say_pad_key("7", private, english) == "7"
    assert "7" not in say_pad_key("7", aloud, english)
    assert say_pad_key("back", aloud, english) == "Delete the last digit"


def test_numbers_to_read_out_are_said_digit_by_digit() -> None:
    assert spell("833333-CO") == "8 3 3 3 3 3 C O"
    assert spell("+49 30 12") == "4 9 3 0 1 2"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_voice_is_no_silence(voice: Voice, language: str) -> None:
    text = say(language, "take.title")
    clip = voice.find_clip(voice.offer(language, text))
    assert clip is not None
    with wave.open(io.BytesIO(clip)) as sound:
        samples = array.array("h", sound.readframes(sound.getnframes()))
        seconds = sound.getnframes() / sound.getframerate()
    assert 0.7 < seconds < 8
    loud = sum(1 for one in samples if abs(one) > 1_000)
    assert loud > len(samples) / 10


def test_languages_sound_different(voice: Voice) -> None:
    clips = {voice.find_clip(voice.offer(language, "8 1")) for language in LANGUAGES}
    assert len(clips) == len(LANGUAGES)


def test_a_text_that_looks_like_an_option_is_only_spoken(voice: Voice) -> None:
    clip = voice.find_clip(voice.offer("en", "--version -w /nowhere; $(true)"))
    assert clip is not None and len(clip) > 20_000


def test_only_what_was_offered_is_spoken_and_memory_has_an_end() -> None:
    silent = Voice(None)
    assert not silent.is_available
    assert silent.find_clip(silent.offer("en", "hello")) is None
    voice = Voice(shutil.which(PROGRAM))
    assert voice.find_clip("0" * 24) is None
    first = voice.offer("en", "first")
    for number in range(OFFERS_MAX):
        voice.offer("en", f"text {number}")
    assert voice.find_clip(first) is None
    for number in range(5):
        voice._keep(f"clip {number}", bytes(CLIPS_BYTES_MAX // 3))
    for number in range(CLIPS_MAX + 20):
        voice._keep(f"small {number}", b"1234")
    count, size = voice.kept
    assert 0 < count <= CLIPS_MAX
    assert 0 < size <= CLIPS_BYTES_MAX


def test_a_broken_program_is_no_broken_kiosk(tmp_path: object) -> None:
    broken = Voice("/bin/false")
    assert broken.find_clip(broken.offer("en", "hello")) is None


def test_headphones_begin_speech_and_pulling_them_out_ends_it(person: Person) -> None:
    shown = person.flow.touch("headphones:in")
    assert shown.view == View(speaks=True, is_private=True)
    person.touch("collect")
    shown = person.flow.touch("headphones:out")
    assert shown.view == View()
    assert shown.name is ScreenName.CODE


def test_without_a_voice_speech_is_not_offered() -> None:
    flow = Flow(Cabinet().controller)
    assert not flow.touch("speech").view.speaks
    assert not flow.touch("headphones:in").view.speaks
    flow.touch("comfort")
    assert [one.name for one in flow.show().buttons] == ["large", "contrast", "close"]


def test_the_volume_has_two_ends(person: Person) -> None:
    assert [person.flow.touch("louder").view.volume for _ in range(4)] == [4, 5, 5, 5]
    assert [person.flow.touch("quieter").view.volume for _ in range(5)] == [4, 3, 2, 1, 1]


# ── Waiting ───────────────────────────────────────────────────────────────────────────────────


def wait(person: Person, seconds: int) -> Screen:
    person.cabinet.clock.set(UtcSeconds(person.cabinet.clock.now() + seconds))
    return person.flow.tick()


def test_a_warning_may_be_answered_as_often_as_one_likes(person: Person) -> None:
    person.touch("collect")
    person.flow.type_digit("4")
    for _ in range(25):
        shown = wait(person, IDLE_WARN_SECONDS + IDLE_COUNTDOWN_SECONDS - 1)
        assert shown.idle_seconds_left == 1
        assert person.flow.touch("stay").idle_seconds_left is None
    assert person.flow.show().digits == "4"


@pytest.mark.parametrize("chosen", ["language:ar", "large", "contrast", "speech", "quieter"])
def test_what_one_person_chose_at_the_start_is_not_left_for_the_next(
    person: Person, chosen: str
) -> None:
    person.flow.touch(chosen)
    slowness = 2 if chosen == "speech" else 1
    assert wait(person, IDLE_WARN_SECONDS * slowness).idle_seconds_left == IDLE_COUNTDOWN_SECONDS
    shown = wait(person, IDLE_COUNTDOWN_SECONDS)
    assert shown.name is ScreenName.START
    assert (shown.language, shown.view) == ("en", View())
    assert wait(person, 10_000).idle_seconds_left is None


def test_what_was_chosen_stays_until_the_goodbye_and_not_longer(person: Person) -> None:
    person.cabinet.expect("p1")
    code = person.cabinet.grant("p1")
    person.cabinet.bring("p1")
    for chosen in ("language:de", "large", "contrast"):
        person.flow.touch(chosen)
    person.scan(code)
    person.shut()
    person.touch("finish")
    assert person.shown.view == View(is_large=True, has_contrast=True)
    assert person.shown.language == "de"
    assert person.wait(8) is ScreenName.START
    assert person.shown.view == View()
    assert person.shown.language == "en"


def test_who_listens_is_given_twice_the_time(person: Person) -> None:
    person.flow.touch("speech")
    person.touch("collect")
    assert wait(person, IDLE_WARN_SECONDS * 2 - 1).idle_seconds_left is None
    assert wait(person, 1).idle_seconds_left == IDLE_COUNTDOWN_SECONDS


def test_every_sound_is_also_to_be_seen(person: Person) -> None:
    heard = {}
    person.touch("collect")
    shown = wait(person, IDLE_WARN_SECONDS)
    heard[find_sound(shown)] = shown.idle_seconds_left is not None
    person.scan("12471193")
    heard[find_sound(person.shown)] = person.shown.message != ""
    person.cabinet.expect("p1")
    person.scan(person.cabinet.shift_token())
    person.scan("LABEL-P1")
    heard[find_sound(person.shown)] = person.shown.is_door_open
    person.put_in_and_shut("p1")
    heard[find_sound(person.shown)] = person.shown.message == "message.deposited"
    assert heard == dict.fromkeys(BEEPS, True)
    person.wait()
    assert all(len(make_beep(name)) > 2_000 for name in BEEPS)


# ── One question, few buttons, a way on ───────────────────────────────────────────────────────


def walk(person: Person) -> Iterator[Screen]:
    """Go everywhere, jam a door on the way."""
    cabinet = person.cabinet
    cabinet.note(help_phone="+49 30 1234567")
    for number in range(1, 6):
        cabinet.expect(f"p{number}")
    code = cabinet.grant("p1", recipient="r1")
    cabinet.grant("p2", recipient="r1")
    cabinet.bring("p1", "p2", "p3", "p4")
    for number in (3, 4):
        cabinet.expect(f"p{number}", is_overdue=True)
    yield person.flow.tick()
    for button in ("languages", "close", "comfort", "close", "collect", "help", "return", "back"):
        person.touch(button)
        yield person.shown
    person.touch("courier")
    yield person.shown
    person.scan(cabinet.shift_token())
    yield person.shown
    person.touch("retrievals")
    yield person.shown
    person.touch("scan_next")
    person.scan("NOTHING-WE-KNOW")
    yield person.shown
    person.scan("LABEL-P5")
    yield person.shown
    person.touch("problem")
    yield person.shown
    person.touch("still_open")
    person.put_in_and_shut("p5")
    yield person.shown
    person.touch("undo")
    yield person.shown
    person.shut()
    person.touch("scan_next")
    person.touch("finish")
    yield person.shown
    person.touch("done")
    person.scan(code)
    yield person.shown
    person.shut()
    yield person.shown
    for name in ("A1", "A2", "A3", "A4", "B1", "B2"):
        cabinet.board.break_door(CompartmentId(name), Fault.JAMMED)
    person.touch("next")
    yield person.shown


REACHED = {
    *("start", "language", "comfort", "code", "help", "courier", "scan", "retrieve", "refused"),
    *("put_in", "problem", "take_back", "goodbye", "take", "taken", "door_failed"),
}


def test_a_screen_has_three_large_buttons_at_most_and_one_main_action(person: Person) -> None:
    seen = set()
    for shown in walk(person):
        seen.add(shown.name.value)
        large = [one for one in shown.buttons if one.tone is not Tone.TOOL]
        assert len(large) <= menus.BUTTONS_MAX, shown.name
        assert sum(one.tone is Tone.MAIN for one in large) <= 1, shown.name
    assert seen == REACHED


def test_where_something_went_wrong_there_is_a_number_a_code_and_a_way_on(person: Person) -> None:
    wrong = {}
    for shown in walk(person):
        if shown.name in menus.HAS_INCIDENT:
            wrong[shown.name.value] = (
                bool(re.fullmatch(r"[0-9]{6}-[A-Z]{2}", shown.incident)),
                shown.values["phone"],
                bool(shown.hint and shown.buttons),
            )
    assert wrong == dict.fromkeys(
        ("help", "refused", "door_failed"), (True, "+49 30 1234567", True)
    )


def test_many_parcels_to_take_back_are_shown_a_few_at_a_time(person: Person) -> None:
    parcels = [f"p{number}" for number in range(1, 6)]
    for parcel in parcels:
        person.cabinet.expect(parcel)
    person.cabinet.bring(*parcels)
    for parcel in parcels:
        person.cabinet.expect(parcel, is_overdue=True)
    person.scan(person.cabinet.shift_token())
    person.touch("retrievals")
    pages = []
    for _ in range(4):
        pages.append([one.name for one in person.shown.buttons if one.name.startswith("retrieve")])
        person.touch("more")
    assert [len(page) for page in pages] == [2, 2, 1, 2]
    assert sorted({name for page in pages for name in page}) == [f"retrieve:{p}" for p in parcels]
    assert pages[3] == pages[0]


# ── Where the door is ─────────────────────────────────────────────────────────────────────────


def test_the_place_of_a_door_is_said_in_words() -> None:
    place = find_place(CONFIG, CompartmentId("A3"))
    words = {
        language: say_place(place, lambda key, values=None, code=language: say(code, key, values))
        for language in LANGUAGES
    }
    assert words == {
        "en": "Column 1, third door from the top, at hip height, to the left of this screen",
        "de": "Spalte 1, dritte Tür von oben, auf Hüfthöhe, links von diesem Bildschirm",
        "pl": "Kolumna 1, trzecie drzwiczki od góry, na wysokości bioder, na lewo od tego ekranu",
        "es": "Columna 1, tercera puerta desde arriba, a la altura de la cadera, "
        "a la izquierda de esta pantalla",
        "ar": "العمود 1، الباب الثالث من الأعلى، على ارتفاع الورك، إلى يسار هذه الشاشة",
    }
    right = find_place(CONFIG, CompartmentId("B1"))
    assert (right.column, right.row, right.is_left) == (2, 1, False)


def test_the_place_is_part_of_what_is_said_at_an_open_door(person: Person) -> None:
    person.cabinet.expect("p1")
    person.scan(person.cabinet.shift_token())
    person.scan("LABEL-P1")
    said = announce(person.shown, "Just here", lambda key, values=None: say("en", key, values))
    assert said.screen.startswith("Door A1 is open. Just here. Put the parcel in")
    assert person.shown.field is Field.NOTHING


# ── Sizes and colors ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "font_px"),
    [("10.1 inch", 59), ("7 inch", 53), ("15.6 inch", 56), ("21.5 inch upright", 41)],
)
def test_large_type_is_computed_from_the_screen(name: str, font_px: int) -> None:
    # The figures are those of a font whose capital is 0.73 of its size; ours is chosen safer.
    screen = SCREENS[name]
    capital_px = display.measure_capital_mm(screen) * display.count_px_per_mm(screen)
    assert capital_px / 0.73 == pytest.approx(font_px, abs=1)
    assert capital_px / display.CAPITAL_PER_FONT > font_px
    nearer = replace(screen, viewing_mm=450)
    assert display.measure_capital_mm(nearer) == pytest.approx(5.5, abs=0.01)


def test_the_style_sheet_has_buttons_of_20_mm_and_gaps_of_3() -> None:
    for screen in SCREENS.values():
        style = display.write_style(screen)
        sizes = {key: float(value) for key, value in re.findall(r"--([\w-]+): ([\d.]+);", style)}
        assert sizes["button-mm"] >= 20
        assert sizes["gap-mm"] >= 3
        assert sizes["number-mm"] * display.count_px_per_mm(screen) >= display.NUMBER_PX_MIN


def luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


PAIRS = (
    ("ink", "surface"),
    ("ink", "surface-strong"),
    ("ink", "warn-soft"),
    ("ink", "good-soft"),
    ("on-strong", "strong"),
)


@pytest.mark.parametrize("mode", ["light", "dark", "high"])
def test_text_has_7_to_1_in_sunlight_and_at_night(mode: str) -> None:
    from restante.edge.kiosk.pages import STATIC_ROOT

    style = (STATIC_ROOT / "kiosk.css").read_text()
    both = dict[str, tuple[str, str]]()
    for text in ((STATIC_ROOT / "tokens.css").read_text(), style):
        for name, *pair in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", text):
            both[name] = (pair[0], pair[1])
    colors = {name: pair[mode != "light"] for name, pair in both.items()}
    if mode == "high":
        block = re.search(r"\.view\.contrast \{(.*?)\}", style, re.DOTALL)
        assert block is not None
        colors |= dict(re.findall(r"--([\w-]+): (#\w{6});", block[1]))
    for front, back in PAIRS:
        assert contrast(colors[front], colors[back]) >= CONTRAST_MIN, (front, back)
    assert contrast(colors["focus"], colors["surface"]) >= 3
