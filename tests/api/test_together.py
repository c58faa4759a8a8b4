"""Many requests at once share one transaction, and readers never wait for writers."""

import asyncio
import threading
from pathlib import Path

import httpx

from restante.journal.ledger import Ledger, Operation
from tests.api.conftest import Door, announcement
from tests.operations.house import open_house

TOGETHER = 12


def test_requests_that_come_together_share_a_transaction(tmp_path: Path):
    house = open_house(tmp_path)
    door = Door(house)
    committer = house.centre.committer.start()
    door_opens = threading.Event()

    def wait(_ledger: Ledger) -> None:
        assert door_opens.wait(timeout=60)

    async def ask_together() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=door.app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as one:
            headers = {"authorization": f"Bearer {door.acme}"}
            # The last use of the key is noted now, so that only announcements wait below.
            assert (await one.get("/api/v1/sites", headers=headers)).status_code == 200
            held = asyncio.wrap_future(committer.submit(Operation((), wait)))
            asked = [
                asyncio.ensure_future(
                    one.post(
                        "/api/v1/parcels",
                        json=announcement(f"ABC-000-{n:03}", promise="none"),
                        headers={**headers, "idempotency-key": f"k-{n}"},
                    )
                )
                for n in range(TOGETHER)
            ]
            while committer.counts().waiting < TOGETHER:
                # Writers wait; whoever only reads does not.
                await one.get("/api/v1/partner", headers=headers)
            listed = await one.get("/api/v1/parcels", headers=headers)
            assert listed.json()["parcels"] == []
            before = committer.counts().transactions
            door_opens.set()
            await held
            answers = list(await asyncio.gather(*asked))
            assert committer.counts().transactions - before == 1
            return answers

    answers = asyncio.run(ask_together())
    assert [one.status_code for one in answers] == [201] * TOGETHER
    assert len({one.json()["id"] for one in answers}) == TOGETHER
    house.centre.close()
