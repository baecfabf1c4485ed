"""The explorer of models, with a model of two clerks who add one to a counter that both have read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import pytest

from tests.models.explorer import PromiseBrokenError, Step, TooManyStatesError, explore
from tests.models.programs import PendingCall, Programs, Reply, Returned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.models.programs import Calls


T = TypeVar("T")


class Count(NamedTuple):
    """A counter, and what each clerk has read and not yet written; None: the clerk has read nothing, or is done."""

    counter: int = 0
    read: tuple[int | None, int | None] = (None, None)
    to_do: tuple[bool, bool] = (True, True)


@dataclass(frozen=True)
class Clerks:
    """Two clerks; those with a lock read and write at once. With `may_die`, a fault ends the work of the first."""

    have_lock: bool
    may_die: bool = False

    def initial(self) -> Count:
        return Count()

    def steps(self, state: Count) -> Iterator[Step[Count]]:
        for clerk in (0, 1):
            read = state.read[clerk]
            if not state.to_do[clerk]:
                continue
            if read is not None:
                done = state._replace(counter=read + 1, read=_with(state.read, clerk, None))
                yield Step(f"{clerk} writes {read + 1}", done._replace(to_do=_with(state.to_do, clerk, False)))
            elif not (self.have_lock and state.read != (None, None)):
                yield Step(f"{clerk} reads", state._replace(read=_with(state.read, clerk, state.counter)))
        if self.may_die and state.read[0] is not None:
            yield Step("0 dies", state._replace(to_do=_with(state.to_do, 0, False)), is_fault=True)

    def broken_promises(self, before: Count, after: Count) -> Iterator[str]:
        if after.to_do == (False, False) and after.counter != 2 and not self.may_die:
            yield "one addition is lost"

    def is_settled(self, state: Count) -> bool:
        return state.to_do == (False, False)


def _with(values: tuple[T, T], place: int, value: T) -> tuple[T, T]:
    return (value, values[1]) if place == 0 else (values[0], value)


def test_explorer_visits_all_states_of_a_model_that_keeps_its_promises() -> None:
    exploration = explore(Clerks(have_lock=True), max_states=100)
    assert len(list(exploration.states)) == 8
    assert exploration.steps == 8


def test_explorer_shows_the_shortest_steps_that_break_a_promise() -> None:
    with pytest.raises(PromiseBrokenError) as caught:
        explore(Clerks(have_lock=False), max_states=100)
    assert str(caught.value).splitlines() == [
        "one addition is lost",
        "   1. 0 reads",
        "   2. 1 reads",
        "   3. 0 writes 1",
        "   4. 1 writes 1",
    ]


def test_explorer_shows_the_steps_after_which_the_system_does_not_get_on_without_another_fault() -> None:
    with pytest.raises(PromiseBrokenError) as caught:
        explore(Clerks(have_lock=True, may_die=True), max_states=100)
    first, *steps = str(caught.value).splitlines()
    assert first.startswith("from here, no steps without a fault lead to a settled state: Count(")
    assert steps == ["   1. 0 reads", "   2. 0 dies"]


def test_explorer_refuses_a_model_with_more_states_than_it_may_visit() -> None:
    with pytest.raises(TooManyStatesError, match="more than 5 states"):
        explore(Clerks(have_lock=True), max_states=5)


def add(program: object, calls: Calls) -> int:
    """Add two numbers that two calls return; whatever happens, call once more at the end."""
    try:
        return int(calls("first", program)) + int(calls("second"))
    finally:
        calls("end")


def test_programs_stop_at_each_call_and_go_on_with_its_answer() -> None:
    programs = Programs(add)
    start = programs.start("sum")
    assert programs.at(start) == PendingCall("first", "sum")
    second = programs.answer(start, Reply(0, 1))
    assert programs.at(second) == PendingCall("second", None)
    end = programs.answer(second, Reply(0, 2))
    assert programs.at(programs.answer(end, Reply(0, "ignored"))) == Returned(3)


def test_programs_run_once_for_each_sequence_of_answers() -> None:
    runs: list[object] = []

    def add_and_count(program: object, calls: Calls) -> int:
        runs.append(program)
        return add(program, calls)

    programs = Programs(add_and_count)
    for _ in range(2):
        programs.answer(programs.start("sum"), Reply(0, 1))
    assert runs == ["sum", "sum"]
