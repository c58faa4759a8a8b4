"""When an enrolled machine asks for its next certificate, and what it does when none comes."""

from restante.core.value import DAY, HOUR
from restante.wiring.caretaker import DEAF_SECONDS, RETRY_SECONDS
from restante.wiring.enrolled import read_certificate_times
from tests.enrolment.machine import Machine


def test_a_certificate_of_ninety_days_is_renewed_on_the_sixtieth(machine: Machine) -> None:
    first = machine.certificate()
    machine.pass_days(59.5)
    assert not machine.renewer.turn(machine.now())
    assert machine.asked_count == 0
    machine.pass_days(0.5)
    assert machine.renewer.turn(machine.now())
    assert machine.certificate() != first
    begins_at, ends_at = read_certificate_times(machine.enrolled)
    assert begins_at <= machine.now() < ends_at - 89 * DAY


def test_a_year_takes_six_certificates_and_no_more(machine: Machine) -> None:
    seen = {machine.certificate()}
    for _ in range(365 * 4):
        machine.pass_days(0.25)
        machine.renewer.turn(machine.now())
        seen.add(machine.certificate())
        _, ends_at = read_certificate_times(machine.enrolled)
        assert machine.now() < ends_at
    assert (len(seen), machine.asked_count) == (7, 6)


def test_what_failed_is_tried_again_every_hour(machine: Machine) -> None:
    machine.pass_days(61)
    machine.is_reachable = False
    for minute in range(3 * 60):
        machine.passed += 60
        assert not machine.renewer.turn(machine.now()), minute
    assert machine.asked_count == 3
    assert "not reached" in machine.renewer.trouble
    machine.is_reachable = True
    machine.passed += RETRY_SECONDS
    assert machine.renewer.turn(machine.now())
    assert machine.renewer.trouble == ""


def test_a_clock_that_jumps_ahead_gets_one_certificate_a_day(machine: Machine) -> None:
    for _ in range(48):
        machine.passed += HOUR
        machine.renewer.turn(machine.now() + 400 * DAY)
    assert machine.asked_count == 2


def test_a_clock_that_jumps_back_asks_when_it_is_right_again(machine: Machine) -> None:
    machine.pass_days(61)
    assert not machine.renewer.turn(machine.now() - 61 * DAY)
    assert machine.renewer.turn(machine.now())


def test_after_success_there_is_rest_even_if_the_certificate_looks_old(machine: Machine) -> None:
    machine.pass_days(61)
    assert machine.renewer.turn(machine.now())
    machine.passed += 23 * HOUR
    assert not machine.renewer.turn(machine.now() + 61 * DAY)
    assert machine.asked_count == 1


def test_a_restart_in_between_neither_loses_nor_doubles_a_certificate(machine: Machine) -> None:
    machine.pass_days(61)
    # The answer got lost with the power: the centre has issued, the machine knows nothing of it.
    lost = machine.desk.renew(machine.key)
    machine.start()
    assert machine.renewer.turn(machine.now())
    assert machine.certificate() == lost.certificate
    machine.start()
    assert not machine.renewer.turn(machine.now())
    assert len(machine.desk.statuses()) == 1


def test_a_deaf_locker_asks_before_it_is_due_and_hears_again(machine: Machine) -> None:
    machine.is_deaf = True
    assert not machine.renewer.turn(machine.now())
    machine.passed += DEAF_SECONDS - 1
    assert not machine.renewer.turn(machine.now())
    assert machine.asked_count == 0
    machine.passed += 1
    machine.pass_days(2)
    assert machine.renewer.turn(machine.now())
    assert machine.asked_count == 1


def test_rubbish_that_makes_a_locker_deaf_costs_one_question_a_day(machine: Machine) -> None:
    machine.is_deaf = True
    changed = []
    for _ in range(3 * 24 * 4):
        machine.passed += 900
        changed.append(machine.renewer.turn(machine.now()))
    assert machine.asked_count == 3
    # Asked again within a day the centre gives the same: nothing is built anew for it.
    assert not any(changed)


def test_a_word_that_is_understood_ends_deafness(machine: Machine) -> None:
    for _ in range(20):
        machine.is_deaf = not machine.is_deaf
        machine.passed += DEAF_SECONDS - 1
        assert not machine.renewer.is_due(machine.now())
