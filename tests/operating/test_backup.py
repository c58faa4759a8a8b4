"""Copies of a centre: made while it writes, put back whole, and never by accident over another."""

import hashlib
import json
import resource
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from restante.access import Secret
from restante.access.passphrase import WeakPassphrase
from restante.core.ids import ParcelId
from restante.core.streams import KINDS
from restante.journal.copying import CopyFailed
from restante.journal.ledger import Ledger, Operation
from restante.journal.verify import verify
from restante.operations.contacts import Contact, read_contact
from restante.operations.restored import POSITIONS_SKIPPED
from restante.settings import Settings
from restante.views import NotFound
from restante.wiring.backup import make_backup, put_back, read_last_backup
from restante.wiring.running import Occupied, left_alone, told_to_run
from tests.cli.test_commands import run
from tests.operating.conftest import Places
from tests.operating.process import serving
from tests.operations.house import ANNA, SITE, House, open_house

PASSPHRASE = Secret("correct horse battery staple")


def settings_of(place: tuple[Path, str]) -> Settings:
    return Settings(data_dir=place[0], database_url=place[1])


def contact_of(house: House, parcel: ParcelId) -> Contact | None:
    recipient = house.file(parcel).custody.about.recipient
    means = house.centre.means

    def read(ledger: Ledger) -> Contact | None:
        subject, row = (ledger.row(table, (recipient,)) for table in ("subjects", "contacts"))
        return read_contact(means, recipient, subject=subject, row=row)

    return house.centre.run(
        Operation((), read, (("subjects", (recipient,)), ("contacts", (recipient,))))
    )


def copy_of(house: House, folder: Path, **given: Any) -> Path:
    make_backup(house.centre.settings, folder, clock=house.clock, **given)
    return folder


