"""The kiosk's pages as a browser without scripts meets them."""

from litestar import Litestar
from litestar.testing import TestClient

from restante.edge.kiosk.kiosk import BrokenKiosk, Kiosk
from restante.edge.kiosk.pages import make_kiosk_routes
from tests.edge.cabinet import CONFIG, LOCKER, Cabinet

PAGE = f"/kiosk/{LOCKER}"


def make_client(kiosk: Kiosk | BrokenKiosk) -> TestClient[Litestar]:
    app = Litestar([make_kiosk_routes(lambda name: kiosk if name == LOCKER else None)])
    return TestClient(app)


def test_a_parcel_is_collected_with_forms_alone() -> None:
    cabinet = Cabinet()
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    (place,) = cabinet.bring("p1")
    with make_client(Kiosk(cabinet.controller)) as client:
        assert "Welcome" in client.get(PAGE).text
        shown = client.post(f"{PAGE}/touch", data={"button": "collect"})
        assert "Type your code" in shown.text
        for digit in code.replace("-", ""):
            client.post(f"{PAGE}/digit", data={"digit": digit})
        shown = client.post(f"{PAGE}/scan", data={"text": ""})
        assert "Take your parcel and shut the door" in shown.text
        assert f">{place}</p>" in shown.text
        cabinet.board.take_out(place)
        cabinet.board.close(place)
        assert "Did you take everything?" in client.get(PAGE).text


def test_a_code_is_neither_in_an_address_nor_on_the_page_after_it_was_used() -> None:
    cabinet = Cabinet()
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    cabinet.bring("p1")
    with make_client(Kiosk(cabinet.controller)) as client:
        shown = client.post(f"{PAGE}/scan", data={"text": code})
        assert code not in shown.text
        assert code.replace("-", "") not in shown.text
        assert str(shown.url).endswith(PAGE)


def test_only_our_own_files_run_and_nothing_is_kept() -> None:
    with make_client(Kiosk(Cabinet().controller)) as client:
        page = client.get(PAGE)
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert "<style" not in page.text
        assert "style=" not in page.text
        assert "onclick" not in page.text
        for name in ("kiosk.css", "kiosk.js", "tokens.css"):
            assert client.get(f"/kiosk/static/{name}").status_code == 200
        assert client.get("/kiosk/static/..%2fpages.py").status_code == 404


def test_a_page_of_another_site_cannot_press_our_buttons() -> None:
    with make_client(Kiosk(Cabinet().controller)) as client:
        foreign = {"sec-fetch-site": "cross-site"}
        answer = client.post(f"{PAGE}/touch", data={"button": "collect"}, headers=foreign)
        assert answer.status_code == 403
        assert "Welcome" in client.get(PAGE).text


def test_a_locker_that_could_not_start_says_so_in_peoples_words() -> None:
    with make_client(BrokenKiosk(CONFIG)) as client:
        assert "This locker is out of service" in client.get(PAGE).text
        assert client.get("/kiosk/locker-99").status_code == 404


def test_what_is_typed_is_shown_as_text_and_never_as_markup() -> None:
    cabinet = Cabinet()
    cabinet.note(help_phone="<b>1</b>")
    with make_client(Kiosk(cabinet.controller)) as client:
        shown = client.post(f"{PAGE}/touch", data={"button": "help"})
        assert "<b>1</b>" not in shown.text
        assert "&lt;b&gt;" in shown.text
