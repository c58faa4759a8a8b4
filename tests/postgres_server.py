"""A private PostgreSQL for tests: the one benches measure with."""

from restante.bench.private_postgres import (
    USER,
    Server,
    find_port,
    find_programs,
    make_data,
    own_folder,
    run_program,
    run_server,
    start_process,
    wait_for_answer,
)

__all__ = [
    "USER",
    "Server",
    "find_port",
    "find_programs",
    "make_data",
    "own_folder",
    "run_program",
    "run_server",
    "start_process",
    "wait_for_answer",
]
