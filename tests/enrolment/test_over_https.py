"""A machine is enrolled by a centre whose certificate a private authority has signed."""

import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from restante.access import open_device_key
from restante.access.authority import Authority, make_authority, private_pem
from restante.core.value import UtcSeconds
from restante.wiring.enrol import NotEnrolled, enrol_machine, renew_machine
from restante.wiring.enrolled import read_place
from tests.enrolment.machine import answer
from tests.operations.test_enrolment import Desk

ANSWER_SECONDS_MAX = 20


class Centre:
    """The centre's desk behind a real TLS server on a free port."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk(folder)
        self.ca_file = folder / "tls" / "ca.crt"
        self.ca_file.parent.mkdir()
        now = UtcSeconds(int(time.time()))
        authority = make_authority(self.ca_file.parent, "web", now=now)
        self.asked: list[str] = []
        desk, asked = self.desk, self.asked

        class Handler(BaseHTTPRequestHandler):
            timeout = ANSWER_SECONDS_MAX

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                asked.append(self.path)
                if self.path == "/api/v1/enrolments":
                    said = msgspec.json.decode(body)
                    operation = desk.desk.enrol(said["claim"], said["request"].encode())
                    self.tell(201, answer(desk.house.centre.run(operation)))
                else:
                    self.send_response(307)
                    self.send_header("location", "/api/v1/enrolments")
                    self.send_header("content-length", "0")
                    self.end_headers()

            def tell(self, status: int, content: bytes) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *_args: object) -> None:
                """Say nothing: the test looks at what was asked."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self._certificate(authority, now))
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://localhost:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def _certificate(self, authority: Authority, now: UtcSeconds) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        issued = authority.certify_server(
            "centre", key.public_key(), hosts=["localhost"], now=now, days=2
        )
        certificate, private = (self.ca_file.parent / name for name in ("web.crt", "web.key"))
        certificate.write_bytes(issued.pem)
        private.write_bytes(private_pem(key))
        return certificate, private

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join(2 * ANSWER_SECONDS_MAX)
        assert not self.thread.is_alive(), "the server does not end"
        self.server.server_close()
        self.desk.house.centre.close()


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    yield made
    made.close()


def test_with_the_authority_named_the_machine_is_enrolled_and_remembers_it(
    centre: Centre, tmp_path: Path
) -> None:
    far = tmp_path / "far"
    enrol_machine(centre.desk.claim(), centre=centre.url, folder=far, ca_file=centre.ca_file)
    place = read_place(far / "enrolled")
    assert (place.centre, place.has_ca) == (centre.url, True)
    assert (far / "enrolled" / "centre-ca.pem").read_bytes() == centre.ca_file.read_bytes()


def test_without_the_authority_the_claim_code_is_never_sent(centre: Centre, tmp_path: Path) -> None:
    code, far = centre.desk.claim(), tmp_path / "far"
    with pytest.raises(NotEnrolled, match="--ca"):
        enrol_machine(code, centre=centre.url, folder=far)
    assert centre.asked == []
    assert [path.name for path in far.iterdir()] == ["device.key"]
    enrol_machine(code, centre=centre.url, folder=far, ca_file=centre.ca_file)


def test_a_certificate_for_another_name_is_not_believed(centre: Centre, tmp_path: Path) -> None:
    url = centre.url.replace("localhost", "127.0.0.1")
    with pytest.raises(NotEnrolled, match="was not reached"):
        enrol_machine("AAAA", centre=url, folder=tmp_path / "far", ca_file=centre.ca_file)
    assert centre.asked == []


def test_a_renewal_checks_the_same_authority_and_follows_no_redirect(
    centre: Centre, tmp_path: Path
) -> None:
    far = tmp_path / "far"
    enrol_machine(centre.desk.claim(), centre=centre.url, folder=far, ca_file=centre.ca_file)
    key = open_device_key(far / "device.key")
    with pytest.raises(NotEnrolled, match="307"):
        renew_machine(far / "enrolled", key)
    assert centre.asked == ["/api/v1/enrolments", "/api/v1/renewals"]
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    make_authority(stranger, "somebody", now=UtcSeconds(int(time.time())))
    (far / "enrolled" / "centre-ca.pem").write_bytes((stranger / "ca.crt").read_bytes())
    with pytest.raises(NotEnrolled, match="was not reached"):
        renew_machine(far / "enrolled", key)
    assert len(centre.asked) == 2, "nothing is said to a centre that is not believed"