def test_what_was_acknowledged_before_a_copy_is_in_it_while_others_go_on_writing(
    house: House, places: Places, tmp_path: Path
) -> None:
    acknowledged: list[ParcelId] = []
    enough, stop = threading.Event(), threading.Event()
    house.centre.committer.start()

    def announce(writer: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            acknowledged.append(house.announce(f"W{writer}N{number:05d}", promise="none").parcel)
            if len(acknowledged) >= 40:
                enough.set()

    writers = [threading.Thread(target=announce, args=(n,)) for n in range(3)]
    for writer in writers:
        writer.start()
    try:
        assert enough.wait(20)
        before = tuple(acknowledged)
        copied = make_backup(house.centre.settings, tmp_path / "copy", clock=house.clock)
        during = len(acknowledged) - len(before)
    finally:
        stop.set()
        for writer in writers:
            writer.join(20)
            assert not writer.is_alive(), "an announcement was never answered"
    assert during > 0, "nobody wrote meanwhile: this was no test"

    place = places.make()
    done = put_back(settings_of(place), tmp_path / "copy", clock=house.clock)

    back = House.reopen(place[0], at=house.clock.now(), database=place[1])
    try:
        assert all(back.status(parcel) for parcel in before)
        assert contact_of(back, before[0]) == ANNA
        assert verify(back.centre.journal, KINDS).is_sound
        assert done.position == copied.position
        assert back.centre.journal.head() == copied.position + POSITIONS_SKIPPED + 1
        # It is a centre like any other.
        assert back.status(back.announce("AFTER0001").parcel)
        # And its lockers are told every list anew.
        assert back.centre.hub.lists.delta(SITE, copied.position).base_version == 0
    finally:
        back.centre.close()


def test_nothing_is_put_over_a_network_that_is_there_unless_told_and_then_it_is_kept(
    house: House, places: Places, tmp_path: Path
) -> None:
    copy = copy_of(house, tmp_path / "copy")
    place = places.make()
    other = open_house(place[0], database=place[1])
    kept = other.announce("ONLYTHERE").parcel
    other.centre.close()

    with pytest.raises(CopyFailed, match="--replace it is moved aside, not deleted"):
        put_back(settings_of(place), copy, clock=house.clock)
    untouched = House.reopen(place[0], at=house.clock.now(), database=place[1])
    assert untouched.status(kept)
    untouched.centre.close()

    done = put_back(settings_of(place), copy, clock=house.clock, is_replacing=True)
    back = House.reopen(place[0], at=house.clock.now(), database=place[1])
    try:
        with pytest.raises(NotFound):
            back.status(kept)
    finally:
        back.centre.close()
    aside = place[0] / f"before_{house.clock.now()}"
    assert (aside / "keys.json").exists()
    assert len(done.moved_aside) >= 3
    assert (aside / "centre.sqlite").exists() is places.is_file
    assert any(name.startswith("schema public_before") for name in done.moved_aside) is not (
        places.is_file
    )


def test_a_damaged_copy_is_told_before_anything_is_touched(
    house: House, places: Places, tmp_path: Path
) -> None:
    copy = copy_of(house, tmp_path / "copy")
    database = next(path for path in copy.iterdir() if path.name.startswith("centre."))
    content = bytearray(database.read_bytes())
    content[len(content) // 2] ^= 1
    database.write_bytes(content)
    place = places.make()
    with pytest.raises(CopyFailed, match="not what was written"):
        put_back(settings_of(place), copy, clock=house.clock)
    assert not any(place[0].iterdir())
    database.unlink()
    with pytest.raises(CopyFailed, match="is missing: the copy is not whole"):
        put_back(settings_of(place), copy, clock=house.clock)


def test_nothing_is_put_back_beside_a_centre_that_runs(
    house: House, places: Places, tmp_path: Path
) -> None:
    copy = copy_of(house, tmp_path / "copy")
    settings = house.centre.settings
    if places.is_file:
        house.centre.close()
        with serving(settings.data_dir) as running:
            with pytest.raises(Occupied, match=r"a centre runs in .*stop it"):
                put_back(settings, copy, clock=house.clock, is_replacing=True)
            assert httpx.get(f"{running.url}/readyz", trust_env=False).is_success
            assert running.end() < 20
    else:
        # Another machine's centre: seen by its connections alone.
        away = Settings(data_dir=tmp_path / "away", database_url=settings.database_url)
        with pytest.raises(CopyFailed, match=r"connections of restante .*stop all of them"):
            put_back(away, copy, clock=house.clock, is_replacing=True)
        house.centre.close()
    assert put_back(settings, copy, clock=house.clock, is_replacing=True).facts > 0


def test_no_centre_begins_while_a_copy_is_put_back(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with left_alone(folder), pytest.raises(Occupied, match="being put back"), told_to_run(folder):
        pass
    with (
        told_to_run(folder),
        told_to_run(folder),
        pytest.raises(Occupied, match="a centre runs"),
        left_alone(folder),
    ):
        pass
    with left_alone(folder):
        pass


@contextmanager
def files_up_to(size_bytes: int) -> Iterator[None]:
    """Let no file grow larger, as on a disk without room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_without_room_for_a_copy_what_was_there_goes_on(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    house = open_house(tmp_path / "data")
    parcel = house.announce().parcel
    copy = copy_of(house, tmp_path / "copy")
    house.centre.close()
    settings = settings_of((tmp_path / "data", ""))
    files = {path.name for path in settings.data_dir.iterdir()}
    with (
        files_up_to(50_000),
        pytest.raises(CopyFailed, match=r"does not get into .* is untouched: mend that"),
    ):
        put_back(settings, copy, clock=house.clock, is_replacing=True)
    assert {path.name for path in settings.data_dir.iterdir()} == files | {"running"}
    with files_up_to(50_000), pytest.raises(CopyFailed, match="could not be copied"):
        make_backup(settings, tmp_path / "second", clock=house.clock)
    assert list(tmp_path.glob("*second*")) == []
    back = House.reopen(tmp_path / "data", at=house.clock.now())
    assert back.status(parcel)
    back.centre.close()


def test_a_copy_of_a_later_release_is_told_before_anything_is_touched(
    house: House, places: Places, tmp_path: Path
) -> None:
    copy = copy_of(house, tmp_path / "copy")
    place = places.make()
    told = json.loads((copy / "backup.json").read_text())
    for later in ({"format": 2}, {"schema_version": 99}):
        (copy / "backup.json").write_text(json.dumps({**told, "release": "7.0.0", **later}))
        with pytest.raises(CopyFailed, match=r"release 7\.0\.0 .*restore it with that release"):
            put_back(settings_of(place), copy, clock=house.clock, is_replacing=True)
    assert not any(place[0].iterdir())


def test_a_copy_that_is_not_sound_leaves_what_was_there_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    house = open_house(tmp_path / "data")
    parcel = house.announce().parcel
    copy = copy_of(house, tmp_path / "copy")
    house.centre.close()
    # Whole by its checksums, and with a fact that was changed before they were made.
    database = copy / "centre.sqlite"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE facts SET body = x'7b7d' WHERE position = 3")
    told = json.loads((copy / "backup.json").read_text())
    for file in told["files"]:
        if file["path"] == database.name:
            file["sha256"] = hashlib.sha256(database.read_bytes()).hexdigest()
            file["size_bytes"] = database.stat().st_size
    (copy / "backup.json").write_text(json.dumps(told))
    settings = settings_of((tmp_path / "data", ""))
    with pytest.raises(CopyFailed, match=r"(?s)not sound; take another copy.*nothing was moved"):
        put_back(settings, copy, clock=house.clock, is_replacing=True)
    back = House.reopen(tmp_path / "data", at=house.clock.now())
    assert back.status(parcel)
    assert verify(back.centre.journal, KINDS).is_sound
    back.centre.close()


def test_keys_leave_the_machine_sealed_and_open_for_the_passphrase_alone(
    tmp_path: Path,
) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    house = open_house(tmp_path / "data")
    parcel = house.announce().parcel
    with pytest.raises(WeakPassphrase, match="at least 12"):
        copy_of(house, tmp_path / "weak", passphrase=Secret("short"))
    assert not (tmp_path / "weak").exists()
    copy = copy_of(house, tmp_path / "copy", passphrase=PASSPHRASE)
    house.centre.close()
    keys = (tmp_path / "data" / "keys.json").read_bytes()
    secrets = {text for text in json_texts(json.loads(keys)) if len(text) >= 40}
    assert len(secrets) > 3
    for path in (path for path in copy.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert not any(secret.encode() in content for secret in secrets), path

    settings = settings_of((tmp_path / "back", ""))
    with pytest.raises(CopyFailed, match="keys are sealed; name the file"):
        put_back(settings, copy, clock=house.clock)
    with pytest.raises(CopyFailed, match="passphrase is another"):
        put_back(settings, copy, clock=house.clock, passphrase=Secret("incorrect horse"))
    assert not (tmp_path / "back").exists()
    put_back(settings, copy, clock=house.clock, passphrase=PASSPHRASE)
    assert (tmp_path / "back" / "keys.json").read_bytes() == keys
    back = House.reopen(tmp_path / "back", at=house.clock.now())
    assert contact_of(back, parcel) == ANNA
    back.centre.close()


def json_texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in json_texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in json_texts(one)]
    return [value] if isinstance(value, str) else []


def test_a_copy_is_for_its_owner_only_and_says_when_the_last_one_was_made(
    house: House, tmp_path: Path
) -> None:
    assert read_last_backup(house.centre.settings) is None
    copy = copy_of(house, tmp_path / "copy")
    assert copy.stat().st_mode & 0o077 == 0
    secret = [path for path in copy.iterdir() if path.is_file()]
    assert len(secret) == 3
    assert all(path.stat().st_mode & 0o077 == 0 for path in secret)
    last = read_last_backup(house.centre.settings)
    assert last is not None
    assert last.made_at == house.clock.now()
    with pytest.raises(CopyFailed, match="a copy is made in a new folder"):
        copy_of(house, copy)


def test_a_copy_that_cannot_be_made_leaves_nothing_behind(house: House, tmp_path: Path) -> None:
    house.centre.settings.keystore_path.chmod(0o644)
    with pytest.raises(Exception, match="can be read by others"):
        copy_of(house, tmp_path / "copy")
    assert list(tmp_path.glob("*copy*")) == []


def test_the_commands_say_what_was_copied_and_what_came_back(tmp_path: Path) -> None:
    network = tmp_path / "network"
    assert run("init", network).returncode == 0
    config = network / "restante.toml"
    phrase = tmp_path / "phrase"
    phrase.write_text("correct horse battery staple\n")
    made = run(
        *("--config", config, "backup", tmp_path / "copy"),
        *("--passphrase-file", phrase, "--json"),
    )
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["keys"] == "sealed"
    refused = run("--config", config, "restore", tmp_path / "copy", "--passphrase-file", phrase)
    assert refused.returncode == 1
    assert "--replace" in refused.stderr
    done = run(
        *("--config", config, "restore", tmp_path / "copy"),
        *("--passphrase-file", phrase, "--replace", "--json"),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["position"] == json.loads(made.stdout)["position"]
    assert run("--config", config, "journal", "verify").returncode == 0
