"""Every screen of the kiosk on every size of screen: nothing is cut, small, hidden or faint."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litestar import Litestar
from msgspec.structs import replace

from restante.core.ids import CompartmentId, ParcelId
from restante.core.value import UtcSeconds
from restante.edge.boards.simulated import Fault
from restante.edge.config import ScreenConfig
from restante.edge.kiosk import display
from restante.edge.kiosk.flow import IDLE_WARN_SECONDS
from restante.edge.kiosk.kiosk import Kiosk
from restante.edge.kiosk.pages import make_kiosk_routes
from restante.edge.kiosk.painter import Painter
from restante.edge.kiosk.screen import ScreenName
from tests.edge import cabinet as cabinets
from tests.edge.cabinet import LOCKER, Cabinet
from tests.edge.test_kiosk_for_everyone import CONTRAST_MIN, SCREENS

pytestmark = pytest.mark.browser

MEASURE = """() => {
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && getComputedStyle(element).visibility === "visible";
  };
  const colors = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((one) => one / 255)
      .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = colors(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] > 0.9) return found;
    }
    return [255, 255, 255];
  };
  const canvas = document.createElement("canvas").getContext("2d");
  const texts = [], outside = [], small = [];
  const over = document.querySelector(".over");
  for (const element of (over ?? document.getElementById("view")).querySelectorAll("*")) {
    const isInput = element instanceof HTMLInputElement;
    const own = [...element.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
    if ((!own && !isInput) || !shown(element) || element.closest("svg")) continue;
    const style = getComputedStyle(element);
    canvas.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const [one, other] = [light(colors(style.color)), light(ground(element))].sort((a, b) => b - a);
    texts.push({
      text: element.textContent.trim() || element.id,
      mark: element.className,
      capital: canvas.measureText("H").actualBoundingBoxAscent,
      contrast: (one + 0.05) / (other + 0.05),
    });
  }
  const parts = ["h1", "h2", "p", "dd", "input", "button", "svg"].map((one) => `#view ${one}`);
  for (const element of document.querySelectorAll(parts.join())) {
    const box = element.getBoundingClientRect();
    if (!shown(element) || element.closest("form")?.getBoundingClientRect().width === 1) continue;
    const name = `${element.tagName} ${element.textContent.trim().slice(0, 30)}`;
    const [right, bottom] = [innerWidth + 1, innerHeight + 1];
    if (box.right > right || box.bottom > bottom || box.left < -1 || box.top < -1) {
      outside.push(name);
    }
    if (element.clientWidth && element.scrollWidth > element.clientWidth + 2) {
      outside.push(`${name} (cut)`);
    }
  }
  // What lies under a question that covers the screen cannot be touched.
  const touched = (over ?? document.getElementById("view")).querySelectorAll("button");
  const buttons = [...touched].filter(shown).map((one) => {
    const { left, right, top, bottom, width, height } = one.getBoundingClientRect();
    const [text, main] = [one.textContent.trim(), one.classList.contains("main")];
    return { left, right, top, bottom, width, height, text, main };
  });
  const root = document.documentElement;
  const number = document.querySelector(".door-number");
  return {
    texts, outside, buttons, size: [root.scrollWidth, root.scrollHeight],
    number: number ? parseFloat(getComputedStyle(number).fontSize) : null,
  };
}"""

PUT_UP = """(markup) => {
  const { body } = new DOMParser().parseFromString(markup, "text/html");
  document.getElementById("screen").replaceChildren(...body.childNodes);
}"""

MODES = {
    "normal": (),
    "large": ("large",),
    "contrast": ("contrast",),
    "Arabic": ("language:ar",),
    "Arabic, large": ("language:ar", "large"),
    "German": ("language:de",),
    "German, large": ("language:de", "large"),
    "Polish, large": ("language:pl", "large"),
    "Spanish": ("language:es",),
    "Spanish, large": ("language:es", "large"),
}
USUAL = {
    "10.1 inch": ("contrast", "Arabic", "German, large"),
    "7 inch": ("German", "Arabic, large", "German, large"),
    "15.6 inch": ("German, large",),
    "21.5 inch upright": ("Arabic", "German, large"),
}
"""What is tried every time: the longest words, the other direction, and other colors."""


class Stand:
    """A kiosk with somebody at it, begun anew for every mode."""

    def __init__(self, screen: ScreenConfig, modes: tuple[str, ...]) -> None:
        config = replace(
            cabinets.CONFIG,
            screen=screen,
            shows_presence=True,
            centre_url="https://parcels.example.org",
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cabinets, "CONFIG", config)
            self.cabinet = Cabinet(has_item_sensors=True)
        self.cabinet.note(help_phone="+49 30 1234567")
        self.kiosk = Kiosk(self.cabinet.controller, is_online=lambda: self.cabinet.is_linked)
        self._modes = modes
        self.begin()

    def begin(self) -> None:
        self.kiosk.flow._leave("done")
        for one in self._modes:
            self.kiosk.touch(one)

    def sign_in(self) -> None:
        self.begin()
        self.kiosk.scan(self.cabinet.shift_token())

    def collect(self, code: str) -> None:
        self.begin()
        self.kiosk.touch("collect")
        self.kiosk.scan(code)

    def shut_with(self, parcel: str | None) -> None:
        (door,) = self.cabinet.board.open_doors()
        if parcel is None:
            self.cabinet.board.take_out(door)
        else:
            self.cabinet.board.put_in(door, ParcelId(parcel))
        self.cabinet.board.close(door)
        self.kiosk.tick()

    def wait(self, seconds: int) -> None:
        self.cabinet.clock.set(UtcSeconds(self.cabinet.clock.now() + seconds))
        self.kiosk.tick()


def walk(stand: Stand) -> Iterator[str]:
    """Show one screen after the other; each is named when it is there."""
    yield from walk_before_signing_in(stand)
    yield from walk_as_courier(stand)
    yield from walk_as_recipient(stand)
    yield from walk_through_trouble(stand)
    yield from walk_alone(stand)
    stand.cabinet.controller.trouble = "damaged"
    stand.kiosk.show()
    yield "out_of_service"


def walk_before_signing_in(stand: Stand) -> Iterator[str]:
    kiosk = stand.kiosk
    yield "start"
    for button, name in (
        ("languages", "language"),
        ("close", ""),
        ("comfort", "comfort"),
        ("close", ""),
        ("courier", "courier"),
    ):
        kiosk.touch(button)
        if name:
            yield name
    kiosk.scan("4711")
    yield "courier_pin"
    kiosk.scan("12345678")
    yield "courier_pin refused"
    stand.begin()
    kiosk.touch("collect")
    yield "code"
    kiosk.scan("12471193")
    yield "code refused"
    kiosk.touch("understood")
    kiosk.touch("help")
    yield "help"
    stand.wait(IDLE_WARN_SECONDS)
    yield "help idle"


def walk_as_courier(stand: Stand) -> Iterator[str]:
    cabinet, kiosk = stand.cabinet, stand.kiosk
    cabinet.expect("p1")
    cabinet.expect("p2")
    stand.sign_in()
    yield "scan"
    kiosk.scan("LABEL-P1")
    yield "put_in"
    kiosk.touch("problem")
    yield "problem"
    kiosk.touch("does_not_fit")
    yield "shut_first"
    stand.shut_with(None)
    stand.shut_with(None)
    yield "still_empty"
    kiosk.touch("again")
    stand.shut_with("p1")
    yield "scan deposited"
    kiosk.scan("LABEL-P1")
    yield "refused"
    kiosk.scan("LABEL-P2")
    stand.shut_with("p2")
    cabinet.expect("p1", is_overdue=True)
    kiosk.touch("finish")
    yield "goodbye"
    stand.sign_in()
    yield "scan overdue"
    kiosk.touch("retrievals")
    yield "retrieve"
    kiosk.touch("retrieve:p1")
    yield "take_back"
    stand.shut_with(None)
    kiosk.touch("finish")


def walk_as_recipient(stand: Stand) -> Iterator[str]:
    cabinet, kiosk = stand.cabinet, stand.kiosk
    cabinet.expect("p3")
    cabinet.grant("p2", recipient="r1")
    code = cabinet.grant("p3", recipient="r1")
    cabinet.bring("p3")
    stand.collect(code)
    yield "take"
    stand.shut_with(None)
    yield "taken"
    kiosk.touch("next")
    yield "take second"
    stand.shut_with(None)
    yield "taken second"
    kiosk.touch("finish")


def walk_through_trouble(stand: Stand) -> Iterator[str]:
    cabinet, kiosk = stand.cabinet, stand.kiosk
    place = CompartmentId("A1")
    stand.begin()
    cabinet.board.force(place)
    stand.wait(1)
    cabinet.board.put_in(place, ParcelId("odd"))
    cabinet.board.close(place)
    stand.wait(1)
    stand.sign_in()
    yield "scan unclear"
    kiosk.touch("look:A1")
    yield "look"
    stand.shut_with(None)
    yield "looked"
    kiosk.touch("found_empty")
    names = list(cabinet.controller.state.compartments)
    cabinet.expect("p4")
    for fault, name in ((Fault.SLOW, "opening"), (Fault.JAMMED, "door_failed")):
        for one in names:
            cabinet.board.break_door(one, fault)
        kiosk.scan("LABEL-P4")
        yield name
        if fault is Fault.SLOW:
            stand.wait(1)
            stand.wait(1)
            stand.shut_with("p4")
            cabinet.expect("p5")
            kiosk.touch("undo")
            stand.wait(1)
            stand.wait(1)
            stand.shut_with(None)
    for one in names:
        cabinet.board.mend_door(one)


def walk_alone(stand: Stand) -> Iterator[str]:
    stand.cabinet.is_linked = False
    stand.sign_in()
    yield "scan offline"
    stand.kiosk.scan("FOUND-000001")
    yield "size"
    stand.kiosk.touch("size:L")
    stand.shut_with("odd")
    yield "receipt"


@pytest.fixture
def show(page: Any, serve: Callable[[Any], str], strayed: Any) -> Callable[[Stand], Any]:
    """Put a screen up in the browser and measure it."""
    painter = Painter()
    stands: list[Stand] = []
    app = Litestar([make_kiosk_routes(lambda name: stands[0].kiosk if name == LOCKER else None)])
    address = serve(app)
    # Screens are put up by hand here, one after another.
    page.route("**/stream", lambda route: route.abort())

    def put_up(stand: Stand) -> Any:
        screen = stand.kiosk.config.screen
        if not stands:
            stands.append(stand)
            page.set_viewport_size({"width": screen.width_px, "height": screen.height_px})
            page.goto(f"{address}/kiosk/{LOCKER}")
            page.evaluate("document.fonts.ready")
        page.evaluate(PUT_UP, painter.paint("screen.html", stand.kiosk, stand.kiosk.show()))
        return page.evaluate(MEASURE)

    return put_up


def check(page: Any, show: Callable[[Stand], Any], name: str, modes: tuple[str, ...]) -> None:
    screen = SCREENS[name]
    for scheme, mode in (*(("light", one) for one in modes), ("dark", "normal")):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        stand = Stand(screen, MODES[mode])
        seen = set()
        for step in walk(stand):
            where = f"{name}, {mode}, {scheme}, {step}"
            assert stand.kiosk.show().name == step.split()[0], where
            check_screen(show(stand), screen, where, is_large="large" in MODES[mode])
            seen.add(stand.kiosk.show().name)
        assert seen == set(ScreenName)


def check_screen(found: Any, screen: ScreenConfig, where: str, *, is_large: bool) -> None:
    per_mm = display.count_px_per_mm(screen)
    capital_px = display.measure_capital_mm(screen) * per_mm
    assert not found["outside"], (where, found["outside"])
    assert found["size"] == [screen.width_px, screen.height_px], where
    check_buttons(found["buttons"], per_mm, screen, where)
    assert found["texts"], where
    for text in found["texts"]:
        assert text["contrast"] >= CONTRAST_MIN, (where, text)
        if is_large and text["mark"] != "offline":
            assert text["capital"] >= capital_px, (where, text)
    if found["number"] is not None:
        assert found["number"] >= display.NUMBER_PX_MIN, where


def check_buttons(buttons: list[Any], per_mm: float, screen: ScreenConfig, where: str) -> None:
    for one in buttons:
        assert min(one["width"], one["height"]) >= 20 * per_mm, (where, one)
        if one["main"]:
            assert one["bottom"] > screen.height_px / 2, (where, one)
    gap_px = 3 * per_mm - 0.5
    for number, one in enumerate(buttons):
        for other in buttons[number + 1 :]:
            across = max(one["left"] - other["right"], other["left"] - one["right"])
            down = max(one["top"] - other["bottom"], other["top"] - one["bottom"])
            assert max(across, down) >= gap_px, (where, one, other)


@pytest.mark.parametrize("name", SCREENS)
def test_every_screen_fits_is_large_enough_and_can_be_read(
    page: Any, show: Callable[[Stand], Any], name: str
) -> None:
    check(page, show, name, USUAL[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SCREENS)
def test_every_screen_fits_in_every_mode(
    page: Any, show: Callable[[Stand], Any], name: str
) -> None:
    check(page, show, name, tuple(MODES))
