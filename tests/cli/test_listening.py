"""How pages are served: at once, and never on a port somebody else has."""

import socket

import pytest

from restante.wiring.server import PortTaken, listen


def test_no_packet_of_an_answer_waits_for_the_other_side() -> None:
    with listen("127.0.0.1", 0) as listener:
        address = listener.getsockname()
        with socket.create_connection(address), listener.accept()[0] as connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken_is_named_with_the_option_that_helps() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} .*try --port"):
            listen("127.0.0.1", port)
