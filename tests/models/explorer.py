"""Explorer of models: visits every state that a model can reach, breadth first, and checks its promises on the way.

So a broken promise is shown by one of the shortest sequences of steps that break it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

S = TypeVar("S", bound="Hashable")


@dataclass(frozen=True)
class Step(Generic[S]):
    """A step of a model, in words, and the state after it. The system must get on without the faults."""

    words: str
    state: S
    is_fault: bool = False


class Model(Protocol[S]):
    """A small system: its states are values that can be hashed."""

    def initial(self) -> S:
        """Return the state in which the system begins."""
        ...

    def steps(self, state: S) -> Iterable[Step[S]]:
        """Return each step that the system can take from a state."""
        ...

    def broken_promises(self, before: S, after: S) -> Iterable[str]:
        """Return the promises that a step breaks, in words."""
        ...

    def is_settled(self, state: S) -> bool:
        """Tell whether all that was begun has ended as promised."""
        ...


class PromiseBrokenError(Exception):
    """A sequence of steps breaks a promise."""


class TooManyStatesError(Exception):
    """The model has more states than the explorer may visit."""


class Origin(NamedTuple):
    """Origin of a state: the explorer came to it first from the state with this number, by this step."""

    number: int
    words: str


@dataclass
class Exploration(Generic[S]):
    """The states that were visited, by their numbers, and how each was reached first."""

    numbers: dict[S, int] = field(default_factory=dict)
    origins: list[Origin | None] = field(default_factory=list)
    steps: int = 0

    @property
    def states(self) -> Iterable[S]:
        """All states, in the order of the shortest way to each."""
        return self.numbers.keys()

    def add(self, state: S, origin: Origin | None) -> int:
        """Give a new state its number."""
        self.numbers[state] = number = len(self.numbers)
        self.origins.append(origin)
        return number

    def trace(self, number: int) -> list[str]:
        """Return the steps that lead to a state."""
        words: list[str] = []
        while origin := self.origins[number]:
            words.append(origin.words)
            number = origin.number
        return words[::-1]


def explore(model: Model[S], *, max_states: int) -> Exploration[S]:
    """Visit every state. Raises PromiseBrokenError, with the steps, and TooManyStatesError.

    From every state, some sequence of steps without a fault must lead to a settled one: nothing is lost for ever.
    """
    exploration: Exploration[S] = Exploration()
    exploration.add(model.initial(), None)
    # For each state, the states from which a step without a fault leads to it.
    before: list[list[int]] = [[]]
    settled: list[int] = []
    for number, state in _growing(exploration):
        if model.is_settled(state):
            settled.append(number)
        for step in model.steps(state):
            exploration.steps += 1
            for promise in model.broken_promises(state, step.state):
                raise PromiseBrokenError(_in_words(promise, [*exploration.trace(number), step.words]))
            after = exploration.numbers.get(step.state)
            if after is None:
                after = exploration.add(step.state, Origin(number, step.words))
                before.append([])
            if not step.is_fault:
                before[after].append(number)
        if len(exploration.numbers) > max_states:
            raise TooManyStatesError(f"more than {max_states} states: bound the model, or allow more")
    _check_that_all_settle(exploration, before, settled)
    return exploration


def _growing(exploration: Exploration[S]) -> Iterator[tuple[int, S]]:
    """Yield each state with its number, those included that are added meanwhile."""
    visited = 0
    while visited < len(exploration.numbers):
        # A dict keeps its order, but must not grow during an iteration: so it is read level by level.
        level = list(exploration.numbers)[visited:]
        yield from enumerate(level, visited)
        visited += len(level)


def _check_that_all_settle(exploration: Exploration[S], before: list[list[int]], settled: list[int]) -> None:
    settling = set(settled)
    waiting = list(settled)
    while waiting:
        for number in before[waiting.pop()]:
            if number not in settling:
                settling.add(number)
                waiting.append(number)
    for number, state in enumerate(exploration.states):
        if number not in settling:
            promise = f"from here, no steps without a fault lead to a settled state: {state}"
            raise PromiseBrokenError(_in_words(promise, exploration.trace(number)))


def _in_words(promise: str, trace: list[str]) -> str:
    return "\n".join([promise, *(f"{number:>4}. {words}" for number, words in enumerate(trace, 1))])
