"""A process that delivers and is to be killed: ``... worker FOLDER [DATABASE]``."""

import sys
from pathlib import Path

from restante.clock import Minter, SystemClock
from restante.partners.guarded_http import GuardedClient
from restante.settings import Settings
from restante.wiring.centre import open_centre
from restante.wiring.webhook_sender import WebhookSender


def main(folder: str, database: str = "") -> None:
    """Deliver until standard input ends."""
    clock = SystemClock()
    settings = Settings(
        data_dir=Path(folder), database_url=database, webhook_allow_private="127.0.0.1"
    )
    centre = open_centre(settings, clock, Minter(clock))
    client = GuardedClient(centre.deliveries.allowance)
    WebhookSender(centre.deliveries, clock, client=client).start()
    print("ready", flush=True)
    # Until it is killed, or whoever began it is gone: nobody else would end it then.
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
