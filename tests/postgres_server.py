"""A private PostgreSQL for tests: the one benches measure with."""

from restante.wiring.private_postgres import (
    USER,
    Server,
    _account,
    _as,
    _run,
    find_programs,
    run_server,
)

__all__ = ["USER", "Server", "_account", "_as", "_run", "find_programs", "run_server"]
