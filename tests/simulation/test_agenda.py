"""What happens when, in order of time."""

from collections.abc import Iterator

from restante.clock import VirtualClock
from restante.core.value import UtcSeconds
from restante.sim.agenda import Agenda

START = UtcSeconds(1_000)


def make_agenda() -> tuple[Agenda, list[str]]:
    return Agenda(VirtualClock(START)), []


def test_what_is_due_happens_in_order_of_time_whenever_it_was_written_down() -> None:
    agenda, told = make_agenda()
    agenda.at(1_030, lambda: told.append("late"))
    agenda.at(1_010, lambda: told.append("early"))
    agenda.after(20, lambda: told.append(f"between, at {agenda.now}"))
    assert agenda.run_until(1_060) == 3
    assert told == ["early", "between, at 1020", "late"]
    assert agenda.now == 1_060


def test_what_is_due_at_one_moment_happens_in_the_order_it_was_written_down() -> None:
    agenda, told = make_agenda()
    for number in range(20):
        agenda.at(1_005, lambda number=number: told.append(str(number)))  # type: ignore[misc]
    agenda.run_until(1_005)
    assert told == [str(number) for number in range(20)]


def test_nothing_happens_before_its_time() -> None:
    agenda, told = make_agenda()
    agenda.at(1_011, lambda: told.append("too early"))
    assert agenda.run_until(1_010) == 0
    assert (told, agenda.next_at) == ([], 1_011)


def test_what_should_have_happened_already_happens_next_and_turns_no_clock_back() -> None:
    agenda, told = make_agenda()
    agenda.at(5, lambda: told.append(f"at {agenda.now}"))
    agenda.run_until(1_000)
    assert told == ["at 1000"]


def test_what_happens_may_write_down_more_even_for_the_same_moment() -> None:
    agenda, told = make_agenda()

    def first() -> None:
        told.append("first")
        agenda.at(agenda.now, lambda: told.append("second"))

    agenda.at(1_010, first)
    agenda.run_until(1_010)
    assert told == ["first", "second"]


def test_what_happens_every_hour_happens_now_and_after_each_hour() -> None:
    agenda, told = make_agenda()
    agenda.every(3_600, lambda: told.append(str(agenda.now)))
    agenda.run_until(START + 2 * 3_600)
    assert told == ["1000", "4600", "8200"]


def test_a_longer_doing_goes_on_after_each_pause_it_asked_for() -> None:
    agenda, told = make_agenda()

    def visit(name: str) -> Iterator[int]:
        told.append(f"{name} comes at {agenda.now}")
        yield 10
        told.append(f"{name} opens at {agenda.now}")
        yield 5
        told.append(f"{name} leaves at {agenda.now}")

    agenda.begin(1_001, visit("Anna"))
    agenda.begin(1_006, visit("Ben"))
    agenda.run_until(2_000)
    assert told == [
        "Anna comes at 1001",
        "Ben comes at 1006",
        "Anna opens at 1011",
        "Ben opens at 1016",
        "Anna leaves at 1016",
        "Ben leaves at 1021",
    ]
    assert agenda.next_at is None
