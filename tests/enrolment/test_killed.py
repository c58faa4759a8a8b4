"""A machine that is killed while it is enrolled has the old enrolment or the new one, whole."""

import sys
from pathlib import Path

from tests.enrolment.killed import pack
from tests.enrolment.machine import Machine
from tests.programs import run_program


def test_killed_at_any_step_an_enrolment_is_old_or_new_and_is_mended(
    machine: Machine, tmp_path: Path
) -> None:
    centre = machine.desk
    old = machine.get(centre.enrol(centre.claim(), machine.key))
    centre.pass_days(61)
    new = machine.get(centre.renew(machine.key))
    assert old.certificate != new.certificate
    (tmp_path / "old").write_bytes(pack(old))
    (tmp_path / "new").write_bytes(pack(new))
    done = run_program(
        [sys.executable, "-m", "tests.enrolment.killed", tmp_path], cwd=Path(__file__).parents[2]
    )
    assert done.code == 0, done.said
    tried = [line.split() for line in done.out.decode().splitlines()]
    assert {mended for *_, mended, _ in tried} == {"new"}, "asking again mends it"
    assert {rests for *_, rests in tried} == {"0"}, "nothing half-written stays"
    for began, allowed in (("none", {"none", "new"}), ("old", {"old", "new"})):
        left = [found for first, _, found, *_ in tried if first == began]
        assert set(left) == allowed
        assert len(left) > 20, "killed at every touch of the disk"
        turned = left.index("new")
        assert set(left[turned:]) == {"new"}, "once it is new it stays new"
